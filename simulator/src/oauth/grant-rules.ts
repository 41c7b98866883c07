import { type KeyObject, verify } from 'node:crypto';
import type { ServiceAccount } from '../core/credentials.js';
import { type JsonObject, parseJwtPart } from '../core/json.js';
import { headerValue, type IncomingRequest } from '../transport/exchange.js';

export interface TokenContext {
  now: number;
  accounts: ReadonlyMap<string, ServiceAccount>;
  /** The right audiences: this endpoint's own address, and the one Google's endpoint has. */
  audiences: readonly string[];
}

export interface TokenRefusal {
  status: number;
  error: string;
  error_description?: string;
}

export interface Grant {
  account: ServiceAccount;
  scopes: string[];
}

const grantType = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const scopePattern = /^https:\/\/www\.googleapis\.com\/auth\/[a-z0-9._-]+$/;
/** Seconds a sender's clock may be ahead. */
const slack = 300;

/**
 * Google's token endpoint for service accounts: form, assertion, signature, audience, times, scope, in this order.
 * Source: developers.google.com/identity/protocols/oauth2/service-account.
 */
export function checkGrant(request: IncomingRequest, context: TokenContext): Grant | TokenRefusal {
  if (request.method !== 'POST' || request.path !== '/token') return { status: 404, error: 'not_found' };
  const type = headerValue(request.headers, 'content-type') ?? '';
  if (!/^application\/x-www-form-urlencoded\b/i.test(type)) {
    return refuse('invalid_request', 'Required parameter is missing: grant_type');
  }
  const form = new URLSearchParams(request.body.toString('utf8'));
  const asked = form.get('grant_type');
  if (asked === null) return refuse('invalid_request', 'Required parameter is missing: grant_type');
  if (asked !== grantType)
    return refuse('unsupported_grant_type', `Invalid grant_type: ${asked.slice(0, 100)}`);
  const assertion = form.get('assertion');
  if (assertion === null) return refuse('invalid_request', 'Missing required parameter: assertion');

  const [head = '', body = '', signature = '', more] = assertion.split('.');
  const header = parseJwtPart(head);
  const claims = parseJwtPart(body);
  if (header === null || claims === null || more !== undefined) {
    return refuse('invalid_grant', 'Bad Request');
  }
  const account = context.accounts.get(String(claims['iss']));
  if (account === undefined || account.disabled)
    return refuse('invalid_grant', 'Invalid grant: account not found');
  if (header['alg'] !== 'RS256' || !signed(account.publicKey, `${head}.${body}`, signature)) {
    return refuse('invalid_grant', 'Invalid JWT Signature.');
  }
  if (!context.audiences.includes(String(claims['aud']))) {
    const right = context.audiences.at(-1) ?? '';
    return refuse('invalid_grant', `Invalid JWT: Failed audience check. The right audience is ${right}`);
  }
  if (!timely(claims, context.now / 1000)) {
    return refuse(
      'invalid_grant',
      'Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. ' +
        'Check your iat and exp values in the JWT claim.',
    );
  }
  const scopes = typeof claims['scope'] === 'string' ? claims['scope'].split(' ').filter(Boolean) : [];
  if (scopes.length === 0 || !scopes.every((scope) => scopePattern.test(scope))) {
    return refuse('invalid_scope', 'Invalid OAuth scope or ID token audience provided.');
  }
  return { account, scopes };
}

function timely(claims: JsonObject, now: number): boolean {
  const { iat, exp } = claims;
  if (typeof iat !== 'number' || typeof exp !== 'number') return false;
  return exp - iat <= 3600 && exp > now && iat <= now + slack;
}

function refuse(error: string, description: string): TokenRefusal {
  return { status: 400, error, error_description: description };
}

function signed(key: KeyObject, data: string, signature: string): boolean {
  if (!/^[A-Za-z0-9_-]+$/.test(signature)) return false;
  return verify('sha256', Buffer.from(data), key, Buffer.from(signature, 'base64url'));
}
