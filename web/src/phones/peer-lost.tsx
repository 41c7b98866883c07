import { useEffect, useState } from 'preact/hooks';
import type { Call } from 'ringway-client';
import type { BrowserPhone } from './browser-phone.js';
import { useLasting, useNow } from './time.js';
import { phonesAreLive, virtualPhones } from './virtual-phones.js';

/** A connection that comes back at once was never lost, as far as people are concerned. */
const NOTICED_AFTER_MS = 2_000;
/** Nobody stays in a call with nobody. */
const ENDS_AFTER_MS = 30_000;

/** Says that the other side is gone, and ends the call when it does not come back. */
export function PeerLost({ phone, call, name }: { phone: BrowserPhone; call: Call; name: string }) {
  void phone.revision.value; // the call itself is no signal
  const why = whyLost(phone, call, name);
  const lasts = useLasting(why !== null, NOTICED_AFTER_MS);
  return lasts && why !== null ? <Notice phone={phone} call={call} why={why} /> : null;
}

function Notice({ phone, call, why }: { phone: BrowserPhone; call: Call; why: string }) {
  const [endsAt] = useState(Date.now() + ENDS_AFTER_MS);
  const left = Math.max(0, Math.ceil((endsAt - useNow(1_000)) / 1_000));
  const over = left === 0;
  useEffect(() => {
    if (over) void phone.hangUp(call);
  }, [over, phone, call]);
  return (
    <div class="notice">
      <p>
        <span role="alert">{why}</span> <span class="number">The call ends by itself in {left} s.</span>
      </p>
      <button type="button" onClick={() => void phone.hangUp(call)}>
        End the call
      </button>
    </div>
  );
}

function whyLost(phone: BrowserPhone, call: Call, name: string): string | null {
  const { view } = call;
  if (call.state !== 'answered' || !view) return null;
  const peer = call.direction === 'incoming' ? view.caller : view.callee;
  const virtual = virtualPhones.value?.find(({ userId }) => userId === peer.userId);
  if (virtual) {
    const { screen } = virtual;
    if (!phonesAreLive.value || (screen?.callId === call.id && screen.stage !== 'over')) return null;
    return virtual.app === 'killed' ? `${name}’s app was killed.` : `${name}’s phone has left the call.`;
  }
  const connection = phone.session.value?.connection.value;
  const away = phone.status.value === 'online' && phone.presence.value.get(peer.userId) === 'unreachable';
  const broken = connection === 'disconnected' || connection === 'failed';
  return away || broken ? `${name}’s connection is lost.` : null;
}
