import { useState } from 'preact/hooks';
import { activePhone } from './active-phone.js';
import { minute } from './clock.js';
import { Icon } from './icons.js';
import { Avatar, Timer } from './parts.js';
import { become, draftName } from './people.js';
import { useNow } from './time.js';
import { type VirtualPhone, type VirtualScreen, press, virtualPhones } from './virtual-phones.js';
import { PushToast } from './push-toast.js';
import { STEPS, outcomeInWords, timeOf, titled } from './words.js';

/** What is to be seen on a virtual phone. */
export function DeviceScreen({ phone }: { phone: VirtualPhone }) {
  const { screen } = phone;
  if (screen && screen.stage !== 'over') return <InCall phone={phone} screen={screen} />;
  return phone.app === 'foreground' ? <App phone={phone} /> : <LockScreen phone={phone} />;
}

/** Asleep: the clock, and what the last call has left. */
function LockScreen({ phone }: { phone: VirtualPhone }) {
  const { id, app, screen, userId, signedIn } = phone;
  const mine = activePhone.value;
  void mine?.revision.value; // the call itself is no signal
  return (
    <div class="screen lock">
      <WallClock />
      {screen?.incoming && screen.ended !== null && <LastCall screen={screen} />}
      {signedIn && !(mine?.call.value && mine.busy) && (
        <button type="button" class="lock-invite" onClick={() => call(userId)}>
          <Icon name="video" size={18} />
          Asleep – call me
          <span class="visually-hidden"> ({titled(userId)})</span>
        </button>
      )}
      <p class="lock-note">
        <Icon name="moon" size={16} />
        {!signedIn
          ? 'Signed out: no push comes here'
          : app === 'killed'
            ? 'The app is not running'
            : 'The app sleeps'}
      </p>
      <button type="button" class="lock-open" onClick={() => void press(id, { do: 'foreground' })}>
        Open the app
        <span class="visually-hidden"> on {titled(userId)}’s phone</span>
      </button>
    </div>
  );
}

/** Calls from this browser, as whoever it is, or as whoever the form says. */
function call(userId: string): void {
  if (!activePhone.value) become(draftName.value);
  activePhone.value?.dial(userId, 'video');
}

function LastCall({ screen: { peer, ended, incoming } }: { screen: VirtualScreen }) {
  return (
    <p class="notification">
      <strong>{titled(peer)}</strong>
      <span>{outcomeInWords(ended, incoming)}</span>
    </p>
  );
}

/** The app of the phone, open: whom it may call. */
function App({ phone }: { phone: VirtualPhone }) {
  const { id, userId, screen } = phone;
  const me = activePhone.value?.person;
  const others = [
    ...(me ? [{ userId: me.userId, name: me.name }] : []),
    ...(virtualPhones.value ?? [])
      .filter((other) => other.id !== id)
      .map((other) => ({ userId: other.userId, name: titled(other.userId) })),
  ];
  return (
    <div class="screen app">
      <p class="app-title">Call somebody</p>
      {screen?.ended && <LastCall screen={screen} />}
      <ul class="app-contacts">
        {others.map(({ userId: callee, name }) => (
          <li key={callee}>
            <button type="button" onClick={() => void press(id, { do: 'call', callee, media: 'video' })}>
              <Avatar name={name} />
              {name}
              <span class="visually-hidden"> from {titled(userId)}’s phone</span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}

function InCall({ phone, screen }: { phone: VirtualPhone; screen: VirtualScreen }) {
  const { id, userId, answersAfterMs, platform, app } = phone;
  const { stage, peer, media, incoming } = screen;
  const name = titled(peer);
  const whose = <span class="visually-hidden"> on {titled(userId)}’s phone</span>;
  const what = `${platform === 'ios' ? 'Ringway' : 'Incoming'} ${media === 'video' ? 'video' : 'call'}`;
  return (
    <div class="screen call" data-stage={stage}>
      {incoming && <PushToast key={screen.callId} screen={screen} />}
      <Avatar name={name} />
      <p class="call-name">{name}</p>
      <p class="call-note">
        {stage === 'woken' && 'Woken by a push'}
        {stage === 'ringing' && what}
        {stage === 'calling' && (STEPS[screen.ladder.at(-1) ?? ''] ?? 'Calling…')}
        {stage === 'in call' && screen.answeredAt && <Timer since={Date.parse(screen.answeredAt)} />}
      </p>
      {stage === 'ringing' && app === 'killed' && (
        <p class="call-note">The app is killed; the system keeps ringing</p>
      )}
      <div class="screen-buttons">
        <button
          type="button"
          class="round labelled decline"
          onClick={() => void press(id, { do: stage === 'ringing' ? 'decline' : 'hang-up' })}
          disabled={stage === 'woken'}
        >
          <Icon name="hang-up" />
          <span>
            {stage === 'ringing' ? 'Decline' : 'End'}
            {whose}
          </span>
        </button>
        {incoming && (stage === 'ringing' || stage === 'woken') && (
          <button
            type="button"
            class="round labelled answer"
            onClick={() => void press(id, { do: 'answer' })}
            disabled={stage === 'woken'}
          >
            <Icon name={media === 'video' ? 'video' : 'phone'} />
            <span>
              Answer
              {whose}
            </span>
          </button>
        )}
      </div>
      {screen.answersAt !== null && answersAfterMs !== null && (
        <PicksUp key={screen.answersAt} at={Date.parse(screen.answersAt)} afterMs={answersAfterMs} />
      )}
    </div>
  );
}

/** How long until the person picks up by themselves. */
function PicksUp({ at, afterMs }: { at: number; afterMs: number }) {
  const [gone] = useState(Math.min(afterMs, Math.max(0, afterMs - (at - Date.now()))));
  const left = Math.min(Math.ceil(afterMs / 1_000), Math.max(0, Math.ceil((at - useNow(250)) / 1_000)));
  return (
    <div class="picks-up">
      <div style={{ animationDuration: `${afterMs}ms`, animationDelay: `-${gone}ms` }} />
      <p>
        Picks up in <span class="number">{left}</span> s
      </p>
    </div>
  );
}

function WallClock() {
  const now = minute.value;
  return (
    <p class="wall-clock">
      <span class="number">{timeOf(now)}</span>
      <span>{now.toLocaleDateString([], { weekday: 'long', day: 'numeric', month: 'long' })}</span>
    </p>
  );
}
