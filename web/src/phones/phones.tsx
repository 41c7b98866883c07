import { useEffect } from 'preact/hooks';
import '../styles/phones.css';
import { activePhone } from './active-phone.js';
import { BrowserPhoneView } from './browser-phone-view.js';
import { goOnAsBefore } from './people.js';
import { type VirtualPhone, phonesAreLive, virtualPhones, watchPhones } from './virtual-phones.js';
import { VirtualPhoneView } from './virtual-phone-view.js';
import { WhoAreYou } from './who-are-you.js';
import { titled } from './words.js';

/** Phones side by side: this browser and the virtual ones of the demo. */
export function Phones() {
  useEffect(watchPhones, []);
  useEffect(() => void goOnAsBefore(), []);
  const phone = activePhone.value;
  return (
    <div class="page">
      <div class="phones-head">
        <h1>Phones</h1>
        <p>
          Four phones, four people, one gateway. Ivy’s, Sam’s and Ada’s are asleep: call one, and a push wakes
          it. Open this page in a second tab to call yourself a friend.
        </p>
      </div>
      {!phonesAreLive.value && (
        <p class="phones-away" role="status">
          The gateway does not answer. What you see is the last that was known; it goes on by itself.
        </p>
      )}
      <div class="phones-row">
        {phone ? <BrowserPhoneView key={phone.person.userId} phone={phone} /> : <WhoAreYou />}
        {virtualPhones.value?.map((one) => (
          <VirtualPhoneView key={one.id} phone={one} />
        ))}
      </div>
      <p class="visually-hidden" role="status">
        {(virtualPhones.value ?? []).map(inWords).filter(Boolean).join('. ')}
      </p>
    </div>
  );
}

/** For who does not see the screens. */
function inWords({ userId, screen }: VirtualPhone): string | null {
  if (screen?.stage === 'ringing') return `${titled(userId)}’s phone rings: ${titled(screen.peer)} calls`;
  if (screen?.stage === 'in call')
    return `${titled(userId)}’s phone is in a call with ${titled(screen.peer)}`;
  return null;
}
