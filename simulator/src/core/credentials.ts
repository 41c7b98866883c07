import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import type { Clock } from './clock.js';
import { type Environment, environments } from './services.js';

/** A team's APNs key as Apple holds it: the public half, and what it is good for. */
export interface ApnsKey {
  readonly teamId: string;
  readonly keyId: string;
  readonly publicKey: KeyObject;
  environments: readonly Environment[];
  /** Bundle ids, good for their `.voip` topics too. */
  topics: '*' | readonly string[];
  /** Keys of one family may follow each other on one connection. */
  family: string;
  revoked: boolean;
}

/** A team key as its owner downloads it: `key` is PKCS#8 PEM. */
export interface ApnsKeyFile {
  teamId: string;
  keyId: string;
  key: string;
}

export interface ApnsKeyOptions {
  teamId?: string;
  environments?: readonly Environment[];
  topics?: '*' | readonly string[];
  /** Key id of a key whose family this one joins. */
  relatedTo?: string;
}

export interface ServiceAccount {
  readonly projectId: string;
  readonly clientEmail: string;
  readonly publicKey: KeyObject;
  disabled: boolean;
}

/** The JSON file that the Firebase console hands out. */
export interface ServiceAccountFile {
  type: 'service_account';
  project_id: string;
  private_key_id: string;
  client_email: string;
  private_key: string;
  token_uri: string;
}

export interface AccessToken {
  readonly account: ServiceAccount;
  readonly scopes: readonly string[];
  readonly expiresAt: number;
}

/** Everything a sender can prove itself with. */
export class Credentials {
  readonly apnsKeys = new Map<string, ApnsKey>();
  readonly accounts = new Map<string, ServiceAccount>();
  readonly projects = new Set<string>();
  private readonly accessTokens = new Map<string, AccessToken>();
  private readonly clock: Clock;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  createApnsKey(options: ApnsKeyOptions = {}): ApnsKeyFile {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const keyId = appleId();
    const teamId = options.teamId ?? appleId();
    const relative = options.relatedTo === undefined ? undefined : this.apnsKeys.get(options.relatedTo);
    this.apnsKeys.set(keyId, {
      teamId,
      keyId,
      publicKey,
      environments: options.environments ?? environments,
      topics: options.topics ?? '*',
      family: relative?.family ?? keyId,
      revoked: false,
    });
    return { teamId, keyId, key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
  }

  createServiceAccount(projectId: string, tokenUri: string): ServiceAccountFile {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const clientEmail = `push-${randomBytes(3).toString('hex')}@${projectId}.iam.gserviceaccount.com`;
    this.projects.add(projectId);
    this.accounts.set(clientEmail, { projectId, clientEmail, publicKey, disabled: false });
    return {
      type: 'service_account',
      project_id: projectId,
      private_key_id: randomBytes(20).toString('hex'),
      client_email: clientEmail,
      private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      token_uri: tokenUri,
    };
  }

  grant(account: ServiceAccount, scopes: readonly string[], lifetimeS: number): string {
    const token = `ya29.simulated.${randomBytes(48).toString('base64url')}`;
    this.accessTokens.set(token, { account, scopes, expiresAt: this.clock.now() + lifetimeS * 1000 });
    for (const [old, { expiresAt }] of this.accessTokens) {
      if (expiresAt < this.clock.now()) this.accessTokens.delete(old);
    }
    return token;
  }

  accessToken(token: string): AccessToken | undefined {
    return this.accessTokens.get(token);
  }

  /** Google forgets every access token it has granted: the next send is a 401. */
  revokeAccessTokens(): void {
    this.accessTokens.clear();
  }
}

/** Ten characters, as Apple's team and key ids have. */
function appleId(): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
  return Array.from(randomBytes(10), (byte) => alphabet[byte % alphabet.length]).join('');
}
