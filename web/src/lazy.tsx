import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';

/** A page that is loaded when it is first opened. */
export function lazy<P extends object>(load: () => Promise<ComponentType<P>>): ComponentType<P> {
  let loaded: ComponentType<P> | null = null;
  return function Lazy(props: P) {
    const [failed, setFailed] = useState(false);
    const [, setReady] = useState(loaded !== null);
    useEffect(() => {
      if (loaded) return;
      load().then(
        (component) => {
          loaded = component;
          setReady(true);
        },
        () => setFailed(true),
      );
    }, []);
    if (failed) return <NotLoaded />;
    const Page = loaded;
    return Page ? <Page {...props} /> : <p class="page-note" aria-busy="true" />;
  };
}

function NotLoaded() {
  return (
    <div class="page-note" role="alert">
      <p>This page could not be loaded: the gateway does not answer, or has been updated.</p>
      <button type="button" onClick={() => location.reload()}>
        Load it again
      </button>
    </div>
  );
}
