import type { ApnsEnvironment, PushAddress } from '../../devices/reach.js';
import type { PushAnswer } from '../../push/push-result.js';
import type { DeviceWake, FirstRefusal, Provider, WakeEvent } from './wake.js';

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 3_000;

/** What the providers said: one result, or two when the other APNs environment was tried as well. */
export interface Attempt {
  /** null when the install or its token has gone since it was asked for. */
  address: PushAddress | null;
  provider: Provider;
  results: { environment: ApnsEnvironment | null; result: PushAnswer }[];
  /** The token might be good in the other APNs environment, which was not asked, because there was no need any more. */
  unfinished?: boolean;
}

/** How the wake stands when the attempt is recorded, which may be seconds after it was begun. */
export interface Standing {
  /** The device has the call. */
  reached: boolean;
  /** When the push is sent again; null: not again. */
  retryInMs: number | null;
}

/** What is recorded of an attempt, learned from it, and done next. */
export interface Verdict {
  outcome: 'accepted' | 'refused' | 'waiting';
  events(deviceId: string, standing: Standing): WakeEvent[];
  /** How long to wait before another attempt, where the answer and the time left to ring allow one. */
  retryAfterMs: number | null;
  correctedTo: ApnsEnvironment | null;
  retire: boolean;
  badToken: boolean;
  /** The token was refused as bad wherever it can be asked about, and is kept: it is not sent again for a while. */
  pause: boolean;
  configurationFault: string | null;
}

export interface Circumstances {
  push: NonNullable<DeviceWake['push']>;
  /** Whether most tokens of an app are refused just now. */
  breaker: { isOpen: (app: string) => boolean };
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
    pause: false,
    configurationFault: null,
  };
  if (!address || !last)
    return {
      ...nothing,
      outcome: 'refused',
      events: (id, standing) => [
        rejected(id, { ...NO_TOKEN, provider, environment: null, status: null }, standing),
      ],
    };
  const { environment, result } = last;
  const refusal = firstRefusal(results);
  const answer = { provider, environment, status: result.status, ...refusal };
  const reject = (deviceId: string, standing: Standing, configuration = false): WakeEvent =>
    rejected(deviceId, { ...answer, reason: reasonOf(result), configuration }, standing);

  switch (result.outcome) {
    case 'accepted': {
      const from =
        address.provider === 'apns' && environment !== address.environment ? address.environment : null;
      return {
        ...{ ...nothing, outcome: 'accepted', correctedTo: from && environment },
        events: (deviceId) => [
          { type: 'PushAccepted', data: { deviceId, ...answer } },
          ...(from && environment
            ? [{ type: 'DeviceApnsEnvironmentCorrected' as const, data: { deviceId, from, to: environment } }]
            : []),
        ],
      };
    }
    case 'bad-token': {
      // Proven dead only when every place refused it (APNs has two). One that was good once is kept while most are refused.
      const everywhere = provider === 'fcm' || results.length === 2;
      const retire = everywhere && !(address.tokenAccepted && circumstances.breaker.isOpen(appOf(address)));
      const pause = !retire && attempt.unfinished !== true;
      const events = (deviceId: string, standing: Standing): WakeEvent[] => [
        reject(deviceId, standing),
        ...(retire ? [retired(deviceId, provider, result.reason)] : []),
      ];
      return { ...nothing, outcome: 'refused', events, retire, pause, badToken: everywhere };
    }
    case 'gone': {
      const retire = result.since === null || result.since >= address.tokenUpdatedAt;
      const events = (deviceId: string, standing: Standing): WakeEvent[] => [
        reject(deviceId, standing),
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
        events: (id, standing) => [reject(id, standing, result.configuration)],
      };
    }
    case 'retry': {
      const attemptNr = circumstances.push.attempts + 1;
      const pause = pauseBefore(attemptNr, result.retryAfterMs, circumstances.random);
      const retryAfterMs = circumstances.now + pause < circumstances.ringExpiresAt ? pause : null;
      const refusedIn = refusal.refusedBefore?.environment;
      const data = { ...answer, reason: result.reason, attempt: attemptNr };
      return {
        ...nothing,
        outcome: 'waiting',
        retryAfterMs,
        events: (deviceId, { reached, retryInMs }) => [
          {
            type: 'PushRetried',
            data: {
              ...data,
              deviceId,
              afterMs: retryInMs,
              ...(refusedIn ? { refusedIn } : {}),
              ...(reached ? { reached } : {}),
            },
          },
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

/** How the first of two APNs environments refused the push, where two were asked. */
function firstRefusal([first, second]: Attempt['results']): { refusedBefore?: FirstRefusal } {
  if (!second || !first?.environment || first.result.outcome !== 'bad-token') return {};
  const { status, reason } = first.result;
  return { refusedBefore: { environment: first.environment, status, reason } };
}

const NO_TOKEN = { reason: 'NoPushToken', configuration: false };

const rejected = (
  deviceId: string,
  answer: Omit<Extract<WakeEvent, { type: 'PushRejected' }>['data'], 'deviceId' | 'reached'>,
  { reached }: Standing,
): WakeEvent => ({
  type: 'PushRejected',
  data: { deviceId, ...answer, ...(reached ? { reached } : {}) },
});

const retired = (deviceId: string, provider: Provider, reason: string): WakeEvent => ({
  type: 'DevicePushTokenRetired',
  data: { deviceId, provider, reason },
});
