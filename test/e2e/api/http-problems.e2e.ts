import { createHmac, randomUUID } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { type HttpAnswer, type HttpOptions, type TestGateway, testGateway } from '../../support/gateway.js';

describe('an HTTP error', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await testGateway();
  });
  afterAll(() => gateway.stop());

  const expectProblem = ({ status, body, headers, text }: HttpAnswer, wanted: number, code: string): void => {
    expect({ status, code: body.code }).toEqual({ status: wanted, code });
    expect(headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(body).toMatchObject({
      ...{ type: expect.stringMatching(/^\S+$/) as string, title: expect.stringMatching(/\w/) as string },
      ...{ status: wanted, detail: expect.stringMatching(/\w/) as string },
    });
    expect(text).not.toMatch(/node_modules|at \w+ \(|\.ts:|\.js:/);
  };
  const calls: [string, HttpOptions][] = [
    ['/v1/calls?deviceId=x', { body: { callId: randomUUID(), callee: 'bob', media: 'voice' } }],
    ['/v1/calls', {}],
    [`/v1/calls/${randomUUID()}`, {}],
    [`/v1/calls/${randomUUID()}/answer?deviceId=x`, { method: 'POST' }],
    ['/v1/devices', {}],
    ['/v1/ice-servers', {}],
    ['/v1/presence?userIds=a', {}],
  ];

  it.each(calls)('of %s without a good token is a 401 that says how', async (path, options) => {
    const bearers: [HttpOptions['headers'], string][] = [
      [{}, 'UNAUTHENTICATED'],
      [{ authorization: 'Bearer' }, 'UNAUTHENTICATED'],
      [{ authorization: 'Bearer abc.def.ghi' }, 'UNAUTHENTICATED'],
      [{ authorization: `Basic ${Buffer.from('alice:x').toString('base64')}` }, 'UNAUTHENTICATED'],
    ];
    for (const [headers, code] of bearers) {
      const answer = await gateway.http(path, { ...options, headers });
      expectProblem(answer, 401, code);
      expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
    }
  });

  it.each([
    ['GET', '/v1/nothing'],
    ['GET', '/nothing/at/all'],
    ['POST', '/v1/ice-servers'],
    ['DELETE', '/v1/calls'],
    ['GET', '/v1/calls/x/y/z'],
    ['GET', '/%2e%2e/%2e%2e/etc/passwd'],
  ])('of %s %s is NOT_FOUND', async (method, path) => {
    expectProblem(await gateway.http(path, { as: 'alice', method }), 404, 'NOT_FOUND');
  });

  it.each(['{}', '[]', '{"do":"dance"}', '{"do":"answer"}', '{"__proto__":1}'])(
    'of pressing a button where there are no demo phones is NOT_FOUND, also with the body %s',
    async (body) => {
      expectProblem(await gateway.http('/v1/demo/phones/ivy', { body }), 404, 'NOT_FOUND');
    },
  );

  it.each(['/v1/calls/a%', '/v1/calls/%E0%A4%A'])('of %s names the encoding of the URL', async (path) => {
    const answer = await gateway.http(path, { as: 'alice' });
    expectProblem(answer, 422, 'INVALID');
    expect(answer.body.details).toEqual([{ path: 'url', message: 'has broken percent-encoding' }]);
  });

  it.each([
    '{"callId":',
    'not json',
    '"text"',
    '7',
    'null',
    '[]',
    '',
    '{"callId":"x","callId":{"__proto__":1}}',
    '\u0000',
    '{"__proto__":{"admin":true}}',
    '['.repeat(4_200),
    `${'['.repeat(4_200)}${']'.repeat(4_200)}`,
    `${'{"a":'.repeat(4_200)}1${'}'.repeat(4_200)}`,
  ])('of the body %.30s is INVALID', async (body) => {
    const answer = await gateway.http('/v1/calls?deviceId=x', { as: 'alice', method: 'POST', body });
    expectProblem(answer, 422, 'INVALID');
    expect(answer.body.details.length).toBeGreaterThan(0);
    for (const detail of answer.body.details) {
      expect(detail).toEqual({
        path: expect.any(String) as string,
        message: expect.stringMatching(/\w/) as string,
      });
    }
  });

  it('of a body that is not JSON by its type is INVALID', async () => {
    const body = JSON.stringify({ callId: randomUUID(), callee: 'bob', media: 'voice' });
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'application/json; charset=ebcdic',
    ]) {
      const answer = await gateway.http('/v1/calls?deviceId=x', {
        as: 'alice',
        body,
        headers: { 'content-type': type },
      });
      expectProblem(answer, 422, 'INVALID');
    }
  });

  it('of a body of 5 MB is TOO_LARGE', async () => {
    const body = {
      callId: randomUUID(),
      callee: 'bob',
      media: 'voice',
      metadata: { a: 'x'.repeat(5_000_000) },
    };
    expectProblem(await gateway.http('/v1/calls?deviceId=x', { as: 'alice', body }), 413, 'TOO_LARGE');
  });

  it.each(['/v1/calls/%E0%A4%A', '/v1/calls/%00', '/v1/calls/%ed%a0%80/events', '/v1/devices/%E0%A4%A'])(
    'of the malformed path %s is INVALID',
    async (path) => {
      expectProblem(await rawGet(path), 422, 'INVALID');
    },
  );

  /** fetch would mend or refuse such a path itself. */
  const rawGet = async (path: string): Promise<HttpAnswer> => {
    const authorization = `Bearer ${await gateway.token('alice')}`;
    return new Promise((resolve, reject) => {
      const { hostname, port } = new URL(gateway.url);
      httpRequest({ hostname, port, path, headers: { authorization } }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => (text += part));
        response.on('end', () => {
          const headers = new Headers(response.headers as Record<string, string>);
          resolve({
            status: response.statusCode!,
            text,
            headers,
            body: JSON.parse(text) as HttpAnswer['body'],
          });
        });
      })
        .on('error', reject)
        .end();
    });
  };

  it('never shows what was sent', async () => {
    const body = { callId: 'secret-1', callee: { 'secret-2': 1 }, media: 'secret-3', metadata: 'secret-4' };
    const { text } = await gateway.http('/v1/calls?deviceId=secret 5', { as: 'alice', body });
    expect(text).not.toContain('secret');
    const malformed = await gateway.http('/v1/calls?deviceId=x', {
      as: 'alice',
      method: 'POST',
      body: '{"a": secret}',
    });
    expect(malformed.text).not.toContain('secret');
  });
});

describe('what surrounds every answer', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await testGateway({
      ...{
        CORS_ORIGINS: 'https://app.example.com, https://admin.example.com',
        TURN_SECRET: 'north',
        TURN_TTL_S: '600',
      },
      ICE_SERVERS: JSON.stringify([
        { urls: 'stun:stun.example.com' },
        { urls: ['turn:turn.example.com?transport=udp', 'turns:turn.example.com'] },
      ]),
    });
  });
  afterAll(() => gateway.stop());

  it('has the headers of a careful server, on errors too', async () => {
    for (const path of ['/health/live', '/v1/nothing', '/v1/calls']) {
      const { headers } = await gateway.http(path);
      expect(headers.get('x-powered-by')).toBeNull();
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('strict-transport-security')).toMatch(/max-age/);
      expect(headers.get('content-security-policy')).toMatch(/default-src 'self'/);
      expect(headers.get('referrer-policy')).toBe('no-referrer');
    }
  });

  it('lets pages of allowed origins read it, and of no other', async () => {
    const allowed = async (origin: string, path = '/v1/calls'): Promise<string | null> =>
      (await gateway.http(path, { headers: { origin } })).headers.get('access-control-allow-origin');
    expect(await allowed('https://app.example.com')).toBe('https://app.example.com');
    expect(await allowed('https://admin.example.com', '/health/live')).toBe('https://admin.example.com');
    for (const origin of ['https://evil.example.com', 'null', 'http://app.example.com'])
      expect(await allowed(origin)).toBeNull();
    const preflight = await gateway.http('/v1/devices/pixel', {
      method: 'OPTIONS',
      headers: {
        ...{ origin: 'https://app.example.com', 'access-control-request-method': 'PUT' },
        'access-control-request-headers': 'authorization,content-type',
      },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-methods')).toContain('PUT');
    expect(preflight.headers.get('access-control-allow-headers')).toMatch(/authorization/);
  });

  it('hands out TURN credentials that coturn will take: HMAC-SHA1 of the name, whose first part is its end', async () => {
    const { status, body } = await gateway.http('/v1/ice-servers', { as: 'älice' });
    expect({ status, ttl: body.ttl as number }).toEqual({ status: 200, ttl: 600 });
    const [stun, turn] = body.iceServers as Record<string, string>[];
    expect(stun).toEqual({ urls: 'stun:stun.example.com' });
    expect(turn!.urls).toEqual(['turn:turn.example.com?transport=udp', 'turns:turn.example.com']);
    const [expiry, user] = turn!.username!.split(':');
    expect(user).toBe('älice');
    expect(Number(expiry) - Date.now() / 1_000).toBeGreaterThan(590);
    expect(Number(expiry) - Date.now() / 1_000).toBeLessThan(610);
    expect(turn!.credential).toBe(createHmac('sha1', 'north').update(turn!.username!).digest('base64'));
  });
});
