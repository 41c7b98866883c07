import { BlockList } from 'node:net';
import { type Config, ConfigError, readConfig } from '../../src/config/config.js';
import { account, apns, apnsApp, faultsOf, fcm, namesOf, read } from '../support/settings.js';

type Env = Record<string, string>;
const SECRET = 'x'.repeat(32);
const production = { NODE_ENV: 'production', AUTH_SECRET: SECRET };

describe('no settings at all', () => {
  it('are a demo on this machine, with everything at its default', () =>
    expect(read()).toEqual({
      production: false,
      port: 3000,
      host: '127.0.0.1',
      databaseUrl: null,
      dataDir: '.ringway',
      redisUrl: null,
      auth: { secret: null, jwksUrl: null, issuer: null, audience: null },
      push: {
        apnsApps: [],
        fcmApps: [],
        origins: {
          apnsProduction: 'https://api.push.apple.com',
          apnsSandbox: 'https://api.sandbox.push.apple.com',
          fcm: 'https://fcm.googleapis.com',
        },
        ca: null,
      },
      publicUrl: null,
      ringTimeoutMs: 45_000,
      ringAckTimeoutMs: 1_500,
      callMaxDurationMs: 86_400_000,
      busyPolicy: 'ring',
      ice: { servers: [], turnSecret: null, turnTtlS: 86_400 },
      corsOrigins: [],
      webhook: null,
      callsPerMinute: 60,
      eventsPerSecond: 50,
      requestsPerAddress: 1_000,
      trustedProxies: new BlockList(),
      retentionDays: null,
      demo: true,
    }));

  it('are the same as settings that are empty or blank', () =>
    expect(read({ PORT: '', HOST: ' ', DATABASE_URL: '', AUTH_SECRET: '', APNS_APPS: '', DEMO: '' })).toEqual(
      read(),
    ));
});

describe('demo mode', () => {
  it.each<[string, Env, boolean]>([
    ['nothing is set', {}, true],
    ['NODE_ENV is development', { NODE_ENV: 'development' }, true],
    ['NODE_ENV is test', { NODE_ENV: 'test' }, true],
    ['there is a secret', { AUTH_SECRET: SECRET }, false],
    ['there is an identity provider', { AUTH_JWKS_URL: 'https://id.example/keys' }, false],
    ['there is a secret and production', production, false],
    ['DEMO=1 beside a secret', { AUTH_SECRET: SECRET, DEMO: '1' }, true],
    ['DEMO=1 in production', { NODE_ENV: 'production', DEMO: '1' }, true],
  ])('when %s', (_, env, demo) => expect(read(env).demo).toBe(demo));

  it('listens for this machine only, others for everybody, and HOST has the last word', () => {
    expect(read().host).toBe('127.0.0.1');
    expect(read(production).host).toBe('0.0.0.0');
    expect(read({ HOST: '::' }).host).toBe('::');
  });

  it('is off in production, which needs a secret or an identity provider', () => {
    expect(namesOf({ NODE_ENV: 'production' })).toEqual(['AUTH_SECRET']);
    expect(namesOf({ DEMO: '0' })).toEqual(['AUTH_SECRET']);
    expect(namesOf({ NODE_ENV: 'production', AUTH_JWKS_URL: 'https://id.example/keys' })).toEqual([]);
  });

  it('makes tokens of its own, which no identity provider would know', () =>
    expect(namesOf({ DEMO: '1', AUTH_JWKS_URL: 'https://id.example/keys' })).toEqual(['DEMO']));
});

describe('a good setting', () => {
  it.each<[string, string, (config: Config) => unknown, unknown]>([
    ['PORT', '8080', ({ port }) => port, 8080],
    ['PORT', '0', ({ port }) => port, 0],
    ['PORT', ' 65535 ', ({ port }) => port, 65_535],
    ['DATABASE_URL', 'postgres://u:p@db/x', ({ databaseUrl }) => databaseUrl, 'postgres://u:p@db/x'],
    ['DATABASE_URL', 'postgresql://db/x', ({ databaseUrl }) => databaseUrl, 'postgresql://db/x'],
    ['RINGWAY_DATA_DIR', '/var/ringway', ({ dataDir }) => dataDir, '/var/ringway'],
    ['REDIS_URL', 'rediss://u:p@redis:6380/1', ({ redisUrl }) => redisUrl, 'rediss://u:p@redis:6380/1'],
    ['AUTH_SECRET', 'ü'.repeat(16), ({ auth }) => auth.secret, 'ü'.repeat(16)],
    ['AUTH_JWKS_URL', 'http://localhost/keys', ({ auth }) => auth.jwksUrl, 'http://localhost/keys'],
    ['AUTH_ISSUER', 'https://id.example/', ({ auth }) => auth.issuer, 'https://id.example/'],
    ['AUTH_AUDIENCE', 'calls', ({ auth }) => auth.audience, 'calls'],
    [
      'APNS_ORIGIN_PRODUCTION',
      'https://p:8443/',
      ({ push }) => push.origins.apnsProduction,
      'https://p:8443',
    ],
    ['APNS_ORIGIN_SANDBOX', 'https://s', ({ push }) => push.origins.apnsSandbox, 'https://s'],
    ['FCM_ORIGIN', 'https://f', ({ push }) => push.origins.fcm, 'https://f'],
    ['PUBLIC_URL', 'https://calls.example/base/', ({ publicUrl }) => publicUrl, 'https://calls.example/base'],
    ['RING_TIMEOUT_MS', '5000', ({ ringTimeoutMs }) => ringTimeoutMs, 5_000],
    ['RING_TIMEOUT_MS', '180000', ({ ringTimeoutMs }) => ringTimeoutMs, 180_000],
    ['RING_ACK_TIMEOUT_MS', '1000', ({ ringAckTimeoutMs }) => ringAckTimeoutMs, 1_000],
    ['CALL_MAX_DURATION_MS', '3600000', ({ callMaxDurationMs }) => callMaxDurationMs, 3_600_000],
    ['BUSY_POLICY', 'reject', ({ busyPolicy }) => busyPolicy, 'reject'],
    ['TURN_SECRET', 'turn', ({ ice }) => ice.turnSecret, 'turn'],
    ['TURN_TTL_S', '600', ({ ice }) => ice.turnTtlS, 600],
    ['RATE_LIMIT_CALLS_PER_MINUTE', '5', ({ callsPerMinute }) => callsPerMinute, 5],
    ['RATE_LIMIT_EVENTS_PER_SECOND', '500', ({ eventsPerSecond }) => eventsPerSecond, 500],
    ['RINGWAY_RETENTION_DAYS', '30', ({ retentionDays }) => retentionDays, 30],
    [
      'CORS_ORIGINS',
      'https://a.example, http://localhost:5173/ ,',
      ({ corsOrigins }) => corsOrigins,
      ['https://a.example', 'http://localhost:5173'],
    ],
    ['ICE_SERVERS', '[{"urls":"stun:s"}]', ({ ice }) => ice.servers, [{ urls: 'stun:s' }]],
    [
      'ICE_SERVERS',
      '[{"urls":["turn:t?transport=udp","turns:t"],"username":"u","credential":"c"}]',
      ({ ice }) => ice.servers,
      [{ urls: ['turn:t?transport=udp', 'turns:t'], username: 'u', credential: 'c' }],
    ],
  ])('%s=%s counts', (name, value, of, expected) => expect(of(read({ [name]: value }))).toEqual(expected));

  it('webhooks need a URL and a secret', () =>
    expect(read({ WEBHOOK_URL: 'https://app.example/hook', WEBHOOK_SECRET: 's' }).webhook).toEqual({
      ...{ url: 'https://app.example/hook', secret: 's' },
    }));
});

describe('a bad setting is named, once', () => {
  it.each([
    ...['http', '-1', '65536', '3000.5', 'NaN', 'Infinity'].map((value) => ['PORT', value]),
    ...['mysql://db/x', 'db.example'].map((value) => ['DATABASE_URL', value]),
    ...['http://redis', 'redis'].map((value) => ['REDIS_URL', value]),
    ...['x'.repeat(31), 'ü'.repeat(15)].map((value) => ['AUTH_SECRET', value]),
    ...['ftp://id.example', 'id.example/keys'].map((value) => ['AUTH_JWKS_URL', value]),
    ...['apple.com', 'ws://p'].map((value) => ['APNS_ORIGIN_PRODUCTION', value]),
    ['APNS_ORIGIN_SANDBOX', 'sandbox'],
    ['FCM_ORIGIN', 'fcm'],
    ['PUBLIC_URL', 'calls.example'],
    ...['4999', '180001', '45s', '1e9'].map((value) => ['RING_TIMEOUT_MS', value]),
    ...['0', '-5', 'soon'].map((value) => ['RING_ACK_TIMEOUT_MS', value]),
    ...['0', 'never'].map((value) => ['CALL_MAX_DURATION_MS', value]),
    ...['busy', 'REJECT'].map((value) => ['BUSY_POLICY', value]),
    ...['0', 'day'].map((value) => ['TURN_TTL_S', value]),
    ...['0', '-1', 'many'].map((value) => ['RATE_LIMIT_CALLS_PER_MINUTE', value]),
    ...['0', '1.5'].map((value) => ['RATE_LIMIT_EVENTS_PER_SECOND', value]),
    ...['0', '-1', '0.5', 'never'].map((value) => ['RINGWAY_RETENTION_DAYS', value]),
    ...['yes', 'true', '2'].map((value) => ['DEMO', value]),
    ...['example.com', 'https://ok.example,nonsense', 'null', 'file:///x'].map((value) => [
      'CORS_ORIGINS',
      value,
    ]),
    ...['stun:s', '{}', '[{}]', '[{"urls":[]}]', '[{"urls":"http://s"}]'].map((value) => [
      'ICE_SERVERS',
      value,
    ]),
    ...['/nowhere/ca.pem', '/', '/etc/passwd', 'a\0b'].map((value) => ['PUSH_CA_FILE', value]),
    ...['x', '{}', '[1]', '[{}]'].map((value) => ['APNS_APPS', value]),
    ...['x', '{}', '[1]', '[{}]'].map((value) => ['FCM_APPS', value]),
  ])('%s=%j', (name, value) => {
    const faults = faultsOf({ ...(name === 'DEMO' ? { AUTH_SECRET: SECRET } : {}), [name]: value });
    expect([...new Set(faults.map((fault) => fault.name))]).toEqual([name]);
    expect(faults.every(({ problem }) => problem.length > 10)).toBe(true);
  });

  it('plain http is for trying things out: in production secrets travel over TLS only', () => {
    const plain = {
      AUTH_JWKS_URL: 'http://id.example',
      ...{ APNS_ORIGIN_PRODUCTION: 'http://p', APNS_ORIGIN_SANDBOX: 'http://s', FCM_ORIGIN: 'http://f' },
    };
    expect(namesOf({ NODE_ENV: 'test', ...plain })).toEqual([]);
    expect(
      namesOf({
        NODE_ENV: 'production',
        ...plain,
        ...fcm({ projectId: 'p', serviceAccount: { ...account, token_uri: 'http://t' } }),
      }).sort(),
    ).toEqual([...Object.keys(plain), 'FCM_APPS'].sort());
    expect(namesOf({ ...production, PUBLIC_URL: 'http://behind.a.proxy' })).toEqual([]);
    // The backend beside the gateway; what it is told is signed.
    const webhook = { WEBHOOK_URL: 'http://backend:8080', WEBHOOK_SECRET: 's' };
    expect(namesOf({ ...production, ...webhook })).toEqual([]);
  });

  it('half of the webhook settings: the other half is named', () => {
    expect(namesOf({ WEBHOOK_URL: 'https://app.example' })).toEqual(['WEBHOOK_SECRET']);
    expect(namesOf({ WEBHOOK_SECRET: 's' })).toEqual(['WEBHOOK_URL']);
    expect(namesOf({ WEBHOOK_URL: 'nonsense', WEBHOOK_SECRET: 's' })).toEqual(['WEBHOOK_URL']);
    expect(namesOf({ WEBHOOK_URL: 'nonsense' })).toEqual(['WEBHOOK_URL', 'WEBHOOK_SECRET']);
  });

  it('all of them together, in one error', () => {
    const bad = {
      ...{
        NODE_ENV: 'production',
        PORT: 'x',
        DATABASE_URL: 'x',
        REDIS_URL: 'x',
        AUTH_SECRET: 'x',
        AUTH_JWKS_URL: 'x',
      },
      ...{
        APNS_APPS: 'x',
        FCM_APPS: 'x',
        APNS_ORIGIN_PRODUCTION: 'x',
        APNS_ORIGIN_SANDBOX: 'x',
        FCM_ORIGIN: 'x',
      },
      ...{
        PUSH_CA_FILE: 'x',
        PUBLIC_URL: 'x',
        RING_TIMEOUT_MS: 'x',
        RING_ACK_TIMEOUT_MS: 'x',
        CALL_MAX_DURATION_MS: 'x',
      },
      ...{
        BUSY_POLICY: 'x',
        ICE_SERVERS: 'x',
        TURN_TTL_S: 'x',
        CORS_ORIGINS: 'x',
        WEBHOOK_URL: 'x',
        WEBHOOK_SECRET: 'x',
      },
      ...{ RATE_LIMIT_CALLS_PER_MINUTE: 'x', RATE_LIMIT_EVENTS_PER_SECOND: 'x', DEMO: 'x' },
    };
    const unexceptionable = ['NODE_ENV', 'WEBHOOK_SECRET'];
    expect(namesOf(bad).sort()).toEqual(
      Object.keys(bad)
        .filter((name) => !unexceptionable.includes(name))
        .sort(),
    );
    expect(() => readConfig(bad)).toThrow(/^bad settings, nothing was started: (([A-Z_]+: .+?)(; |$)){23}$/);
  });
});

describe('NODE_ENV=test', () => {
  it.each(['RING_TIMEOUT_MS', 'RING_ACK_TIMEOUT_MS', 'CALL_MAX_DURATION_MS'])(
    'lets %s be any positive number',
    (name) => {
      for (const value of ['1', '50', '2000000000'])
        expect(namesOf({ NODE_ENV: 'test', [name]: value })).toEqual([]);
      for (const value of ['0', '-1', 'x'])
        expect(namesOf({ NODE_ENV: 'test', [name]: value })).toEqual([name]);
      expect(namesOf({ [name]: '1' })).toEqual([name]);
    },
  );

  it('widens nothing else', () =>
    expect(namesOf({ NODE_ENV: 'test', TURN_TTL_S: '1' })).toEqual(['TURN_TTL_S']));
});

describe('a name that looks like a typo', () => {
  it('is warned about, and only that', () => {
    const { config, warnings } = readConfig({
      RINGWAY_DATADIR: 'x',
      APNS_APP: 'x',
      FCM_ORIGN: 'x',
      HOME: '/',
      PGUSER: 'x',
    });
    expect(config).toEqual(read());
    expect(warnings.map((warning) => /[A-Z]+_[A-Z]+/.exec(warning)?.[0])).toEqual([
      'RINGWAY_DATADIR',
      'APNS_APP',
      'FCM_ORIGN',
    ]);
  });

  it('is not among the known ones', () => {
    const known = {
      ...{ RINGWAY_DATA_DIR: 'x', APNS_APPS: '[]', FCM_APPS: '[]', FCM_ORIGIN: 'https://f' },
      ...{ APNS_ORIGIN_PRODUCTION: 'https://p', APNS_ORIGIN_SANDBOX: 'https://s' },
    };
    expect(readConfig(known).warnings).toEqual([]);
  });
});

describe('the message of a bad setting', () => {
  it('never quotes what may be a secret', () => {
    const secret = 'Tr0ub4dor';
    const inPem = (type: string): string => `-----BEGIN ${type}-----\n${secret}\n-----END ${type}-----`;
    const bad = {
      ...{
        AUTH_SECRET: secret,
        DATABASE_URL: `mysql://u:${secret}@db`,
        REDIS_URL: `http://u:${secret}@redis`,
      },
      ...{
        AUTH_JWKS_URL: `ftp://u:${secret}@id`,
        WEBHOOK_URL: `ftp://u:${secret}@app`,
        WEBHOOK_SECRET: secret,
      },
      ...{ PUBLIC_URL: `ftp://u:${secret}@me`, FCM_ORIGIN: `ftp://u:${secret}@fcm`, TURN_SECRET: secret },
      ...{
        ICE_SERVERS: JSON.stringify([{ urls: [], credential: secret }]),
        CORS_ORIGINS: `null://u:${secret}@x`,
      },
      ...apns({ ...apnsApp, key: inPem('PRIVATE KEY') }, { ...apnsApp, key: secret }, { key: secret }),
      ...fcm({ projectId: 'p', serviceAccount: { private_key: inPem('PRIVATE KEY') } }),
      ...{ PUSH_CA_FILE: inPem('PRIVATE KEY') },
    };
    expect(() => readConfig(bad)).toThrow(ConfigError);
    expect(JSON.stringify(faultsOf(bad))).not.toContain(secret);
    for (const text of [`{"private_key":"${secret}`, secret]) {
      const faults = faultsOf(
        fcm(
          { projectId: 'p', serviceAccount: text },
          { projectId: 'q', serviceAccount: { ...account, private_key: secret } },
        ),
      );
      expect(faults.length).toBe(2);
      expect(JSON.stringify(faults)).not.toContain(secret);
    }
    expect(JSON.stringify(faultsOf({ APNS_APPS: `[{"key":"${secret}` }))).not.toContain(secret);
  });
});
