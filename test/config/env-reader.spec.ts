import { readConfig } from '../../src/config/config.js';
import { faultsOf, namesOf, read } from '../support/settings.js';

describe('a whole number', () => {
  const names = [
    ...['PORT', 'RING_TIMEOUT_MS', 'RING_ACK_TIMEOUT_MS', 'CALL_MAX_DURATION_MS', 'TURN_TTL_S'],
    ...['RATE_LIMIT_CALLS_PER_MINUTE', 'RATE_LIMIT_EVENTS_PER_SECOND', 'RATE_LIMIT_REQUESTS_PER_ADDRESS'],
    'RINGWAY_RETENTION_DAYS',
  ];

  it.each(names)(
    'is written in decimal digits in %s, whatever else JavaScript takes for a number',
    (name) => {
      // All of them in range for every name.
      const odd = [
        '0x1770',
        '6e3',
        '0b1011101110000',
        '0o13560',
        '+6000',
        '6000.0',
        '6_000',
        '6,000',
        '\u0666000',
      ];
      for (const value of odd) expect(namesOf({ NODE_ENV: 'test', [name]: value })).toEqual([name]);
      expect(namesOf({ NODE_ENV: 'test', [name]: '6000' })).toEqual([]);
    },
  );

  it('may have zeros in front, and then is no octal one', () =>
    expect(read({ PORT: '08080' }).port).toBe(8_080));
});

describe('a URL', () => {
  it.each([
    ...['?', '?a=b', '#', '#top'].map((end) => ['PUBLIC_URL', `https://calls.example/base${end}`]),
    ['PUBLIC_URL', 'https://somebody:pw@calls.example'],
    ...['APNS_ORIGIN_PRODUCTION', 'APNS_ORIGIN_SANDBOX', 'FCM_ORIGIN'].flatMap((name) =>
      ['/path', '/?', '?a=b', '#', '//'].map((end) => [name, `https://proxy.example${end}`]),
    ),
    ['FCM_ORIGIN', 'https://somebody:pw@proxy.example'],
    ...['https://a.example/app', 'https://a.example?', 'https://a.example/#/', 'https://u@a.example'].map(
      (value) => ['CORS_ORIGINS', `https://ok.example,${value}`],
    ),
    ['CORS_ORIGINS', 'https://*.example.com'],
    ['AUTH_JWKS_URL', 'https://somebody:pw@id.example/keys'],
    ['WEBHOOK_URL', 'https://somebody:pw@app.example/hook'],
  ])('with a part that would be dropped or spoil it is refused: %s=%s', (name, value) => {
    const faults = faultsOf({ WEBHOOK_SECRET: 's', WEBHOOK_URL: 'https://app.example', [name]: value });
    expect(faults.map((fault) => fault.name)).toEqual([name]);
    expect(JSON.stringify(faults)).not.toContain('pw');
  });

  it('says which part it must not have', () =>
    expect(faultsOf({ FCM_ORIGIN: 'https://f/v1?key=x#y' })[0]?.problem).toBe(
      'must be a URL that has no path, no query, no fragment',
    ));

  it.each([
    ['PUBLIC_URL', 'https:calls.example'],
    ['PUBLIC_URL', 'http:\\\\calls.example'],
    ['WEBHOOK_URL', 'https:/app.example'],
    ['REDIS_URL', 'redis:6379'],
    ['DATABASE_URL', 'postgres:ringway'],
  ])('has two slashes, whatever a parser forgives: %s=%s', (name, value) =>
    expect(namesOf({ WEBHOOK_SECRET: 's', WEBHOOK_URL: 'https://app.example', [name]: value })).toEqual([
      name,
    ]),
  );

  it('may be written in capitals, and goes to phones as every parser reads it', () => {
    expect(read({ PUBLIC_URL: 'HTTPS://Calls.Example/a b/' }).publicUrl).toBe('https://calls.example/a%20b');
    expect(read({ PUBLIC_URL: 'http://10.0.0.1:3000' }).publicUrl).toBe('http://10.0.0.1:3000');
  });

  it('may have a query where it is fetched from, or posted to', () => {
    const env = { WEBHOOK_URL: 'https://app.example/hook?app=1', WEBHOOK_SECRET: 's' };
    expect(read(env).webhook?.url).toBe(env.WEBHOOK_URL);
  });
});

describe('a name that looks like a typo', () => {
  const env = { NODE_ENV: 'production', PORT: 'x', APNS_APP: '[]', RINGWAY_DATADIR: '/var/secret' };

  it('is named beside settings that are bad, where it may be why one is missing', () => {
    expect(() => readConfig(env)).toThrow(
      /^bad settings, nothing was started: AUTH_SECRET: .+; PORT: .+; unknown setting APNS_APP .+; unknown setting RINGWAY_DATADIR .+$/,
    );
    expect(() => readConfig(env)).not.toThrow(/secret/);
  });

  it('is no fault by itself', () => expect(namesOf(env)).toEqual(['AUTH_SECRET', 'PORT']));
});

describe('HOST', () => {
  it.each([
    ...['0.0.0.0', '127.0.0.2', '::', '::1', 'fe80::1%eth0', '2001:db8::7'],
    ...['localhost', 'Node-1.internal', 'ringway_1', 'a.example.', '10.example', '1st'],
  ])('may be %s', (host) => expect(read({ HOST: host }).host).toBe(host));

  it.each([
    ...['not a host', 'http://localhost', 'localhost:3000', '127.0.0.1:3000', '[::1]', '::g', '10.0.0.0/8'],
    ...['127.0.0.256', '127.1', '1.2.3.4.5', '0x7f000001.5', 'a..b', '.a', '-a', 'a-', 'bücher.example', '*'],
    ...['x'.repeat(64), 'x.'.repeat(127)],
  ])('may not be %j', (host) => expect(namesOf({ HOST: host })).toEqual(['HOST']));
});
