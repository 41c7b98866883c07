import { type RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Link, callPath } from '../router.js';
import { activePhone } from './active-phone.js';
import { DeviceScreen } from './device-screen.js';
import { type Environment, type VirtualPhone, press } from './virtual-phones.js';
import { healedInWords, titled } from './words.js';

const WHERE = [
  { app: 'foreground', label: 'Open', button: 'foreground' },
  { app: 'background', label: 'Background', button: 'background' },
  { app: 'killed', label: 'Killed', button: 'kill' },
] as const;

/** A virtual phone: what it shows, and what may be done to it. */
export function VirtualPhoneView({ phone }: { phone: VirtualPhone }) {
  const { id, userId, platform, apns, screen } = phone;
  const title = titled(userId);
  const state = stateOf(phone);
  const healed = healedInWords(screen?.push ?? null);
  const device = useScrolledTo(phone);
  return (
    <section class="virtual-phone" aria-labelledby={`phone-${id}`} data-phone={id} data-stage={screen?.stage}>
      <header class="phone-head">
        <div>
          <h2 id={`phone-${id}`}>{title}</h2>
          <p class="phone-kind">
            {platform === 'android' && 'Android'}
            {apns && `iPhone, ${apns.build === 'debug' ? 'debug build' : 'App Store build'}`}
          </p>
        </div>
        <span class="badge" data-tone={state.tone} data-testid="state">
          {state.text}
        </span>
      </header>
      <div ref={device} class="device" data-platform={platform} data-stage={screen?.stage}>
        <DeviceScreen phone={phone} />
      </div>
      {healed !== null && <p class="healed-note">{healed}</p>}
      <fieldset class="segments">
        <legend class="visually-hidden">{title}’s app</legend>
        {WHERE.map(({ app, label, button }) => (
          <label key={app}>
            <input
              type="radio"
              name={`app-${id}`}
              checked={phone.app === app}
              onChange={() => void press(id, { do: button })}
            />
            <span>{label}</span>
          </label>
        ))}
      </fieldset>
      <label class="switch-row">
        <input
          type="checkbox"
          checked={phone.answersAfterMs !== null}
          onChange={({ currentTarget }) => void press(id, { do: 'auto-answer', on: currentTarget.checked })}
        />
        Picks up by itself
      </label>
      <Install phone={phone} />
      {screen && (
        <Link href={callPath(screen.callId)} class="phone-inspect">
          {screen.stage === 'over' ? 'What happened?' : 'Look inside this call'}
          <span class="visually-hidden"> ({title}’s last call)</span>
        </Link>
      )}
    </section>
  );
}

function isInView(element: Element): boolean {
  const { top, bottom, left, right } = element.getBoundingClientRect();
  return top >= 0 && left >= 0 && bottom <= innerHeight && right <= innerWidth;
}

/** On a small screen the phone that was called comes into view when it wakes; and the call here, when it is answered. */
function useScrolledTo({ screen }: VirtualPhone): RefObject<HTMLDivElement | null> {
  const device = useRef<HTMLDivElement>(null);
  const stage = screen?.stage;
  const rings = screen?.incoming === true && (stage === 'woken' || stage === 'ringing');
  const mine = activePhone.value?.call.peek()?.id === screen?.callId;
  useEffect(() => {
    if (rings && mine && device.current && !isInView(device.current))
      device.current.scrollIntoView({ block: 'center', inline: 'center', behavior: 'smooth' });
  }, [rings, mine, screen?.callId]);
  const talks = mine && stage === 'in call';
  useEffect(() => {
    const facts = document.querySelector('.call-facts');
    if (talks && facts && !isInView(facts))
      facts.closest('.browser-phone')?.scrollIntoView({ block: 'start', behavior: 'smooth' });
  }, [talks]);
  return device;
}

/** What the gateway knows of the install, and how to tell it something wrong. */
function Install({ phone }: { phone: VirtualPhone }) {
  const { id, userId, apns, signedIn } = phone;
  return (
    <details class="install">
      <summary>
        {apns ? 'Install and APNs' : 'Install'}
        <Health phone={phone} />
      </summary>
      {apns && (
        <>
          <dl>
            <dt>Token is good in</dt>
            <dd>{apns.actual}</dd>
            <dt>On record</dt>
            <dd>{apns.recorded ?? 'nothing'}</dd>
          </dl>
          <label class="declared">
            The app declares
            <select
              value={apns.declared}
              disabled={!signedIn}
              onChange={({ currentTarget }) =>
                void press(id, { do: 'declare', environment: currentTarget.value as Environment })
              }
            >
              <option value="sandbox">sandbox</option>
              <option value="production">production</option>
            </select>
          </label>
        </>
      )}
      <button type="button" onClick={() => void press(id, { do: signedIn ? 'sign-out' : 'register' })}>
        {signedIn ? 'Sign out' : 'Register again'}
        <span class="visually-hidden"> {titled(userId)}</span>
      </button>
    </details>
  );
}

function Health({ phone: { apns, signedIn } }: { phone: VirtualPhone }) {
  if (!signedIn) return <span class="badge">signed out</span>;
  if (!apns || apns.recorded === null) return null;
  if (apns.recorded !== apns.actual) {
    return (
      <span class="badge" data-tone="bad">
        wrong environment
      </span>
    );
  }
  return apns.declared === apns.actual ? null : (
    <span class="badge" data-tone="good">
      healed
    </span>
  );
}

function stateOf({ screen, app, signedIn }: VirtualPhone): { text: string; tone?: string } {
  switch (screen?.stage) {
    case 'woken':
      return { text: 'Woken by a push', tone: 'ring' };
    case 'ringing':
      return { text: 'Ringing', tone: 'ring' };
    case 'calling':
      return { text: 'Calling', tone: 'info' };
    case 'in call':
      return { text: 'In call', tone: 'good' };
    case 'over':
    case undefined:
      if (!signedIn) return { text: 'Signed out', tone: 'bad' };
      return app === 'foreground' ? { text: 'Awake', tone: 'info' } : { text: 'Asleep' };
  }
}
