import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { ClientHttp2Session } from 'node:http2';
import { type Fault } from '../../src/index.js';
import { bundleId, push, token, toSandbox } from '../support/apns.js';
import { connectRecording } from '../support/frames.js';
import {
  accessToken,
  askForAccessToken,
  fcmBody,
  fcmHeaders,
  post,
  type Reply,
  voipBody,
} from '../support/senders.js';
import { connectTo, endWithTest, simulator } from '../support/simulator.js';

const service = 'apns-sandbox';

describe('a fault', () => {
  it('replaces the answer as often as asked, and the log keeps what the rules said', async () => {
    const fault: Fault = { kind: 'answer', status: 503, reason: 'ServiceUnavailable', retryAfter: 2 };
    const injected = simulator.inject({ service, times: 2, fault });
    const session = await toSandbox();
    const first = await push(session);
    expect(first).toMatchObject({ status: 503, body: '{"reason":"ServiceUnavailable"}' });
    expect(first.headers['retry-after']).toBe('2');
    expect((await push(session)).status).toBe(503);
    expect((await push(session)).status).toBe(200);
    expect(injected.hits).toBe(2);
    expect(
      simulator.log.map(({ verdict, answered, fault: kind }) => [verdict.status, answered, kind]),
    ).toEqual([
      [200, 503, 'answer'],
      [200, 503, 'answer'],
      [200, 200, null],
    ]);
    expect(simulator.delivered(token)).toHaveLength(1);
  });

  it('may be meant for one device', async () => {
    const other = simulator.registerIosDevice({ bundleId, environment: 'sandbox' });
    simulator.inject({
      service,
      token,
      fault: { kind: 'answer', status: 410, reason: 'Unregistered', timestamp: 5 },
    });
    const session = await toSandbox();
    expect((await push(session)).body).toBe('{"reason":"Unregistered","timestamp":5}');
    expect((await push(session, { token: other.token })).status).toBe(200);
  });

  it('may be meant for one connection', async () => {
    const one = await toSandbox();
    const two = await toSandbox();
    await push(one);
    await push(two);
    const [, second] = simulator.log;
    simulator.inject({ service, connection: second?.connection, fault: { kind: 'answer', status: 500 } });
    expect((await push(one)).status).toBe(200);
    expect((await push(two)).status).toBe(500);
  });

  it('is over when it is cleared', async () => {
    const session = await toSandbox();
    const injected = simulator.inject({ service, fault: { kind: 'answer', status: 500 } });
    simulator.inject({ service: 'fcm', fault: { kind: 'answer', status: 500 } });
    expect((await push(session)).status).toBe(500);
    injected.clear();
    expect((await push(session)).status).toBe(200);
    expect(simulator.faults).toHaveLength(1);
    simulator.clearFaults('fcm');
    expect(simulator.faults).toEqual([]);
  });

  it('may applyFault by chance', async () => {
    simulator.inject({ service, probability: 0, fault: { kind: 'answer', status: 500 } });
    expect((await push(await toSandbox())).status).toBe(200);
  });

  it('delays an answer', async () => {
    simulator.inject({ service, fault: { kind: 'delay', ms: 60 } });
    const session = await toSandbox();
    const started = performance.now();
    expect((await push(session)).status).toBe(200);
    expect(performance.now() - started).toBeGreaterThan(55);
  });

  it.each<[string, Fault]>([
    ['hang', { kind: 'hang', accepted: true }],
    ['reset-stream', { kind: 'reset-stream', code: 'INTERNAL_ERROR', accepted: true }],
    ['disconnect', { kind: 'disconnect', accepted: true }],
    ['freeze', { kind: 'freeze', accepted: true }],
    ['answer', { kind: 'answer', status: 500, accepted: true }],
  ])('of kind %s can lose the answer to a push that arrived', async (_kind, fault) => {
    simulator.inject({ service, times: 1, fault });
    const call = { uuid: randomUUID() };
    const session = await toSandbox();
    const lost = push(session, {}, voipBody(call)).catch(() => 'nothing');
    expect((await simulator.nextDelivery(token)).payload).toMatchObject(call);
    session.destroy();
    await lost;
    expect(simulator.log[0]?.delivery).toBe('delivered');
  });

  it.each<[string, Fault]>([
    ['hang', { kind: 'hang' }],
    ['reset-stream', { kind: 'reset-stream', code: 'REFUSED_STREAM' }],
    ['disconnect', { kind: 'disconnect' }],
    ['freeze', { kind: 'freeze' }],
  ])('of kind %s otherwise loses the push too', async (_kind, fault) => {
    simulator.inject({ service, times: 1, fault });
    const struck = new Promise<void>((resolve) => simulator.onRequest(() => resolve()));
    const session = await toSandbox();
    const lost = push(session).catch(() => 'nothing');
    await struck;
    session.destroy();
    await lost;
    expect(simulator.log[0]).toMatchObject({ delivery: null, verdict: { status: 200 } });
  });

  it('resets a stream with the code asked for', async () => {
    simulator.inject({ service, times: 1, fault: { kind: 'reset-stream', code: 'REFUSED_STREAM' } });
    await expect(push(await toSandbox())).rejects.toThrow(/REFUSED_STREAM/);
  });

  it('changes the number of streams', async () => {
    const session = await toSandbox();
    await push(session);
    const changed = once(session, 'remoteSettings');
    simulator.inject({ service, times: 1, fault: { kind: 'settings', maxConcurrentStreams: 7 } });
    await push(session);
    await changed;
    expect(session.remoteSettings.maxConcurrentStreams).toBe(7);
  });
});

describe('GOAWAY', () => {
  const goaways = (session: ClientHttp2Session): [number, number, string][] => {
    const seen: [number, number, string][] = [];
    session.on('goaway', (code: number, last: number, debug?: Buffer) =>
      seen.push([code, last, debug?.toString() ?? '']),
    );
    return seen;
  };

  it('leaves the request that met it unanswered, and says that it was not processed', async () => {
    const debug = '{"reason":"Shutdown"}';
    simulator.inject({ service, times: 1, fault: { kind: 'goaway', debug } });
    const session = await toSandbox();
    const seen = goaways(session);
    await expect(push(session)).rejects.toThrow();
    expect(seen).toEqual([[0, 0, debug]]);
    expect(simulator.delivered(token)).toEqual([]);
  });

  it('may come after that request, which is then answered', async () => {
    simulator.inject({ service, times: 1, fault: { kind: 'goaway', lastStream: 'this' } });
    const session = await toSandbox();
    const seen = goaways(session);
    const closed = once(session, 'close');
    expect((await push(session)).status).toBe(200);
    await closed;
    expect(seen[0]).toEqual([0, 1, '']);
  });

  it('lets the streams before it finish', async () => {
    const session = await toSandbox();
    await push(session);
    simulator.inject({ service, times: 1, fault: { kind: 'delay', ms: 50 } });
    const slow = push(session);
    simulator.inject({ service, times: 1, fault: { kind: 'goaway' } });
    await expect(push(session)).rejects.toThrow();
    expect((await slow).status).toBe(200);
  });

  it('with an error code ends everything', async () => {
    simulator.inject({ service, times: 1, fault: { kind: 'goaway', code: 2 } });
    const session = await toSandbox();
    const seen = goaways(session);
    await expect(push(session)).rejects.toThrow(/code 2|INTERNAL_ERROR/);
    expect(seen).toEqual([[2, 0, '']]);
  });

  it.each([1, 2])('may be sent %i times', async (times) => {
    const twice = times === 2;
    simulator.inject({ service, times: 1, fault: { kind: 'goaway', twice, lastStream: 'this' } });
    const { session, frames } = await connectRecording(simulator, simulator.origins.apnsSandbox);
    endWithTest(session);
    const closed = once(session, 'close');
    await push(session);
    await closed;
    expect(frames.filter(({ type }) => type === 'GOAWAY')).toHaveLength(times);
  });
});

describe('faults of Google', () => {
  it('answer in the words of FCM, or in HTML', async () => {
    const bearer = await accessToken(simulator);
    const android = simulator.registerAndroidDevice().token;
    const session = await connectTo('fcm');
    const send = (): Promise<Reply> => post(session, fcmHeaders(bearer), fcmBody(android));
    simulator.inject({ service: 'fcm', times: 1, fault: { kind: 'answer', status: 503, retryAfter: 1 } });
    const unavailable = await send();
    expect(unavailable).toMatchObject({ status: 503 });
    expect(unavailable.headers['retry-after']).toBe('1');
    expect(unavailable.body).toContain('"errorCode": "UNAVAILABLE"');
    simulator.inject({ service: 'fcm', times: 1, fault: { kind: 'answer', status: 502 } });
    expect((await send()).body).toContain('<!DOCTYPE html>');
    simulator.inject({
      service: 'fcm',
      token: android,
      times: 1,
      fault: { kind: 'answer', status: 404, reason: 'UNREGISTERED' },
    });
    expect((await send()).body).toContain('UNREGISTERED');
    expect((await send()).status).toBe(200);
  });

  it('applyFault the token endpoint too', async () => {
    simulator.inject({ service: 'token', times: 1, fault: { kind: 'answer', status: 503 } });
    const ask = { account: simulator.serviceAccount, now: simulator.clock.now() };
    expect((await askForAccessToken(simulator, ask)).status).toBe(503);
    expect((await askForAccessToken(simulator, ask)).status).toBe(200);
  });
});
