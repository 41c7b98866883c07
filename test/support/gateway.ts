import { readConfig } from '../../src/config.js';
import { type RunningGateway, startGateway } from '../../src/gateway.js';
import { Log } from '../../src/operations/log.js';
import { type TestDatabase, freshDatabase } from './database.js';
import { Phone, type PhoneOptions } from './phone.js';

export interface TestGateway {
  url: string;
  database: TestDatabase;
  token(userId: string, name?: string): Promise<string>;
  /** A connected phone of this user; they hang up by themselves when the gateway stops. */
  phone(userId: string, options?: Partial<PhoneOptions>): Promise<Phone>;
  http(path: string, options?: HttpOptions): Promise<HttpAnswer>;
  stop(): Promise<void>;
}

export interface HttpOptions {
  as?: string;
  token?: string;
  method?: string;
  body?: unknown;
  headers?: Record<string, string>;
}

export interface HttpAnswer {
  status: number;
  body: any; // eslint-disable-line @typescript-eslint/no-explicit-any -- a test reads what it expects
  headers: Headers;
}

/** A whole gateway in this process, on a database and a port of its own. */
export async function testGateway(env: Record<string, string> = {}, database?: TestDatabase): Promise<TestGateway> {
  const db = database ?? (await freshDatabase());
  const { config } = readConfig({ NODE_ENV: 'test', PORT: '0', HOST: '127.0.0.1', DEMO: '1', RATE_LIMIT_CALLS_PER_MINUTE: '100000', ...env });
  const gateway: RunningGateway = await startGateway({ ...config, databaseUrl: db.url }, new Log('silent'));
  const phones: Phone[] = [];
  const token = async (userId: string, name?: string): Promise<string> => {
    const answer = await request(gateway.url, '/v1/dev/tokens', { method: 'POST', body: { userId, name } });
    return answer.body.token as string;
  };
  return {
    ...{ url: gateway.url, database: db, token },
    async phone(userId, options = {}) {
      const phone = new Phone({ url: gateway.url, userId, token: await token(userId, options.name), deviceId: `${userId}-phone`, ...options });
      phones.push(phone);
      await phone.connected();
      return phone;
    },
    async http(path, { as, token: given, ...options } = {}) {
      const bearer = given ?? (as === undefined ? undefined : await token(as));
      return request(gateway.url, path, { ...options, token: bearer });
    },
    async stop() {
      for (const phone of phones) phone.disconnect();
      await gateway.stop({ drainMs: 0 });
      if (!database) await db.drop();
    },
  };
}

export async function request(url: string, path: string, { method, body, token, headers }: HttpOptions): Promise<HttpAnswer> {
  const response = await fetch(url + path, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...headers,
    },
    body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
  });
  const text = await response.text();
  const json = response.headers.get('content-type')?.includes('json') && text !== '';
  return { status: response.status, body: json ? JSON.parse(text) : text, headers: response.headers };
}
