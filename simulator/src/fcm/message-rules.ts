import type { AccessToken } from '../core/credentials.js';
import { isObject, type JsonObject, parseBody } from '../core/json.js';
import type { Policy } from '../core/policy.js';
import type { AndroidDevice } from '../delivery/device-registry.js';
import { headerValue, type IncomingRequest } from '../transport/exchange.js';
import { badRequest, bareError, type FcmRefusal, fcmError, htmlError, unauthenticated } from './answers.js';
import { sendRequest, targets } from './message-schema.js';
import { readMessage } from './proto-json.js';

export const messagingScopes: readonly string[] = [
  'https://www.googleapis.com/auth/firebase.messaging',
  'https://www.googleapis.com/auth/cloud-platform',
];

export interface FcmContext {
  now: number;
  projects: ReadonlySet<string>;
  accessToken(token: string): AccessToken | undefined;
  device(tokenOrFid: string): AndroidDevice | undefined;
  /** Messages to the device in the last minute. */
  recentMessages(device: AndroidDevice): number;
  policy: Policy['fcm'];
}

/** A message that passed everything. */
export interface FcmMessage {
  project: string;
  validateOnly: boolean;
  /** Null when it goes to a topic or a condition. */
  device: AndroidDevice | null;
  data: Record<string, string>;
  notification: JsonObject | null;
  priority: 'high' | 'normal';
  /** Seconds; four weeks when not given. */
  ttl: number;
  ttlGiven: boolean;
  collapseKey: string | null;
}

const fourWeeks = 2_419_200;

/** All checks of `messages:send` in their order: address, sender, JSON, fields, recipient, device, quota. */
export function checkMessage(request: IncomingRequest, context: FcmContext): FcmMessage | FcmRefusal {
  const project = projectOf(request);
  if (project === null) {
    return { reason: 'NOT_FOUND', answer: htmlError(404, 'The requested URL was not found on this server.') };
  }
  if (!context.projects.has(project)) return bareError('NOT_FOUND', 'Requested entity was not found.');

  const token = /^Bearer (\S+)$/i.exec(headerValue(request.headers, 'authorization') ?? '')?.[1];
  const access = token === undefined ? undefined : context.accessToken(token);
  const inScope = access?.scopes.some((scope) => messagingScopes.includes(scope)) ?? false;
  if (access === undefined || access.expiresAt <= context.now || !inScope) {
    return unauthenticated(context.policy.unauthenticatedBody);
  }
  if (access.account.projectId !== project || access.account.disabled) {
    return bareError(
      'PERMISSION_DENIED',
      `Permission 'cloudmessaging.messages.create' denied on resource ` +
        `'//cloudresourcemanager.googleapis.com/projects/${project}' (or it may not exist).`,
    );
  }

  const body = jsonBody(request);
  if (body === null) {
    return badRequest([{ description: 'Invalid JSON payload received. Unexpected token.' }]);
  }
  const read = readMessage(body, sendRequest);
  if ('violations' in read) return badRequest(read.violations);
  return checkFields(read.fields, project, context);
}

function checkFields(fields: JsonObject, project: string, context: FcmContext): FcmMessage | FcmRefusal {
  const message = section(fields, 'message');
  const chosen = targets.filter((target) => message[target] !== undefined && message[target] !== '');
  if (chosen.length === 0) {
    const description = 'Recipient of the message is not set.';
    return fcmError('INVALID_ARGUMENT', {
      message: description,
      violations: [{ field: 'message', description }],
    });
  }
  if (chosen.length > 1) {
    const again = `oneof field 'target' is already set. Cannot set '${chosen[1]}'`;
    return badRequest([{ field: 'message', description: `Invalid value at 'message' (oneof), ${again}` }]);
  }

  const android = section(message, 'android');
  const data = { ...section(message, 'data'), ...section(android, 'data') } as Record<string, string>;
  const reserved = Object.keys(data).find((key) => /^(from$|message_type$|gcm|google)/.test(key));
  if (reserved !== undefined) return invalid('message.data', `Invalid data payload key: ${reserved}`);
  const givenTtl = typeof android['ttl'] === 'string' ? android['ttl'] : null;
  const ttl = givenTtl === null ? fourWeeks : Number(givenTtl.slice(0, -1));
  if (ttl < 0 || ttl > fourWeeks) return invalid('message.android.ttl', `Invalid ttl: ${givenTtl}`);
  if (size(data) + size(section(message, 'notification')) > 4096) {
    return bareError('INVALID_ARGUMENT', 'Request contains an invalid argument.');
  }

  const kind = chosen[0] ?? 'token';
  const device =
    kind === 'token' || kind === 'fid' ? addressee(String(message[kind]), kind, project, context) : null;
  if (device !== null && 'reason' in device) return device;
  const notification = message['notification'] ?? android['notification'];
  return {
    project,
    validateOnly: fields['validate_only'] === true || fields['validate_only'] === 'true',
    device,
    data,
    notification: isObject(notification) ? notification : null,
    priority: android['priority'] === 'HIGH' ? 'high' : 'normal',
    ttl,
    ttlGiven: givenTtl !== null,
    collapseKey: typeof android['collapse_key'] === 'string' ? android['collapse_key'] : null,
  };
}

/** The device behind a token or installation id, or why FCM does not reach it. */
function addressee(
  text: string,
  kind: 'token' | 'fid',
  project: string,
  context: FcmContext,
): AndroidDevice | FcmRefusal {
  const syntax = kind === 'fid' ? /^[cdef][\w-]{21}$/ : /^[\w-]{10,}:APA91[\w-]{50,}$/;
  if (!syntax.test(text)) {
    const description =
      kind === 'fid'
        ? 'The Firebase installation ID is not valid'
        : 'The registration token is not a valid FCM registration token';
    return invalid(`message.${kind}`, description);
  }
  const device = context.device(text);
  const stale = device !== undefined && context.now - device.lastSeenAt > context.policy.staleAfterMs;
  if (device === undefined || device.status !== 'active' || stale) return fcmError('UNREGISTERED');
  if (device.projectId !== project) return fcmError('SENDER_ID_MISMATCH');
  const limit = context.policy.messagesPerDeviceAndMinute;
  if (limit > 0 && context.recentMessages(device) >= limit) {
    const { reason, answer } = fcmError('QUOTA_EXCEEDED');
    const headers = { ...answer.headers, 'retry-after': String(context.policy.retryAfterS) };
    return { reason, answer: { ...answer, headers } };
  }
  return device;
}

export function projectOf({ method, path }: IncomingRequest): string | null {
  return method === 'POST' ? (/^\/v1\/projects\/([a-z0-9-]+)\/messages:send$/.exec(path)?.[1] ?? null) : null;
}

function jsonBody({ headers, body, bodyBytes }: IncomingRequest): JsonObject | null {
  const type = headerValue(headers, 'content-type') ?? '';
  if (!/^application\/json\b/i.test(type) || bodyBytes > body.length) return null;
  return parseBody(body);
}

function invalid(field: string, description: string): FcmRefusal {
  return fcmError('INVALID_ARGUMENT', { message: description, violations: [{ field, description }] });
}

function section(value: JsonObject, name: string): JsonObject {
  const found = value[name];
  return isObject(found) ? found : {};
}

function size(values: JsonObject): number {
  return Object.entries(values).reduce(
    (sum, [key, value]) => sum + Buffer.byteLength(key + String(value)),
    0,
  );
}
