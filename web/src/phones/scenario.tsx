import { useState } from 'preact/hooks';
import type { BrowserPhone } from './browser-phone.js';
import { type VirtualPhone, press, virtualPhones } from './virtual-phones.js';
import { titled } from './words.js';

/** What goes wrong in real life, at the press of a button: the app says the wrong APNs environment, and is called. */
export function Scenario({ phone }: { phone: BrowserPhone }) {
  const [busy, setBusy] = useState(false);
  const callee = virtualPhones.value?.find(({ apns }) => apns?.build === 'app-store');
  if (!callee) return null;
  const name = titled(callee.userId);
  const run = async (): Promise<void> => {
    setBusy(true);
    const broken = await breakEnvironment(callee);
    setBusy(false);
    if (broken) phone.dial(callee.userId, 'video');
    else phone.failure.value = `${name}’s phone could not be misconfigured: the gateway does not answer.`;
  };
  return (
    <section class="scenario" aria-labelledby="scenario">
      <h3 id="scenario">What costs others weeks</h3>
      <p>
        {name}’s App Store build says that it belongs to Apple’s sandbox. The first push is refused; watch the
        call ring all the same.
      </p>
      <button type="button" disabled={busy} onClick={() => void run()}>
        Break {name}’s environment and call
      </button>
    </section>
  );
}

/** @returns whether the gateway believes it now, and the app sleeps, so that a push is needed */
async function breakEnvironment({ id, app, apns }: VirtualPhone): Promise<boolean> {
  const [right, wrong] =
    apns?.actual === 'sandbox' ? (['sandbox', 'production'] as const) : (['production', 'sandbox'] as const);
  if (app === 'foreground' && !(await press(id, { do: 'background' }))) return false;
  // A gateway that has corrected the same mistake before would not make it again: this is a new one.
  if (!(await press(id, { do: 'declare', environment: right }))) return false;
  return press(id, { do: 'declare', environment: wrong });
}
