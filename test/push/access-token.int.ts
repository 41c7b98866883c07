import type { ServerResponse } from 'node:http';
import { jwtVerify } from 'jose';
import { AccessToken, type AccessTokenResult } from '../../src/push/access-token.js';
import { makeCertificates } from 'ringway-simulator';
import { certificates } from './hostile-server.js';
import { closes } from './loopback.js';
import { serviceAccountKey, TokenEndpoint } from './token-endpoint.js';
import { until } from '../support/until.js';

const minute = 60_000;
const start = Date.parse('2026-11-22T12:00:00Z');

interface SetUp {
  privateKey?: string;
  scheme?: 'http' | 'https';
  uri?: string;
}

async function setUp({ privateKey = serviceAccountKey.privateKey, scheme = 'https', uri = '' }: SetUp = {}) {
  const endpoint = closes(await TokenEndpoint.start(scheme));
  const clock = { time: start, now: () => clock.time };
  const account = {
    clientEmail: 'ringway@p.iam.gserviceaccount.com',
    privateKey,
    tokenUri: uri || endpoint.uri,
  };
  return { endpoint, clock, token: new AccessToken(account, { ca: certificates.ca, clock }) };
}

const delayed = (reason: string): AccessTokenResult => ({
  outcome: 'retry',
  status: null,
  reason,
  retryAfterMs: null,
});
const wrong = (status: number | null, reason: string): AccessTokenResult => ({
  outcome: 'rejected',
  status,
  reason,
  configuration: true,
});

describe('an access token', () => {
  it('is asked for with an assertion as Google wants it', async () => {
    const { endpoint, token } = await setUp();
    expect(await token.current()).toEqual({ token: 'token-1' });
    const [form] = endpoint.forms;
    expect(endpoint.contentTypes).toEqual(['application/x-www-form-urlencoded']);
    expect(form?.get('grant_type')).toBe('urn:ietf:params:oauth:grant-type:jwt-bearer');
    const { payload, protectedHeader } = await jwtVerify(
      form?.get('assertion') ?? '',
      serviceAccountKey.publicKey,
      {
        currentDate: new Date(start),
      },
    );
    expect(protectedHeader.alg).toBe('RS256');
    expect(payload).toEqual({
      iss: 'ringway@p.iam.gserviceaccount.com',
      scope: 'https://www.googleapis.com/auth/firebase.messaging',
      aud: endpoint.uri,
      iat: start / 1000,
      exp: start / 1000 + 3600,
    });
  });

  it('is asked for once for everybody, and kept', async () => {
    const { endpoint, clock, token } = await setUp();
    const results = await Promise.all(Array.from({ length: 20 }, () => token.current()));
    clock.time += 55 * minute - 1;
    results.push(await token.current());
    expect(new Set(results.map((result) => JSON.stringify(result)))).toEqual(
      new Set(['{"token":"token-1"}']),
    );
    expect(endpoint.forms).toHaveLength(1);
  });

  it('is renewed five minutes before it expires, and nobody waits for that', async () => {
    const { endpoint, clock, token } = await setUp();
    await token.current();
    let held: ServerResponse | undefined;
    endpoint.act = (response) => (held = response);
    clock.time += 55 * minute;
    expect(await token.current()).toEqual({ token: 'token-1' });
    await until(() => held !== undefined);
    expect(await token.current()).toEqual({ token: 'token-1' });
    if (held !== undefined) endpoint.grant(held);
    await until(async () => JSON.stringify(await token.current()) === '{"token":"token-2"}');
    expect(endpoint.forms).toHaveLength(2);
  });

  it('is used until it has truly expired while its endpoint is down', async () => {
    const { endpoint, clock, token } = await setUp();
    await token.current();
    endpoint.act = (response) => endpoint.answer(response, 503, '<html>');
    clock.time += 60 * minute - 1;
    expect(await token.current()).toEqual({ token: 'token-1' });
    await until(() => endpoint.forms.length === 2);
    clock.time += 1;
    expect(await token.current()).toEqual(delayed('AccessToken.503'));
    endpoint.act = (response) => endpoint.grant(response);
    clock.time += 1000;
    expect(await token.current()).toMatchObject({ token: expect.stringContaining('token-') as unknown });
  });

  it.each([[60], ['soon'], [-1], [null]])(
    'may say %j of its own life without our asking for each push',
    async (life) => {
      const { endpoint, token } = await setUp();
      const other = await setUp({ uri: endpoint.uri });
      endpoint.act = (response) => endpoint.grant(response, life);
      for (let n = 0; n < 5; n++) expect(await token.current()).toEqual({ token: 'token-1' });
      // Whatever those calls asked for in the background is there before this.
      expect(await other.token.current()).toEqual({ token: 'token-2' });
    },
  );

  it('may come over plain HTTP on a desk', async () => {
    const { token } = await setUp({ scheme: 'http' });
    expect(await token.current()).toEqual({ token: 'token-1' });
  });
});

describe('an access token that FCM refuses', () => {
  it('is replaced once for all whose push failed with it', async () => {
    const { endpoint, token } = await setUp();
    await token.current();
    const renewed = await Promise.all(Array.from({ length: 20 }, () => token.renew('token-1')));
    expect(renewed).toEqual(Array.from({ length: 20 }, () => ({ token: 'token-2' })));
    expect(await token.renew('token-1')).toEqual({ token: 'token-2' });
    expect(endpoint.forms).toHaveLength(2);
  });

  it('is not replaced twice in a minute: then tokens are not the trouble', async () => {
    const { endpoint, clock, token } = await setUp();
    await token.current();
    await token.renew('token-1');
    clock.time += minute - 1;
    expect(await token.renew('token-2')).toBeNull();
    expect(endpoint.forms).toHaveLength(2);
    clock.time += 1;
    expect(await token.renew('token-2')).toEqual({ token: 'token-3' });
  });
});

describe('an access token that has worked', () => {
  it('is replaced when FCM refuses it, however soon', async () => {
    const { endpoint, token } = await setUp();
    await token.current();
    for (let n = 1; n <= 3; n++) {
      expect(await token.renew(`token-${n}`)).toEqual({ token: `token-${n + 1}` });
      token.accepted(`token-${n + 1}`);
    }
    expect(endpoint.forms).toHaveLength(4);
  });

  it('says nothing for the one that took its place', async () => {
    const { token } = await setUp();
    await token.current();
    await token.renew('token-1');
    token.accepted('token-1');
    expect(await token.renew('token-2')).toBeNull();
  });
});

describe('an access token that FCM refuses while its endpoint is down', () => {
  it('is not used again', async () => {
    const { endpoint, clock, token } = await setUp();
    await token.current();
    endpoint.act = (response) => endpoint.answer(response, 503, '');
    expect(await token.renew('token-1')).toEqual(delayed('AccessToken.503'));
    expect(await token.current()).toEqual(delayed('AccessToken.503'));
    endpoint.act = (response) => endpoint.grant(response);
    clock.time += 1000;
    expect(await token.current()).toEqual({ token: 'token-3' });
  });
});

describe('a token endpoint', () => {
  it.each([
    [
      400,
      { error: 'invalid_grant', error_description: 'Invalid JWT Signature.' },
      'AccessToken.invalid_grant',
    ],
    [401, { error: 'invalid_client' }, 'AccessToken.invalid_client'],
    [400, { error: 'something <b>else</b>' }, 'AccessToken.400'],
    [404, 'not here', 'AccessToken.404'],
    [302, '', 'AccessToken.302'],
    [200, '<html>captive portal</html>', 'AccessToken.200'],
  ])('that answers %i %j shows a fault of our configuration', async (status, body, reason) => {
    const { endpoint, token } = await setUp();
    endpoint.act = (response) => endpoint.answer(response, status, body);
    expect(await token.current()).toEqual(wrong(status, reason));
  });

  it.each([429, 500, 503])('that answers %i is asked again later, as late as it says', async (status) => {
    const { endpoint, token } = await setUp();
    endpoint.act = (response) => endpoint.answer(response, status, '', { 'retry-after': '2' });
    expect(await token.current()).toEqual({
      outcome: 'retry',
      status: null,
      reason: `AccessToken.${status}`,
      retryAfterMs: 2000,
    });
  });

  it('that has just failed is left in peace for a moment', async () => {
    const { endpoint, clock, token } = await setUp();
    endpoint.act = (response) => endpoint.answer(response, 500, '');
    for (let n = 0; n < 5; n++) expect(await token.current()).toEqual(delayed('AccessToken.500'));
    expect(endpoint.forms).toHaveLength(1);
    clock.time += 250;
    await token.current();
    expect(endpoint.forms).toHaveLength(2);
  });

  it('that never answers is given up after two seconds', async () => {
    const { endpoint, token } = await setUp();
    endpoint.act = () => undefined;
    expect(await token.current()).toEqual(delayed('AccessToken.Timeout'));
  });

  it.each<[string, (response: ServerResponse) => void]>([
    ['before', (response) => response.destroy()],
    ['in the middle of', (response) => response.write('{"access_', () => response.destroy())],
  ])('that hangs up %s its answer is asked again later', async (_when, act) => {
    const { endpoint, token } = await setUp();
    endpoint.act = act;
    expect(await token.current()).toMatchObject({ outcome: 'retry', status: null });
  });

  it('is not read beyond what an answer can need', async () => {
    const { endpoint, token } = await setUp();
    endpoint.act = (response) => void response.writeHead(200).write('x'.repeat(50_000)); // and never ends
    expect(await token.current()).toEqual(wrong(200, 'AccessToken.200'));
  });

  it('with a certificate we do not trust gets no assertion', async () => {
    const endpoint = closes(await TokenEndpoint.start('https', await makeCertificates(['localhost'])));
    const { token } = await setUp({ uri: endpoint.uri });
    const result = await token.current();
    expect(result).toMatchObject({ outcome: 'retry' });
    expect(endpoint.forms).toHaveLength(0);
  });

  it('is never asked with a key that cannot sign', async () => {
    const { endpoint, token } = await setUp({ privateKey: 'no PEM at all' });
    expect(await token.current()).toEqual(wrong(null, 'BadServiceAccount'));
    expect(endpoint.forms).toHaveLength(0);
  });

  it('whose address is none is a mistake in the settings', async () => {
    await expect(setUp({ uri: 'file:///etc/passwd' })).rejects.toThrow('token_uri');
  });
});
