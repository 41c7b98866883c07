import { createPrivateKey } from 'node:crypto';
import { z } from 'zod';
import { type Settings, quote, textOf } from './env-reader.js';

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

const apnsAppsSchema = z.array(
  z.object({
    bundleId: z.string().min(1).max(155),
    environment: z.enum(['production', 'sandbox', 'both']),
    teamId: z.string().min(1),
    keyId: z.string().min(1),
    key: z.string().min(1),
  }),
);

/** `APNS_APPS`: one entry per key and environment. */
export function apnsApps(settings: Settings): ApnsApp[] {
  const apps: ApnsApp[] = [];
  for (const [index, entry] of settings.json('APNS_APPS', apnsAppsSchema, []).entries()) {
    const key = privateKey(settings, 'APNS_APPS', `${index}.key`, entry.key, 'ec');
    if (key === null) continue;
    const environments =
      entry.environment === 'both' ? (['production', 'sandbox'] as const) : [entry.environment];
    for (const environment of environments) {
      if (apps.some((app) => app.bundleId === entry.bundleId && app.environment === environment)) {
        settings.fault('APNS_APPS', `at ${index}: ${quote(entry.bundleId)} has two keys for ${environment}`);
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

/** `FCM_APPS`, with token endpoints of these protocols. */
export function fcmApps(settings: Settings, protocols: readonly string[]): FcmApp[] {
  const projects = new Set<string>();
  return settings.json('FCM_APPS', fcmAppsSchema, []).flatMap(({ projectId, serviceAccount }, index) => {
    const fault = (problem: string): [] => {
      settings.fault('FCM_APPS', `at ${index}.serviceAccount: ${problem}`);
      return [];
    };
    if (projects.has(projectId)) return fault(`the project ${quote(projectId)} has another one already`);
    projects.add(projectId);
    let account: unknown = serviceAccount;
    if (typeof serviceAccount === 'string') {
      try {
        account = JSON.parse(
          serviceAccount.trimStart().startsWith('{') ? serviceAccount : (textOf(serviceAccount) ?? ''),
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
    const file = textOf(given);
    if (file === null) {
      settings.fault(name, `at ${at}: is neither PEM text nor the path of a readable file`);
      return null;
    }
    pem = file;
  }
  try {
    const key = createPrivateKey(pem);
    const es256 = key.asymmetricKeyDetails?.namedCurve === 'prime256v1';
    if (key.asymmetricKeyType === type && (type === 'rsa' || es256))
      return key.export({ type: 'pkcs8', format: 'pem' }).toString();
  } catch {
    // Said below, without a word of the key itself.
  }
  settings.fault(
    name,
    `at ${at}: is not a private ${type === 'ec' ? 'P-256 (ES256, .p8)' : 'RSA'} key in PEM form`,
  );
  return null;
}

/** `PUSH_CA_FILE`: PEM. */
export function caFile(settings: Settings): string | null {
  const path = settings.text('PUSH_CA_FILE');
  if (path === null) return null;
  const pem = textOf(path);
  if (pem?.includes('-----BEGIN CERTIFICATE-----')) return pem;
  settings.fault(
    'PUSH_CA_FILE',
    `must be the path of a readable PEM file with certificates, got ${quote(path)}`,
  );
  return null;
}
