import { effect, signal, untracked } from '@preact/signals';
import { currentCall } from '../current-call.js';
import { BrowserPhone } from './browser-phone.js';
import { deviceId, me } from './people.js';
import { nameOf } from './words.js';

/** The phone of this tab. It lives as long as its person, whatever page is open. */
export const activePhone = signal<BrowserPhone | null>(null);

effect(() => {
  const person = me.value;
  untracked(() => {
    activePhone.value?.close();
    activePhone.value = person && new BrowserPhone(person, deviceId());
  });
});

/** What the shell shows on every page. */
effect(() => {
  const phone = activePhone.value;
  const ringing = phone?.incoming.value[0];
  const call = phone?.call.value;
  void phone?.revision.value;
  if (ringing?.view) currentCall.value = { text: `${nameOf(ringing.view.caller)} calls`, rings: true };
  else if (call?.state === 'answered' && call.view) {
    const { caller, callee } = call.view;
    currentCall.value = {
      text: `In call with ${nameOf(call.direction === 'incoming' ? caller : callee)}`,
      rings: false,
    };
  } else currentCall.value = null;
});
