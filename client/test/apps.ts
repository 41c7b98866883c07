import { SignJWT } from 'jose';
import { RingwayClient, type RingwayOptions } from '../src/index.js';
import type { TestGateway } from '../../test/support/gateway.js';
import { happens } from './happens.js';

export interface Apps {
  /** An app of this user, with the SDK; not connected yet. */
  app(userId: string, options?: Partial<RingwayOptions>): RingwayClient;
  /** Connected and synced. */
  online(userId: string, options?: Partial<RingwayOptions>): Promise<RingwayClient>;
  /** Closes all of them. */
  close(): void;
}

/** Apps at a gateway. */
export function apps({ url, token }: Pick<TestGateway, 'url' | 'token'>): Apps {
  const clients: RingwayClient[] = [];
  const app: Apps['app'] = (userId, options) => {
    const deviceId = `${userId}-sdk`;
    const client = new RingwayClient({ url, token: () => token(userId), deviceId, ...options });
    clients.push(client);
    return client;
  };
  return {
    app,
    online: async (userId, options) => {
      const client = app(userId, options);
      const online = happens(client, 'status', (status) => status === 'online');
      client.connect();
      await online;
      return client;
    },
    close: () => {
      for (const client of clients.splice(0)) client.close();
    },
  };
}

/** The secret that the app's backend and the gateway share. */
export const SECRET = 'a secret of the app that is long enough';

/** A token as the app's backend would sign it. */
export const tokenFor = (userId: string, seconds = 600): Promise<string> =>
  new SignJWT({})
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(userId)
    .setExpirationTime(Math.floor(Date.now() / 1_000) + seconds)
    .sign(new TextEncoder().encode(SECRET));
