import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { PushSimulator } from 'ringway-simulator';
import { type TestDatabase, freshDatabase } from '../../support/database.js';
import { everythingStored } from '../../support/everything.js';
import { type HttpOptions, eventually, request } from '../../support/gateway.js';
import { Phone } from '../../support/phone.js';
import { BUNDLE, pushSettings } from '../../support/pushing.js';
import { TestRedis, hasRedis } from '../../support/redis.js';
import { GatewayChild } from '../../support/gateway-child.js';

const AUTH_SECRET = 'canary-auth-secret-of-at-least-32-bytes';
const TURN_SECRET = 'canary-turn-secret-of-nobody';
const WEBHOOK_SECRET = 'canary-webhook-secret-of-nobody';
const SDP = 'v=0 canary-sdp a=fingerprint:sha-256 CA:NA:RY:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD';
const ICE = { candidate: 'candidate:1 1 udp 2122 10.9.8.7 54321 typ host', pwd: 'canary-ice-password-xyz' };

/** The ways a secret may look when it leaks: as it is, encoded, or cut. */
const disguises = (secret: string): string[] => [
  ...[secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)],
  ...[Buffer.from(secret).toString('base64').replace(/=+$/, ''), Buffer.from(secret).toString('hex')],
  ...(secret.length > 32 ? [secret.slice(0, 16), secret.slice(-16)] : []),
];
/** Of a JWT the signature: the rest is no secret by itself. */
const signatureOf = (jwt: string): string => jwt.split('.')[2]!;
/** Of a key in PEM a line of its middle. */
const lineOf = (pem: string): string => pem.replaceAll('\\n', '\n').split('\n')[2]!;

describe('two nodes, a call with everything in it, and every kind of trouble', () => {
  const secrets = new Map<string, string>();
  /** What could be read by somebody who should not: where it was, and the text. */
  const seen: [string, string][] = [];
  const phones: Phone[] = [];
  let simulator: PushSimulator;
  let database: TestDatabase;
  let redis: TestRedis | null = null;
  let watchers: Redis[] = [];
  let nodes: GatewayChild[];
  let urls: string[];
  let callId: string;

  const http = async (node: number, path: string, options: HttpOptions = {}): Promise<any> => {
    const { status, body, text } = await request(urls[node]!, path, options);
    if (!path.startsWith('/v1/dev/')) seen.push([`the answer ${status} of ${path}`, text]);
    return { status, body };
  };
  const tokenOf = async (userId: string): Promise<string> => {
    const { body } = await http(0, '/v1/dev/tokens', { body: { userId, name: userId } });
    secrets.set(`the token of ${userId}`, signatureOf(body.token as string));
    return body.token as string;
  };
  const phone = async (node: number, userId: string, appState?: 'background'): Promise<Phone> => {
    const token = await tokenOf(userId);
    const one = new Phone({ url: urls[node]!, userId, deviceId: `${userId}-phone`, token, appState });
    phones.push(one);
    await one.connected();
    return one;
  };
  const says = async (one: Phone, event: string, payload?: unknown): Promise<void> => {
    seen.push([`the answer to ${event}`, JSON.stringify(await one.say(event, payload))]);
  };
  const registers = async (userId: string, deviceId: string, body: object): Promise<void> => {
    const token = await tokenOf(userId);
    await http(0, `/v1/devices/${deviceId}`, { token, method: 'PUT', body });
    await http(0, '/v1/devices', { token });
  };

  beforeAll(async () => {
    simulator = await PushSimulator.start();
    database = await freshDatabase();
    redis = hasRedis ? await TestRedis.start() : null;
    if (redis) {
      const client = new Redis(redis.url);
      const monitor = await client.monitor(); // a connection of its own
      monitor.on('monitor', (_time: string, args: string[]) => seen.push(['Redis', args.join(' ')]));
      watchers = [client, monitor];
    }
    const env = {
      ...{ NODE_ENV: 'test', HOST: '127.0.0.1', DEMO: '1', DATABASE_URL: database.url },
      ...{ AUTH_SECRET, TURN_SECRET, WEBHOOK_SECRET, WEBHOOK_URL: 'http://127.0.0.1:9/nobody' },
      ...{ ICE_SERVERS: '[{"urls":"turn:turn.example"}]', ...(redis ? { REDIS_URL: redis.url } : {}) },
      ...(await pushSettings(simulator)),
    };
    nodes = [new GatewayChild(env), new GatewayChild(env)];
    urls = await Promise.all(nodes.map((node) => node.ready()));
    secrets.set('AUTH_SECRET', AUTH_SECRET);
    secrets.set('TURN_SECRET', TURN_SECRET);
    secrets.set('WEBHOOK_SECRET', WEBHOOK_SECRET);
    secrets.set("the team's APNs key", lineOf(simulator.apnsKey.key));
    secrets.set("the service account's key", lineOf(simulator.serviceAccount.private_key));
    secrets.set('SDP', SDP);
    secrets.set('an ICE password', ICE.pwd);
    secrets.set('an ICE candidate', ICE.candidate);
  });

  afterAll(async () => {
    for (const one of phones) one.disconnect();
    for (const watcher of watchers) watcher.disconnect();
    await Promise.all(nodes.map((node) => node.send('SIGTERM')));
    await simulator.stop();
    await redis?.kill();
    await database.drop();
  });

  it('is a call over two nodes, with pushes that heal, are refused and are repeated', async () => {
    const { token: voip } = simulator.registerIosDevice({ bundleId: BUNDLE, environment: 'sandbox' });
    const { token: fcm } = simulator.registerAndroidDevice({});
    const gone = 'canary-fcm-token-of-a-phone-that-was-thrown-away:APA91b';
    const alert = 'abcdef0123456789'.repeat(4);
    secrets.set('a VoIP token', voip);
    secrets.set('an FCM token', fcm);
    secrets.set('an FCM token nobody knows', gone);
    secrets.set('an alert token', alert);
    const ios = { platform: 'ios', bundleId: BUNDLE, apnsEnvironment: 'production' };
    await registers('bob', 'iphone', { ...ios, voipToken: voip, alertToken: alert });
    await registers('bob', 'pixel', { platform: 'android', fcmToken: fcm });
    await registers('bob', 'old-pixel', { platform: 'android', fcmToken: gone });
    simulator.inject({
      service: 'fcm',
      fault: { kind: 'answer', status: 503, reason: 'UNAVAILABLE' },
      times: 1,
    });

    const alice = await phone(0, 'alice');
    const bob = await phone(1, 'bob', 'background');
    callId = await alice.calls('bob', { media: 'video' });
    await says(alice, 'call:signal', { callId, signal: { type: 'offer', sdp: SDP } });
    await bob.hears('call:incoming');
    for (const token of [voip, fcm]) {
      const { payload } = await simulator.nextDelivery(token, 10_000);
      const action = payload.actionToken as string;
      secrets.set(`an action token ${signatureOf(action).slice(0, 4)}`, signatureOf(action));
      await http(1, `/v1/calls/${callId}`, { token: action });
      await http(1, `/v1/calls/${callId}/ringing`, { token: action, method: 'POST' });
      await http(1, '/v1/calls', { token: action });
    }
    // An answer ends what is still being pushed: the refused and the repeated one come first.
    await eventually(
      () => everythingStored(database.url),
      (rows) => ['PushRejected', 'PushRetried'].every((type) => rows.some((row) => row.includes(type))),
    );
    await says(bob, 'call:answer', { callId });
    await bob.hears('call:signal');
    await says(bob, 'call:signal', { callId, signal: { type: 'answer', sdp: SDP } });
    await says(bob, 'call:signal', { callId, signal: ICE });
    await alice.hears('call:signal', ({ seq }) => seq >= 2);
    await says(bob, 'session:refresh', { token: await tokenOf('bob') });
    await says(alice, 'call:end', { callId });
  });

  it('is all the trouble a client can make with secrets in its hands', async () => {
    const alice = phones[0]!;
    const token = await tokenOf('alice');
    const forged = `${token.slice(0, -4)}AAAA`;
    const voipToken = secrets.get('a VoIP token')!;
    await says(alice, 'call:signal', { callId, signal: { sdp: SDP } }); // over
    await says(alice, 'call:signal', { callId: 'nonsense', signal: { sdp: SDP } });
    await says(alice, 'call:signal', { callId, signal: SDP.repeat(900) });
    await says(alice, 'call:signal', { callId, signal: { sdp: `${SDP}\0` } });
    await says(alice, SDP, { sdp: SDP });
    await says(alice, 'session:refresh', { token: forged });
    await says(alice, 'session:refresh', { token: [token] });
    await says(alice, 'call:initiate', { callId: voipToken, callee: ['x'], media: token });
    for (const headers of [{ authorization: `Bearer ${forged}` }, { authorization: `Basic ${token}` }]) {
      await http(0, '/v1/calls', { headers });
    }
    for (const body of [
      { platform: 'ios', voipToken: `${voipToken}!`, apnsEnvironment: voipToken, bundleId: voipToken },
      { platform: voipToken },
      `{"voipToken": "${voipToken}"`,
      `"${token}"`,
      { platform: 'ios', voipToken: voipToken.repeat(2_000) },
    ]) {
      await http(0, '/v1/devices/x', { token, method: 'PUT', body });
    }
    await http(0, `/v1/devices/${encodeURIComponent(token)}!`, {
      token,
      method: 'PUT',
      body: { platform: 'web' },
    });
    await http(0, `/v1/calls?with=alice&cursor=${token}`, { token });
    await http(0, `/v1/nothing/${voipToken}?token=${token}`, { token });
    await http(0, `/v1/calls/${randomUUID()}/events`, { token });
    for (const auth of [{ token: forged }, { token, deviceId: `${voipToken}!` }]) {
      const refused = new Phone({ url: urls[0]!, userId: 'alice', deviceId: 'other', ...auth });
      seen.push(['a refused handshake', JSON.stringify(await refused.hears('connect_error'))]);
      refused.disconnect();
    }
  });

  it('leaves none of its secrets anywhere', async () => {
    const token = await tokenOf('alice');
    for (const node of [0, 1]) {
      for (const path of ['/metrics', '/health/ready', '/openapi.json', '/asyncapi.json'])
        await http(node, path);
    }
    for (const path of ['', '/events', '/explain']) await http(1, `/v1/calls/${callId}${path}`, { token });
    for (const row of await everythingStored(database.url)) {
      // Where push tokens and the gateways' own keys are kept.
      if (!/^(devices|secrets):/.test(row)) seen.push([`the table ${row.split(':')[0]}`, row]);
    }
    for (const { stdout, stderr } of nodes) seen.push(['the log', stdout + stderr]);

    // What is looked at holds what it should: the search would find something.
    const places = (text: string): string[] =>
      seen.filter(([, found]) => found.includes(text)).map(([where]) => where);
    expect(places('PushAccepted')).toContain('the table events');
    expect(places('ringway_pushes_total').length).toBeGreaterThan(0);
    expect(places('the webhook could not be delivered')).toContain('the log');
    if (redis) expect(places('publish ringway').length).toBeGreaterThan(2);

    const leaks = [...secrets].flatMap(([name, secret]) =>
      disguises(secret).flatMap((text) => places(text).map((where) => `${name} in ${where}`)),
    );
    expect([...new Set(leaks)]).toEqual([]);
  });
});
