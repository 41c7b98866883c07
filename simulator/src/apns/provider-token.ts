import { type KeyObject, verify } from 'node:crypto';
import type { ApnsKey } from '../core/credentials.js';
import { parseJwtPart } from '../core/json.js';
import type { Policy } from '../core/policy.js';
import type { Environment } from '../core/services.js';

export interface ProviderToken {
  /** The string itself: ES256 is randomised, so the same claims signed again are another token. */
  text: string;
  key: ApnsKey;
  issuedAt: number;
  signature: 'jose' | 'der';
}

/** What a connection remembers about its sender. */
export interface SenderMemory {
  teamId: string | null;
  family: string | null;
  seen: Set<string>;
  newestSeenAt: number;
}

export interface TokenContext {
  now: number;
  environment: Environment;
  memory: SenderMemory;
  keys: ReadonlyMap<string, ApnsKey>;
  policy: Policy['apns'];
}

export interface Refusal {
  status: number;
  reason: string;
  timestamp?: number;
}

export const newSenderMemory = (): SenderMemory => ({
  teamId: null,
  family: null,
  seen: new Set(),
  newestSeenAt: -Infinity,
});

const invalid: Refusal = { status: 403, reason: 'InvalidProviderToken' };

/**
 * Checks 4 to 8 of the order: the header, the token itself, its environment, what the connection is bound to, how often
 * it changes. Source: developer.apple.com, "Establishing a token-based connection to APNs".
 */
export function checkProviderToken(
  authorization: string | undefined,
  context: TokenContext,
): ProviderToken | Refusal {
  const text = bearer(authorization, context.policy);
  if (text === null) return { status: 403, reason: 'MissingProviderToken' };
  const token = readProviderToken(text, context);
  if ('reason' in token) return token;

  const { memory, policy, now, environment } = context;
  if (!token.key.environments.includes(environment))
    return { status: 403, reason: policy.badEnvironmentReason };
  if (memory.teamId !== null && memory.teamId !== token.key.teamId && policy.secondTeam === 'refuse') {
    return invalid;
  }
  if (memory.teamId === token.key.teamId && memory.family !== token.key.family) {
    return { status: 403, reason: 'UnrelatedKeyIdInToken' };
  }
  if (!memory.seen.has(text) && now - memory.newestSeenAt < policy.providerTokenMinAgeMs) {
    return { status: 429, reason: 'TooManyProviderTokenUpdates' };
  }
  return token;
}

/** What the connection learns from a token that passed. */
export function remember(memory: SenderMemory, token: ProviderToken, now: number): void {
  memory.teamId ??= token.key.teamId;
  memory.family ??= token.key.family;
  if (memory.seen.has(token.text)) return;
  memory.seen.add(token.text);
  memory.newestSeenAt = now;
}

function bearer(authorization: string | undefined, policy: Policy['apns']): string | null {
  const match = /^(bearer) (\S+)$/i.exec(authorization ?? '');
  if (match === null) return null;
  return match[1] === 'bearer' || policy.bearerCase === 'accept' ? (match[2] ?? null) : null;
}

function readProviderToken(text: string, context: TokenContext): ProviderToken | Refusal {
  const [head, body, signature, more] = text.split('.');
  if (head === undefined || body === undefined || signature === undefined || more !== undefined)
    return invalid;
  const header = parseJwtPart(head);
  const claims = parseJwtPart(body);
  if (header === null || claims === null) return invalid;
  if (header['alg'] !== 'ES256' || typeof header['kid'] !== 'string') return invalid;
  const key = context.keys.get(header['kid']);
  if (key === undefined || key.revoked || claims['iss'] !== key.teamId) return invalid;
  const issuedAt = claims['iat'];
  if (typeof issuedAt !== 'number' || !Number.isInteger(issuedAt)) return invalid;
  const form = signatureForm(key.publicKey, `${head}.${body}`, signature);
  if (form === null) return invalid;

  const age = context.now - issuedAt * 1000;
  if (age > context.policy.providerTokenLifetimeMs) return { status: 403, reason: 'ExpiredProviderToken' };
  if (-age > context.policy.providerTokenLifetimeMs && context.policy.futureIssuedAt === 'refuse')
    return invalid;
  return { text, key, issuedAt, signature: form };
}

const verified = new WeakMap<KeyObject, Map<string, ProviderToken['signature'] | null>>();

/** A good sender shows one token for the better part of an hour: its signature is computed once. */
function signatureForm(key: KeyObject, signed: string, signature: string): ProviderToken['signature'] | null {
  const known = verified.get(key) ?? new Map<string, ProviderToken['signature'] | null>();
  verified.set(key, known);
  const text = `${signed}.${signature}`;
  const before = known.get(text);
  if (before !== undefined) return before;
  if (known.size >= 256) known.clear();
  const form = checkSignature(key, signed, signature);
  known.set(text, form);
  return form;
}

function checkSignature(
  key: KeyObject,
  signed: string,
  signature: string,
): ProviderToken['signature'] | null {
  if (!/^[A-Za-z0-9_-]+$/.test(signature)) return null;
  const bytes = Buffer.from(signature, 'base64url');
  const data = Buffer.from(signed);
  if (bytes.length === 64 && verify('sha256', data, { key, dsaEncoding: 'ieee-p1363' }, bytes)) return 'jose';
  return verify('sha256', data, { key, dsaEncoding: 'der' }, bytes) ? 'der' : null;
}
