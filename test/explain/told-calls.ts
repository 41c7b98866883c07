import type { EndedCall, ExistingCall } from '../../src/calls/domain/call.js';
import type { Happened } from '../../src/explain/device-timeline.js';
import { verdictOn } from '../../src/explain/verdict.js';

export const START = Date.parse('2026-11-22T12:00:00.000Z');
export const PHONE = 'bobs-iphone';
export const TAB = 'tab-1';
const NAMES: Record<string, string> = { [PHONE]: "Bob's iPhone" };
export const known = {
  nameOf: (deviceId: string) => NAMES[deviceId] ?? `device ${deviceId}`,
  ackTimeoutMs: 1_500,
};

export const initiated = {
  ...{ state: 'initiated', callId: '1', version: 1, media: 'voice', metadata: {} },
  ...{
    caller: { userId: 'alice', name: 'Alice', deviceId: 'pixel' },
    callee: { userId: 'bob', name: 'Bob' },
  },
  ...{ initiatedAt: START, ringExpiresAt: START + 45_000, ringingAt: null, ringingOn: [] },
} as const satisfies ExistingCall;

export const over = (at: number, how: Partial<EndedCall>): EndedCall => ({
  ...{ ...initiated, state: 'ended', endedAt: START + at, answeredAt: null, answeredBy: null },
  ...{ outcome: 'failed', endReason: 'unreachable', declinedBy: null, ...how },
});
export const cancelledAfter = (at: number): EndedCall =>
  over(at, { outcome: 'cancelled', endReason: 'cancelled' });
export const missed = over(45_000, { outcome: 'missed', endReason: 'timeout' });
export const failed = over(300, {});
export const rangOn = { ringingAt: START + 300, ringingOn: [PHONE] };
export const answered = (on = PHONE): EndedCall =>
  over(20_000, {
    ...{ outcome: 'completed', endReason: 'hangup', answeredAt: START + 8_100, answeredBy: on },
  });

export const event =
  (type: string, data: object) =>
  (at: number, deviceId = PHONE): Happened => ({
    ...{ stream: type.startsWith('Call') ? 'call' : 'wake', type, data: { deviceId, ...data } },
    at: new Date(START + at).toISOString(),
  });
export const socket = event('WakeRequested', { platform: null, channel: 'socket' });
export const push = (more: object = {}): ((at: number, deviceId?: string) => Happened) =>
  event('WakeRequested', {
    ...{ platform: 'ios', channel: 'push', because: 'offline', provider: 'apns', environment: 'production' },
    ...{ app: 'com.example.app', pushId: '1', ...more },
  });
export const android = push({ provider: 'fcm', environment: null, app: 'my-project' });
export const hedge = push({ because: 'no-acknowledgement' });
export const accepted = event('PushAccepted', { provider: 'apns', environment: 'production', status: 200 });
export const rejected = (
  status: number | null,
  reason: string,
  more: object = {},
): ReturnType<typeof event> =>
  event('PushRejected', {
    ...{ provider: 'apns', environment: 'production', status, reason, configuration: false, ...more },
  });
export const fault = { configuration: true };
export const retried = (status: number | null, reason: string, more: object = {}): ReturnType<typeof event> =>
  event('PushRetried', {
    ...{ provider: 'apns', environment: 'production', status, reason, attempt: 1, afterMs: 100, ...more },
  });
export const corrected = event('DeviceApnsEnvironmentCorrected', { from: 'sandbox', to: 'production' });
export const retired = (reason: string): ReturnType<typeof event> =>
  event('DevicePushTokenRetired', { provider: 'apns', reason });
export const reached = (via: string): ReturnType<typeof event> => event('DeviceReached', { via });
export const rings = event('CallRinging', { name: null });

type Case = [what: string, call: ExistingCall, events: Happened[], code: string, verdict: string];
/** One call each: what happened, and what is said of it. */
export const cases = (name: string, table: Case[]): void =>
  describe(name, () => {
    it.each(table)('%s', (_what, call, events, code, verdict) => {
      expect(verdictOn(call, events, known)).toEqual({ code, verdict });
    });
  });
