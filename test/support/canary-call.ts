import type { Phone } from './phone.js';

/** What nobody may read any more once its owner is erased. */
export const NAME = 'Canary Alice von Wunderland';
export const METADATA = { room: 'canary-room-42', deep: { note: 'canary note' } };
export const CANARY = /canary/i;

/** A call from an Alice with a name and metadata to Bob, answered and ended; gives its id. */
export async function pastCall(alice: Phone, bob: Phone): Promise<string> {
  const callId = await alice.calls(bob.userId, { metadata: METADATA });
  await bob.hears('call:incoming', ({ call }) => call.callId === callId);
  await bob.say('call:ringing', { callId });
  await bob.say('call:answer', { callId });
  await alice.say('call:end', { callId });
  return callId;
}
