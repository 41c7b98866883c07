import type { Evidence, PushRequest, Story } from './evidence.js';
import type { Violation } from './safety.js';
import { RING_MS } from './world.js';

/** One write in flight. */
const IN_FLIGHT_MS = 300;
/** A fault can hold a push back until the request's own deadline. */
const CONSEQUENCES_MS = 2_500;
const ALLOWED_KEYS = new Set([
  'aps',
  'callId',
  'uuid',
  'handle',
  'callerId',
  'callerName',
  'hasVideo',
  'media',
  'serverTime',
  'expiresAt',
  'actionToken',
  'gateway',
]);

const named = (invariant: string, callId: string | null, what: string): Violation => ({
  invariant,
  callId,
  what,
});

/** S13 to S15: pushes are sound and bounded, and no token is given up without evidence. */
export function* safetyOfPushes(evidence: Evidence): Iterable<Violation> {
  const byDevice = new Map<string, PushRequest[]>();
  for (const push of evidence.pushes) {
    yield* sound(push, evidence);
    if (push.type === 'call-over') continue;
    const key = `${push.callId} ${push.phone?.name}`;
    byDevice.set(key, [...(byDevice.get(key) ?? []), push]);
  }
  for (const [key, pushes] of byDevice) {
    const [callId] = key.split(' ') as [string];
    const ids = new Set(pushes.flatMap(({ apnsId }) => (apnsId === null ? [] : [apnsId])));
    if (ids.size > 1) yield named('S14 one apns-id', callId, `${key} was pushed with ${[...ids].join(', ')}`);
  }
  for (const story of evidence.stories.values()) yield* bounded(story, byDevice, evidence);
  for (const name of evidence.retired)
    if (evidence.phones.some((phone) => phone.name === name))
      yield named('S15 tokens', null, `${name} lost its token, and nobody has said that it is dead`);
}

function* sound(push: PushRequest, { stories, history }: Evidence): Iterable<Violation> {
  const { callId, phone, at, type } = push;
  const story = stories.get(callId);
  const wrong = (what: string): Violation =>
    named('S13 sound push', callId, `${push.service} to ${phone?.name ?? 'nobody'}: ${what}`);
  if (!story || !phone) return yield wrong('no such call or phone');
  const [begun] = story.folds;
  if (!begun) return;
  if (at < begun.initiatedAt - 5) yield wrong('before the call was recorded');
  if (phone.parts.userId !== begun.callee.userId) yield wrong('not a device of the callee');
  if (type === 'call-over') {
    if (phone.parts.platform !== 'android') yield wrong('iOS gets no second push');
    if (story.silentAt === null || at < story.silentAt - 5) yield wrong('told over while it rings');
    return;
  }
  if (push.bytes > (phone.parts.platform === 'ios' ? 5_120 : 8_192)) yield wrong(`${push.bytes} bytes`);
  const unknown = push.keys.filter((key) => !ALLOWED_KEYS.has(key));
  if (unknown.length > 0) yield wrong(`it holds ${unknown.join(', ')}`);
  const until = Math.min(story.silentAt ?? Infinity, begun.initiatedAt + RING_MS);
  const late = at - until;
  if (late <= IN_FLIGHT_MS + history.stalledBetween(until, at)) return;
  if (!history.delayBetween(until, at, CONSEQUENCES_MS)) yield wrong(`${late} ms after the ring was over`);
}

/** One wake per device, accepted once, and nothing more after that. */
function* bounded(
  { callId, wake }: Story,
  byDevice: Map<string, PushRequest[]>,
  { phones, history }: Evidence,
): Iterable<Violation> {
  const wrong = (what: string): Violation => named('S14 bounded', callId, what);
  for (const phone of phones) {
    const { deviceId } = phone.parts;
    const mine = wake.filter(({ event }) => event.data.deviceId === deviceId);
    const count = (type: string): number => mine.filter(({ event }) => event.type === type).length;
    const requested = mine.filter(
      ({ event }) => event.type === 'WakeRequested' && event.data.channel === 'push',
    ).length;
    if (requested > 1) yield wrong(`${deviceId} was to be pushed ${requested} times`);
    if (count('PushAccepted') > 1)
      yield wrong(`a push to ${deviceId} was accepted ${count('PushAccepted')} times`);
    if (count('PushAccepted') + count('PushRejected') > 1)
      yield wrong(`a push to ${deviceId} came to two ends`);
    const pushes = byDevice.get(`${callId} ${phone.name}`) ?? [];
    if (pushes.length > 0 && requested === 0) yield wrong(`${deviceId} was pushed without a record`);
    const settled = mine.find(({ event }) => ['PushAccepted', 'PushRejected'].includes(event.type));
    if (!settled) continue;
    const after = pushes.find(
      ({ at }) =>
        at > settled.at + IN_FLIGHT_MS + history.stalledBetween(settled.at, at) &&
        !history.delayBetween(settled.at, at, CONSEQUENCES_MS),
    );
    if (after) yield wrong(`${deviceId} was pushed again after ${settled.event.type}`);
  }
}
