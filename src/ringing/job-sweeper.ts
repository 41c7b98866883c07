import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { CommandBus, type ICommand } from '@nestjs/cqrs';
import { EventStore } from '../event-store/event-store.js';
import { Log } from '../operations/log.js';
import { type Job, type JobKind, Jobs } from './jobs.js';

const POLL_MS = 400;
const TICK_MS = 20;
/** Further off, the regular look is good enough. */
const LONGEST_ALARM_MS = 600_000;
const BATCH = 50;
const CLEAN_MS = 60_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 60_000;
/** How often one kind of job may complain. */
const QUIET_MS = 10_000;

export interface JobStep {
  command: (job: Job) => ICommand;
  /** The job is over when its command is; the others end theirs in the append that records what they did. */
  endsWithCommand?: true;
}

/**
 * Finds jobs that are due and belong to nobody: timers, and what a dead node left undone. It looks regularly, and at
 * the moment this node knows something to be due.
 */
@Injectable()
export class JobSweeper implements OnModuleDestroy {
  private steps: Partial<Record<JobKind, JobStep>> = {};
  private cleaning: NodeJS.Timeout | null = null;
  private nextPoll: NodeJS.Timeout | null = null;
  /** By their moments, on the clock of `performance`. */
  private readonly alarms = new Map<number, NodeJS.Timeout>();
  private sweeping: Promise<void> | null = null;
  private running = false;
  private readonly complaints = new Map<JobKind, { at: number; unsaid: number }>();

  constructor(
    private readonly jobs: Jobs,
    private readonly store: EventStore,
    private readonly bus: CommandBus,
    private readonly log: Log,
  ) {}

  /** What each kind of job stands for. Told by the saga: the commands themselves know the sweeper. */
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

  /** Something will be due in so many milliseconds. Moments are rounded up, so that many calls share a look. */
  nudge(inMs: number): void {
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
        this.log.warn('due jobs could not be read', { error });
        return false;
      })
      .then((more) => {
        this.sweeping = null;
        if (!this.running) return;
        if (more) this.nudge(0);
        else this.nextPoll = setTimeout(() => this.look(), POLL_MS * (0.75 + Math.random() / 2));
      });
  }

  private async sweep(): Promise<boolean> {
    const due = await this.jobs.claimDue(BATCH);
    // Not awaited: a slow push must not keep timers waiting. Each has its lease.
    for (const job of due) void this.run(job);
    return due.length === BATCH;
  }

  private async run(job: Job): Promise<void> {
    const step = this.steps[job.kind];
    try {
      if (!step) throw new Error(`nobody handles jobs of kind ${job.kind}`);
      await this.bus.execute(step.command(job));
      if (step.endsWithCommand) await this.jobs.finish(job);
    } catch (error) {
      this.complain(job, error);
      const pause = pauseAfter(job.epoch);
      // Where not even this can be written down, the lease runs out.
      await this.jobs.postpone(job, pause).then(
        () => this.nudge(pause),
        () => undefined,
      );
    }
  }

  /** What fails once may fail a thousand times in a minute; a log that is full of it shows nothing else. */
  private complain({ kind, epoch, payload }: Job, error: unknown): void {
    const last = this.complaints.get(kind) ?? { at: -Infinity, unsaid: 0 };
    const quiet = performance.now() - last.at < QUIET_MS;
    this.complaints.set(
      kind,
      quiet ? { ...last, unsaid: last.unsaid + 1 } : { at: performance.now(), unsaid: 0 },
    );
    if (quiet) return;
    const facts = { kind, callId: payload.callId, attempt: epoch, unsaid: last.unsaid, error };
    this.log.warn('a job failed and will be tried again', facts);
  }
}

/** Doubles with every attempt, ± 25 %, so that what failed together does not come back together. */
const pauseAfter = (attempt: number): number =>
  Math.min(FIRST_PAUSE_MS * 2 ** (attempt - 1), LONGEST_PAUSE_MS) * (0.75 + Math.random() / 2);
