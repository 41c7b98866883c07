import type { RecordedEvent } from '../operator/wire.js';

export interface Placed {
  event: RecordedEvent;
  /** For an event that is told before it was recorded: until when it must have happened. Milliseconds since the epoch. */
  before: number | null;
}

/**
 * The events as they followed from each other. A woken phone may ask about its call before Apple's answer to the push has
 * arrived and is recorded; but it was woken by that push, so what became of the push is told before what the phone did.
 * Pure.
 */
export function causalOrder(events: readonly RecordedEvent[]): Placed[] {
  let placed: Placed[] = events.map((event) => ({ event, before: null }));
  const pushed = events.filter(({ type, data }) => type === 'WakeRequested' && data['channel'] === 'push');
  for (const { data } of pushed) {
    const of = ({ event }: Placed): boolean => event.data['deviceId'] === data['deviceId'];
    const own = placed.filter(of);
    // A device that also has a socket may act without its push; only one that asks for the call was woken by it.
    const woken = own.some(
      ({ event: { type, data: how } }) =>
        type === 'DeviceReached' &&
        (how['via'] === 'preflight' || (how['via'] === 'action' && data['because'] === 'offline')),
    );
    const first = placed.findIndex((each) => of(each) && isAct(each.event));
    const late = placed.slice(first + 1).filter((each) => of(each) && isResult(each.event));
    const triedAgain = placed.slice(first + 1).some((each) => of(each) && each.event.type === 'PushRetried');
    if (!woken || first < 0 || late.length === 0 || triedAgain) continue;
    const before = Date.parse(placed[first]!.event.at);
    const moved = late.map(({ event }) => ({ event, before }));
    const rest = placed.slice(first).filter((each) => !late.includes(each));
    placed = [...placed.slice(0, first), ...moved, ...rest];
  }
  return placed;
}

/** Something the device itself did. */
const isAct = ({ type }: RecordedEvent): boolean =>
  ['DeviceReached', 'CallRinging', 'CallAnswered', 'CallDeclined'].includes(type);

const isResult = ({ type }: RecordedEvent): boolean =>
  type === 'PushAccepted' || type === 'DeviceApnsEnvironmentCorrected';
