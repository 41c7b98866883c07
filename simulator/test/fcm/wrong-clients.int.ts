import { once } from 'node:events';
import type { ClientHttp2Session } from 'node:http2';
import { accessToken, fcmBody, fcmHeaders, post, type Reply } from '../support/senders.js';
import { connectTo, simulator, violatedRules } from '../support/simulator.js';

let bearer: string;
let token: string;
let session: ClientHttp2Session;

beforeEach(async () => {
  bearer = await accessToken(simulator);
  token = simulator.registerAndroidDevice().token;
  session = await connectTo('fcm');
});

const send = (change: Record<string, unknown> = {}, headers = {}): Promise<Reply> =>
  post(session, { ...fcmHeaders(bearer), ...headers }, fcmBody(token, change));

describe('FCM refuses a client that', () => {
  it('sends a number in data', async () => {
    const reply = await send({ data: { callId: 'c1', ringSeconds: 12 } });
    expect(reply.status).toBe(400);
    expect(reply.body).toContain("Invalid value at 'message.data[1].value' (TYPE_STRING), 12");
  });

  it('gives the time to live as a number', async () => {
    const reply = await send({ android: { priority: 'HIGH', ttl: 30 } });
    expect(reply.status).toBe(400);
    expect(reply.body).toContain("Invalid value at 'message.android.ttl'");
  });

  it('writes the scheme with a colon', async () => {
    await expect(send({}, { ':scheme': 'https:' })).rejects.toThrow(/PROTOCOL_ERROR/);
    expect(violatedRules()).toEqual(['malformed-request']);
    expect(simulator.log.filter(({ service }) => service === 'fcm')).toEqual([]);
  });

  it('keeps an idle connection alive with pings', async () => {
    const goaway = once(session, 'goaway');
    for (let i = 0; i < 3; i++) session.ping(() => undefined);
    const [code] = (await goaway) as [number];
    expect(code).toBe(11);
  });
});

describe('FCM lets pass, and notes, a client that', () => {
  it('asks for an access token for every push', async () => {
    bearer = await accessToken(simulator);
    expect((await send()).status).toBe(200);
    expect(violatedRules()).toEqual(['too-many-grants']);
  });

  it('comes back before Retry-After is over', async () => {
    simulator.inject({
      service: 'fcm',
      times: 1,
      fault: { kind: 'answer', status: 429, reason: 'QUOTA_EXCEEDED', retryAfter: 60 },
    });
    expect((await send()).status).toBe(429);
    expect((await send()).status).toBe(200);
    expect(violatedRules()).toEqual(['retry-after-ignored']);
  });
});

describe('FCM says things a client must be able to read:', () => {
  it.each([
    ['a bare 400', 400],
    ['a bare 404', 404],
    ['a bare 403', 403],
  ])('%s has no FcmError, so it is not about the token', async (_what, status) => {
    simulator.inject({ service: 'fcm', times: 1, fault: { kind: 'answer', status } });
    const reply = await send();
    expect(reply.status).toBe(status);
    expect(JSON.parse(reply.body)).not.toHaveProperty('error.details');
  });

  it('502 is a page, and no JSON', async () => {
    simulator.inject({ service: 'fcm', times: 1, fault: { kind: 'answer', status: 502 } });
    const reply = await send();
    expect(reply.headers['content-type']).toMatch(/text\/html/);
    expect(() => JSON.parse(reply.body) as unknown).toThrow(SyntaxError);
  });
});
