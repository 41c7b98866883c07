import { BlockList, isIP } from 'node:net';
import { z } from 'zod';
import { type ApnsApp, type FcmApp, apnsApps, caFile, fcmApps } from './push-config.js';
import { type ConfigFault, type Environment, Settings, decimal, quote } from './env-reader.js';

export interface IceServer {
  urls: string | string[];
  username?: string;
  credential?: string;
}

/** Everything the environment says, checked once. Durations in milliseconds unless the name says otherwise. */
export interface Config {
  production: boolean;
  port: number;
  host: string;
  databaseUrl: string | null;
  dataDir: string;
  redisUrl: string | null;
  auth: { secret: string | null; jwksUrl: string | null; issuer: string | null; audience: string | null };
  push: {
    apnsApps: ApnsApp[];
    fcmApps: FcmApp[];
    origins: { apnsProduction: string; apnsSandbox: string; fcm: string };
    ca: string | null;
  };
  /** null: `http://localhost:<port it listens on>`. */
  publicUrl: string | null;
  ringTimeoutMs: number;
  ringAckTimeoutMs: number;
  callMaxDurationMs: number;
  busyPolicy: 'ring' | 'reject';
  ice: { servers: IceServer[]; turnSecret: string | null; turnTtlS: number };
  corsOrigins: string[];
  webhook: { url: string; secret: string } | null;
  callsPerMinute: number;
  eventsPerSecond: number;
  requestsPerAddress: number;
  trustedProxies: BlockList;
  /** Calls that ended longer ago are deleted; null: never. */
  retentionDays: number | null;
  demo: boolean;
}

export class ConfigError extends Error {
  /** @param warnings what may be why something is missing: a name that is mistyped */
  constructor(
    readonly faults: ConfigFault[],
    warnings: readonly string[] = [],
  ) {
    const lines = [...faults.map(({ name, problem }) => `${name}: ${problem}`), ...warnings];
    super(`bad settings, nothing was started: ${lines.join('; ')}`);
  }
}

const KNOWN_PREFIXED = new Set([
  ...['RINGWAY_DATA_DIR', 'RINGWAY_RETENTION_DAYS', 'APNS_APPS', 'FCM_APPS', 'FCM_ORIGIN'],
  ...['APNS_ORIGIN_PRODUCTION', 'APNS_ORIGIN_SANDBOX'],
]);

/**
 * Reads and checks the whole environment (contract section 1).
 * @throws ConfigError naming every bad or missing variable at once, and those warnings
 * @returns the settings and warnings about names that look like typos
 */
export function readConfig(env: Environment): { config: Config; warnings: string[] } {
  const settings = new Settings(env);
  const nodeEnv = settings.text('NODE_ENV');
  const production = nodeEnv === 'production';
  const secure: readonly string[] = production ? ['https:'] : ['https:', 'http:'];
  const milliseconds = (from: number, to: number): [number, number] =>
    nodeEnv === 'test' ? [1, 2_147_483_647] : [from, to];

  const secret = settings.text('AUTH_SECRET');
  if (secret !== null && Buffer.byteLength(secret) < 32) {
    settings.fault('AUTH_SECRET', 'must be at least 32 bytes long (try: openssl rand -base64 48)');
  }
  // fetch() takes no URL with a user name in it.
  const jwksUrl = settings.urlWithout(['user name'], 'AUTH_JWKS_URL', secure);
  const demo =
    settings.oneOf(
      'DEMO',
      ['0', '1'],
      !production && !secret && !settings.text('AUTH_JWKS_URL') ? '1' : '0',
    ) === '1';
  if (!demo && !secret && !settings.text('AUTH_JWKS_URL')) {
    settings.fault('AUTH_SECRET', 'is missing: set it (HS256) or AUTH_JWKS_URL, unless DEMO=1');
  }
  if (demo && jwksUrl) {
    settings.fault('DEMO', 'cannot be 1 together with AUTH_JWKS_URL: it hands out tokens of its own');
  }
  const port = settings.integer('PORT', 3000, [0, 65_535]);
  const webhookUrl = settings.urlWithout(['user name'], 'WEBHOOK_URL', ['https:', 'http:']);
  const webhookSecret = settings.text('WEBHOOK_SECRET');
  const webhookNames = ['WEBHOOK_URL', 'WEBHOOK_SECRET'];
  const webhookMissing = webhookNames.filter((name) => settings.text(name) === null);
  if (webhookMissing.length === 1) {
    settings.fault(webhookMissing[0]!, `is missing: ${webhookNames.join(' and ')} belong together`);
  }

  if (webhookSecret !== null && webhookKeyBytes(webhookSecret) === 0) {
    settings.fault(
      'WEBHOOK_SECRET',
      'holds no key: behind whsec_ comes base64 (try: openssl rand -base64 32)',
    );
  }

  const config: Config = {
    production,
    port,
    host: settings.host('HOST') ?? (demo ? '127.0.0.1' : '0.0.0.0'),
    databaseUrl: settings.url('DATABASE_URL', ['postgres:', 'postgresql:']),
    dataDir: settings.text('RINGWAY_DATA_DIR') ?? '.ringway',
    redisUrl: settings.url('REDIS_URL', ['redis:', 'rediss:']),
    auth: { secret, jwksUrl, issuer: settings.text('AUTH_ISSUER'), audience: settings.text('AUTH_AUDIENCE') },
    push: {
      apnsApps: apnsApps(settings),
      fcmApps: fcmApps(settings, secure),
      origins: {
        apnsProduction: settings.origin('APNS_ORIGIN_PRODUCTION', 'https://api.push.apple.com', secure),
        apnsSandbox: settings.origin('APNS_ORIGIN_SANDBOX', 'https://api.sandbox.push.apple.com', secure),
        fcm: settings.origin('FCM_ORIGIN', 'https://fcm.googleapis.com', secure),
      },
      ca: caFile(settings),
    },
    publicUrl: publicUrl(settings),
    ringTimeoutMs: settings.integer('RING_TIMEOUT_MS', 45_000, milliseconds(5_000, 180_000)),
    ringAckTimeoutMs: settings.integer('RING_ACK_TIMEOUT_MS', 1_500, milliseconds(100, 30_000)),
    callMaxDurationMs: settings.integer(
      'CALL_MAX_DURATION_MS',
      86_400_000,
      milliseconds(60_000, 604_800_000),
    ),
    busyPolicy: settings.oneOf('BUSY_POLICY', ['ring', 'reject'], 'ring'),
    ice: {
      servers: iceServers(settings),
      turnSecret: settings.text('TURN_SECRET'),
      turnTtlS: settings.integer('TURN_TTL_S', 86_400, [60, 604_800]),
    },
    corsOrigins: corsOrigins(settings),
    webhook: webhookUrl && webhookSecret ? { url: webhookUrl, secret: webhookSecret } : null,
    callsPerMinute: settings.integer('RATE_LIMIT_CALLS_PER_MINUTE', 60, [1, 1_000_000]),
    eventsPerSecond: settings.integer('RATE_LIMIT_EVENTS_PER_SECOND', 50, [1, 1_000_000]),
    retentionDays: settings.optionalInteger('RINGWAY_RETENTION_DAYS', [1, 36_500]),
    requestsPerAddress: settings.integer('RATE_LIMIT_REQUESTS_PER_ADDRESS', 1_000, [1, 1_000_000]),
    trustedProxies: trustedProxies(settings),
    demo,
  };
  const warnings = Object.keys(env)
    .filter((name) => /^(RINGWAY|APNS|FCM)_/.test(name) && !KNOWN_PREFIXED.has(name))
    .map((name) => `unknown setting ${name} is ignored (known: ${[...KNOWN_PREFIXED].join(', ')})`);
  const pushes = config.push.apnsApps.length + config.push.fcmApps.length > 0;
  if (production && pushes && !config.publicUrl?.startsWith('https:')) {
    settings.fault(
      'PUBLIC_URL',
      'must be set, and https, where phones are pushed to: they are told to come back to it',
    );
  }
  warnings.push(...risks(config, webhookSecret));
  if (settings.faults.length > 0) throw new ConfigError(settings.faults, warnings);
  return { config, warnings };
}

/** A shorter key can be guessed, and lets whoever has it speak in the gateway's name. */
const FEWEST_KEY_BYTES = 16;

/** As Standard Webhooks have it: `whsec_` and base64, or the key as it is. */
function webhookKeyBytes(secret: string): number {
  if (!secret.startsWith('whsec_')) return Buffer.byteLength(secret);
  const text = secret.slice('whsec_'.length);
  return /^[A-Za-z0-9+/]+={0,2}$/.test(text) ? Buffer.from(text, 'base64').length : 0;
}

/** Settings that are allowed, and that somebody should have thought about. */
function risks({ production, auth, demo, host }: Config, webhookSecret: string | null): string[] {
  const found: string[] = [];
  if (production && auth.jwksUrl !== null && auth.issuer === null && auth.audience === null) {
    found.push(
      'AUTH_JWKS_URL without AUTH_AUDIENCE and AUTH_ISSUER: where the keys serve several apps, the tokens of all of them count',
    );
  }
  if (demo && production && auth.secret !== null) {
    found.push('DEMO=1 hands tokens under AUTH_SECRET to whoever asks: never where others can reach it');
  } else if (demo && !/^(127\.|::1$|localhost$)/.test(host)) {
    found.push(`DEMO=1 on HOST ${host} hands a token to whoever can reach it`);
  }
  if (webhookSecret !== null && webhookKeyBytes(webhookSecret) < FEWEST_KEY_BYTES) {
    found.push(`WEBHOOK_SECRET is a key of fewer than ${FEWEST_KEY_BYTES} bytes: it can be guessed`);
  }
  return found;
}

const iceServersSchema = z.array(
  z.object({
    urls: z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]),
    username: z.string().optional(),
    credential: z.string().optional(),
  }),
);

function iceServers(settings: Settings): IceServer[] {
  const servers = settings.json('ICE_SERVERS', iceServersSchema, []);
  for (const url of servers.flatMap((server) => server.urls)) {
    if (!/^(stun|stuns|turn|turns):/.test(url)) {
      settings.fault('ICE_SERVERS', `${quote(url)} does not start with stun:, stuns:, turn: or turns:`);
    }
  }
  return servers;
}

/** As parsed: the phones that get it, and put paths behind it, may read URLs less forgivingly. */
function publicUrl(settings: Settings): string | null {
  const url = settings.urlWithout(['user name', 'query', 'fragment'], 'PUBLIC_URL', ['https:', 'http:']);
  return url === null ? null : new URL(url).href.replace(/\/+$/, '');
}

function corsOrigins(settings: Settings): string[] {
  const origins = (settings.text('CORS_ORIGINS') ?? '').split(',').map((origin) => origin.trim());
  return origins.filter(Boolean).map((given) => {
    const { origin, href } = URL.canParse(given) ? new URL(given) : { origin: 'null', href: '' };
    // A browser names its whole origin and nothing more: with a path, or a star for a part, none would ever match.
    if (origin !== 'null' && href === `${origin}/` && !origin.includes('*')) return origin;
    settings.fault(
      'CORS_ORIGINS',
      `${quote(given)} is not an origin such as https://app.example.com, with nothing behind it`,
    );
    return given;
  });
}

function trustedProxies(settings: Settings): BlockList {
  const proxies = new BlockList();
  const names = (settings.text('TRUSTED_PROXIES') ?? '').split(',').map((name) => name.trim());
  for (const name of names.filter(Boolean)) {
    const [address = '', bits, ...more] = name.split('/');
    const family = isIP(address);
    const longest = family === 6 ? 128 : 32;
    const prefix = bits === undefined ? longest : decimal(bits);
    if (family === 0 || prefix === null || prefix > longest || more.length > 0)
      settings.fault('TRUSTED_PROXIES', `${quote(name)} is not an address or network such as 10.0.0.0/8`);
    else proxies.addSubnet(address, prefix, family === 6 ? 'ipv6' : 'ipv4');
  }
  return proxies;
}

/** Injection token of the {@link Config}. */
export const CONFIG = Symbol('config');
