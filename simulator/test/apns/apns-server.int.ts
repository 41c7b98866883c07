import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import * as https from 'node:https';
import * as tls from 'node:tls';
import { PushSimulator } from '../../src/index.js';
import { authorization, bundleId, push, token, toSandbox } from '../support/apns.js';
import { connectRecording, END_STREAM } from '../support/frames.js';
import { connect, type Headers, post, providerToken, voipBody, voipHeaders } from '../support/senders.js';
import { connectTo, endWithTest, simulator } from '../support/simulator.js';

describe('an accepted push', () => {
  it('is answered with headers alone, which end the stream', async () => {
    const { session, frames } = await connectRecording(simulator, simulator.origins.apnsSandbox);
    endWithTest(session);
    expect((await push(session)).status).toBe(200);
    expect(frames.filter(({ stream, type }) => stream === 1 && type === 'DATA')).toEqual([]);
    const [headers] = frames.filter(({ stream, type }) => stream === 1 && type === 'HEADERS');
    expect((headers?.flags ?? 0) & END_STREAM).toBe(END_STREAM);
  });

  it('gets its apns-id back, or a new one', async () => {
    const session = await toSandbox();
    const id = randomUUID();
    expect((await push(session, { headers: { 'apns-id': id } })).headers['apns-id']).toBe(id);
    expect((await push(session, { without: ['apns-id'] })).headers['apns-id']).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('has an apns-unique-id from the sandbox only', async () => {
    const session = await toSandbox();
    expect((await push(session)).headers['apns-unique-id']).toMatch(/^[0-9a-f-]{36}$/);
    const production = simulator.registerIosDevice({ bundleId, environment: 'production' });
    const other = await connectTo('apnsProduction');
    const reply = await push(other, { token: production.token });
    expect(reply.status).toBe(200);
    expect(reply.headers['apns-unique-id']).toBeUndefined();
  });

  it.each([64, 160, 200])('reaches a device whose token has %i digits', async (tokenLength) => {
    const device = simulator.registerIosDevice({ bundleId, environment: 'sandbox', tokenLength });
    expect(device.token).toHaveLength(tokenLength);
    const call = { uuid: randomUUID() };
    expect((await push(await toSandbox(), { token: device.token }, voipBody(call))).status).toBe(200);
    expect((await simulator.nextDelivery(device.token)).payload).toMatchObject(call);
  });

  it('is in the log, with headers as they came and the way it went', async () => {
    const { body } = await push(await toSandbox());
    expect(body).toBe('');
    const [entry] = simulator.log;
    expect(entry).toMatchObject({
      service: 'apns-sandbox',
      stream: 1,
      method: 'POST',
      path: `/3/device/${token}`,
      verdict: { status: 200, reason: null },
      answered: 200,
      delivery: 'delivered',
      token,
    });
    expect(entry?.notes).toEqual([]);
    expect(entry?.headers).toContainEqual(['apns-push-type', 'voip']);
    expect(entry?.headers).toContainEqual(['authorization', authorization]);
    expect(simulator.violations).toEqual([]);
  });
});

describe('a refused push', () => {
  it('has its reason as JSON in one DATA frame, and its apns-id', async () => {
    const { session, frames } = await connectRecording(simulator, simulator.origins.apnsSandbox);
    endWithTest(session);
    const id = randomUUID();
    const reply = await push(session, { token: 'ab'.repeat(32), headers: { 'apns-id': id } });
    expect(reply).toMatchObject({ status: 400, body: '{"reason":"BadDeviceToken"}' });
    expect(reply.headers).toMatchObject({ 'content-type': 'application/json', 'apns-id': id });
    const data = frames.filter(({ stream, type }) => stream === 1 && type === 'DATA');
    expect(data.map(({ flags }) => flags & END_STREAM)).toEqual([END_STREAM]);
  });

  it('gets a new apns-id when it brought none that can be used', async () => {
    const session = await toSandbox();
    const shapeless = await push(session, { headers: { 'apns-id': 'me' } });
    expect([shapeless.reason, shapeless.headers['apns-id']]).toEqual([
      'BadMessageId',
      expect.stringMatching(/^[0-9a-f-]{36}$/),
    ]);
    const twice = await push(session, { headers: { 'apns-id': ['me', 'you'] } });
    expect([twice.reason, twice.headers['apns-id']]).toEqual([
      'DuplicateHeaders',
      expect.stringMatching(/^[0-9a-f-]{36}$/),
    ]);
  });

  it('has the time of the removal in ms when the app is gone', async () => {
    simulator.unregister(token, 1_700_000_000_123);
    expect((await push(await toSandbox())).body).toBe('{"reason":"Unregistered","timestamp":1700000000123}');
  });

  it('hears of the first fault only, in this order', async () => {
    const production = simulator.createApnsKey({ environments: ['production'] });
    const wrongKey = `bearer ${await providerToken({ key: production, now: simulator.clock.now() })}`;
    const steps: [Headers, string][] = [
      [
        { ':method': 'PUT', ':path': '/nowhere', 'apns-id': ['x', 'y'], authorization: 'x' },
        'MethodNotAllowed',
      ],
      [{ ':method': 'POST' }, 'BadPath'],
      [{ ':path': '/3/device/' }, 'MissingDeviceToken'],
      [{ ':path': '/3/device/xyz' }, 'DuplicateHeaders'],
      [{ 'apns-id': 'x' }, 'MissingProviderToken'],
      [{ authorization: 'bearer a.b.c' }, 'InvalidProviderToken'],
      [{ authorization: wrongKey }, 'BadEnvironmentKeyInToken'],
      [{ authorization }, 'BadMessageId'],
      [{ 'apns-id': randomUUID() }, 'BadDeviceToken'],
    ];
    let headers: Headers = {};
    const heard = [];
    for (const [change] of steps) {
      headers = { ...headers, ...change };
      const session = await toSandbox();
      heard.push((await push(session, { headers })).reason);
      session.destroy();
    }
    expect(heard).toEqual(steps.map(([, reason]) => reason));
  });

  it('was one too many for its device, until the window is over', async () => {
    simulator.adjust({ apns: { pushesPerToken: 3 } });
    const session = await toSandbox();
    for (let i = 0; i < 3; i++) expect((await push(session)).status).toBe(200);
    expect(await push(session)).toMatchObject({ status: 429, reason: 'TooManyRequests' });
    simulator.clock.advance(10_000);
    expect((await push(session)).status).toBe(200);
    simulator.adjust({ apns: { pushesPerToken: 1, pushesPerTokenWindowMs: 60_000 } });
    simulator.clock.advance(10_000);
    expect((await push(session)).status).toBe(429);
    simulator.adjust({ apns: { pushesPerToken: 100, pushesPerTokenWindowMs: 10_000 } });
  });
});

describe('a connection to APNs', () => {
  it('starts with the settings of the real one, and one stream', async () => {
    const session = await toSandbox();
    expect(session.remoteSettings).toMatchObject({
      headerTableSize: 4096,
      maxConcurrentStreams: 1,
      initialWindowSize: 65_535,
      maxFrameSize: 16_384,
      maxHeaderListSize: 8000,
    });
  });

  it('has a thousand streams after a valid provider token', async () => {
    const session = await toSandbox();
    const changed = once(session, 'remoteSettings');
    await push(session);
    await changed;
    expect(session.remoteSettings.maxConcurrentStreams).toBe(1000);
    const replies = await Promise.all(Array.from({ length: 20 }, () => push(session)));
    expect(replies.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
  });

  it('stays at one stream for whoever has no valid provider token', async () => {
    const session = await toSandbox();
    await push(session, { authorization: 'bearer a.b.c' });
    await push(session, { authorization: 'bearer a.b.c' });
    expect(session.remoteSettings.maxConcurrentStreams).toBe(1);
  });

  it('is not made for 8 kB of headers', async () => {
    const session = await toSandbox();
    await expect(push(session, { headers: { 'x-long': 'x'.repeat(8100) } })).rejects.toThrow(/code|closed/);
    expect((await push(session)).status).toBe(200);
  });

  it('does not exist for HTTP/1.1', async () => {
    const request = https.request(`${simulator.origins.apnsSandbox}/3/device/${token}`, {
      method: 'POST',
      ca: simulator.ca,
      agent: new https.Agent({ ALPNProtocols: ['http/1.1'] }),
    });
    request.end('{}');
    const [error] = (await once(request, 'error')) as [Error];
    expect(error.message).toMatch(/alert|reset|disconnected/i);
  });

  it('wants ALPN, unless the policy does not', async () => {
    const { port, hostname } = new URL(simulator.origins.apnsSandbox);
    const plain = (): tls.TLSSocket => tls.connect({ host: hostname, port: Number(port), ca: simulator.ca });
    const refused = plain();
    refused.on('error', () => undefined);
    await once(refused, 'close');

    simulator.adjust({ apns: { alpn: 'optional' } });
    const socket = plain();
    await once(socket, 'secureConnect');
    const session = await connect(simulator, simulator.origins.apnsSandbox, {
      createConnection: () => socket,
    });
    endWithTest(session);
    expect((await push(session)).status).toBe(200);
    simulator.adjust({ apns: { alpn: 'required' } });
  });

  it('loses half of its streams after ten errors', async () => {
    const session = await toSandbox();
    await push(session);
    await push(session);
    await push(session, { token: 'ab'.repeat(32) });
    expect(session.remoteSettings.maxConcurrentStreams).toBe(1000);
    const changed = once(session, 'remoteSettings');
    await push(session, { token: 'ab'.repeat(32) });
    await changed;
    expect(session.remoteSettings.maxConcurrentStreams).toBe(500);
  });

  it('is closed with GOAWAY after thirty, each bad device token counting five', async () => {
    const session = await toSandbox();
    const goaway = once(session, 'goaway');
    const closed = once(session, 'close');
    const replies = [];
    for (let i = 0; i < 6; i++) replies.push((await push(session, { token: 'ab'.repeat(32) })).status);
    expect(replies).toEqual([400, 400, 400, 400, 400, 400]);
    const [code] = (await goaway) as [number];
    expect(code).toBe(0);
    await closed;
  });

  it('does not blame its client for our own errors', async () => {
    simulator.inject({
      service: 'apns-sandbox',
      fault: { kind: 'answer', status: 500, reason: 'InternalServerError' },
    });
    const session = await toSandbox();
    for (let i = 0; i < 31; i++) expect((await push(session)).status).toBe(500);
    simulator.clearFaults();
    expect((await push(session)).status).toBe(200);
    expect(session.remoteSettings.maxConcurrentStreams).toBe(1000);
  });

  it('does not mind any number of 410', async () => {
    simulator.unregister(token);
    const session = await toSandbox();
    for (let i = 0; i < 40; i++) expect((await push(session)).status).toBe(410);
    expect(session.closed).toBe(false);
  });
});

describe('stopping', () => {
  it('ends connections and unanswered requests at once', async () => {
    const own = await PushSimulator.start();
    const device = own.registerIosDevice({ bundleId, environment: 'sandbox' });
    const session = await connect(own, own.origins.apnsSandbox);
    own.inject({ service: 'apns-sandbox', fault: { kind: 'hang' } });
    const bearer = `bearer ${await providerToken({ key: own.apnsKey })}`;
    const waiting = post(session, voipHeaders({ token: device.token, authorization: bearer }), voipBody());
    const unanswered = expect(waiting).rejects.toThrow();
    const undelivered = expect(own.nextDelivery(device.token)).rejects.toThrow(/stopped/);
    await new Promise<void>((resolve) => own.onRequest(() => resolve()));
    const started = performance.now();
    await own.stop();
    expect(performance.now() - started).toBeLessThan(500);
    await unanswered;
    await undelivered;
    await own.stop();
  });
});
