import type { AnsweredCall, ExistingCall } from '../../calls/domain/call.js';
import { JsonText } from '../../protocol/packets.js';

/** `seq` counts from 1 per call and sending device; an app drops what it has seen. */
export interface SignalId {
  callId: string;
  seq: number;
  from: By;
}

export interface Signal extends SignalId {
  /** What was sent, as JSON text. */
  json: string;
}

export interface MediaState {
  callId: string;
  from: By;
  audio: boolean;
  video: boolean;
  held: boolean;
}

export interface By {
  userId: string;
  deviceId: string;
}

/** `at`: milliseconds since the epoch, so that the latest of two nodes' counts. */
export interface Media {
  state: MediaState;
  at: number;
}

/** What a device has said in a call, on a node that it has left. */
export interface Said {
  callId: string;
  seq: number;
  kept: { seq: number; json: string; sent: boolean }[];
}

/** What a node gives to the one a device has moved to: what waits for the device, and what it has said itself. */
export interface Handover {
  signals: Signal[];
  media: Media[];
  said: Said[];
  muted: Media[];
}

/** As an app receives it: `{callId, seq, from, signal}`. */
export function messageOf({ callId, seq, from, json }: Signal): JsonText {
  const [idText, fromText] = [JSON.stringify(callId), JSON.stringify(from)];
  return new JsonText(`{"callId":${idText},"seq":${seq},"from":${fromText},"signal":${json}}`);
}

/** The device a participant's signals are for: known once the call is answered. */
export function targetOf(call: ExistingCall, from: By): By | null {
  if (call.state !== 'answered') return null;
  const { userId } = from.userId === call.caller.userId ? call.callee : call.caller;
  return { userId, deviceId: deviceInCall(call, userId) };
}

/** The participant's device that is in the call. Devices of the two users may have the same id. */
export const deviceInCall = (call: AnsweredCall, userId: string): string =>
  userId === call.caller.userId ? call.caller.deviceId : call.answeredBy;
