import type { ApnsEnvironment } from '../devices/device.entity.js';
import type { PushAddress } from '../devices/reach.js';
import type { PushAnswer } from '../push/push-result.js';
import type { PushFuse } from './push-fuse.js';
import type { DeviceWake, Provider, WakeEvent } from './wake-events.js';

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 3_000;

/** What the providers said: one result, or two when the other APNs environment was tried as well. */
export interface Attempt {
  /** null when the install or its token has gone since it was asked for. */
  address: PushAddress | null;
  provider: Provider;
  results: { environment: ApnsEnvironment | null; result: PushAnswer }[];
}

/** What is recorded of an attempt, learned from it, and done next. */
export interface Verdict {
  outcome: 'accepted' | 'refused' | 'waiting';
  events(deviceId: string): WakeEvent[];
  retryAfterMs: number | null;
  correctedTo: ApnsEnvironment | null;
  retire: boolean;
  badToken: boolean;
  configurationFault: string | null;
}

export interface Circumstances {
  push: NonNullable<DeviceWake['push']>;
  fuse: Pick<PushFuse, 'blown'>;
  now: number;
  ringExpiresAt: number;
  /** From 0 to 1; jitters the pause by half. */
  random: number;
}

/** The bundle id or Firebase project a push belongs to. */
export const appOf = (address: PushAddress): string =>
  address.provider === 'apns' ? address.bundleId : (address.projectId ?? 'fcm');

/** The table of the contract, section 6, from a provider's answer to what happens next. Pure. */
export function verdictOf(attempt: Attempt, circumstances: Circumstances): Verdict {
  const { address, provider, results } = attempt;
  const last = results.at(-1);
  const nothing = {
    retryAfterMs: null,
    correctedTo: null,
    retire: false,
    badToken: false,
    configurationFault: null,
  };
  if (!address || !last)
    return {
      ...nothing,
      outcome: 'refused',
      events: (id) => [rejected(id, provider, null, null, 'NoPushToken')],
    };
  const { environment, result } = last;
  const reject = (deviceId: string, configuration = false): WakeEvent =>
    rejected(deviceId, provider, environment, result.status, reasonOf(result), configuration);

  switch (result.outcome) {
    case 'accepted': {
      const from =
        address.provider === 'apns' && environment !== address.environment ? address.environment : null;
      return {
        ...{ ...nothing, outcome: 'accepted', correctedTo: from && environment },
        events: (deviceId) => [
          { type: 'PushAccepted', data: { deviceId, provider, environment, status: result.status } },
          ...(from && environment
            ? [{ type: 'DeviceApnsEnvironmentCorrected' as const, data: { deviceId, from, to: environment } }]
            : []),
        ],
      };
    }
    case 'bad-token': {
      // Proven dead only when every place refused it (APNs has two), and when it is not most of the app's tokens.
      const everywhere = provider === 'fcm' || results.length === 2;
      const retire = everywhere && !circumstances.fuse.blown(appOf(address));
      const events = (deviceId: string): WakeEvent[] => [
        reject(deviceId),
        ...(retire ? [retired(deviceId, provider, result.reason)] : []),
      ];
      return { ...nothing, outcome: 'refused', events, retire, badToken: everywhere };
    }
    case 'gone': {
      const retire = result.since === null || result.since >= address.tokenUpdatedAt;
      const events = (deviceId: string): WakeEvent[] => [
        reject(deviceId),
        ...(retire ? [retired(deviceId, provider, result.reason)] : []),
      ];
      return { ...nothing, outcome: 'refused', events, retire };
    }
    case 'rejected': {
      const configurationFault = result.configuration ? result.reason : null;
      return {
        ...nothing,
        outcome: 'refused',
        configurationFault,
        events: (id) => [reject(id, result.configuration)],
      };
    }
    case 'retry': {
      const attemptNr = circumstances.push.attempts + 1;
      const pause = pauseBefore(attemptNr, result.retryAfterMs, circumstances.random);
      const retryAfterMs = circumstances.now + pause < circumstances.ringExpiresAt ? pause : null;
      const { status, reason } = result;
      const refusedIn = results.length === 2 ? (results[0]?.environment ?? undefined) : undefined;
      const data = { provider, environment, status, reason, attempt: attemptNr, afterMs: retryAfterMs };
      return {
        ...nothing,
        outcome: 'waiting',
        retryAfterMs,
        events: (deviceId) => [
          { type: 'PushRetried', data: { deviceId, ...data, ...(refusedIn ? { refusedIn } : {}) } },
        ],
      };
    }
  }
}

/** Growing from 100 ms, ± 50 %; never sooner than the provider asks. */
export function pauseBefore(attempt: number, retryAfterMs: number | null, random: number): number {
  const pause = Math.min(FIRST_PAUSE_MS * 2 ** (attempt - 1), LONGEST_PAUSE_MS) * (0.5 + random);
  return Math.round(Math.max(pause, retryAfterMs ?? 0));
}

const reasonOf = (result: PushAnswer): string => ('reason' in result ? result.reason : '');

const rejected = (
  deviceId: string,
  provider: Provider,
  environment: ApnsEnvironment | null,
  status: number | null,
  reason: string,
  configuration = false,
): WakeEvent => ({
  type: 'PushRejected',
  data: { deviceId, provider, environment, status, reason, configuration },
});

const retired = (deviceId: string, provider: Provider, reason: string): WakeEvent => ({
  type: 'DevicePushTokenRetired',
  data: { deviceId, provider, reason },
});
