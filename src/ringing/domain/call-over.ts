import type { Reach } from '../../devices/reach.js';
import { type Call, isUnanswered } from '../../calls/domain/call.js';
import type { DeviceWake, Wake } from './wake.js';

/** Android phones that a push has made ring, and that only another one can silence. */
const mayRingByPush = ({ devices }: Wake): string[] =>
  Object.entries(devices).flatMap(([deviceId, { push }]) =>
    push?.provider === 'fcm' && push.result !== 'rejected' ? [deviceId] : [],
  );

/** Whether anybody may have to be told; spares the reads of everybody else. */
export const mayHaveToTell = (wake: Wake): boolean => mayRingByPush(wake).length > 0;

/**
 * The call no longer rings: Android phones that were pushed and have no socket, or one that did not acknowledge the call,
 * are told so by a second message. iOS gets none, ever; it learns of it from its socket or from the preflight.
 * @returns null when nobody is told
 */
export function callOverRecipients(
  wake: Wake,
  { call, reaches }: { call: Call; reaches: readonly Reach[] },
): { outcome: string; recipients: Reach[] } | null {
  if (call.state === 'none' || isUnanswered(call)) return null;
  const ended = call.state === 'ended';
  // Erased after the answer: they were told when it was answered.
  if (ended && call.endReason === 'participant_erased' && call.answeredAt !== null) return null;
  // Whoever answered or declined has stopped ringing by itself.
  const acted = ended && call.declinedBy !== null ? call.declinedBy : call.answeredBy;
  const ringing = new Set(mayRingByPush(wake));
  if (acted !== null) ringing.delete(acted);
  const recipients = reaches.filter(
    ({ deviceId, live }) => ringing.has(deviceId) && (live === null || isDeaf(wake.devices[deviceId]!)),
  );
  return { outcome: ended && call.answeredAt === null ? call.outcome : 'answered', recipients };
}

/** Pushed although it had a socket, which has not acknowledged the call: it may only look alive, for as long as pings take. */
const isDeaf = ({ push, acknowledged }: DeviceWake): boolean => push?.because !== 'offline' && !acknowledged;
