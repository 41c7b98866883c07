import { jest } from '@jest/globals';
import type { CommandBus } from '@nestjs/cqrs';
import type { RecordedJob } from '../../src/event-store/event.js';
import type { EventStore } from '../../src/event-store/event-store.js';
import { systemClock } from '../../src/time/clock.js';
import { Log } from '../../src/log/log.js';
import { JobRunner } from '../../src/ringing/job-runner.js';
import type { Job, Jobs, Look } from '../../src/ringing/jobs.js';
import { until } from '../support/until.js';

const job = (nr: number, epoch = 1, kind: Job['kind'] = 'push'): Job => ({
  key: `${kind} ${nr}`,
  kind,
  payload: { callId: `call ${nr}`, deviceId: 'phone' },
  epoch,
  lateMs: 0,
});

/** A runner that finds these jobs due at its first look, and whose commands all fail. */
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
  const runner = new JobRunner(jobs as never, {} as never, bus as never, log, systemClock);
  runner.handles({ push: { command: () => ({}) }, 'max-duration': { command: () => ({}) } } as never);
  runner.start();
  await until(() => pauses.size === due.length);
  await runner.onModuleDestroy();
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
    const runner = new JobRunner(jobs as never, {} as never, bus as never, new Log('silent'), systemClock);
    const step = { command: () => ({}), endsWithCommand: true };
    runner.handles({ push: step, 'ring-timeout': step } as never);
    return { runner, waiting, running, asked };
  }

  it('are done a few at a time, until all are done', async () => {
    const { runner, waiting, running } = given(
      Array.from({ length: 60 }, (_, nr) => job(nr, 1, 'ring-timeout')),
    );
    runner.start();
    await until(() => running.length === 8);
    let most = 0;
    for (let done = 0; done < 60;) {
      await until(() => running.length > 0);
      most = Math.max(most, running.length);
      running.shift()!();
      done++;
    }
    expect([waiting.length, most]).toEqual([0, 8]);
    await runner.onModuleDestroy();
  });

  it('keep no push waiting, and pushes keep no timer waiting', async () => {
    const { runner, waiting, running } = given([
      ...Array.from({ length: 20 }, (_, nr) => job(nr, 1, 'ring-timeout')),
      ...Array.from({ length: 20 }, (_, nr) => job(nr, 1, 'push')),
    ]);
    runner.start();
    await until(() => running.length === 28);
    expect(waiting.map(({ kind }) => kind)).toEqual(waiting.map(() => 'ring-timeout'));
    await runner.onModuleDestroy();
  });
});

describe('the runner of a node', () => {
  /** A runner, and how often it has looked for due jobs. */
  function given() {
    let looks = 0;
    const jobs = { claimDue: async () => (looks++, []) } as unknown as Jobs;
    const runner = new JobRunner(jobs, {} as EventStore, {} as CommandBus, new Log('silent'), systemClock);
    return { runner, looks: () => looks };
  }
  const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

  const later = (dueInMs: number, leaseMs: number | null = null): RecordedJob => ({
    key: `job in ${dueInMs}`,
    kind: 'push',
    payload: {},
    dueInMs,
    leaseMs,
    grantedAt: 0,
  });

  it('takes no job before the node listens, whatever it is told', async () => {
    const { runner, looks } = given();
    // All that Nest calls while it starts.
    (runner as { onModuleInit?(): void }).onModuleInit?.();
    (runner as { onApplicationBootstrap?(): void }).onApplicationBootstrap?.();
    runner.arm([later(0)]);
    await pause(100);
    expect(looks()).toBe(0);
    await runner.onModuleDestroy();
  });

  it('looks at every moment it was told of, also when it is told of an earlier one afterwards', async () => {
    jest.useFakeTimers();
    try {
      const { runner, looks } = given();
      runner.start();
      await jest.advanceTimersByTimeAsync(25);
      expect(looks()).toBe(1);
      for (const inMs of [105, 65, 25, 145]) runner.arm([later(inMs)]);
      for (let seen = 2; seen <= 5; seen++) {
        await jest.advanceTimersByTimeAsync(seen === 2 ? 50 : 40);
        expect(looks()).toBe(seen);
      }
      await runner.onModuleDestroy();
      expect(jest.getTimerCount()).toBe(0);
    } finally {
      jest.useRealTimers();
    }
  });

  it('does not look for what it has leased to itself', async () => {
    jest.useFakeTimers();
    try {
      const { runner, looks } = given();
      runner.start();
      await jest.advanceTimersByTimeAsync(25);
      runner.arm([later(0, 3_000)]);
      await jest.advanceTimersByTimeAsync(100);
      expect(looks()).toBe(1);
      await runner.onModuleDestroy();
    } finally {
      jest.useRealTimers();
    }
  });

  it('looks at once when it may, and not any more when the node stops', async () => {
    const { runner, looks } = given();
    runner.start();
    await until(() => looks() === 1);
    await runner.onModuleDestroy();
    runner.arm([later(0)]);
    await pause(100);
    expect(looks()).toBe(1);
  });
});
