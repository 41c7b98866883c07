import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { CommandBus, type ICommand } from '@nestjs/cqrs';
import { CLOCK, type Clock } from '../time/clock.js';
import type { RecordedJob } from '../event-store/event.js';
import { EventStore } from '../event-store/event-store.js';
import { Log } from '../log/log.js';
import type { JobKind } from './domain/jobs.js';
import { type Job, Jobs } from './jobs.js';

const POLL_MS = 400;
const TICK_MS = 20;
/** Further off, the regular look is good enough. */
const LONGEST_ALARM_MS = 600_000;
const BATCH = 50;
const CLEAN_MS = 60_000;
const FIRST_PAUSE_MS = 500;
/** A step towards a ring is tried again while it may still ring; others may wait longer. */
const LONGEST_PAUSE_MS = { ringing: 2_000, other: 60_000 };
/**
 * Jobs in hand at once. Those that only ask PostgreSQL are few, so that what was due during an outage leaves room for fresh
 * commands when it comes back all together; those that wait for Apple or Google may be more.
 */
const MOST_IN_HAND = { database: 8, provider: 256 };
const FOR_PROVIDERS: ReadonlySet<JobKind> = new Set(['push', 'call-over']);
/**
 * A thorough look begins at the oldest job there is and finds what a dead node has left, past the dead entries that a held
 * snapshot keeps in the index. It takes at most a tenth of the time; the looks between begin where it ended.
 */
const THOROUGH_MS = 1_000;
const THOROUGH_SHARE = 10;
/** Longer than an append may take from its due moment to its commit. */
const MARGIN_MS = 5_000;

export interface JobStep {
  /** @param recorded what the append of this node has handed back; null for a job that was found due */
  command: (job: Job, recorded: RecordedJob | null) => ICommand;
  /** The job is over when its command is; the others end theirs in the append that records what they did. */
  endsWithCommand?: true;
}

/**
 * Starts jobs when they are due. A job is recorded, and then leased to the node that recorded it and started there at once
 * (by the saga); or free, and started by the node that finds it due; or claimed by one whose lease has run out, because the
 * node that had it died or was held up; or postponed, and free again after a pause. It is over when it is deleted, by the
 * append that records what came of it or by {@link Jobs.finish}. The runner looks regularly, and at the moment this node
 * knows something to be due.
 */
@Injectable()
export class JobRunner implements OnModuleDestroy {
  private steps: Partial<Record<JobKind, JobStep>> = {};
  private cleaning: NodeJS.Timeout | null = null;
  private nextPoll: NodeJS.Timeout | null = null;
  /** By their moments, on the clock of `performance`. */
  private readonly alarms = new Map<number, NodeJS.Timeout>();
  private sweeping: Promise<void> | null = null;
  private running = false;
  private readonly inHand = { database: 0, provider: 0 };
  /** There were more jobs due than could be taken in hand. */
  private backlog = false;
  /** Jobs that were due before this moment have been looked at; milliseconds since the epoch. */
  private lookedUpTo: number | null = null;
  /** When the next thorough look may be, on the clock of `performance`. */
  private thoroughAt = 0;
  private late = 0;

  constructor(
    private readonly jobs: Jobs,
    private readonly store: EventStore,
    private readonly bus: CommandBus,
    private readonly log: Log,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** How late the jobs of the last look were, in milliseconds: grows while there are more than can be done. */
  get lagMs(): number {
    return this.late;
  }

  /** What each kind of job stands for. Told by the saga: the commands themselves know the runner. */
  handles(steps: Record<JobKind, JobStep>): void {
    this.steps = steps;
  }

  /** From now on: a node takes jobs once it listens, and pushes can say where. */
  start(): void {
    this.running = true;
    this.cleaning = setInterval(() => {
      this.store
        .forgetExpiredClaims()
        .catch((error: unknown) => this.log.warn('expired claims could not be removed', { error }));
    }, CLEAN_MS);
    this.nudge(0);
  }

  async onModuleDestroy(): Promise<void> {
    this.running = false;
    if (this.cleaning) clearInterval(this.cleaning);
    if (this.nextPoll) clearTimeout(this.nextPoll);
    for (const alarm of this.alarms.values()) clearTimeout(alarm);
    await this.sweeping;
  }

  /** This node has recorded jobs: what is due later is looked for at its time. */
  arm(jobs: readonly RecordedJob[]): void {
    for (const { dueInMs, leaseMs } of jobs) if (leaseMs === null) this.nudge(dueInMs);
  }

  /** Not now, but after a pause, whoever is there then. */
  async postpone(job: Pick<Job, 'key' | 'epoch'>, afterMs: number): Promise<void> {
    await this.jobs.postpone(job, afterMs);
    this.nudge(afterMs);
  }

  /** Something will be due in so many milliseconds. Moments are rounded up, so that many calls share a look. */
  private nudge(inMs: number): void {
    if (!this.running || inMs > LONGEST_ALARM_MS) return;
    const at = Math.ceil((performance.now() + Math.max(0, inMs)) / TICK_MS) * TICK_MS;
    if (this.alarms.has(at)) return;
    const look = (): void => {
      this.alarms.delete(at);
      this.look();
    };
    // Timers may fire a fraction of a millisecond early, and what is not due yet is not found.
    this.alarms.set(at, setTimeout(look, Math.ceil(Math.max(0, at - performance.now())) + 1).unref());
  }

  private look(): void {
    if (!this.running) return;
    if (this.sweeping) return this.nudge(TICK_MS);
    if (this.nextPoll) clearTimeout(this.nextPoll);
    this.sweeping = this.sweep()
      .catch((error: unknown) => {
        this.log.warnRarely('due jobs could not be read', { error });
        return false;
      })
      .then((more) => {
        this.sweeping = null;
        if (!this.running) return;
        if (more) this.nudge(0);
        else this.nextPoll = setTimeout(() => this.look(), POLL_MS * (0.75 + Math.random() / 2));
      });
  }

  /** @returns whether there may be more that can be taken in hand right away */
  private async sweep(): Promise<boolean> {
    const free = {
      database: MOST_IN_HAND.database - this.inHand.database,
      provider: MOST_IN_HAND.provider - this.inHand.provider,
    };
    this.backlog = free.database <= 0 || free.provider <= 0;
    if (free.database <= 0 && free.provider <= 0) return false;
    const except = KINDS.filter((kind) => free[laneOf(kind)] <= 0);
    const limit = Math.min(BATCH, ...Object.values(free).filter((places) => places > 0));
    const beganAt = performance.now();
    const thorough = this.lookedUpTo === null || beganAt >= this.thoroughAt;
    const upTo = this.clock.now() - MARGIN_MS;
    const due = await this.jobs.claimDue({ limit, after: thorough ? null : this.lookedUpTo, except });
    const more = due.length === limit;
    if (thorough)
      this.thoroughAt = beganAt + Math.max(THOROUGH_MS, THOROUGH_SHARE * (performance.now() - beganAt));
    if (thorough && !more && except.length === 0) this.lookedUpTo = upTo;
    this.late = due.reduce((latest, { lateMs }) => Math.max(latest, lateMs), 0);
    // Not awaited: a slow push must not keep timers waiting. Each has its lease.
    for (const job of due) void this.take(job);
    this.backlog ||= more;
    return more && free.database > due.length;
  }

  private async take(job: Job): Promise<void> {
    const lane = laneOf(job.kind);
    this.inHand[lane]++;
    await this.run(job);
    this.inHand[lane]--;
    if (this.backlog) this.nudge(0);
  }

  private async run(job: Job): Promise<void> {
    const step = this.steps[job.kind];
    try {
      if (!step) throw new Error(`nobody handles jobs of kind ${job.kind}`);
      await this.bus.execute(step.command(job, null));
      if (step.endsWithCommand) await this.jobs.finish(job);
    } catch (error) {
      const { kind, epoch, payload } = job;
      const facts = { callId: payload.callId, attempt: epoch, error };
      this.log.warnRarely(`a job of kind ${kind} failed and will be tried again`, facts);
      // Where not even this can be written down, the lease runs out.
      await this.postpone(job, pauseAfter(job)).catch(() => undefined);
    }
  }
}

const KINDS: readonly JobKind[] = ['wake', 'ring-timeout', 'max-duration', 'push', 'hedge', 'call-over'];
const laneOf = (kind: JobKind): 'database' | 'provider' =>
  FOR_PROVIDERS.has(kind) ? 'provider' : 'database';

/** Doubles with every attempt, ± 25 %, so that what failed together does not come back together. */
function pauseAfter({ kind, epoch }: Job): number {
  const longest = kind === 'max-duration' ? LONGEST_PAUSE_MS.other : LONGEST_PAUSE_MS.ringing;
  return Math.min(FIRST_PAUSE_MS * 2 ** (epoch - 1), longest) * (0.75 + Math.random() / 2);
}
