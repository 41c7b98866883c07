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
