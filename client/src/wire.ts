/**
 * What goes over the wire, as types and nothing else. The gateway's schemas are the truth: a test in the repository
 * proves these types equal to them, in both directions.
 */

export type Media = 'voice' | 'video';
export type CallState = 'initiated' | 'ringing' | 'answered' | 'ended';
export type Outcome = 'completed' | 'declined' | 'busy' | 'cancelled' | 'missed' | 'failed';
export type EndReason =
  | ('hangup' | 'declined' | 'busy' | 'cancelled' | 'timeout')
  | ('unreachable' | 'max_duration' | 'participant_erased' | 'superseded');
export type DeclineReason = 'declined' | 'busy';
export type Platform = 'ios' | 'android' | 'web';
export type AppState = 'foreground' | 'background';
export type Direction = 'incoming' | 'outgoing';

export interface Person {
  userId: string;
  name: string | null;
}

/** A user on one of their devices. */
export interface By {
  userId: string;
  deviceId: string;
}

/** The whole state of a call; the highest `version` counts. Times are RFC 3339 with milliseconds. */
export interface CallView {
  callId: string;
  version: number;
  caller: Person;
  callee: Person;
  media: Media;
  state: CallState;
  /** How it ended; null before. */
  outcome: Outcome | null;
  /** Why it ended; null before. */
  endReason: EndReason | null;
  initiatedAt: string;
  ringingAt: string | null;
  answeredAt: string | null;
  endedAt: string | null;
  ringExpiresAt: string;
  /** The device that answered. */
  answeredBy: string | null;
  metadata: Record<string, unknown>;
}

/** `seq` counts per call and sending device. */
export interface Signal {
  callId: string;
  seq: number;
  from: By;
  signal: unknown;
}

/** What the other side has muted, switched off or put on hold. */
export interface MediaState {
  callId: string;
  from: By;
  audio: boolean;
  video: boolean;
  held: boolean;
}

/** One step of the honest ring ladder: what is known of the call's way to the callee's devices. */
export interface ProgressStep {
  step: 'socket-delivered' | 'push-sent' | 'push-accepted' | 'push-failed' | 'unreachable';
  platform?: Platform;
}

export interface Sync {
  serverTime: string;
  calls: CallView[];
  signals: Signal[];
}

export interface FieldFault {
  /** Where in the payload, with dots; empty for the payload itself. */
  path: string;
  message: string;
}

/** The codes of the gateway's refusals. */
export type Code =
  | ('UNAUTHENTICATED' | 'TOKEN_EXPIRED' | 'DEVICE_ID_INVALID' | 'TOO_MANY_CONNECTIONS')
  | ('CALL_NOT_FOUND' | 'CALL_ALREADY_ENDED' | 'ANSWERED_ELSEWHERE' | 'ALREADY_ANSWERED' | 'NOT_ANSWERED')
  | ('NOT_FOUND' | 'NOT_ALLOWED' | 'CALL_ID_CONFLICT' | 'SELF_CALL' | 'INVALID' | 'TOO_LARGE')
  | ('RATE_LIMITED' | 'UNKNOWN_EVENT' | 'UNAVAILABLE' | 'INTERNAL');

export interface Refusal {
  code: Code;
  message: string;
  retryable: boolean;
  details?: FieldFault[];
  retryAfterMs?: number;
}

/** What an app says. */
export interface Payloads {
  'call:initiate': { callId: string; callee: string; media: Media; metadata?: Record<string, unknown> };
  'call:ringing': { callId: string };
  'call:answer': { callId: string };
  'call:decline': { callId: string; reason?: DeclineReason };
  'call:cancel': { callId: string };
  'call:end': { callId: string };
  'call:signal': { callId: string; signal: unknown };
  'call:media': { callId: string; audio: boolean; video: boolean; held?: boolean };
  'device:state': { state: AppState };
  sync: Record<string, never>;
  'session:refresh': { token: string };
}

/** What it is answered when all is well, beside `ok: true`. */
export interface Answers {
  'call:initiate': { call: CallView; merged?: true };
  'call:ringing': { call: CallView };
  'call:answer': { call: CallView };
  'call:decline': { call: CallView };
  /** Null for a call that does not exist (yet). */
  'call:cancel': { call: CallView | null };
  'call:end': { call: CallView };
  'call:signal': { seq: number };
  'call:media': { call: CallView };
  'device:state': Record<string, never>;
  sync: Sync;
  'session:refresh': { expiresAt: string };
}

export type Command = keyof Payloads;

interface Changed {
  call: CallView;
  by?: By;
}

/** What an app hears. */
export interface Messages {
  'call:incoming': { call: CallView; serverTime: string };
  'call:ringing': Changed;
  'call:answered': Changed;
  'call:declined': Changed;
  'call:cancelled': Changed;
  'call:missed': Changed;
  'call:ended': Changed;
  'call:failed': Changed;
  'call:handled-elsewhere': {
    call: CallView;
    how: 'answered' | 'declined';
    by: By & { deviceName?: string };
  };
  'call:progress': { callId: string } & ProgressStep;
  'call:signal': Signal;
  'call:media': MediaState;
  sync: Sync;
  'session:replaced': Record<string, never>;
  'session:expired': Record<string, never>;
  'server:draining': { reconnectInMs: number };
}

/** An entry of the history, as the asking user saw the call. */
export interface CallRecord extends CallView {
  direction: Direction;
  ringSeconds: number;
  talkSeconds: number;
}

export interface Page<T> {
  items: T[];
  nextCursor: string | null;
}

/** A recorded event of a call, or of waking its callee. */
export interface TimelineItem {
  /** Rises in the order of recording; made from the time. `stream` and `version` name an event. */
  position: number;
  stream: 'call' | 'wake';
  version: number;
  type: string;
  at: string;
  data: Record<string, unknown>;
}

/** Why a call rang or did not. */
export interface Explanation {
  /** One sentence in plain words. */
  verdict: string;
  code: string;
  devices: {
    deviceId: string;
    platform: string | null;
    name: string | null;
    steps: {
      at: string;
      step: string;
      provider?: string;
      environment?: string;
      status?: number;
      reason?: string;
    }[];
  }[];
}

export interface Presence {
  userId: string;
  reachable: 'online' | 'pushable' | 'unreachable';
}

/** As `RTCPeerConnection` wants it. */
export interface IceServer {
  urls: string | string[];
  username?: string;
  credential?: string;
}

export interface IceServers {
  iceServers: IceServer[];
  /** How long the credentials are good, in seconds. */
  ttl: number;
}

interface About {
  name?: string | null;
  appVersion?: string | null;
}

export type Registration =
  | ({
      platform: 'ios';
      /** PushKit's token as hexadecimal text. */
      voipToken: string;
      apnsEnvironment: 'sandbox' | 'production';
      bundleId: string;
      alertToken?: string | null;
    } & About)
  | ({ platform: 'android'; fcmToken: string; projectId?: string | null } & About)
  | ({ platform: 'web' } & About);

/** An install as its own user sees it. */
export interface Device {
  deviceId: string;
  platform: Platform;
  name: string | null;
  appVersion: string | null;
  bundleId?: string;
  apnsEnvironment?: 'sandbox' | 'production';
  /** The last 6 characters, behind an ellipsis. */
  pushToken: string | null;
  registeredAt: string;
  lastSeenAt: string;
}
