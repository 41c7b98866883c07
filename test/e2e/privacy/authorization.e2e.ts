import { randomUUID } from 'node:crypto';
import { type Type, RequestMethod } from '@nestjs/common';
import { SignJWT } from 'jose';
import pg from 'pg';
import { AppModule, type Foundation } from '../../../src/start/app.module.js';
import { ActionTokens } from '../../../src/auth/action-tokens.js';
import { systemClock } from '../../../src/time/clock.js';
import { PAYLOADS, type ClientEvent } from '../../../src/protocol/commands.js';
import { type TestGateway, request, testGateway } from '../../support/gateway.js';
import type { Phone } from '../../support/phone.js';
import { read } from '../../support/settings.js';
import { DEMO_ONLY, EVENTS, ROUTES, type Row, SPEAKERS, type Speaker } from './authorization-table.js';
import { RawSocket } from '../../support/raw-socket.js';

const SECRET = 'the secret of the app with the strict rules';
const speakers = Object.keys(SPEAKERS) as Speaker[];

/** A gateway with the whole cast on it, and a fresh call of Alice's to Bob for whoever asks about one. */
class Stage {
  private constructor(
    readonly gateway: TestGateway,
    private readonly actions: ActionTokens,
    private readonly alice: Phone,
    private readonly bob: Phone,
    private readonly callOfErased: string,
  ) {}

  static async set(): Promise<Stage> {
    const gateway = await testGateway({ AUTH_SECRET: SECRET, RATE_LIMIT_EVENTS_PER_SECOND: '100000' });
    const client = new pg.Client({ connectionString: gateway.database.url });
    await client.connect();
    const { rows } = await client.query<{ value: string }>(
      `select value from secrets where name = 'action tokens'`,
    );
    await client.end();
    const [alice, bob] = [await gateway.phone('alice'), await gateway.phone('bob')];
    await gateway.phone('zoe');
    const carol = await gateway.phone('carol');
    const callOfErased = await alice.calls('carol');
    await gateway.http('/v1/me', { as: 'carol', method: 'DELETE' });
    await carol.hears('disconnect');
    return new Stage(gateway, new ActionTokens(rows[0]!.value, systemClock), alice, bob, callOfErased);
  }

  /** The call somebody of this kind asks about, in the state that makes the question interesting. */
  async callFor(principal: Speaker): Promise<string> {
    if (principal === 'erased') return this.callOfErased;
    const callId = await this.alice.calls('bob');
    if (principal === 'otherDevice') await this.bob.say('call:answer', { callId });
    return callId;
  }

  async over(callId: string): Promise<void> {
    await this.alice.say('call:cancel', { callId });
    await this.alice.say('call:end', { callId });
  }

  async tokenOf(principal: Speaker, callId: string): Promise<string | undefined> {
    const grant = { callId, userId: 'bob', deviceId: 'bob-phone' };
    const now = Date.now();
    switch (principal) {
      case 'nobody':
        return undefined;
      case 'garbage':
        return 'abc.def.ghi';
      case 'expired':
        return userToken('bob', now - 60_000);
      case 'action':
        return this.actions.issue(grant, now + 60_000);
      case 'actionElsewhere':
        return this.actions.issue({ ...grant, callId: randomUUID() }, now + 60_000);
      case 'actionExpired':
        return this.actions.issue(grant, now - 60_000);
      case 'operator':
        return userToken('olga', now + 600_000, 'ringway:operator');
      default:
        return userToken(USER_OF[principal], now + 600_000);
    }
  }
}

const USER_OF = { stranger: 'mallory', callee: 'bob', otherDevice: 'bob', erased: 'carol' };
const DEVICE_OF: Partial<Record<Speaker, string>> = { callee: 'bob-phone', otherDevice: 'bob-tablet' };
const deviceOf = (principal: Speaker): string => DEVICE_OF[principal] ?? 'some-device';

const userToken = (userId: string, expiresAt: number, scope?: string): Promise<string> =>
  new SignJWT(scope === undefined ? {} : { scope })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(userId)
    .setExpirationTime(Math.floor(expiresAt / 1_000))
    .sign(new TextEncoder().encode(SECRET));

/** Every route of the controllers, as `GET /v1/calls/{callId}`; also those the documentation leaves out. */
function routesOfControllers(): string[] {
  const config = read({ AUTH_SECRET: SECRET });
  const foundation = { config, pools: {}, secrets: { userTokens: '', actionTokens: '' } };
  const { imports = [] } = AppModule.of(foundation as unknown as Foundation);
  const controllers = imports.flatMap((module) =>
    typeof module === 'function' ? ((Reflect.getMetadata('controllers', module) ?? []) as Type[]) : [],
  );
  return controllers.flatMap((controller: Type) => {
    const prefixes = [Reflect.getMetadata('path', controller) as string | string[]].flat();
    const prototype = controller.prototype as Record<string, unknown>;
    return Object.getOwnPropertyNames(prototype).flatMap((name) => {
      const handler: unknown = Object.getOwnPropertyDescriptor(prototype, name)?.value;
      if (typeof handler !== 'function') return [];
      const method = Reflect.getMetadata('method', handler) as RequestMethod | undefined;
      if (method === undefined) return [];
      const paths = [Reflect.getMetadata('path', handler) as string | string[]].flat();
      return prefixes.flatMap((prefix) =>
        paths.map((path) => `${RequestMethod[method]} ${tidy(`/${prefix}/${path}`)}`),
      );
    });
  });
}
const tidy = (path: string): string =>
  path
    .replaceAll(/\/+/g, '/')
    .replace(/(.)\/$/, '$1')
    .replaceAll(/:(\w+)/g, '{$1}');

describe('HTTP', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.set();
  });
  afterAll(() => stage.gateway.stop());

  const ask = async (route: string, principal: Speaker): Promise<string> => {
    const [method, path] = route.split(' ') as [string, string];
    const { query, body } = ROUTES[route]!;
    const callId = path.includes('{callId}') ? await stage.callFor(principal) : randomUUID();
    const token = await stage.tokenOf(principal, callId);
    const at = path
      .replace('{id}', 'x')
      .replace('{callId}', callId)
      .replace('{deviceId}', deviceOf(principal))
      .replace('{name}', 'x');
    const needsDevice =
      method === 'POST' && path.startsWith('/v1/calls') ? `deviceId=${deviceOf(principal)}` : '';
    const answer = await request(stage.gateway.url, `${at}?${query ?? needsDevice}`, {
      method,
      token,
      body: body && { ...body, ...('callId' in body ? { callId: randomUUID() } : {}) },
    });
    if (path.includes('{callId}') && principal !== 'erased') await stage.over(callId);
    return answer.status < 300 ? 'ok' : answer.body.code;
  };

  it('has a row for every route there is', async () => {
    const { body } = await stage.gateway.http('/openapi.json');
    const documented = Object.entries(body.paths as Record<string, object>).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const there = new Set([...documented, ...routesOfControllers()]);
    expect([...there].filter((route) => !(route in ROUTES))).toEqual([]);
    expect(Object.keys(ROUTES).filter((route) => !there.has(route))).toEqual([]);
  });

  it.each(Object.entries(ROUTES))(
    '%s answers each as it should',
    async (route, { query: _, body: __, ...row }) => {
      const answers: Partial<Record<Speaker, string>> = {};
      for (const principal of speakers) answers[principal] = await ask(route, principal);
      expect(answers).toEqual(row);
    },
  );
});

describe('outside of demo mode', () => {
  it.each(Object.keys(ROUTES).filter((route) => DEMO_ONLY.test(route)))('%s is not there', async (route) => {
    const gateway = await testGateway({ AUTH_SECRET: SECRET, DEMO: '0' });
    const [method, path] = route.split(' ') as [string, string];
    const token = await userToken('olga', Date.now() + 60_000, 'ringway:operator');
    for (const bearer of [undefined, token]) {
      const body = method === 'GET' ? undefined : { userId: 'x', do: 'answer' };
      const answer = await request(gateway.url, path.replace('{id}', 'x'), { method, token: bearer, body });
      expect({ status: answer.status, code: answer.body.code }).toEqual({ status: 404, code: 'NOT_FOUND' });
    }
    await gateway.stop();
  });
});

describe('sockets', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.set();
  });
  afterAll(() => stage.gateway.stop());

  const payloadOf = (event: ClientEvent, callId: string, token: string | undefined): object => ({
    ...(event.startsWith('call:') ? { callId } : {}),
    ...(event === 'call:initiate' ? { callId: randomUUID(), callee: 'zoe', media: 'voice' } : {}),
    ...(event === 'call:signal' ? { signal: { sdp: 'v=0' } } : {}),
    ...(event === 'call:media' ? { audio: true, video: false } : {}),
    ...(event === 'device:state' ? { state: 'foreground' } : {}),
    ...(event === 'session:refresh' ? { token: token ?? '' } : {}),
  });

  /** Says the event right behind the handshake, as a client does that does not care whether it was let in. */
  const ask = async (event: ClientEvent, principal: Speaker): Promise<string> => {
    const callId = await stage.callFor(principal);
    const token = await stage.tokenOf(principal, callId);
    const socket = new RawSocket(stage.gateway.url);
    await socket.gets((frame) => frame.startsWith('0'));
    // The phone that rings is connected already, and would be replaced: its user asks from another install.
    const deviceId = principal === 'callee' ? 'bob-watch' : deviceOf(principal);
    socket.send(`40${JSON.stringify({ token, deviceId })}`);
    const greeting = (await socket.gets((frame) => /^4[04]/.test(frame)))!;
    socket.send(`427${JSON.stringify([event, payloadOf(event, callId, token)])}`);
    if (greeting.startsWith('44')) {
      // Once they are let in after all, whatever they said before has been read: it is not answered.
      socket.send(`40${JSON.stringify({ token: await stage.gateway.token('late'), deviceId: 'late' })}`);
      await socket.gets((frame) => frame.startsWith('40'));
      expect(socket.answersTo(7)).toEqual([]);
    }
    const answer = (
      greeting.startsWith('44')
        ? { ok: false, error: (JSON.parse(greeting.slice(2)) as { data: { code: string } }).data }
        : await socket.answerTo(7)
    ) as { ok: boolean; error?: { code: string } };
    socket.close();
    if (principal !== 'erased') await stage.over(callId);
    return answer.ok ? 'ok' : answer.error!.code;
  };

  it('have a row for every event of the wire table', () =>
    expect(Object.keys(EVENTS).sort()).toEqual(Object.keys(PAYLOADS).sort()));

  it.each(Object.entries(EVENTS) as [ClientEvent, Row][])(
    '%s answers each as it should',
    async (event, row) => {
      const answers: Partial<Record<Speaker, string>> = {};
      for (const principal of speakers) answers[principal] = await ask(event, principal);
      expect(answers).toEqual(row);
    },
  );
});
