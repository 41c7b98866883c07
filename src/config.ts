import { createPrivateKey } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';

/** A signing key for one bundle id in one APNs environment. */
export interface ApnsApp {
  bundleId: string;
  environment: 'production' | 'sandbox';
  teamId: string;
  keyId: string;
  /** PKCS#8 PEM of the `.p8` file. */
  key: string;
}

/** A Firebase project and the service account that may send for it. */
export interface FcmApp {
  projectId: string;
  clientEmail: string;
  /** PKCS#8 PEM. */
  privateKey: string;
  tokenUri: string;
}

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
  demo: boolean;
}

/** One bad or missing setting: its name, and what would be right. */
export interface ConfigFault {
  name: string;
  problem: string;
}

export class ConfigError extends Error {
  constructor(readonly faults: ConfigFault[]) {
    super(
      `bad settings, nothing was started:\n${faults.map(({ name, problem }) => `  ${name}: ${problem}`).join('\n')}`,
    );
  }
}

type Environment = Readonly<Record<string, string | undefined>>;

const KNOWN_PREFIXED = new Set([
  ...['RINGWAY_DATA_DIR', 'APNS_APPS', 'FCM_APPS', 'FCM_ORIGIN'],
  ...['APNS_ORIGIN_PRODUCTION', 'APNS_ORIGIN_SANDBOX'],
]);

/** Collects faults instead of stopping at the first, so that one start names them all. */
class Settings {
  readonly faults: ConfigFault[] = [];
  constructor(private readonly env: Environment) {}

  /** An empty variable counts as absent: that is what `FOO= npm start` means to people. */
  text(name: string): string | null {
    const value = this.env[name]?.trim();
    return value ? value : null;
  }

  integer(name: string, fallback: number, [min, max]: [number, number]): number {
    const raw = this.text(name);
    if (raw === null) return fallback;
    const value = Number(raw);
    if (Number.isInteger(value) && value >= min && value <= max) return value;
    this.fault(name, `must be a whole number from ${min} to ${max} (default ${fallback}), got ${quote(raw)}`);
    return fallback;
  }

  oneOf<T extends string>(name: string, values: readonly T[], fallback: T): T {
    const raw = this.text(name);
    if (raw === null || values.includes(raw as T)) return (raw as T | null) ?? fallback;
    this.fault(name, `must be ${values.join(' or ')} (default ${fallback}), got ${quote(raw)}`);
    return fallback;
  }

  url(name: string, protocols: readonly string[]): string | null {
    const raw = this.text(name);
    if (raw === null) return null;
    const parsed = URL.canParse(raw) ? new URL(raw) : null;
    if (parsed && protocols.includes(parsed.protocol)) return raw;
    // Connection strings carry passwords: never quote them back.
    this.fault(name, `must be a URL that starts with ${protocols.map((p) => `${p}//`).join(' or ')}`);
    return null;
  }

  origin(name: string, fallback: string, protocols: readonly string[]): string {
    const url = this.url(name, protocols);
    return url === null ? fallback : new URL(url).origin;
  }

  json<T>(name: string, schema: z.ZodType<T>, fallback: T): T {
    const raw = this.text(name);
    if (raw === null) return fallback;
    let value: unknown;
    try {
      value = JSON.parse(raw);
    } catch {
      this.fault(name, 'must be JSON, and does not parse');
      return fallback;
    }
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    for (const issue of parsed.error.issues.slice(0, 5)) {
      this.fault(name, `${issue.path.length ? `at ${issue.path.join('.')}: ` : ''}${issue.message}`);
    }
    return fallback;
  }

  fault(name: string, problem: string): void {
    this.faults.push({ name, problem });
  }
}

/**
 * Reads and checks the whole environment (contract section 1).
 * @throws ConfigError naming every bad or missing variable at once
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
  const jwksUrl = settings.url('AUTH_JWKS_URL', secure);
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
  const webhookUrl = settings.url('WEBHOOK_URL', secure);
  const webhookSecret = settings.text('WEBHOOK_SECRET');
  if ((webhookUrl === null) !== (webhookSecret === null)) {
    settings.fault(
      webhookUrl ? 'WEBHOOK_SECRET' : 'WEBHOOK_URL',
      'is missing: WEBHOOK_URL and WEBHOOK_SECRET belong together',
    );
  }

  const config: Config = {
    production,
    port,
    host: settings.text('HOST') ?? (demo ? '127.0.0.1' : '0.0.0.0'),
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
    publicUrl: settings.url('PUBLIC_URL', ['https:', 'http:'])?.replace(/\/+$/, '') ?? null,
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
    demo,
  };
  if (settings.faults.length > 0) throw new ConfigError(settings.faults);
  const warnings = Object.keys(env)
    .filter((name) => /^(RINGWAY|APNS|FCM)_/.test(name) && !KNOWN_PREFIXED.has(name))
    .map((name) => `unknown setting ${name} is ignored (known: ${[...KNOWN_PREFIXED].join(', ')})`);
  return { config, warnings };
}

const apnsAppsSchema = z.array(
  z.object({
    bundleId: z.string().min(1).max(155),
    environment: z.enum(['production', 'sandbox', 'both']),
    teamId: z.string().min(1),
    keyId: z.string().min(1),
    key: z.string().min(1),
  }),
);

function apnsApps(settings: Settings): ApnsApp[] {
  const apps: ApnsApp[] = [];
  for (const [index, entry] of settings.json('APNS_APPS', apnsAppsSchema, []).entries()) {
    const key = privateKey(settings, 'APNS_APPS', `${index}.key`, entry.key, 'ec');
    if (key === null) continue;
    const environments =
      entry.environment === 'both' ? (['production', 'sandbox'] as const) : [entry.environment];
    for (const environment of environments) {
      if (apps.some((app) => app.bundleId === entry.bundleId && app.environment === environment)) {
        settings.fault('APNS_APPS', `at ${index}: ${entry.bundleId} has two keys for ${environment}`);
      }
      apps.push({ bundleId: entry.bundleId, environment, teamId: entry.teamId, keyId: entry.keyId, key });
    }
  }
  return apps;
}

const serviceAccountSchema = z.object({
  client_email: z.string().min(1),
  private_key: z.string().min(1),
  token_uri: z.string().default('https://oauth2.googleapis.com/token'),
});
const fcmAppsSchema = z.array(
  z.object({
    projectId: z.string().min(1),
    serviceAccount: z.union([z.record(z.string(), z.unknown()), z.string().min(1)]),
  }),
);

function fcmApps(settings: Settings, protocols: readonly string[]): FcmApp[] {
  return settings.json('FCM_APPS', fcmAppsSchema, []).flatMap(({ projectId, serviceAccount }, index) => {
    const fault = (problem: string): [] => {
      settings.fault('FCM_APPS', `at ${index}.serviceAccount: ${problem}`);
      return [];
    };
    let account: unknown = serviceAccount;
    if (typeof serviceAccount === 'string') {
      try {
        account = JSON.parse(
          serviceAccount.trimStart().startsWith('{') ? serviceAccount : readFileSync(serviceAccount, 'utf8'),
        );
      } catch {
        return fault('must be an object, JSON text, or the path of a readable JSON file');
      }
    }
    const parsed = serviceAccountSchema.safeParse(account);
    if (!parsed.success)
      return fault(parsed.error.issues.map((i) => `${i.path.join('.')}: ${i.message}`).join('; '));
    const { client_email: clientEmail, token_uri: tokenUri } = parsed.data;
    if (!URL.canParse(tokenUri) || !protocols.includes(new URL(tokenUri).protocol)) {
      return fault(`token_uri must be a URL that starts with ${protocols.join(' or ')}`);
    }
    const key = privateKey(
      settings,
      'FCM_APPS',
      `${index}.serviceAccount.private_key`,
      parsed.data.private_key,
      'rsa',
    );
    return key === null ? [] : [{ projectId, clientEmail, privateKey: key, tokenUri }];
  });
}

/** PEM text (also with `\n` written as two characters, as env files do) or the path of a PEM file. */
function privateKey(
  settings: Settings,
  name: string,
  at: string,
  given: string,
  type: 'ec' | 'rsa',
): string | null {
  let pem = given.replaceAll('\\n', '\n');
  if (!pem.includes('-----BEGIN')) {
    if (!existsSync(given)) {
      settings.fault(name, `at ${at}: is neither PEM text nor the path of a readable file`);
      return null;
    }
    pem = readFileSync(given, 'utf8');
  }
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType === type) return key.export({ type: 'pkcs8', format: 'pem' }).toString();
  } catch {
    // Said below, without a word of the key itself.
  }
  settings.fault(
    name,
    `at ${at}: is not a private ${type === 'ec' ? 'EC (ES256, .p8)' : 'RSA'} key in PEM form`,
  );
  return null;
}

function caFile(settings: Settings): string | null {
  const path = settings.text('PUSH_CA_FILE');
  if (path === null) return null;
  if (existsSync(path)) {
    const pem = readFileSync(path, 'utf8');
    if (pem.includes('-----BEGIN CERTIFICATE-----')) return pem;
  }
  settings.fault(
    'PUSH_CA_FILE',
    `must be the path of a readable PEM file with certificates, got ${quote(path)}`,
  );
  return null;
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

function corsOrigins(settings: Settings): string[] {
  const origins = (settings.text('CORS_ORIGINS') ?? '').split(',').map((origin) => origin.trim());
  return origins.filter(Boolean).map((origin) => {
    if (origin !== '*' && URL.canParse(origin) && new URL(origin).origin !== 'null')
      return new URL(origin).origin;
    settings.fault('CORS_ORIGINS', `${quote(origin)} is not an origin such as https://app.example.com`);
    return origin;
  });
}

const quote = (value: string): string => JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);

/** Injection token of the {@link Config}. */
export const CONFIG = Symbol('config');
