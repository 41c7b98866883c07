import { jest } from '@jest/globals';
import type { CommandBus } from '@nestjs/cqrs';
import type { EventStore } from '../../src/event-store/event-store.js';
import { systemClock } from '../../src/clock.js';
import { Log } from '../../src/operations/log.js';
import { JobSweeper } from '../../src/ringing/job-sweeper.js';
import type { Job, Jobs, Look } from '../../src/ringing/jobs.js';
import { until } from '../support/until.js';

const job = (nr: number, epoch = 1, kind: Job['kind'] = 'push'): Job => ({
  key: `${kind} ${nr}`,
  kind,
  payload: { callId: `call ${nr}`, deviceId: 'phone' },
  epoch,
  lateMs: 0,
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
  const log = new Log('silent');
  log.warn = (message, facts) => void said.push({ message, ...facts });
  const sweeper = new JobSweeper(jobs as never, {} as never, bus as never, log, systemClock);
  sweeper.handles({ push: { command: () => ({}) }, 'max-duration': { command: () => ({}) } } as never);
  sweeper.start();
  await until(() => pauses.size === due.length);
  await sweeper.onModuleDestroy();
  return { pauses, said };
}

describe('a job that fails', () => {
  it('comes again after pauses that grow: within the ring, or up to a minute or so', async () => {
    const { pauses } = await failing([
      job(1, 1),
      job(2, 2),
      job(5, 5),
      job(30, 30),
      job(30, 30, 'max-duration'),
    ]);
    const between = (key: string, least: number, most: number): void => {
      expect(pauses.get(key)).toBeGreaterThanOrEqual(least);
      expect(pauses.get(key)).toBeLessThanOrEqual(most);
    };
    between('push 1', 375, 625);
    between('push 2', 750, 1_250);
    between('push 5', 1_500, 2_500);
    between('push 30', 1_500, 2_500);
    between('max-duration 30', 45_000, 75_000);
  });

  it('is logged, and a thousand of its kind that fail beside it are not', async () => {
    const { said } = await failing(Array.from({ length: 1_000 }, (_, nr) => job(nr)));
    const message = 'a job of kind push failed and will be tried again';
    expect(said).toMatchObject([{ message, callId: 'call 0', attempt: 1, unsaid: 0 }]);
  });
});

describe('many jobs that are due at once, as after an outage,', () => {
  /** A PostgreSQL with so many jobs due, and commands that end when the test says so. */
  function given(due: Job[]) {
    const waiting = [...due];
    const running: (() => void)[] = [];
    const asked: Look[] = [];
    const jobs = {
      claimDue: async (look: Look) => {
        asked.push(look);
        const taken = waiting.filter(({ kind }) => !look.except.includes(kind)).slice(0, look.limit);
        for (const one of taken) waiting.splice(waiting.indexOf(one), 1);
        return taken;
      },
      finish: async () => undefined,
    };
    const bus = { execute: () => new Promise<void>((resolve) => running.push(resolve)) };
    const sweeper = new JobSweeper(jobs as never, {} as never, bus as never, new Log('silent'), systemClock);
    const step = { command: () => ({}), endsWithCommand: true };
    sweeper.handles({ push: step, 'ring-timeout': step } as never);
    return { sweeper, waiting, running, asked };
  }

  it('are done a few at a time, until all are done', async () => {
    const { sweeper, waiting, running } = given(
      Array.from({ length: 60 }, (_, nr) => job(nr, 1, 'ring-timeout')),
    );
    sweeper.start();
    await until(() => running.length === 8);
    let most = 0;
    for (let done = 0; done < 60;) {
      await until(() => running.length > 0);
      most = Math.max(most, running.length);
      running.shift()!();
      done++;
    }
    expect([waiting.length, most]).toEqual([0, 8]);
    await sweeper.onModuleDestroy();
  });

  it('keep no push waiting, and pushes keep no timer waiting', async () => {
    const { sweeper, waiting, running } = given([
      ...Array.from({ length: 20 }, (_, nr) => job(nr, 1, 'ring-timeout')),
      ...Array.from({ length: 20 }, (_, nr) => job(nr, 1, 'push')),
    ]);
    sweeper.start();
    await until(() => running.length === 28);
    expect(waiting.map(({ kind }) => kind)).toEqual(waiting.map(() => 'ring-timeout'));
    await sweeper.onModuleDestroy();
  });
});

describe('the sweeper of a node', () => {
  /** A sweeper, and how often it has looked for due jobs. */
  function given() {
    let looks = 0;
    const jobs = { claimDue: async () => (looks++, []) } as unknown as Jobs;
    const sweeper = new JobSweeper(jobs, {} as EventStore, {} as CommandBus, new Log('silent'), systemClock);
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
