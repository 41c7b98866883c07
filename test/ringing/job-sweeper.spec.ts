import { jest } from '@jest/globals';
import type { CommandBus } from '@nestjs/cqrs';
import type { EventStore } from '../../src/event-store/event-store.js';
import { Log } from '../../src/operations/log.js';
import { JobSweeper } from '../../src/ringing/job-sweeper.js';
import type { Job, Jobs } from '../../src/ringing/jobs.js';
import { until } from '../support/until.js';

const job = (nr: number, epoch = 1): Job => ({
  ...{ key: `push ${nr}`, kind: 'push', payload: { callId: `call ${nr}`, deviceId: 'phone' }, epoch },
});

/** A sweeper that finds these jobs due at its first look, and whose commands all fail. */
async function failing(due: Job[]) {
  const pauses = new Map<string, number>();
  const said: Record<string, unknown>[] = [];
  const looks = [due];
  const jobs = {
    claimDue: async () => looks.shift() ?? [],
    postpone: async ({ key }: Job, afterMs: number) => void pauses.set(key, afterMs),
  };
  const bus = { execute: () => Promise.reject(new Error('the wake changed 8 times')) };
  const log = { warn: (_: string, facts: Record<string, unknown>) => void said.push(facts) };
  const sweeper = new JobSweeper(jobs as never, {} as never, bus as never, log as never);
  sweeper.handles({ push: { command: () => ({}) } } as never);
  sweeper.start();
  await until(() => pauses.size === due.length);
  await sweeper.onModuleDestroy();
  return { pauses, said };
}

describe('a job that fails', () => {
  it('comes again after a pause that grows with every attempt, up to a minute or so', async () => {
    const { pauses } = await failing([job(1, 1), job(2, 2), job(5, 5), job(30, 30)]);
    const between = (key: string, least: number, most: number): void => {
      expect(pauses.get(key)).toBeGreaterThanOrEqual(least);
      expect(pauses.get(key)).toBeLessThanOrEqual(most);
    };
    between('push 1', 375, 625);
    between('push 2', 750, 1_250);
    between('push 5', 6_000, 10_000);
    between('push 30', 45_000, 75_000);
  });

  it('is logged, and a thousand of its kind that fail beside it are not', async () => {
    const { said } = await failing(Array.from({ length: 1_000 }, (_, nr) => job(nr)));
    expect(said).toMatchObject([{ kind: 'push', callId: 'call 0', attempt: 1, unsaid: 0 }]);
  });
});

describe('the sweeper of a node', () => {
  /** A sweeper, and how often it has looked for due jobs. */
  function given() {
    let looks = 0;
    const jobs = { claimDue: async () => (looks++, []) } as unknown as Jobs;
    const sweeper = new JobSweeper(jobs, {} as EventStore, {} as CommandBus, new Log('silent'));
    return { sweeper, looks: () => looks };
  }
  const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

  it('takes no job before the node listens, whatever it is told', async () => {
    const { sweeper, looks } = given();
    // All that Nest calls while it starts.
    (sweeper as { onModuleInit?(): void }).onModuleInit?.();
    (sweeper as { onApplicationBootstrap?(): void }).onApplicationBootstrap?.();
    sweeper.nudge(0);
    await pause(100);
    expect(looks()).toBe(0);
    await sweeper.onModuleDestroy();
  });

  it('looks at every moment it was told of, also when it is told of an earlier one afterwards', async () => {
    jest.useFakeTimers();
    try {
      const { sweeper, looks } = given();
      sweeper.start();
      await jest.advanceTimersByTimeAsync(25);
      expect(looks()).toBe(1);
      for (const inMs of [105, 65, 25, 145]) sweeper.nudge(inMs);
      for (let seen = 2; seen <= 5; seen++) {
        await jest.advanceTimersByTimeAsync(seen === 2 ? 50 : 40);
        expect(looks()).toBe(seen);
      }
      await sweeper.onModuleDestroy();
      expect(jest.getTimerCount()).toBe(0);
    } finally {
      jest.useRealTimers();
    }
  });

  it('looks at once when it may, and not any more when the node stops', async () => {
    const { sweeper, looks } = given();
    sweeper.start();
    await until(() => looks() === 1);
    await sweeper.onModuleDestroy();
    sweeper.nudge(0);
    await pause(100);
    expect(looks()).toBe(1);
  });
});
