import { activePhone } from './active-phone.js';
import { useKeptFocus } from './focus.js';

const TARGETS: Record<string, string[]> = {
  nobody: ['#name'],
  home: ['.contact button', '#callee'],
  call: ['.call-buttons .decline'],
  over: ['.call-buttons a'],
};

/** Leads the keyboard from screen to screen of this browser's phone. */
export function FocusKeeper() {
  const phone = activePhone.value;
  const call = phone?.call.value;
  void phone?.revision.value; // the call itself is no signal
  const screen = !phone ? 'nobody' : !call ? 'home' : call.state === 'ended' ? 'over' : 'call';
  useKeptFocus(screen, TARGETS[screen]!);
  return null;
}
