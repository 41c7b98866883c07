import { generateKeyPairSync } from 'node:crypto';
import { type Config, ConfigError, readConfig } from '../../src/config/config.js';
import type { ConfigFault } from '../../src/config/env-reader.js';

type Env = Record<string, string>;

export const read = (env: Env = {}): Config => readConfig(env).config;

export function faultsOf(env: Env): ConfigFault[] {
  try {
    readConfig(env);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
}
export const namesOf = (env: Env): string[] => faultsOf(env).map(({ name }) => name);

const pem = { type: 'pkcs8', format: 'pem' } as const;
export const rsaKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export(pem).toString();
export const keyOn = (namedCurve: string): string =>
  generateKeyPairSync('ec', { namedCurve }).privateKey.export(pem).toString();

export const apnsApp = {
  ...{ bundleId: 'app.example', environment: 'both', teamId: 'TEAM123456', keyId: 'KEY1234567' },
  key: keyOn('P-256'),
};
export const account = { client_email: 'push@example.iam.gserviceaccount.com', private_key: rsaKey };
export const apns = (...apps: object[]): Env => ({ APNS_APPS: JSON.stringify(apps) });
export const fcm = (...apps: object[]): Env => ({ FCM_APPS: JSON.stringify(apps) });
