import { randomUUID } from 'node:crypto';
import { jest } from '@jest/globals';
import fc from 'fast-check';
import type { Actor } from '../../../src/calls/domain/call.js';
import { Model, type Outcome } from '../../calls/model.js';
import { type TestDatabase, freshDatabase } from '../../support/database.js';
import { type TestGateway, testGateway } from '../../support/gateway.js';
import type { Phone, Told } from '../../support/phone.js';

jest.setTimeout(120_000);

const EVENT_OF = {
  ...{ initiate: 'call:initiate', ring: 'call:ringing', answer: 'call:answer' },
  ...{ decline: 'call:decline', cancel: 'call:cancel', end: 'call:end' },
} as const;
type Ask = keyof typeof EVENT_OF;

interface Wish {
  ask: Ask;
  /** Whose phone, of PEOPLE; on two nodes. */
  by: number;
}
const wish: fc.Arbitrary<Wish> = fc
  .record({ ask: fc.constantFrom(...(Object.keys(EVENT_OF) as Ask[])), by: fc.nat(4) })
  // Mallory is a stranger to the call, so she does not place it.
  .map(({ ask, by }) => ({ ask, by: ask === 'initiate' && by === 4 ? 0 : by }));
/** Steps one after the other; the wishes of one step are said at once. */
const stories = fc
  .tuple(
    fc.boolean(),
    fc.array(fc.array(wish, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 9 }),
  )
  .map(([begins, steps]): Wish[][] => (begins ? [[{ ask: 'initiate', by: 0 }], ...steps] : steps));

/** Stories that once failed, or that nobody should have to find again. */
const KEPT: [Wish[][]][] = [
  [
    [
      [{ ask: 'initiate', by: 0 }],
      [
        { ask: 'answer', by: 2 },
        { ask: 'answer', by: 3 },
        { ask: 'cancel', by: 1 },
      ],
    ],
  ],
  [[[{ ask: 'cancel', by: 0 }], [{ ask: 'initiate', by: 0 }], [{ ask: 'answer', by: 2 }]]],
  [
    [
      [
        { ask: 'initiate', by: 0 },
        { ask: 'initiate', by: 0 },
        { ask: 'initiate', by: 1 },
      ],
      [{ ask: 'end', by: 2 }],
    ],
  ],
];

const orders = <T>(list: readonly T[]): T[][] =>
  list.length <= 1
    ? [[...list]]
    : list.flatMap((first, index) =>
        orders(list.filter((_, other) => other !== index)).map((rest) => [first, ...rest]),
      );

/** What the answer to a command says about what it came to; the model's word for it. */
function answered({ ok, error, call }: Told): string {
  if (!ok) return error.code;
  return call === null ? 'null' : 'ok';
}

/** The model's outcome as a phone would be answered. A cancel of what is not there is the one thing it does not know. */
const foreseen = (ask: Ask, outcome: Outcome): string => {
  if (ask === 'cancel' && outcome === 'CALL_NOT_FOUND') return 'null';
  return typeof outcome === 'string' ? outcome : 'ok';
};

/** Who holds which phone. */
const PEOPLE = ['alice', 'alice', 'bob', 'bob', 'mallory'];
const actorOf = (by: number): Actor => ({ userId: PEOPLE[by]!, deviceId: `${PEOPLE[by]}-${by}`, name: null });
/** Stories are played side by side, each with people of its own. */
const STAGES = 6;

describe('several phones of three people, on two nodes, saying anything in any order and at once', () => {
  let database: TestDatabase;
  let nodes: TestGateway[];
  let stages: Phone[][];
  beforeAll(async () => {
    database = await freshDatabase();
    const env = { RATE_LIMIT_EVENTS_PER_SECOND: '100000' };
    nodes = [await testGateway(env, database), await testGateway(env, database)];
    const phonesOf = (stage: number): Promise<Phone[]> =>
      Promise.all(
        PEOPLE.map((user, index) =>
          nodes[index % 2]!.phone(`${user}-${stage}`, { deviceId: `${user}-${index}` }),
        ),
      );
    stages = await Promise.all(Array.from({ length: STAGES }, (_, stage) => phonesOf(stage)));
  });
  afterAll(async () => {
    await Promise.all(nodes.map((node) => node.stop()));
    await database.drop();
  });

  /** An early cancel makes the call of its user end as it begins. No story lasts as long as a ring, so time stands still. */
  class Expected {
    private readonly model = new Model();
    private readonly cancelledBy = new Set<string>();
    private recorded = 0;
    constructor(private readonly before: readonly (readonly [Wish, Outcome])[] = []) {
      for (const [one, outcome] of before) this.take(one, outcome);
    }
    outcome({ ask, by }: Wish): Outcome {
      return this.model.expects(ask, actorOf(by), 0);
    }
    then(one: Wish): Expected {
      return new Expected([...this.before, [one, this.outcome(one)]]);
    }
    get events(): number {
      return this.recorded;
    }
    /** Two that are alike here will answer alike for ever. */
    get state(): string {
      const plain = (_: string, value: unknown): unknown =>
        value instanceof Set ? [...value].sort() : value;
      return JSON.stringify([this.model, this.cancelledBy, this.recorded], plain);
    }
    private take({ ask, by }: Wish, outcome: Outcome): void {
      const actor = actorOf(by);
      const { userId } = actor;
      this.model.happened(outcome, actor, 0);
      if (ask === 'cancel' && outcome === 'CALL_NOT_FOUND') this.cancelledBy.add(userId);
      this.recorded += typeof outcome === 'string' ? 0 : outcome.length;
      if (outcome[0] !== 'CallInitiated' || !this.cancelledBy.has(userId)) return;
      this.model.happened(['CallCancelled'], actor, 0);
      this.recorded++;
    }
  }
  const say = (phones: Phone[], callId: string, { ask, by }: Wish): Promise<Told> => {
    const callee = phones[by < 2 ? 2 : 0]!.userId;
    const payload = ask === 'initiate' ? { callId, callee, media: 'video' } : { callId };
    return phones[by]!.say(EVENT_OF[ask], payload);
  };

  it('are answered as a tiny model of the contract would, in some order of what was said at once', async () => {
    const play = async (phones: Phone[], callId: string, steps: Wish[][]): Promise<void> => {
      let possible = [new Expected()];
      for (const step of steps) {
        const told = (await Promise.all(step.map((one) => say(phones, callId, one)))).map(answered);
        possible = possible.flatMap((before) =>
          orders(step.map((one, index) => ({ one, told: told[index]! }))).flatMap((order) => {
            let now = before;
            for (const { one, told: answer } of order) {
              if (foreseen(one.ask, now.outcome(one)) !== answer) return [];
              now = now.then(one);
            }
            return [now];
          }),
        );
        possible = [...new Map(possible.map((one) => [one.state, one])).values()];
        if (possible.length === 0)
          throw new Error(`no order explains ${JSON.stringify(step)}: ${told.join(', ')}`);
      }
      const { body } = await nodes[0]!.http(`/v1/calls/${callId}`, { as: phones[0]!.userId });
      const version = (body.version as number | undefined) ?? 0;
      expect(possible.map(({ events }) => events)).toContain(version);
    };
    /** What is left over must not hold the pair for the next story, also not after one that failed. */
    const clear = (phones: Phone[], callId: string): Promise<unknown> =>
      Promise.all(
        ['call:cancel', 'call:decline', 'call:end'].flatMap((event) =>
          [0, 2].map((by) => phones[by]!.say(event, { callId })),
        ),
      );
    const playThenClear = async (phones: Phone[], steps: Wish[][]): Promise<void> => {
      const callId = randomUUID();
      await play(phones, callId, steps).finally(() => clear(phones, callId));
    };
    await Promise.all(
      stages.map((phones, stage) =>
        fc.assert(
          fc.asyncProperty(stories, (steps) => playThenClear(phones, steps)),
          { numRuns: 120 / STAGES, examples: stage === 0 ? KEPT : [] },
        ),
      ),
    );
  });
});
