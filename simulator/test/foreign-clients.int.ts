import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import apn from '@parse/node-apn';
import { simulator } from './support/simulator.js';

const bundleId = 'com.example.app';
let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'foreign-'));
  writeFileSync(join(directory, 'ca.pem'), simulator.ca);
});
afterAll(() => rmSync(directory, { recursive: true }));

describe('@parse/node-apn, an independent APNs client,', () => {
  let provider: apn.Provider | null = null;
  afterEach(async () => {
    await provider?.shutdown();
    provider = null;
  });

  function connectTo(origin: string, token: apn.ProviderToken = simulator.apnsKey): apn.Provider {
    const { hostname, port } = new URL(origin);
    provider = new apn.Provider({ address: hostname, port: Number(port), ca: [simulator.ca], token });
    return provider;
  }

  function call(change: Partial<apn.Notification> = {}): apn.Notification {
    const notification = new apn.Notification();
    notification.topic = `${bundleId}.voip`;
    notification.pushType = 'voip';
    notification.priority = 10;
    notification.expiry = 0;
    notification.id = randomUUID();
    notification.payload = { uuid: randomUUID(), handle: 'alice', callerName: 'Alice' };
    return Object.assign(notification, change);
  }

  it('wakes a sleeping iPhone, and a hundred of them on one connection', async () => {
    const devices = Array.from({ length: 100 }, () =>
      simulator.registerIosDevice({ bundleId, environment: 'sandbox' }),
    );
    const apns = connectTo(simulator.origins.apnsSandbox);
    const [first, ...rest] = devices.map(({ token }) => token);
    const notification = call();
    expect(await apns.send(notification, first ?? '')).toMatchObject({
      sent: [{ device: first }],
      failed: [],
    });
    expect((await simulator.nextDelivery(first ?? '')).payload).toMatchObject(notification.payload as object);
    const { sent, failed } = await apns.send(call(), rest);
    expect([sent.length, failed]).toEqual([99, []]);
    expect(new Set(simulator.log.map(({ connection }) => connection)).size).toBe(1);
    expect(simulator.violations).toEqual([]);
  });

  it('understands that an app is gone, and since when', async () => {
    const { token } = simulator.registerIosDevice({ bundleId, environment: 'sandbox' });
    simulator.unregister(token, 1_700_000_000_123);
    const { failed } = await connectTo(simulator.origins.apnsSandbox).send(call(), token);
    expect(failed).toMatchObject([
      { device: token, status: 410, response: { reason: 'Unregistered', timestamp: 1_700_000_000_123 } },
    ]);
  });

  it('understands that a sandbox token is no production token', async () => {
    const { token } = simulator.registerIosDevice({ bundleId, environment: 'sandbox' });
    const { failed } = await connectTo(simulator.origins.apnsProduction).send(call(), token);
    expect(failed).toMatchObject([{ device: token, status: 400, response: { reason: 'BadDeviceToken' } }]);
  });

  it('understands that a payload is too large', async () => {
    const { token } = simulator.registerIosDevice({ bundleId, environment: 'sandbox' });
    const payload = { uuid: randomUUID(), handle: 'alice', pad: 'x'.repeat(5200) };
    const { failed } = await connectTo(simulator.origins.apnsSandbox).send(call({ payload }), token);
    expect(failed).toMatchObject([{ status: 413, response: { reason: 'PayloadTooLarge' } }]);
  });

  it('understands that its key is not welcome', async () => {
    const { token } = simulator.registerIosDevice({ bundleId, environment: 'sandbox' });
    const stranger = { ...simulator.createApnsKey(), keyId: 'ABCDEFGHIJ' };
    const { failed } = await connectTo(simulator.origins.apnsSandbox, stranger).send(call(), token);
    expect(failed).toMatchObject([{ status: 403, response: { reason: 'InvalidProviderToken' } }]);
  });
});

describe('firebase-admin, an independent FCM client,', () => {
  interface Result {
    messageId?: string;
    code?: string;
    message?: string;
  }

  async function send(messages: object[], transport: 'http1' | 'http2' = 'http1'): Promise<Result[]> {
    const { fcm, tokenUri } = simulator.origins;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [
        '--import',
        join(import.meta.dirname, '../dist/redirect.js'),
        join(import.meta.dirname, 'support/firebase-sender.js'),
      ],
      {
        timeout: 20_000,
        env: {
          PATH: process.env['PATH'],
          NODE_NO_WARNINGS: '1',
          NODE_EXTRA_CA_CERTS: join(directory, 'ca.pem'),
          SIM_FCM_PORT: new URL(fcm).port,
          SIM_TOKEN_PORT: new URL(tokenUri).port,
          JOB: JSON.stringify({ serviceAccount: simulator.serviceAccount, messages, transport }),
        },
      },
    );
    return JSON.parse(stdout) as Result[];
  }

  const call = (token: string, data: Record<string, string> = { callId: 'c1' }): object => ({
    token,
    data,
    android: { priority: 'high', ttl: 30_000 },
  });

  it('gets an access token and wakes a sleeping Android phone', async () => {
    const { token } = simulator.registerAndroidDevice();
    const [result] = await send([call(token)]);
    expect(result?.messageId).toMatch(/^projects\/ringway-demo\/messages\//);
    expect(await simulator.nextDelivery(token)).toMatchObject({
      payload: { callId: 'c1' },
      priority: 'high',
    });
    expect(simulator.log.map(({ service, answered }) => [service, answered])).toEqual([
      ['token', 200],
      ['fcm', 200],
    ]);
    expect(simulator.violations).toEqual([]);
  }, 30_000);

  it('understands every refusal that is about a token or a message', async () => {
    const gone = simulator.registerAndroidDevice().token;
    simulator.unregister(gone);
    const elsewhere = simulator.registerAndroidDevice({ projectId: 'other-project' }).token;
    const limited = simulator.registerAndroidDevice().token;
    const quota = { kind: 'answer', status: 429, reason: 'QUOTA_EXCEEDED', retryAfter: 60 } as const;
    simulator.inject({ service: 'fcm', token: limited, fault: quota });
    const results = await send([
      call(gone),
      call('nonsense'),
      call(elsewhere),
      call(limited),
      call(simulator.registerAndroidDevice().token, { k: 'x'.repeat(4096) }),
    ]);
    expect(results.map(({ code }) => code)).toEqual([
      'messaging/registration-token-not-registered',
      'messaging/invalid-argument',
      'messaging/mismatched-credential',
      'messaging/message-rate-exceeded',
      'messaging/invalid-argument',
    ]);
    expect(results[1]?.message).toContain('not a valid FCM registration token');
  }, 30_000);

  it('is itself a wrong client over HTTP/2: it writes the scheme with a colon', async () => {
    const { token } = simulator.registerAndroidDevice();
    const [result] = await send([call(token)], 'http2');
    expect(result?.code).toBe('app/network-error');
    expect(simulator.violations.map(({ rule }) => rule)).toContain('malformed-request');
  }, 30_000);
});
