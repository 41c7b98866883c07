import type { Calls } from '../../calls/calls.js';
import type { ExistingCall } from '../../calls/domain/call.js';
import { mediaDevice } from '../../calls/domain/decide.js';
import { CallRefused } from '../../calls/domain/refusal.js';
import { type Session, actorOf } from './sessions.js';

/** The call whose media this device carries. @throws CallRefused when it carries none of this call */
export async function partInCall(calls: Calls, session: Session, callId: string): Promise<ExistingCall> {
  const by = actorOf(session);
  const known = calls.known(callId);
  try {
    if (known) return mediaDevice(known, by);
  } catch (error) {
    // What this node remembers may be old: refuse only on what is recorded now.
    if (!(error instanceof CallRefused)) throw error;
  }
  return mediaDevice(await calls.load(callId), by);
}
