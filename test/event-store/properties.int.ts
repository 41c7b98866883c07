import fc from 'fast-check';
import { type Append, type AppendResult } from '../../src/event-store/event.js';
import type { EventStore } from '../../src/event-store/event-store.js';
import { appendTo, appendToNew, ended, givenStore, happened, newStream } from './given-store.js';

const given = givenStore();
const nodes: EventStore[] = [];
beforeAll(() => void nodes.push(given.store, given.node({ concurrency: 1 }), given.node({ concurrency: 4 })));

const versions = async (streamId: string): Promise<number[]> =>
  (await given.stream(streamId)).map((line) => Number(line.split(' ')[0]));
const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

describe('racers on one stream', () => {
  it('find exactly one winner per version and leave no hole', async () => {
    const racers = fc.array(fc.record({ node: fc.nat(2), events: fc.integer({ min: 1, max: 3 }) }), {
      minLength: 2,
      maxLength: 12,
    });
    await fc.assert(
      fc.asyncProperty(fc.array(racers, { minLength: 1, maxLength: 5 }), async (rounds) => {
        const streamId = newStream();
        let length = 0;
        for (const round of rounds) {
          const sent = round.map(({ node, events }) =>
            nodes[node]!.append(
              appendTo(streamId, length, { events: Array(events).fill(happened) as (typeof happened)[] }),
            ),
          );
          const results = await Promise.all(sent);
          const winners = round.filter((_, index) => results[index]!.status === 'appended');
          expect(winners).toHaveLength(1);
          expect(new Set(results.map(({ status }) => status))).toEqual(new Set(['appended', 'conflict']));
          length += winners[0]!.events;
        }
        expect(await versions(streamId)).toEqual(upTo(length));
      }),
      { numRuns: 40 },
    );
  });

  it('all come through when they read and try again', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 2, max: 8 }),
        fc.integer({ min: 1, max: 5 }),
        async (racers, each) => {
          const streamId = newStream();
          const race = async (node: EventStore): Promise<void> => {
            for (let won = 0; won < each;) {
              const { length } = await node.read(streamId);
              if ((await node.append(appendTo(streamId, length))).status === 'appended') won++;
            }
          };
          await Promise.all(upTo(racers).map((racer) => race(nodes[racer % nodes.length]!)));
          expect(await versions(streamId)).toEqual(upTo(racers * each));
        },
      ),
      { numRuns: 15 },
    );
  });
});

type Kind = 'new' | 'next' | 'stale' | 'gap' | 'repeated' | 'held' | 'poison';

/** An append to a stream of its own, and how it must end. */
async function prepared(
  kind: Kind,
  events: number,
  heldKey: string,
): Promise<{ append: Append; ends: string; leaves: number }> {
  const begun = appendToNew({ events: [happened, happened] });
  if (kind !== 'new') await given.store.append(begun);
  const more = { events: Array(events).fill(ended) as (typeof ended)[] };
  const { streamId, commandId } = begun;
  switch (kind) {
    case 'new':
      return { append: appendTo(streamId, 0, more), ends: 'appended', leaves: events };
    case 'next':
      return { append: appendTo(streamId, 2, more), ends: 'appended', leaves: 2 + events };
    case 'stale':
      return { append: appendTo(streamId, 1, more), ends: 'conflict', leaves: 2 };
    case 'gap':
      return { append: appendTo(streamId, 3, more), ends: 'conflict', leaves: 2 };
    case 'repeated':
      return { append: appendTo(streamId, 2, { ...more, commandId }), ends: 'duplicate', leaves: 2 };
    case 'held':
      return {
        append: appendTo(streamId, 2, { ...more, claims: [{ key: heldKey, owner: null, kept: true }] }),
        ends: 'held',
        leaves: 2,
      };
    case 'poison':
      return {
        append: appendTo(streamId, 2, {
          events: [...more.events, { type: 'Poison', data: { text: '\u0000' } }],
        }),
        ends: 'failed',
        leaves: 2,
      };
  }
}

describe('a batch of anything', () => {
  it('leaves the innocent intact and the guilty without a trace', async () => {
    const heldKey = newStream();
    await given.store.append(appendToNew({ claims: [{ key: heldKey, owner: null, kept: true }] }));
    const kind = fc.constantFrom<Kind[]>(
      'new',
      'new',
      'next',
      'next',
      'stale',
      'gap',
      'repeated',
      'held',
      'poison',
    );
    const batch = fc.array(fc.record({ kind, events: fc.integer({ min: 1, max: 4 }), node: fc.nat(2) }), {
      minLength: 1,
      maxLength: 30,
    });
    await fc.assert(
      fc.asyncProperty(batch, async (wanted) => {
        const all = await Promise.all(wanted.map(({ kind, events }) => prepared(kind, events, heldKey)));
        const sent = all.map(({ append }, index) => nodes[wanted[index]!.node]!.append(append));
        const results = await Promise.allSettled<AppendResult>(sent);
        const ends = results.map((result) =>
          result.status === 'fulfilled' ? result.value.status : 'failed',
        );
        expect(ends).toEqual(all.map(({ ends }) => ends));
        for (const { append, leaves } of all) expect(await versions(append.streamId)).toEqual(upTo(leaves));
      }),
      { numRuns: 40 },
    );
  });
});
