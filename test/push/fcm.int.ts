import { FcmSender, type FcmMessage } from '../../src/push/fcm.js';
import { answer, certificates, type HostileServer, type Visit } from './hostile-server.js';
import { closes, serverThat } from './loopback.js';
import { serviceAccountKey, TokenEndpoint } from './token-endpoint.js';

async function setUp(act?: (visit: Visit) => void) {
  const server: HostileServer = await serverThat(
    act ?? (({ stream }) => answer(stream, 200, '{"name":"projects/p/messages/1"}')),
  );
  const endpoint = closes(await TokenEndpoint.start());
  const app = {
    projectId: 'p',
    clientEmail: 'ringway@p.iam.gserviceaccount.com',
    privateKey: serviceAccountKey.privateKey,
    tokenUri: endpoint.uri,
  };
  const clock = { now: Date.now };
  const sender = closes(new FcmSender({ apps: [app], origin: server.origin, ca: certificates.ca, clock }));
  return { server, endpoint, sender };
}

function message(changes: Partial<FcmMessage> = {}): FcmMessage {
  const data = { callId: 'c', callerName: 'Alice', hasVideo: 'true' };
  return { token: 'device:token', projectId: 'p', data, ttlSeconds: 30, deadlineMs: 5000, ...changes };
}

const bodyOf = (visit: Visit | undefined): unknown => JSON.parse(visit?.body ?? 'null');

describe('a message to an Android phone', () => {
  it('is data only, urgent, and dead when its ring is over', async () => {
    const { server, sender } = await setUp();
    expect(await sender.send(message({ ttlSeconds: 29.9 }))).toEqual({
      outcome: 'accepted',
      status: 200,
    });
    expect(server.visits[0]?.headers).toMatchObject({
      ':method': 'POST',
      ':path': '/v1/projects/p/messages:send',
      authorization: 'Bearer token-1',
      'content-type': 'application/json',
    });
    expect(bodyOf(server.visits[0])).toEqual({
      message: {
        token: 'device:token',
        data: { callId: 'c', callerName: 'Alice', hasVideo: 'true' },
        android: { priority: 'HIGH', ttl: '29s' },
      },
    });
  });

  it.each([
    [-3, '0s'],
    [0.4, '0s'],
    [1e9, '2419200s'],
  ])('with %d seconds to live lives %s', async (ttlSeconds, ttl) => {
    const { server, sender } = await setUp();
    await sender.send(message({ ttlSeconds }));
    expect(bodyOf(server.visits[0])).toMatchObject({ message: { android: { ttl } } });
  });

  it('with a name that is too long goes out with a shorter one', async () => {
    const { server, sender } = await setUp();
    await sender.send(message({ data: { callId: 'c', callerName: '漢'.repeat(3000) } }));
    const { data } = (bodyOf(server.visits[0]) as { message: { data: Record<string, string> } }).message;
    const size = Buffer.byteLength(Object.entries(data).flat().join(''));
    expect(size).toBeLessThanOrEqual(4096);
    expect(size).toBeGreaterThan(4096 - 3);
  });

  it('that is too large without any name is not sent', async () => {
    const { server, endpoint, sender } = await setUp();
    const result = await sender.send(message({ data: { text: 'x'.repeat(4096) } }));
    expect(result).toEqual({
      outcome: 'rejected',
      status: null,
      reason: 'PayloadTooLarge',
      configuration: false,
    });
    expect([server.visits, endpoint.forms]).toEqual([[], []]);
  });

  it('of a project without a service account is a fault of our configuration', async () => {
    const { sender } = await setUp();
    expect([sender.has('p'), sender.has('q')]).toEqual([true, false]);
    const result = await sender.send(message({ projectId: 'q' }));
    expect(result).toEqual({ outcome: 'rejected', status: null, reason: 'NoFcmApp', configuration: true });
  });

  it('shares its access token and connection with all others', async () => {
    const { server, endpoint, sender } = await setUp();
    const results = await Promise.all(Array.from({ length: 50 }, () => sender.send(message())));
    expect(results.every(({ outcome }) => outcome === 'accepted')).toBe(true);
    expect(endpoint.forms).toHaveLength(1);
    expect(server.sessions).toHaveLength(1);
  });
});

describe('a 401 of FCM', () => {
  it('is healed by one new access token for everybody', async () => {
    const { server, endpoint, sender } = await setUp(({ stream, headers }) => {
      if (headers.authorization === 'Bearer token-1') answer(stream, 401, '<html>Unauthorized</html>');
      else answer(stream, 200);
    });
    const results = await Promise.all(Array.from({ length: 20 }, () => sender.send(message())));
    expect(results.every(({ outcome }) => outcome === 'accepted')).toBe(true);
    expect(server.visits).toHaveLength(40);
    expect(endpoint.forms).toHaveLength(2);
  });

  it('is healed as often as it comes while the tokens in between work', async () => {
    const revoked = new Set<string | undefined>();
    const { server, endpoint, sender } = await setUp(({ stream, headers }) =>
      answer(stream, revoked.has(headers.authorization) ? 401 : 200),
    );
    for (let n = 1; n <= 3; n++) {
      expect(await sender.send(message())).toMatchObject({ outcome: 'accepted' });
      revoked.add(`Bearer token-${n}`);
    }
    expect(await sender.send(message())).toMatchObject({ outcome: 'accepted' });
    expect(server.visits).toHaveLength(7);
    expect(endpoint.forms).toHaveLength(4);
  });

  it('to every token is a fault of our configuration, and Google is not stormed', async () => {
    const { endpoint, sender } = await setUp(({ stream }) =>
      answer(stream, 401, '{"error":{"status":"UNAUTHENTICATED"}}'),
    );
    const refused = { outcome: 'rejected', status: 401, reason: 'UNAUTHENTICATED', configuration: true };
    for (let n = 0; n < 5; n++) expect(await sender.send(message())).toEqual(refused);
    expect(endpoint.forms).toHaveLength(2);
  });
});

describe('a token endpoint', () => {
  it('that is down makes a push worth another try', async () => {
    const { server, endpoint, sender } = await setUp();
    endpoint.act = (response) => endpoint.answer(response, 500, '');
    expect(await sender.send(message())).toMatchObject({
      outcome: 'retry',
      status: null,
      reason: 'AccessToken.500',
    });
    expect(server.visits).toHaveLength(0);
  });

  it('that is slow costs a push no more than its deadline', async () => {
    const { endpoint, sender } = await setUp();
    endpoint.act = () => undefined;
    const before = performance.now();
    const result = await sender.send(message({ deadlineMs: 100 }));
    expect(performance.now() - before).toBeLessThan(1500);
    expect(result).toEqual({
      outcome: 'retry',
      status: null,
      reason: 'AccessToken.Timeout',
      retryAfterMs: null,
    });
  });

  it('that disowns the service account is a fault of our configuration', async () => {
    const { endpoint, sender } = await setUp();
    endpoint.act = (response) => endpoint.answer(response, 400, { error: 'invalid_grant' });
    expect(await sender.send(message())).toEqual({
      outcome: 'rejected',
      status: 400,
      reason: 'AccessToken.invalid_grant',
      configuration: true,
    });
  });

  it('that fails just when a 401 needs it makes the push worth another try', async () => {
    const { endpoint, sender } = await setUp(({ stream }) => {
      endpoint.act = (response) => endpoint.answer(response, 503, '');
      answer(stream, 401);
    });
    expect(await sender.send(message())).toMatchObject({ outcome: 'retry', reason: 'AccessToken.503' });
  });
});

describe('closing', () => {
  it('lets a message finish that was just begun', async () => {
    const { sender } = await setUp();
    const [result] = await Promise.all([sender.send(message()), sender.close()]);
    expect(result).toMatchObject({ outcome: 'accepted' });
    expect(await sender.send(message())).toMatchObject({ outcome: 'retry', reason: 'Closed' });
  });
});

describe('the hourly farewell of FCM', () => {
  it('is not noticed by anybody', async () => {
    const { server, sender } = await setUp(({ stream, session }) => {
      session.goaway(0, stream.id, Buffer.from('max_age'));
      answer(stream, 200);
    });
    for (let n = 1; n <= 5; n++) expect(await sender.send(message())).toMatchObject({ outcome: 'accepted' });
    expect(server.sessions).toHaveLength(5);
  });
});
