import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import type { ServiceAccount } from '../../src/core/credentials.js';
import { strictPolicy } from '../../src/core/policy.js';
import type { AndroidDevice, Phone } from '../../src/delivery/device-registry.js';
import type { FcmRefusal } from '../../src/fcm/answers.js';
import { checkMessage, type FcmContext, type FcmMessage } from '../../src/fcm/message-rules.js';
import type { IncomingRequest } from '../../src/transport/exchange.js';

export const now = Date.UTC(2026, 10, 22);
export const day = 24 * 60 * 60 * 1000;
export const fid = `c${'A'.repeat(21)}`;
export const token = `${fid}:APA91b${'x'.repeat(120)}`;
const path = '/v1/projects/demo/messages:send';

const account: ServiceAccount = {
  projectId: 'demo',
  clientEmail: 'push@demo',
  publicKey: createPublicKey(
    generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }),
  ),
  disabled: false,
};
const messaging = ['https://www.googleapis.com/auth/firebase.messaging'];

export interface World {
  device?: Partial<AndroidDevice>;
  unknownDevice?: boolean;
  scopes?: string[];
  expiresAt?: number;
  account?: Partial<ServiceAccount>;
  recent?: number;
  html?: boolean;
}

function context(world: World = {}): FcmContext {
  const policy = strictPolicy().fcm;
  if (world.html) policy.unauthenticatedBody = 'html';
  const device: AndroidDevice = {
    platform: 'android',
    token,
    fid,
    projectId: 'demo',
    phone: { id: 'p', platform: 'android' } as Phone,
    status: 'active',
    since: now,
    lastSeenAt: now,
    ...world.device,
  };
  return {
    now,
    projects: new Set(['demo', 'other']),
    accessToken: (text) =>
      text === 'ya29.good'
        ? {
            account: { ...account, ...world.account },
            scopes: world.scopes ?? messaging,
            expiresAt: world.expiresAt ?? now + 1000,
          }
        : undefined,
    device: (text) => (world.unknownDevice || (text !== token && text !== fid) ? undefined : device),
    recentMessages: () => world.recent ?? 0,
    policy,
  };
}

export interface Change {
  method?: string;
  path?: string;
  authorization?: string | null;
  contentType?: string;
  text?: string;
  message?: Record<string, unknown>;
  request?: Record<string, unknown>;
}

function request(change: Change = {}): IncomingRequest {
  const call = { token, data: { type: 'incoming_call' }, android: { priority: 'HIGH', ttl: '30s' } };
  const content = { message: { ...call, ...change.message }, ...change.request };
  const body = Buffer.from(change.text ?? JSON.stringify(content));
  const authorization = change.authorization === undefined ? 'Bearer ya29.good' : change.authorization;
  const headers: [string, string][] = [['content-type', change.contentType ?? 'application/json']];
  if (authorization !== null) headers.push(['authorization', authorization]);
  return {
    method: change.method ?? 'POST',
    path: change.path ?? path,
    headers,
    body,
    bodyBytes: body.length,
  };
}

export const check = (change?: Change, world?: World): FcmMessage | FcmRefusal =>
  checkMessage(request(change), context(world));

export interface FcmBody {
  error: { code: number; message: string; status: string; details?: Record<string, unknown>[] };
}

/** The error FCM answered with: HTTP status, body, and what its details say. Throws when it accepted. */
export function refusal(
  change?: Change,
  world?: World,
): FcmBody['error'] & { http: number; fcm: unknown; field: unknown } {
  const result = check(change, world);
  if (!('reason' in result)) throw new Error('It was accepted');
  const { error } = JSON.parse(result.answer.body ?? '') as FcmBody;
  const fcm = error.details?.find((detail) => String(detail['@type']).endsWith('FcmError'));
  const bad = error.details?.find((detail) => String(detail['@type']).endsWith('BadRequest'));
  const [violation] = (bad?.['fieldViolations'] ?? []) as { field?: string }[];
  return {
    details: undefined,
    ...error,
    http: result.answer.status,
    fcm: fcm?.['errorCode'],
    field: violation?.field,
  };
}
