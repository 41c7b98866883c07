import 'reflect-metadata';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { RequestMethod } from '@nestjs/common';
import type { AsyncApi } from '../../../src/protocol/asyncapi.js';
import { ANSWERS, MESSAGES } from '../../../src/protocol/messages.js';
import { type ClientEvent, PAYLOADS } from '../../../src/protocol/commands.js';
import { type TestGateway, testGateway } from '../../support/gateway.js';
import type { Phone } from '../../support/phone.js';

const SRC = path.resolve(import.meta.dirname, '../../../src');

describe('the documents of a gateway', () => {
  let gateway: TestGateway;
  let openApi: { paths: Record<string, Record<string, Route>> };
  let asyncApi: AsyncApi;
  beforeAll(async () => {
    gateway = await testGateway();
    openApi = (await gateway.http('/openapi.json')).body as unknown as typeof openApi;
    asyncApi = (await gateway.http('/asyncapi.json')).body as unknown as AsyncApi;
  });
  afterAll(() => gateway.stop());

  it('describe every route of every controller, and no other', async () => {
    const described = Object.entries(openApi.paths).flatMap(([route, methods]) =>
      Object.keys(methods).map((method) => `${method} ${route}`),
    );
    expect(described.sort()).toEqual((await declaredRoutes()).sort());
  });

  it('give every route of the API an answer with a shape, and an error with one', () => {
    for (const [route, methods] of Object.entries(openApi.paths)) {
      if (!route.startsWith('/v1/') || route.startsWith('/v1/demo/')) continue;
      for (const { responses } of Object.values(methods)) {
        const [status, good] = Object.entries(responses).find(([code]) => code.startsWith('2'))!;
        if (status !== '204')
          expect([route, Object.keys(good.content ?? {})]).toEqual([route, ['application/json']]);
        expect(Object.keys(responses['default']?.content ?? {})).toEqual(['application/problem+json']);
      }
    }
  });

  it('allow every answer the null, the second status and the fields that really come', () => {
    // A document of JSON schemas: what is not there fails the test as it should.
    const responses = (method: string, route: string) => openApi.paths[route]![method]!.responses as any;
    const schemaOf = (answer: any) => answer.content['application/json'].schema;
    expect(schemaOf(responses('get', '/v1/calls/{callId}')['200']).properties.outcome.enum).toContain(null);
    const started = responses('post', '/v1/calls');
    for (const status of ['200', '201'])
      expect(schemaOf(started[status]).properties).toHaveProperty('merged');
    expect(schemaOf(responses('post', '/v1/calls/{callId}/cancel')['200']).properties.call.nullable).toBe(
      true,
    );
    const problem = started.default.content['application/problem+json'].schema.properties;
    expect(Object.keys(problem)).toEqual(expect.arrayContaining(['retryable', 'retryAfterMs', 'details']));
    expect(Object.keys(responses('get', '/health/ready'))).toEqual(['200', '503']);
  });

  it('describe every event an app says, with its answers', () => {
    for (const event of Object.keys(PAYLOADS)) {
      const operation = asyncApi.operations[`say-${event.replace(':', '-')}`]!;
      expect(operation).toMatchObject({ action: 'receive', messages: [{}], reply: { messages: [{}, {}] } });
    }
  });

  it('describe every event the gateway sends, and no other', () => {
    const source = readdirSync(path.join(SRC, 'sockets'), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => readFileSync(path.join(SRC, 'sockets', file), 'utf8'))
      .join('\n');
    const sent = [...source.matchAll(/(?<!server\.)(?:emit|this\.tell)\(\s*'([a-z:-]+)'/g)].map(
      ([, event]) => event!,
    );
    const handled = ['call:answered', 'call:declined']; // `call:${how}`
    expect(Object.keys(MESSAGES).sort()).toEqual([...new Set([...sent, ...handled])].sort());
    for (const event of Object.keys(MESSAGES)) {
      expect(asyncApi.operations[`hear-${event.replace(':', '-')}`]).toMatchObject({ action: 'send' });
    }
  });

  it('refer to nothing that is not there', () => {
    for (const [, reference] of JSON.stringify(asyncApi).matchAll(/"\$ref":"#\/([^"]+)"/g)) {
      const found = reference!
        .split('/')
        .reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], asyncApi);
      expect([reference, typeof found]).toEqual([reference, 'object']);
    }
  });

  it('describe what is really said and answered, to the last field', async () => {
    const [alice, phone, tablet] = [
      await gateway.phone('alice'),
      await gateway.phone('bob'),
      await gateway.phone('bob', { deviceId: 'tablet' }),
    ];
    const says = async (who: Phone, event: ClientEvent, payload: object): Promise<void> => {
      const { ok, ...answer } = await who.say(event, payload);
      expect(ok).toBe(true);
      expect(ANSWERS[event].parse(answer)).toEqual(answer);
    };
    const callId = '0190c0de-0000-7000-8000-000000000001';
    await says(alice, 'call:initiate', { callId, callee: 'bob', media: 'video', metadata: { a: 1 } });
    await says(phone, 'call:ringing', { callId });
    await says(phone, 'call:answer', { callId });
    await says(phone, 'call:signal', { callId, signal: { any: 'thing' } });
    await says(phone, 'call:media', { callId, audio: true, video: false });
    await tablet.hears('call:handled-elsewhere');
    await alice.hears('call:media');
    await says(alice, 'call:end', { callId });
    await says(alice, 'call:cancel', { callId: '0190c0de-0000-7000-8000-000000000002' });
    await says(alice, 'device:state', { state: 'background' });
    await says(alice, 'session:refresh', { token: await gateway.token('alice') });
    await says(alice, 'sync', {});
    const declined = await alice.calls('bob');
    await says(phone, 'call:decline', { callId: declined });
    await alice.calls('nobody');
    await alice.hears('call:failed');

    const heard = [alice, phone, tablet].flatMap((one) => one.heard);
    for (const { event, payload } of heard) {
      const { payload: shape } = MESSAGES[event as keyof typeof MESSAGES];
      expect([event, shape.parse(payload)]).toEqual([event, payload]);
    }
    const untested = [
      'call:cancelled',
      'call:missed',
      'session:replaced',
      'session:expired',
      'server:draining',
    ];
    expect([...new Set(heard.map(({ event }) => event)), ...untested].sort()).toEqual(
      Object.keys(MESSAGES).sort(),
    );
  });

  it('are shown as pages that load nothing from elsewhere', async () => {
    const { status, text, headers } = await gateway.http('/docs/sockets');
    expect(status).toBe(200);
    expect(headers.get('content-type')).toMatch(/^text\/html/);
    for (const event of [...Object.keys(PAYLOADS), ...Object.keys(MESSAGES)])
      expect(text).toContain(`<code>${event}`);
    expect(text).not.toMatch(/(src|href)="(https?:)?\/\//);
    expect(text).not.toContain('undefined');
    expect((await gateway.http('/docs')).text).toContain('<html');
  });
});

interface Route {
  responses: Record<string, { content?: object }>;
}

/** What the decorators declare, as OpenAPI writes it. */
async function declaredRoutes(): Promise<string[]> {
  const files = ['http', 'health'].flatMap((room) =>
    readdirSync(path.join(SRC, room))
      .filter((file) => file.endsWith('.controller.ts'))
      .map((file) => path.join(SRC, room, file)),
  );
  const routes: string[] = [];
  for (const file of files) {
    const classes = Object.values((await import(file)) as object).filter(
      (one): one is { prototype: object } =>
        typeof one === 'function' &&
        Reflect.hasMetadata('path', one) &&
        !Reflect.hasMetadata('swagger/apiExcludeController', one),
    );
    for (const controller of classes) {
      const prefix = Reflect.getMetadata('path', controller) as string;
      for (const { value: handler } of Object.values(
        Object.getOwnPropertyDescriptors(controller.prototype),
      )) {
        if (typeof handler !== 'function' || !Reflect.hasMetadata('method', handler)) continue;
        const method = RequestMethod[Reflect.getMetadata('method', handler) as number]!.toLowerCase();
        for (const route of [Reflect.getMetadata('path', handler) as string | string[]].flat()) {
          const full = `/${prefix}/${route}`.replaceAll(/\/+/g, '/').replace(/(.)\/$/, '$1');
          routes.push(`${method} ${full.replaceAll(/:(\w+)/g, '{$1}')}`);
        }
      }
    }
  }
  return routes;
}
