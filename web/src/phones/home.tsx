import { useState } from 'preact/hooks';
import type { CallRecord, Media } from 'ringway-client';
import { Link, callPath } from '../router.js';
import type { BrowserPhone } from './browser-phone.js';
import { Icon } from './icons.js';
import { Avatar } from './parts.js';
import { people, remember, userIdOf } from './people.js';
import { Scenario } from './scenario.js';
import { virtualPhones } from './virtual-phones.js';
import { clock, nameOf, outcomeInWords, timeOf, titled } from './words.js';

interface Contact {
  userId: string;
  name: string;
  about: string;
}

const REACHABLE: Record<string, string> = {
  online: 'online',
  pushable: 'asleep',
  unreachable: 'not here',
};

/** Whom to call, and who called. */
export function Home({ phone }: { phone: BrowserPhone }) {
  const virtual = (virtualPhones.value ?? []).map(({ userId, platform }) => ({
    userId,
    name: titled(userId),
    about: platform === 'ios' ? 'iPhone' : 'Android',
  }));
  const others = people.value
    .filter(({ userId }) => userId !== phone.person.userId)
    .map((person) => ({ ...person, about: 'Browser' }));
  return (
    <>
      <ul class="contacts" aria-label="People to call">
        {[...virtual, ...others].map((contact) => (
          <ContactRow key={contact.userId} phone={phone} contact={contact} />
        ))}
      </ul>
      <Dialler phone={phone} />
      <Scenario phone={phone} />
      <Recent history={phone.history.value} me={phone.person.userId} />
    </>
  );
}

function ContactRow({ phone, contact }: { phone: BrowserPhone; contact: Contact }) {
  const { userId, name, about } = contact;
  const reachable = phone.presence.value.get(userId);
  return (
    <li class="contact">
      <Avatar name={name} />
      <p>
        <strong>{name}</strong>
        <span class="contact-about">
          <i class="dot" data-reachable={reachable} aria-hidden="true" />
          {about}
          {reachable ? `, ${REACHABLE[reachable]}` : ''}
        </span>
      </p>
      <CallButtons phone={phone} name={name} userId={userId} />
    </li>
  );
}

function CallButtons({ phone, name, userId }: { phone: BrowserPhone; name: string; userId: string }) {
  const button = (media: Media) => (
    <button
      type="button"
      class="round"
      aria-label={`${media === 'video' ? 'Video call' : 'Call'} ${name}`}
      title={`${media === 'video' ? 'Video call' : 'Call'} ${name}`}
      onClick={() => phone.dial(userId, media)}
    >
      <Icon name={media === 'video' ? 'video' : 'phone'} size={18} />
    </button>
  );
  return (
    <div class="contact-buttons">
      {button('voice')}
      {button('video')}
    </div>
  );
}

/** Somebody who is not in the list. */
function Dialler({ phone }: { phone: BrowserPhone }) {
  const [name, setName] = useState('');
  const userId = userIdOf(name);
  const dial = (media: Media): void => {
    if (userId === '' || userId === phone.person.userId) return;
    if (!virtualPhones.value?.some((other) => other.userId === userId)) remember(name);
    phone.dial(userId, media);
  };
  return (
    <form
      class="dialler"
      onSubmit={(event) => {
        event.preventDefault();
        dial('video');
      }}
    >
      <label class="visually-hidden" for="callee">
        Somebody else to call
      </label>
      <input
        id="callee"
        placeholder="Somebody else"
        value={name}
        maxLength={40}
        autoComplete="off"
        onInput={({ currentTarget }) => setName(currentTarget.value)}
      />
      <button type="submit" disabled={userId === '' || userId === phone.person.userId}>
        Call
      </button>
    </form>
  );
}

function Recent({ history, me }: { history: CallRecord[]; me: string }) {
  if (history.length === 0) return null;
  return (
    <section class="recent" aria-labelledby="recent">
      <h3 id="recent">Recent</h3>
      <ul class="recent-list">
        {history.map((call) => (
          <RecentRow key={call.callId} call={call} me={me} />
        ))}
      </ul>
    </section>
  );
}

function RecentRow({ call, me }: { call: CallRecord; me: string }) {
  const incoming = call.callee.userId === me;
  const other = nameOf(incoming ? call.caller : call.callee);
  const live = call.state !== 'ended';
  const how = live ? 'Now' : outcomeInWords(call.outcome, incoming);
  // Nobody's fault, when it is one's own call that was given up or not picked up.
  const bad = !live && (incoming ? how === 'Missed call' : call.outcome === 'failed');
  return (
    <li>
      <Link href={callPath(call.callId)}>
        <span class="recent-way" aria-hidden="true">
          {incoming ? '↙' : '↗'}
        </span>
        <span class="recent-name">{other}</span>
        <span class="recent-how" data-bad={bad}>
          {call.outcome === 'completed' ? clock(call.talkSeconds) : how}
        </span>
        <time class="number" dateTime={call.initiatedAt}>
          {timeOf(new Date(call.initiatedAt))}
        </time>
      </Link>
    </li>
  );
}
