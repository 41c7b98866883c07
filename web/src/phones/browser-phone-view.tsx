import { useEffect } from 'preact/hooks';
import type { Call } from 'ringway-client';
import type { BrowserPhone } from './browser-phone.js';
import { CallScreen } from './call-screen.js';
import { Home } from './home.js';
import { Icon } from './icons.js';
import { Avatar } from './parts.js';
import { leave, people } from './people.js';
import { virtualPhones } from './virtual-phones.js';
import { nameOf } from './words.js';

const LOOK_AGAIN_MS = 5_000;
const LOOK_AGAIN_IN_CALL_MS = 2_500;

const STATUS: Record<string, { text: string; tone?: string }> = {
  idle: { text: 'Off' },
  connecting: { text: 'Connecting' },
  online: { text: 'Online', tone: 'good' },
  offline: { text: 'Reconnecting', tone: 'ring' },
  replaced: { text: 'In another tab', tone: 'bad' },
  refused: { text: 'Refused', tone: 'bad' },
};

/** The phone in this tab, with its person. */
export function BrowserPhoneView({ phone }: { phone: BrowserPhone }) {
  const status = phone.status.value;
  const call = phone.call.value;
  void phone.revision.value; // the call itself is no signal
  const ended = call?.state === 'ended';
  const talking = call?.state === 'answered';
  const others = [...(virtualPhones.value ?? []), ...people.value].map(({ userId }) => userId).join();
  // What the contacts show: after every call, on every connection, and now and then.
  useEffect(() => {
    const look = (): void => void phone.refresh(others.split(',').filter(Boolean));
    look();
    const timer = setInterval(look, talking ? LOOK_AGAIN_IN_CALL_MS : LOOK_AGAIN_MS);
    return () => clearInterval(timer);
  }, [phone, others, status, ended, talking]);
  return (
    <section class="browser-phone card" aria-labelledby="this-browser" data-status={status}>
      <header class="phone-head">
        <div>
          <h2 id="this-browser">{phone.person.name}</h2>
          <p class="phone-kind">This browser</p>
        </div>
        <span class="badge" data-tone={STATUS[status]?.tone} data-testid="status">
          {STATUS[status]?.text}
        </span>
      </header>
      {phone.incoming.value.map((one) => (
        <Incoming key={one.id} phone={phone} call={one} />
      ))}
      {status === 'replaced' && (
        <div class="notice" role="alert">
          <p>This phone was switched on in another tab.</p>
          <button type="button" onClick={() => phone.connect()}>
            Use it here
          </button>
        </div>
      )}
      {phone.failure.value !== null && (
        <div class="notice" role="alert">
          <p>{phone.failure.value}</p>
          <button type="button" class="quiet" onClick={() => (phone.failure.value = null)}>
            Close
          </button>
        </div>
      )}
      {call ? <CallScreen phone={phone} call={call} /> : <Home phone={phone} />}
      {!call && (
        <button type="button" class="quiet somebody-else" onClick={leave}>
          Be somebody else
        </button>
      )}
    </section>
  );
}

/** It rings here. */
function Incoming({ phone, call }: { phone: BrowserPhone; call: Call }) {
  if (!call.view) return null;
  const { caller, media } = call.view;
  const name = nameOf(caller);
  const talking = phone.busy;
  return (
    <div class="incoming" role="group" aria-label={`${name} calls`}>
      <Avatar name={name} />
      <p role="alert">
        <strong>{name}</strong> calls
        <span>{media === 'video' ? 'Video call' : 'Voice call'}</span>
      </p>
      <div class="incoming-buttons">
        <button type="button" class="round labelled decline" onClick={() => void phone.hangUp(call)}>
          <Icon name="hang-up" />
          <span>Decline</span>
        </button>
        <button type="button" class="round labelled answer" onClick={() => void phone.answer(call)}>
          <Icon name={media === 'video' ? 'video' : 'phone'} />
          <span>{talking ? 'End & answer' : 'Answer'}</span>
        </button>
      </div>
    </div>
  );
}
