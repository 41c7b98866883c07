import { jest } from '@jest/globals';
import { readConfig } from '../../src/config/config.js';
import { type RunningGateway, startGateway } from '../../src/start/start-gateway.js';
import { Log } from '../../src/log/log.js';
import { type TestDatabase, freshDatabase } from './database.js';
import { Phone, type PhoneOptions } from './phone.js';

// Longer than a phone's patience, so that a test fails with what the phone was waiting for.
jest.setTimeout(30_000);

export interface TestGateway {
  url: string;
  database: TestDatabase;
  token(userId: string, name?: string, scope?: string): Promise<string>;
  /** A connected phone of this user; they hang up by themselves when the gateway stops. */
  phone(userId: string, options?: Partial<PhoneOptions>): Promise<Phone>;
  http(path: string, options?: HttpOptions): Promise<HttpAnswer>;
  /** The types of the events recorded for a call, as one of its users reads them. */
  recorded(callId: string, as: string): Promise<string[]>;
  stop(): Promise<void>;
}

export interface HttpOptions {
  as?: string;
  token?: string;
  method?: string;
  /** Text is sent as it is. */
  body?: unknown;
  headers?: Record<string, string>;
}

/** Any body. A test reads the fields it expects. */
export interface Body {
  items: any[];
  nextCursor: string | null;
  token: string;
  code: string;
  details: { path: string; message: string }[];
  [field: string]: any;
}

export interface HttpAnswer {
  status: number;
  body: Body;
  /** The body as it came. */
  text: string;
  headers: Headers;
}

/** A whole gateway in this process, on a port and, unless one is given, a database of its own. */
export async function testGateway(
  env: Record<string, string> = {},
  database?: TestDatabase,
): Promise<TestGateway> {
  const db = database ?? (await freshDatabase());
  const { config } = readConfig({
    ...{ NODE_ENV: 'test', PORT: '0', HOST: '127.0.0.1', DEMO: '1', RATE_LIMIT_CALLS_PER_MINUTE: '100000' },
    ...env,
  });
  const gateway: RunningGateway = await startGateway({ ...config, databaseUrl: db.url }, new Log('silent'));
  const phones: Phone[] = [];
  const token = async (userId: string, name?: string, scope?: string): Promise<string> => {
    const body = { userId, name, scope };
    const { body: answer } = await request(gateway.url, '/v1/dev/tokens', { method: 'POST', body });
    return answer.token;
  };
  const http: TestGateway['http'] = async (path, { as, token: given, ...options } = {}) => {
    const bearer = given ?? (as === undefined ? undefined : await token(as));
    return request(gateway.url, path, { ...options, token: bearer });
  };
  return {
    ...{ url: gateway.url, database: db, token, http },
    async phone(userId, options = {}) {
      const bearer = options.token ?? (await token(userId, options.name));
      const phone = new Phone({
        url: gateway.url,
        userId,
        deviceId: `${userId}-phone`,
        ...options,
        token: bearer,
      });
      phones.push(phone);
      await phone.connected();
      return phone;
    },
    async recorded(callId, as) {
      const { body } = await http(`/v1/calls/${callId}/events`, { as });
      return body.items.filter(({ stream }) => stream === 'call').map(({ type }) => type);
    },
    async stop() {
      // What they still had to acknowledge has arrived: the gateway waits for nothing.
      await Promise.allSettled(
        phones.filter(({ socket }) => socket.connected).map((phone) => phone.caughtUp()),
      );
      for (const phone of phones) phone.disconnect();
      await gateway.stop({ drainMs: 0 });
      if (!database) await db.drop();
    },
  };
}

/** Looks again and again, for what no message tells. */
export async function eventually<T>(look: () => Promise<T>, good: (value: T) => boolean): Promise<T> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const value = await look();
    if (good(value)) return value;
    if (Date.now() > deadline) throw new Error(`it never became so: ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export async function request(url: string, path: string, options: HttpOptions): Promise<HttpAnswer> {
  const { method, body, token, headers } = options;
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
  return {
    status: response.status,
    body: (json ? JSON.parse(text) : text) as Body,
    text,
    headers: response.headers,
  };
}
