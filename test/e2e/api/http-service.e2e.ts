import { type TestGateway, testGateway } from '../../support/gateway.js';
import { Phone } from '../../support/phone.js';

/** Every route of the contract that a generated client must know. */
const ROUTES = [
  ...['post /v1/dev/tokens', 'get /v1/ice-servers', 'get /v1/presence'],
  ...['put /v1/devices/{deviceId}', 'get /v1/devices', 'delete /v1/devices/{deviceId}'],
  ...['post /v1/calls', 'get /v1/calls', 'get /v1/calls/{callId}', 'get /v1/calls/{callId}/events'],
  ...['', '/{callId}', '/{callId}/events', '/{callId}/explain'].map(
    (path) => `get /v1/operator/calls${path}`,
  ),
  ...['ringing', 'answer', 'decline', 'cancel', 'end'].map((command) => `post /v1/calls/{callId}/${command}`),
  ...[
    'get /v1/calls/{callId}/explain',
    'get /v1/operator/overview',
    'get /health/live',
    'get /health/ready',
    'get /metrics',
  ],
];

describe('a gateway in demo mode', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await testGateway();
  });
  afterAll(() => gateway.stop());

  it('hands out tokens for a day that work on sockets and over HTTP', async () => {
    const answer = await gateway.http('/v1/dev/tokens', { body: { userId: 'alice', name: 'Alice' } });
    expect(answer.status).toBe(201);
    expect(Object.keys(answer.body).sort()).toEqual(['expiresAt', 'token']);
    expect(Date.parse(answer.body.expiresAt as string)).toBeGreaterThan(Date.now() + 3_600_000);
    const { token } = answer.body;
    expect((await gateway.http('/v1/calls', { token })).status).toBe(200);
    const phone = new Phone({ url: gateway.url, userId: 'alice', deviceId: 'phone', token });
    await phone.connected();
    phone.disconnect();
    const [, payload] = token.split('.');
    expect(JSON.parse(Buffer.from(payload!, 'base64url').toString())).toMatchObject({
      sub: 'alice',
      name: 'Alice',
    });
  });

  it.each([
    [{}, 'userId'],
    [{ userId: '' }, 'userId'],
    [{ userId: 'u'.repeat(129) }, 'userId'],
    [{ userId: 7 }, 'userId'],
    [{ userId: 'a\0b' }, 'userId'],
    [{ userId: 'alice', name: 7 }, 'name'],
  ])('hands out none for %j', async (body, path) => {
    const answer = await gateway.http('/v1/dev/tokens', { body });
    expect(answer).toMatchObject({ status: 422, body: { code: 'INVALID', details: [{ path }] } });
  });

  it('describes every route in openapi.json, with its answer and its errors', async () => {
    const { status, body } = await gateway.http('/openapi.json');
    expect(status).toBe(200);
    expect(body.openapi).toMatch(/^3\./);
    const paths = body.paths as Record<
      string,
      Record<string, { summary?: string; responses: object; security?: object[] }>
    >;
    const described = Object.entries(paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method} ${path}`),
    );
    expect(described).toEqual(expect.arrayContaining(ROUTES));
    for (const [path, operations] of Object.entries(paths)) {
      if (!path.startsWith('/v1/')) continue;
      for (const operation of Object.values(operations)) {
        expect(operation.summary).toMatch(/\w/);
        expect(Object.keys(operation.responses)).toEqual(
          expect.arrayContaining([expect.stringMatching(/^2/), 'default']),
        );
      }
    }
    expect((await gateway.http('/docs')).text).toContain('<html');
  });

  it('describes its messages in asyncapi.json', async () => {
    const { status, body, text } = await gateway.http('/asyncapi.json');
    expect(status).toBe(200);
    expect(body.asyncapi).toMatch(/^3\./);
    for (const event of [
      'call:initiate',
      'call:signal',
      'call:incoming',
      'call:handled-elsewhere',
      'session:refresh',
      'sync',
    ]) {
      expect(text).toContain(event);
    }
  });

  it('is healthy, and counts what it does', async () => {
    expect(await gateway.http('/health/live')).toMatchObject({ status: 200, body: { status: 'ok' } });
    expect(await gateway.http('/health/ready')).toMatchObject({
      status: 200,
      body: { status: 'ok', parts: { postgres: { status: 'ok' } } },
    });
    const alice = await gateway.phone('alice');
    await alice.calls('nobody');
    await alice.hears('call:failed');
    const { text, headers } = await gateway.http('/metrics');
    expect(headers.get('content-type')).toMatch(/^text\/plain/);
    expect(text).toMatch(/^ringway_sockets 1$/m);
    expect(text).toMatch(/^ringway_calls_ended_total\{outcome="failed",media="voice"\} 1$/m);
  });
});

describe('a gateway that is not in demo mode', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await testGateway({ DEMO: '0', AUTH_SECRET: 'a secret of the app that is long enough' });
  });
  afterAll(() => gateway.stop());

  it('knows no development tokens', async () => {
    for (const body of [{ userId: 'alice' }, {}]) {
      const answer = await gateway.http('/v1/dev/tokens', { body });
      expect(answer).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
    }
    const { body } = await gateway.http('/openapi.json');
    expect(Object.keys(body.paths as object).filter((path) => /^\/v1\/(dev|demo)\//.test(path))).toEqual([]);
  });
});
