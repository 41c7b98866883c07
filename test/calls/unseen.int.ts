import { randomUUID } from 'node:crypto';
import type { EventBus } from '@nestjs/cqrs';
import type { Pool } from 'pg';
import { Calls } from '../../src/calls/calls.js';
import { type Actor, noCall } from '../../src/calls/domain/call.js';
import { answer, initiate } from '../../src/calls/domain/decide.js';
import { InitiateCall, InitiateCallHandler } from '../../src/calls/initiate-call.js';
import { LiveCalls } from '../../src/calls/live-calls.js';
import { EventStore } from '../../src/event-store/event-store.js';
import { givenStore } from '../event-store/given-store.js';
import { aliceCallsBob, iPhone, mallory } from './cast.js';

const given = givenStore();
const silent = { publish: () => undefined } as unknown as EventBus;

/** A node, and how often it has asked PostgreSQL. */
function node(): { calls: Calls; asked: () => number } {
  let asked = 0;
  const counting = new Proxy(given.pool, {
    get: (pool, name: keyof Pool) => {
      if (name === 'query') asked++;
      const value = pool[name] as unknown;
      return typeof value === 'function' ? (value.bind(pool) as unknown) : value;
    },
  });
  return { calls: new Calls(new EventStore(counting), silent, new LiveCalls()), asked: () => asked };
}

async function aCall(calls: Calls): Promise<string> {
  const callId = randomUUID();
  await calls.append(noCall, initiate(noCall, { ...aliceCallsBob, callId }), {
    by: iPhone,
    commandId: randomUUID(),
  });
  return callId;
}

describe('a call that a stranger asks about', () => {
  it.each([
    ['does not exist', () => Promise.resolve(randomUUID())],
    ['was begun on this node', (here: Calls) => aCall(here)],
    ['was begun on another node', () => aCall(node().calls)],
  ])('costs one look at PostgreSQL and is not found, when it %s', async (_, begun) => {
    const { calls, asked } = node();
    const callId = await begun(calls);
    const before = asked();
    await expect(
      calls.change(callId, mallory, (call) => answer(call, { by: mallory, now: 0 })),
    ).rejects.toMatchObject({ code: 'CALL_NOT_FOUND' });
    expect(asked() - before).toBe(1);
  });
});

describe('whoever starts a call under an id that is taken', () => {
  const policy = { ringTimeoutMs: 45_000, busyPolicy: 'reject' } as const;

  it.each(['busy', 'free'])(
    'is asked to take another one, after as many looks when the callee is %s',
    async (bob) => {
      const { calls, asked } = node();
      const initiate = new InitiateCallHandler(calls, policy, { now: () => 0 });
      const start = (by: Actor, callId: string, callee: string): Promise<unknown> =>
        initiate.execute(new InitiateCall(by, callId, callee, 'voice', {}));
      const taken = randomUUID();
      await start(iPhone, taken, `somebody ${taken}`);
      if (bob === 'busy') await start(iPhone, randomUUID(), `bob ${taken}`);
      const before = asked();
      await expect(start(mallory, taken, `bob ${taken}`)).rejects.toMatchObject({ code: 'CALL_ID_CONFLICT' });
      expect(asked() - before).toBe(2);
    },
  );
});
