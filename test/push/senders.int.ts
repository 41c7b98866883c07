import { randomUUID } from 'node:crypto';
import { ApnsSender, type ApnsEnvironment, type ApnsMessage } from '../../src/push/apns.js';
import { FcmSender, type FcmMessage } from '../../src/push/fcm.js';
import type { PushResult } from '../../src/push/push-result.js';
import { type Fault, PushSimulator, type ServiceName } from 'ringway-simulator';

const bundleId = 'com.example.app';
const minute = 60_000;
let simulator: PushSimulator;
let apns: ApnsSender;
let fcm: FcmSender;

beforeAll(async () => {
  simulator = await PushSimulator.start();
});
afterAll(() => simulator.stop());
beforeEach(() => {
  simulator.reset();
  const { ca, clock, origins, apnsKey, serviceAccount } = simulator;
  const environments: ApnsEnvironment[] = ['production', 'sandbox'];
  apns = new ApnsSender({
    keys: environments.map((environment) => ({ bundleId, environment, ...apnsKey })),
    origins: { production: origins.apnsProduction, sandbox: origins.apnsSandbox },
    ca,
    clock,
  });
  const app = {
    projectId: serviceAccount.project_id,
    clientEmail: serviceAccount.client_email,
    privateKey: serviceAccount.private_key,
    tokenUri: serviceAccount.token_uri,
  };
  fcm = new FcmSender({ apps: [app], origin: origins.fcm, ca, clock });
});
afterEach(async () => {
  await Promise.all([apns.close(), fcm.close()]);
  expect(simulator.violations).toEqual([]);
});

const iPhone = (environment: ApnsEnvironment): string =>
  simulator.registerIosDevice({ bundleId, environment }).token;

function ring(
  token: string,
  environment: ApnsEnvironment,
  changes: Partial<ApnsMessage> = {},
): Promise<PushResult> {
  const callId = randomUUID();
  const payload = { aps: {}, callId, uuid: callId, handle: 'alice', callerName: 'Alice', hasVideo: true };
  return apns.send({
    token,
    environment,
    bundleId,
    apnsId: randomUUID(),
    payload,
    deadlineMs: 10_000,
    ...changes,
  });
}

function call(token: string, changes: Partial<FcmMessage> = {}): Promise<PushResult> {
  const callId = randomUUID();
  const data = { callId, uuid: callId, callerName: 'Alice', hasVideo: 'true' };
  const { project_id: projectId } = simulator.serviceAccount;
  return fcm.send({ token, projectId, data, ttlSeconds: 30, deadlineMs: 10_000, ...changes });
}

const once = (service: ServiceName, fault: Fault): void =>
  void simulator.inject({ service, times: 1, fault });
const requests = (service: ServiceName) => simulator.log.filter((entry) => entry.service === service);
const accepted = expect.objectContaining({ outcome: 'accepted', status: 200 }) as unknown;

describe('a sleeping iPhone', () => {
  it.each(['production', 'sandbox'] as const)('of a %s build is woken', async (environment) => {
    const token = iPhone(environment);
    const apnsId = randomUUID();
    expect(await ring(token, environment, { apnsId })).toEqual(accepted);
    expect(await simulator.nextDelivery(token)).toMatchObject({
      id: apnsId,
      payload: { handle: 'alice', hasVideo: true },
    });
  });

  it.each([64, 160, 200])('is woken by a token of %i digits', async (tokenLength) => {
    const { token } = simulator.registerIosDevice({ bundleId, environment: 'sandbox', tokenLength });
    expect(await ring(token, 'sandbox')).toEqual(accepted);
  });

  it('is woken by a name that had to be cut', async () => {
    const token = iPhone('sandbox');
    const callId = randomUUID();
    const payload = { aps: {}, callId, uuid: callId, handle: 'alice', callerName: '👩‍👩‍👧'.repeat(1000) };
    expect(await ring(token, 'sandbox', { payload })).toEqual(accepted);
    expect(requests('apns-sandbox')[0]?.bodyBytes).toBeLessThanOrEqual(5120);
  });

  it('of the other environment has a bad token here', async () => {
    const badToken = { outcome: 'bad-token', status: 400, reason: 'BadDeviceToken' };
    expect(await ring(iPhone('sandbox'), 'production')).toEqual(badToken);
    expect(await ring(iPhone('production'), 'sandbox')).toEqual(badToken);
  });

  it('whose app was removed is gone since then', async () => {
    const token = iPhone('production');
    const at = simulator.clock.now() - 3 * minute;
    simulator.unregister(token, at);
    expect(await ring(token, 'production')).toEqual({
      outcome: 'gone',
      status: 410,
      reason: 'Unregistered',
      since: at,
    });
  });

  it('is woken hours later over the same connection, with a provider token renewed in time', async () => {
    const token = iPhone('production');
    for (let n = 0; n < 12; n++) {
      expect(await ring(token, 'production')).toEqual(accepted);
      simulator.clock.advance(25 * minute);
    }
    expect(new Set(requests('apns-production').map(({ connection }) => connection)).size).toBe(1);
  });

  it('is woken although the provider token had expired', async () => {
    const token = iPhone('production');
    const late = { time: simulator.clock.now() - 61 * minute, now: () => late.time };
    const { ca, origins, apnsKey } = simulator;
    const keys = [{ bundleId, environment: 'production' as const, ...apnsKey }];
    const both = { production: origins.apnsProduction, sandbox: origins.apnsSandbox };
    const slowClock = new ApnsSender({ keys, origins: both, ca, clock: late });
    const send = (): Promise<PushResult> => {
      const payload = { uuid: randomUUID(), handle: 'alice' };
      return slowClock.send({ token, environment: 'production', bundleId, apnsId: randomUUID(), payload });
    };
    try {
      // The first token is signed under the wrong time; by the refusal the clock has been set right.
      const stop = simulator.onRequest(() => (late.time = simulator.clock.now()));
      expect(await send()).toEqual(accepted);
      stop();
      expect(requests('apns-production').map(({ answered }) => answered)).toEqual([403, 200]);
      expect(new Set(requests('apns-production').map(({ connection }) => connection)).size).toBe(2);
    } finally {
      await slowClock.close();
    }
  });

  it('is woken by the second try after a 500', async () => {
    const token = iPhone('sandbox');
    once('apns-sandbox', { kind: 'answer', status: 500, reason: 'InternalServerError' });
    const apnsId = randomUUID();
    expect(await ring(token, 'sandbox', { apnsId })).toEqual({
      outcome: 'retry',
      status: 500,
      reason: 'InternalServerError',
      retryAfterMs: null,
    });
    expect(await ring(token, 'sandbox', { apnsId })).toEqual(accepted);
    expect(simulator.delivered(token)).toHaveLength(1);
  });

  it('is woken at the first try although its stream was refused', async () => {
    once('apns-sandbox', { kind: 'reset-stream', code: 'REFUSED_STREAM' });
    expect(await ring(iPhone('sandbox'), 'sandbox')).toEqual(accepted);
  });

  it('is woken at the first try although APNs was just leaving', async () => {
    once('apns-sandbox', { kind: 'goaway', debug: '{"reason":"Shutdown"}', twice: true });
    expect(await ring(iPhone('sandbox'), 'sandbox')).toEqual(accepted);
  });

  it.each<[Fault, string]>([
    [{ kind: 'hang' }, 'Timeout'],
    [{ kind: 'freeze' }, 'Timeout'],
    [{ kind: 'disconnect', accepted: true }, 'Connection.ECONNRESET'],
    [{ kind: 'reset-stream', code: 'INTERNAL_ERROR' }, 'Reset.2'],
  ])('is worth another try after %j, and then woken', async (fault, reason) => {
    const token = iPhone('sandbox');
    once('apns-sandbox', fault);
    const lost = await ring(token, 'sandbox', { deadlineMs: 700 });
    expect(lost).toEqual({ outcome: 'retry', status: null, reason, retryAfterMs: null });
    expect(await ring(token, 'sandbox')).toEqual(accepted);
  });

  it('is not woken while nobody listens, and is as soon as somebody does', async () => {
    const token = iPhone('sandbox');
    simulator.inject({ service: 'apns-sandbox', fault: { kind: 'outage' } });
    await simulator.listening();
    expect(await ring(token, 'sandbox')).toMatchObject({
      outcome: 'retry',
      reason: 'Connection.ECONNREFUSED',
    });
    simulator.clearFaults();
    await simulator.listening();
    expect(await ring(token, 'sandbox')).toEqual(accepted);
  });

  it('gets nothing through a stranger who answers in the place of APNs', async () => {
    const token = iPhone('sandbox');
    once('apns-sandbox', { kind: 'wrong-certificate' });
    expect(await ring(token, 'sandbox')).toMatchObject({ outcome: 'retry', status: null });
    expect(requests('apns-sandbox')).toEqual([]);
    expect(await ring(token, 'sandbox')).toEqual(accepted);
  });

  it('is one of two hundred that are woken at once', async () => {
    const tokens = Array.from({ length: 200 }, () => iPhone('production'));
    const results = await Promise.all(tokens.map((token) => ring(token, 'production')));
    expect(results).toEqual(Array.from({ length: 200 }, () => accepted));
    expect(requests('apns-production')).toHaveLength(200);
    expect(simulator.connections['apns-production']).toBe(1);
  });
});

describe('a sleeping Android phone', () => {
  it('is woken', async () => {
    const { token } = simulator.registerAndroidDevice();
    expect(await call(token)).toEqual(accepted);
    expect(await simulator.nextDelivery(token)).toMatchObject({
      payload: { callerName: 'Alice' },
      notification: null,
    });
  });

  it('whose app was removed is gone', async () => {
    const { token } = simulator.registerAndroidDevice();
    simulator.unregister(token);
    expect(await call(token)).toEqual({ outcome: 'gone', status: 404, reason: 'UNREGISTERED', since: null });
  });

  it('is woken although Google forgot the access token', async () => {
    const { token } = simulator.registerAndroidDevice();
    expect(await call(token)).toEqual(accepted);
    simulator.clock.advance(51 * minute);
    simulator.revokeAccessTokens();
    expect(await call(token)).toEqual(accepted);
  });

  it('is woken for hours, one access token after the other', async () => {
    const { token } = simulator.registerAndroidDevice();
    for (let n = 0; n < 10; n++) {
      expect(await call(token)).toEqual(accepted);
      simulator.clock.advance(20 * minute);
    }
  });

  it('is not woken while the token endpoint is down, and is as soon as it is up', async () => {
    const { token } = simulator.registerAndroidDevice();
    once('token', { kind: 'answer', status: 500 });
    expect(await call(token)).toMatchObject({ outcome: 'retry', status: null, reason: 'AccessToken.500' });
    simulator.clock.advance(1000);
    expect(await call(token)).toEqual(accepted);
  });

  it('is woken while the token endpoint is down, as long as the old token is good', async () => {
    const { token } = simulator.registerAndroidDevice();
    expect(await call(token)).toEqual(accepted);
    simulator.inject({ service: 'token', fault: { kind: 'hang' } });
    simulator.clock.advance(57 * minute);
    expect(await call(token)).toEqual(accepted);
  });

  it.each<[Fault, PushResult]>([
    [
      { kind: 'answer', status: 503, reason: 'UNAVAILABLE', retryAfter: 3 },
      { outcome: 'retry', status: 503, reason: 'UNAVAILABLE', retryAfterMs: 3000 },
    ],
    [
      { kind: 'answer', status: 502, body: '<html>', contentType: 'text/html' },
      { outcome: 'retry', status: 502, reason: 'HTTP 502', retryAfterMs: null },
    ],
    [{ kind: 'hang' }, { outcome: 'retry', status: null, reason: 'Timeout', retryAfterMs: null }],
  ])('is worth another try after %j', async (fault, result) => {
    const { token } = simulator.registerAndroidDevice();
    once('fcm', fault);
    expect(await call(token, { deadlineMs: 1000 })).toEqual(result);
    simulator.clock.advance('retryAfterMs' in result ? (result.retryAfterMs ?? 0) : 0);
    expect(await call(token)).toEqual(accepted);
  });

  it('is one of eight hundred that are woken at once, though each answer takes 300 ms', async () => {
    const tokens = Array.from({ length: 800 }, () => simulator.registerAndroidDevice().token);
    simulator.inject({ service: 'fcm', fault: { kind: 'delay', ms: 300 } });
    const results = await Promise.all(tokens.map((token) => call(token, { deadlineMs: 2000 })));
    expect(results).toEqual(Array.from({ length: 800 }, () => accepted));
    expect(requests('fcm')).toHaveLength(800);
    expect(new Set(requests('fcm').map(({ token }) => token)).size).toBe(800);
  });

  it('is woken after FCM ended the session for its age', async () => {
    const { token } = simulator.registerAndroidDevice();
    for (let n = 0; n < 4; n++) {
      expect(await call(token)).toEqual(accepted);
      simulator.clock.advance(5 * minute);
    }
  });
});
