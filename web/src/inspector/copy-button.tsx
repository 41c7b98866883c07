import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';

const SAID_MS = 2_500;

/** Copies a text, and says that it did. */
export function CopyButton({ text, children }: { text: () => string; children: ComponentChildren }) {
  const [said, setSaid] = useState<'Copied' | 'Not allowed to copy' | null>(null);
  useEffect(() => {
    if (said === null) return;
    const timer = setTimeout(() => setSaid(null), SAID_MS);
    return () => clearTimeout(timer);
  }, [said]);
  const copy = async (): Promise<void> => setSaid((await copied(text())) ? 'Copied' : 'Not allowed to copy');
  return (
    <>
      <button type="button" onClick={() => void copy()}>
        {children}
      </button>
      <span role="status" class="soft said">
        {said}
      </span>
    </>
  );
}

async function copied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copiedByHand(text);
  }
}

/** Over plain http, other than on localhost, browsers have no clipboard object. */
function copiedByHand(text: string): boolean {
  const area = document.createElement('textarea');
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand('copy');
  area.remove();
  return done;
}
