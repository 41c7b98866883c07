import { useEffect } from 'preact/hooks';
import '../styles/phones.css';
import { activePhone } from './active-phone.js';
import { BrowserPhoneView } from './browser-phone-view.js';
import { FocusKeeper } from './focus-keeper.js';
import { goOnAsBefore } from './people.js';
import { type VirtualPhone, phonesAreLive, virtualPhones, watchPhones } from './virtual-phones.js';
import { VirtualPhoneView } from './virtual-phone-view.js';
import { WhoAreYou } from './who-are-you.js';
import { pushInWords, titled } from './words.js';

/** Phones side by side: this browser and the virtual ones of the demo. */
export function Phones() {
  useEffect(watchPhones, []);
  useEffect(() => void goOnAsBefore(), []);
  const phone = activePhone.value;
  return (
    <div class="page">
      <div class="phones-head" data-on={phone !== null}>
        <h1>Call a sleeping phone and watch it ring</h1>
        <p>
          Ivy’s, Sam’s and Ada’s apps are asleep, and only a push through Apple or Google wakes them. Here
          both are simulated, strictly. A second tab of this page is a friend to call, with picture and sound.
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
      <FocusKeeper />
      <p class="visually-hidden" role="status">
        {(virtualPhones.value ?? []).map(inWords).filter(Boolean).join('. ')}
      </p>
    </div>
  );
}

/** For who does not see the screens. */
function inWords({ userId, screen }: VirtualPhone): string | null {
  if (screen?.stage === 'ringing') {
    const why = screen.push ? ` (${pushInWords(screen.push)})` : '';
    return `${titled(userId)}’s phone rings${why}: ${titled(screen.peer)} calls`;
  }
  if (screen?.stage === 'in call')
    return `${titled(userId)}’s phone is in a call with ${titled(screen.peer)}`;
  return null;
}
