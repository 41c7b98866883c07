import { parseBody } from '../core/json.js';
import type { Policy } from '../core/policy.js';
import type { Environment } from '../core/services.js';
import type { IosDevice } from '../delivery/device-registry.js';
import { headerValue, type IncomingRequest } from '../transport/exchange.js';
import type { ProviderToken, Refusal } from './provider-token.js';

/**
 * The checks of APNs in their order, as pure functions. A refusal is what the first failing check says. Sources:
 * developer.apple.com, "Sending notification requests to APNs" and "Handling notification responses from APNs".
 */
export interface NotificationContext {
  now: number;
  environment: Environment;
  token: ProviderToken;
  device: IosDevice | undefined;
  /** Pushes to this device token in the current window, this one not counted. */
  recentPushes: number;
  policy: Policy['apns'];
}

export interface Warning {
  rule: string;
  detail: string;
}

const pushTypes: ReadonlySet<string> = new Set([
  'alert',
  'background',
  'complication',
  'controls',
  'fileprovider',
  'liveactivity',
  'location',
  'mdm',
  'pushtotalk',
  'voip',
  'widgets',
]);

const tenYears = 10 * 365 * 24 * 60 * 60 * 1000;
const maxPayload = { voip: 5120, other: 4096 };
const bad = (reason: string): Refusal => ({ status: 400, reason });

type RequestCheck = (request: IncomingRequest) => Refusal | undefined;
type NotificationCheck = (request: IncomingRequest, context: NotificationContext) => Refusal | undefined;

const method: RequestCheck = (request) =>
  request.method === 'POST' ? undefined : { status: 405, reason: 'MethodNotAllowed' };

const path: RequestCheck = (request) => {
  const match = /^\/3\/device\/([^/]*)$/.exec(request.path);
  if (match === null) return { status: 404, reason: 'BadPath' };
  return match[1] === '' ? bad('MissingDeviceToken') : undefined;
};

const duplicates: RequestCheck = ({ headers }) => {
  const names = headers.map(([name]) => name).filter(isOurs);
  return new Set(names).size === names.length ? undefined : bad('DuplicateHeaders');
};

const isOurs = (name: string): boolean => name.startsWith('apns-') || name === 'authorization';

const topic: NotificationCheck = (request, { token }) => {
  const value = headerValue(request.headers, 'apns-topic');
  if (value === undefined || value === '') return bad('MissingTopic');
  if (!/^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$/.test(value)) return bad('BadTopic');
  const { topics } = token.key;
  return topics === '*' || topics.includes(value) || topics.includes(bundleOf(value))
    ? undefined
    : bad('TopicDisallowed');
};

const pushType: NotificationCheck = (request, { policy }) => {
  const value = headerValue(request.headers, 'apns-push-type');
  if (value === undefined) return undefined;
  if (!pushTypes.has(value)) return bad('InvalidPushType');
  const mismatch = (value === 'voip') !== isVoip(request);
  return mismatch && policy.pushTypeMismatch === 'refuse' ? bad('BadTopic') : undefined;
};

const priority: NotificationCheck = ({ headers }) => {
  const value = headerValue(headers, 'apns-priority');
  return value === undefined || ['1', '5', '10'].includes(value) ? undefined : bad('BadPriority');
};

const expiration: NotificationCheck = ({ headers }) => {
  const value = headerValue(headers, 'apns-expiration');
  return value === undefined || /^\d+$/.test(value) ? undefined : bad('BadExpirationDate');
};

const messageId: NotificationCheck = ({ headers }) => {
  const value = headerValue(headers, 'apns-id');
  return value === undefined || /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value)
    ? undefined
    : bad('BadMessageId');
};

const collapseId: NotificationCheck = ({ headers }) => {
  const value = headerValue(headers, 'apns-collapse-id');
  return value === undefined || Buffer.byteLength(value, 'utf8') <= 64 ? undefined : bad('BadCollapseId');
};

const payload: NotificationCheck = (request) => {
  if (request.bodyBytes === 0) return bad('PayloadEmpty');
  const limit = isVoip(request) ? maxPayload.voip : maxPayload.other;
  return request.bodyBytes > limit ? { status: 413, reason: 'PayloadTooLarge' } : undefined;
};

const deviceToken: NotificationCheck = (request, { device, environment }) => {
  const text = deviceTokenOf(request.path);
  if (text === null || text.length % 2 !== 0 || !/^[0-9a-fA-F]+$/.test(text)) return bad('BadDeviceToken');
  if (device === undefined || device.environment !== environment) return bad('BadDeviceToken');
  const value = headerValue(request.headers, 'apns-topic') ?? '';
  if (bundleOf(value) !== device.bundleId || isVoip(request) !== (device.kind === 'voip')) {
    return bad('DeviceTokenNotForTopic');
  }
  if (device.status === 'unregistered')
    return { status: 410, reason: 'Unregistered', timestamp: device.since };
  if (device.status === 'expired') return { status: 410, reason: 'ExpiredToken', timestamp: device.since };
  return undefined;
};

const rate: NotificationCheck = (_request, { recentPushes, policy }) =>
  policy.pushesPerToken > 0 && recentPushes >= policy.pushesPerToken
    ? { status: 429, reason: 'TooManyRequests' }
    : undefined;

const requestChecks = [method, path, duplicates];
const notificationChecks = [
  topic,
  pushType,
  priority,
  expiration,
  messageId,
  collapseId,
  payload,
  deviceToken,
  rate,
];

/** Checks 1 to 3: method, path, repeated headers. */
export function checkRequest(request: IncomingRequest): Refusal | undefined {
  return first(requestChecks.map((check) => () => check(request)));
}

/** Checks 9 to 14: topic, push type, the other headers, payload, device token, rate. */
export function checkNotification(
  request: IncomingRequest,
  context: NotificationContext,
): Refusal | undefined {
  return first(notificationChecks.map((check) => () => check(request, context)));
}

/** What is answered with 200 and is wrong all the same. */
export function warnings(request: IncomingRequest, now: number): Warning[] {
  const { headers } = request;
  const found: Warning[] = [];
  const warn = (rule: string, detail: string): number => found.push({ rule, detail });
  const expires = headerValue(headers, 'apns-expiration');
  if (headerValue(headers, 'apns-push-type') === undefined)
    warn('push-type-missing', 'APNs may drop the push');
  if (expires !== undefined && Number(expires) * 1000 > now + tenYears)
    warn('expiration-in-ms', `apns-expiration ${expires} is not in seconds`);
  if (isVoip(request)) {
    if (expires === undefined)
      warn('expiration-omitted', 'the call may ring up to 30 days after it was over');
    if (headerValue(headers, 'apns-priority') !== '10')
      warn('voip-priority', 'a call is sent with priority 10');
    if (headerValue(headers, 'apns-collapse-id') !== undefined)
      warn('voip-collapse-id', 'calls do not collapse');
  }
  if (headerValue(headers, 'content-encoding') !== undefined) warn('body-encoded', 'APNs takes plain JSON');
  else if (payloadOf(request) === null) warn('body-not-json', 'the payload is not a JSON object');
  return found;
}

/** The payload as the phone gets it; null when Apple would accept and drop it. */
export function payloadOf(request: IncomingRequest): Record<string, unknown> | null {
  return headerValue(request.headers, 'content-encoding') === undefined ? parseBody(request.body) : null;
}

export function deviceTokenOf(requestPath: string): string | null {
  return /^\/3\/device\/([^/]+)$/.exec(requestPath)?.[1] ?? null;
}

export function isVoip({ headers }: IncomingRequest): boolean {
  return (headerValue(headers, 'apns-topic') ?? '').endsWith('.voip');
}

function bundleOf(value: string): string {
  return value.replace(/\.voip$/, '');
}

function first(checks: (() => Refusal | undefined)[]): Refusal | undefined {
  for (const check of checks) {
    const refusal = check();
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}
