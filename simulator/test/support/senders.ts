import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import * as http2 from 'node:http2';
import * as https from 'node:https';
import { importPKCS8, SignJWT } from 'jose';
import type { PushSimulator } from '../../src/push-simulator.js';

export interface Reply {
  status: number;
  headers: http2.IncomingHttpHeaders;
  body: string;
  reason: string | undefined;
}

export type Headers = Record<string, string | string[]>;

/** Opens an HTTP/2 connection and waits for the server's SETTINGS, as every sender should. */
export async function connect(
  simulator: PushSimulator,
  origin: string,
  options: http2.SecureClientSessionOptions = {},
): Promise<http2.ClientHttp2Session> {
  const session = http2.connect(origin, { ca: simulator.ca, ...options });
  session.on('error', () => undefined);
  await Promise.race([
    once(session, 'remoteSettings'),
    once(session, 'close').then(() => Promise.reject(new Error('The connection was refused'))),
  ]);
  return session;
}

/** Sends one request and reads its answer; rejects when the stream or its connection ends without one. */
export function post(
  session: http2.ClientHttp2Session,
  headers: http2.OutgoingHttpHeaders,
  body: string | Buffer = '',
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':method': 'POST', ...headers });
    const chunks: Buffer[] = [];
    let answer: (http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader) | undefined;
    stream.on('response', (received) => {
      answer = received;
    });
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', reject);
    stream.on('close', () => {
      if (answer === undefined) return reject(new Error(`closed with code ${stream.rstCode}`));
      const text = Buffer.concat(chunks).toString('utf8');
      resolve({ status: answer[':status'] ?? 0, headers: answer, body: text, reason: reasonIn(text) });
    });
    stream.end(body);
  });
}

function reasonIn(body: string): string | undefined {
  try {
    return (JSON.parse(body) as { reason?: string }).reason;
  } catch {
    return undefined;
  }
}

interface TokenOptions {
  key: { teamId: string; keyId: string; key: string };
  now?: number;
  claims?: Record<string, unknown>;
  header?: Record<string, unknown>;
}

/** A provider token as Apple wants it, unless `claims` or `header` say otherwise. */
export async function providerToken({
  key,
  now = Date.now(),
  claims,
  header,
}: TokenOptions): Promise<string> {
  return new SignJWT({ iss: key.teamId, iat: Math.floor(now / 1000), ...claims })
    .setProtectedHeader({ alg: 'ES256', kid: key.keyId, ...header })
    .sign(await importPKCS8(key.key, 'ES256'));
}

export interface Push {
  token: string;
  authorization: string;
  bundleId?: string;
  headers?: Headers;
  without?: string[];
}

/** The headers of a faultless VoIP push. */
export function voipHeaders({
  token,
  authorization,
  bundleId = 'com.example.app',
  headers,
  without,
}: Push): Headers {
  const all: Headers = {
    ':path': `/3/device/${token}`,
    authorization,
    'apns-topic': `${bundleId}.voip`,
    'apns-push-type': 'voip',
    'apns-priority': '10',
    'apns-expiration': '0',
    'apns-id': randomUUID(),
    ...headers,
  };
  for (const name of without ?? []) delete all[name];
  return all;
}

/** The body of a faultless VoIP push; `size` pads it to so many bytes. */
export function voipBody(call: { uuid?: string; handle?: string } = {}, size = 0): string {
  const body = {
    aps: {},
    uuid: randomUUID(),
    handle: 'alice',
    callerName: 'Alice',
    hasVideo: false,
    ...call,
  };
  const padding = 'x'.repeat(Math.max(0, size - JSON.stringify({ ...body, pad: '' }).length));
  return JSON.stringify(size > 0 ? { ...body, pad: padding } : body);
}

interface AssertionOptions {
  account: PushSimulator['serviceAccount'];
  now: number;
  claims?: Record<string, unknown>;
}

const messagingScope = 'https://www.googleapis.com/auth/firebase.messaging';

/** Asks the token endpoint as a service account does; returns status and body. */
export async function askForAccessToken(
  simulator: PushSimulator,
  { account, now, claims }: AssertionOptions,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const seconds = Math.floor(now / 1000);
  const assertion = await new SignJWT({
    iss: account.client_email,
    scope: messagingScope,
    aud: account.token_uri,
    iat: seconds,
    exp: seconds + 3600,
    ...claims,
  })
    .setProtectedHeader({ alg: 'RS256' })
    .sign(await importPKCS8(account.private_key, 'RS256'));
  const form = new URLSearchParams({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion });
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  return postHttp1(simulator, account.token_uri, headers, form.toString());
}

/** A POST over HTTP/1.1; a body that is not JSON comes as `{text}`. */
export function postHttp1(
  simulator: PushSimulator,
  uri: string,
  headers: Record<string, string>,
  body: string,
): Promise<{ status: number; body: Record<string, unknown> }> {
  return new Promise((resolve, reject) => {
    const request = https.request(
      uri,
      { method: 'POST', ca: simulator.ca, headers, agent: false },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          const json = /^\s*\{/.test(text) ? (JSON.parse(text) as Record<string, unknown>) : { text };
          resolve({ status: response.statusCode ?? 0, body: json });
        });
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

/** An access token for the ready service account. */
export async function accessToken(simulator: PushSimulator): Promise<string> {
  const { serviceAccount: account, clock } = simulator;
  const { body } = await askForAccessToken(simulator, { account, now: clock.now() });
  return String(body['access_token']);
}

/** The headers of a faultless FCM message. */
export function fcmHeaders(bearer: string): Headers {
  return {
    ':path': '/v1/projects/ringway-demo/messages:send',
    authorization: `Bearer ${bearer}`,
    'content-type': 'application/json',
  };
}

/** The body of a faultless call by FCM. */
export function fcmBody(token: string, change: Record<string, unknown> = {}): string {
  const data = { callId: randomUUID(), callerName: 'Alice', hasVideo: 'false' };
  return JSON.stringify({ message: { token, data, android: { priority: 'HIGH', ttl: '30s' }, ...change } });
}
