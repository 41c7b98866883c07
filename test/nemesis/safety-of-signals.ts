import type { Evidence } from './evidence.js';
import type { HeardSignal, Told } from './history.js';
import type { Violation } from './safety.js';

const named = (invariant: string, callId: string | null, what: string): Violation => ({
  invariant,
  callId,
  what,
});

/** What the app behind a phone takes: it drops what it has seen, by call, sender and `seq`. */
export function takenBy(told: readonly Told[], phone: string): { signal: HeardSignal; at: number }[] {
  const last = new Map<string, number>();
  return told
    .filter((line) => line.phone === phone)
    .flatMap(({ signals, at }) => signals.map((signal) => ({ signal, at })))
    .filter(({ signal: { callId, from, seq } }) => {
      const key = `${callId} ${from.userId}/${from.deviceId}`;
      if (seq <= (last.get(key) ?? 0)) return false;
      last.set(key, seq);
      return true;
    });
}

/** S11, S12: signals go between the two devices of an answered call and to nobody else, in order, none twice. */
export function* safetyOfSignals({ history, stories, phones }: Evidence): Iterable<Violation> {
  for (const phone of phones) {
    const { userId, deviceId } = phone.parts;
    const highest = new Map<string, number>();
    for (const { signal, at } of takenBy(history.told, phone.name)) {
      const { callId, from, nr, by } = signal;
      const wrong = (what: string): Violation =>
        named('S11 signals', callId, `${phone.name} got number ${nr} of ${by}: ${what}`);
      if (by !== `${from.userId}/${from.deviceId}`) yield wrong(`from ${from.userId}/${from.deviceId}`);
      const key = `${callId} ${by}`;
      if (nr <= (highest.get(key) ?? 0)) yield wrong('again, or after a later one');
      highest.set(key, nr);
      const story = stories.get(callId);
      const answered = story?.events.find(({ event }) => event.type === 'CallAnswered');
      const [begun] = story?.folds ?? [];
      if (!begun || answered?.event.type !== 'CallAnswered') {
        yield wrong('the call was never answered');
        continue;
      }
      const caller = `${begun.caller.userId}/${begun.caller.deviceId}`;
      const callee = `${begun.callee.userId}/${answered.event.data.deviceId}`;
      const ends = [caller, callee];
      if (!ends.includes(`${userId}/${deviceId}`) || !ends.includes(by) || by === `${userId}/${deviceId}`)
        yield wrong(`the call is between ${caller} and ${callee}`);
      if (at < answered.at - 5)
        yield named('S12 consent', callId, `${phone.name} got a signal before the answer`);
    }
  }
}
