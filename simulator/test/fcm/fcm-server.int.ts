import { once } from 'node:events';
import type { ClientHttp2Session } from 'node:http2';
import { ACK, connectRecording, END_STREAM } from '../support/frames.js';
import {
  accessToken,
  askForAccessToken,
  fcmBody,
  fcmHeaders,
  post,
  postHttp1,
  type Reply,
} from '../support/senders.js';
import { connectTo, endWithTest, simulator, violatedRules } from '../support/simulator.js';

const minute = 60_000;
let bearer: string;
let token: string;

beforeEach(async () => {
  bearer = await accessToken(simulator);
  token = simulator.registerAndroidDevice().token;
});

const send = (session: ClientHttp2Session, body = fcmBody(token)): Promise<Reply> =>
  post(session, fcmHeaders(bearer), body);

describe('a message to an Android phone', () => {
  it('gets a name, and reaches the app with its data', async () => {
    const reply = await send(await connectTo('fcm'), fcmBody(token, { data: { callId: 'c1' } }));
    expect(reply.status).toBe(200);
    const { name } = JSON.parse(reply.body) as { name: string };
    expect(name).toMatch(/^projects\/ringway-demo\/messages\/0:\d+/);
    expect(await simulator.nextDelivery(token)).toMatchObject({
      id: name,
      payload: { callId: 'c1' },
      notification: null,
      priority: 'high',
    });
    expect(simulator.violations).toEqual([]);
  });

  it('waits for the phone as long as it lives, and not at all with ttl 0', async () => {
    const session = await connectTo('fcm');
    const away = async (ttl: string, ms: number): Promise<unknown> => {
      simulator.setPhone(token, { online: false });
      await send(session, fcmBody(token, { android: { priority: 'HIGH', ttl } }));
      simulator.clock.advance(ms);
      simulator.setPhone(token, { online: true });
      return simulator.log.at(-1)?.delivery;
    };
    expect(await away('30s', 29_000)).toBe('delivered');
    expect(await away('30s', 30_000)).toBe('expired');
    expect(await away('0s', 0)).toBe('lost');
    expect(simulator.delivered(token)).toHaveLength(1);
  });

  it('may come over HTTP/1.1', async () => {
    const { ':path': path, ...headers } = fcmHeaders(bearer) as Record<string, string>;
    const { status } = await postHttp1(simulator, `${simulator.origins.fcm}${path}`, headers, fcmBody(token));
    expect(status).toBe(200);
    expect((await simulator.nextDelivery(token)).payload).toHaveProperty('callId');
  });

  it('goes nowhere when it is only to be validated', async () => {
    const body = JSON.stringify({ ...(JSON.parse(fcmBody(token)) as object), validate_only: true });
    expect((await send(await connectTo('fcm'), body)).body).toContain('messages/fake_message_id');
    expect(simulator.delivered(token)).toEqual([]);
  });

  it('is refused once the token is unregistered', async () => {
    simulator.unregister(token);
    const reply = await send(await connectTo('fcm'));
    expect(reply.status).toBe(404);
    expect(reply.body).toContain('"errorCode": "UNREGISTERED"');
  });

  it('is refused after 270 days in which the phone was not seen, and not before', async () => {
    const session = await connectTo('fcm');
    simulator.clock.advance(269 * 24 * 60 * minute);
    bearer = await accessToken(simulator);
    const fresh = await connectTo('fcm');
    expect((await send(fresh)).status).toBe(200);
    expect(session.closed).toBe(true);
    simulator.clock.advance(269 * 24 * 60 * minute);
    bearer = await accessToken(simulator);
    expect((await send(await connectTo('fcm'))).status).toBe(200);
    simulator.clock.advance(271 * 24 * 60 * minute);
    bearer = await accessToken(simulator);
    expect((await send(await connectTo('fcm'))).status).toBe(404);
  });

  it('is refused with 401 an hour after the access token was granted, or when Google forgot it', async () => {
    const session = await connectTo('fcm');
    simulator.revokeAccessTokens();
    expect((await send(session)).status).toBe(401);
    bearer = await accessToken(simulator);
    expect((await send(session)).status).toBe(200);
    simulator.clock.advance(3599_000);
    expect((await send(await connectTo('fcm'))).status).toBe(401);
  });

  it('belongs to one project: the account of another is refused with 403, the token of another too', async () => {
    const account = simulator.createServiceAccount('other-project');
    const { body } = await askForAccessToken(simulator, { account, now: simulator.clock.now() });
    const session = await connectTo('fcm');
    const foreign = { ...fcmHeaders(String(body['access_token'])) };
    expect((await post(session, foreign, fcmBody(token))).body).toContain('cloudmessaging.messages.create');
    const elsewhere = simulator.registerAndroidDevice({ projectId: 'other-project' });
    expect((await send(session, fcmBody(elsewhere.token))).body).toContain('SENDER_ID_MISMATCH');
  });
});

describe('a message that is accepted and should not have been sent so', () => {
  it.each<[string, Record<string, unknown>]>([
    ['notification-block', { notification: { title: 'Call' } }],
    ['priority-not-high', { android: { ttl: '30s' } }],
    ['ttl-missing', { android: { priority: 'HIGH' } }],
    ['ttl-too-long', { android: { priority: 'HIGH', ttl: '3600s' } }],
  ])('is noted as %s', async (rule, change) => {
    expect((await send(await connectTo('fcm'), fcmBody(token, change))).status).toBe(200);
    expect(violatedRules()).toEqual([rule]);
  });

  it('is noted when its device has a fifth live collapse key', async () => {
    const session = await connectTo('fcm');
    for (let i = 0; i < 5; i++) {
      expect(violatedRules()).toEqual([]);
      await send(
        session,
        fcmBody(token, { android: { priority: 'HIGH', ttl: '30s', collapse_key: `k${i}` } }),
      );
    }
    expect(violatedRules()).toEqual(['collapse-keys']);
  });
});

describe('a connection to FCM', () => {
  it('has a hundred streams', async () => {
    expect((await connectTo('fcm')).remoteSettings.maxConcurrentStreams).toBe(100);
  });

  it('answers with the body, then an empty DATA frame, then a PING', async () => {
    const { session, frames } = await connectRecording(simulator, simulator.origins.fcm);
    endWithTest(session);
    const pinged = once(session, 'ping');
    await send(session);
    await pinged;
    const data = frames.filter(({ stream, type }) => stream === 1 && type === 'DATA');
    expect(data.map(({ flags, payload }) => [flags & END_STREAM, payload.length > 0])).toEqual([
      [0, true],
      [END_STREAM, false],
    ]);
    const end = frames.findIndex(
      ({ stream, type, flags }) => stream === 1 && type === 'DATA' && (flags & END_STREAM) !== 0,
    );
    const ping = frames.findIndex(({ type, flags }) => type === 'PING' && (flags & ACK) === 0);
    expect(ping).toBeGreaterThan(end);
  });

  it('ends with too_many_pings at the third PING without a request', async () => {
    const session = await connectTo('fcm');
    const goaway = once(session, 'goaway');
    const ping = (): Promise<void> => new Promise((resolve) => session.ping(() => resolve()));
    await ping();
    await ping();
    await send(session);
    await ping();
    await ping();
    await ping();
    const [code, , debug] = (await goaway) as [number, number, Buffer];
    expect([code, debug.toString()]).toEqual([11, 'too_many_pings']);
    expect(violatedRules()).toEqual(['too-many-pings']);
  });

  it('ends with session_timeout after four idle minutes, counted from the last request', async () => {
    const session = await connectTo('fcm');
    const goaway = once(session, 'goaway');
    simulator.clock.advance(3 * minute);
    await send(session);
    simulator.clock.advance(3 * minute);
    expect(session.closed).toBe(false);
    simulator.clock.advance(minute);
    const [code, , debug] = (await goaway) as [number, number, Buffer];
    expect([code, debug.toString()]).toEqual([0, 'session_timeout']);
  });

  it('ends with max_age after an hour, however busy', async () => {
    const session = await connectTo('fcm');
    const goaway = once(session, 'goaway');
    for (let i = 0; i < 19; i++) {
      simulator.clock.advance(3 * minute);
      await send(session);
    }
    simulator.clock.advance(3 * minute);
    const [code, , debug] = (await goaway) as [number, number, Buffer];
    expect([code, debug.toString()]).toEqual([0, 'max_age']);
  });
});

describe("Google's token endpoint", () => {
  it('grants a bearer token for 3599 seconds', async () => {
    const { serviceAccount: account } = simulator;
    expect(await askForAccessToken(simulator, { account, now: simulator.clock.now() })).toMatchObject({
      status: 200,
      body: {
        access_token: expect.stringMatching(/^ya29\./) as string,
        expires_in: 3599,
        token_type: 'Bearer',
      },
    });
  });

  it('says what is wrong with an assertion', async () => {
    const { serviceAccount: account } = simulator;
    const late = { account, now: simulator.clock.now() - 2 * 60 * minute };
    expect(await askForAccessToken(simulator, late)).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant', error_description: expect.stringContaining('short-lived') as string },
    });
  });

  it('notes whoever asks twice in 50 minutes', async () => {
    simulator.clock.advance(50 * minute);
    await accessToken(simulator);
    expect(violatedRules()).toEqual([]);
    await accessToken(simulator);
    expect(violatedRules()).toEqual(['too-many-grants']);
  });
});
