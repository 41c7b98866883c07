import type { Policy } from '../core/policy.js';
import type { Phone } from './device-registry.js';

/** What iOS remembers about one app's VoIP pushes. */
export interface PushKitMemory {
  /** Calls by UUID, with the `apns-id` that brought them. */
  calls: Map<string, string>;
  unreported: number;
}

export interface VoipPush {
  id: string;
  payload: Record<string, unknown>;
  /** ms since it was sent. */
  age: number;
}

export interface PushKitReport {
  /** PKVoIPPushMetadata.mustReport: false in the foreground, on a call, and from iOS 26.4 for a stale push. */
  mustReport: boolean;
  /** The same push again, by its `apns-id`: reporting the same UUID twice harms nobody. */
  repeated: boolean;
  /** Why an app cannot report it as a new call. */
  unreportable: 'second push for the call' | 'no call UUID' | 'no handle' | null;
  /** The app must report it and cannot: iOS kills the app, and remembers. */
  penalised: boolean;
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * Apple's rule that each VoIP push is reported to CallKit as a new call before the delegate returns. Source:
 * developer.apple.com, "Responding to VoIP Notifications from PushKit"; iOS 26.4 adds `mustReport`.
 */
export function receiveVoip(
  push: VoipPush,
  phone: Phone,
  memory: PushKitMemory,
  policy: Policy['device'],
): PushKitReport {
  const call = push.payload['uuid'];
  const handle = push.payload['handle'];
  const callId = typeof call === 'string' && uuid.test(call) ? call.toLowerCase() : null;
  const earlier = callId === null ? undefined : memory.calls.get(callId);
  const tellsItself = atLeast(phone.ios, 26, 4);
  const atEase = phone.appState === 'foreground' || phone.onCall;

  let unreportable: PushKitReport['unreportable'] = null;
  if (callId === null) unreportable = 'no call UUID';
  else if (typeof handle !== 'string' || handle === '') unreportable = 'no handle';
  else if (earlier !== undefined && earlier !== push.id) unreportable = 'second push for the call';

  const penalised = unreportable !== null && !atEase && !tellsItself;
  if (callId !== null && earlier === undefined) memory.calls.set(callId, push.id);
  if (memory.calls.size > 1000) memory.calls.delete(memory.calls.keys().next().value ?? '');
  if (penalised) memory.unreported += 1;
  return {
    mustReport: !atEase && !(tellsItself && push.age > policy.stalePushMs),
    repeated: earlier !== undefined && earlier === push.id,
    unreportable,
    penalised,
  };
}

function atLeast(version: string, major: number, minor: number): boolean {
  const [a = 0, b = 0] = version.split('.').map(Number);
  return a > major || (a === major && b >= minor);
}
