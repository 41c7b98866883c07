import { useEffect, useState } from 'preact/hooks';
import { Icon } from './icons.js';
import type { VirtualScreen } from './virtual-phones.js';
import { pushInWords } from './words.js';

const SHOWN_MS = 3_500;
/** A moment is shown once, also when the page is left and opened again meanwhile. */
const shown = new Set<string>();

/** A push has woken the phone: it comes over the lock screen, which lights up. The call rings below it already. */
export function PushToast({ screen: { callId, push, stage } }: { screen: VirtualScreen }) {
  const [over, setOver] = useState(stage === 'in call' || shown.has(callId));
  useEffect(() => {
    shown.add(callId);
    const timer = setTimeout(() => setOver(true), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [callId]);
  if (over || !push) return null;
  return (
    <>
      <div class="lit" aria-hidden="true" />
      <p class="push-toast">
        <Icon name="bell" size={18} />
        <span>
          <strong>{pushInWords(push)}</strong>
          Wakes the app
        </span>
      </p>
    </>
  );
}
