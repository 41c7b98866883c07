import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { EventBus } from '@nestjs/cqrs';
import type { NewJob } from '../event-store/event.js';
import { EventStore } from '../event-store/event-store.js';
import { type Wake, type WakeEvent, evolveAll, noWake } from './wake-events.js';
import { WakeProgressed } from './wake-progressed.js';

const ATTEMPTS = 8;
/** Of all remembered wakes together, each counted as one more; a device is about 300 bytes. */
const REMEMBERED_DEVICES = 20_000;

export interface WakeDecision {
  events: readonly WakeEvent[];
  jobs?: readonly NewJob[];
  cancelJobs?: readonly string[];
}

/** Records what happens while a call's callee is being reached; the jobs that follow are part of the same append. */
@Injectable()
export class WakeLog {
  private readonly remembered = new Map<string, Wake>();
  private weight = 0;
  private readonly turns = new Map<string, Promise<unknown>>();

  constructor(
    private readonly store: EventStore,
    private readonly bus: EventBus,
  ) {}

  /** What is known of reaching the callee of a call; may be old when other nodes take part. */
  async recall(callId: string): Promise<Wake> {
    return this.remembered.get(callId) ?? this.load(callId);
  }

  /** As this node remembers it; undefined when it does not. */
  known(callId: string): Wake | undefined {
    return this.remembered.get(callId);
  }

  /** This node has just recorded the call, so nobody has been woken for it yet: its wake need not be read to be known. */
  begin(callId: string): void {
    this.remember(callId, noWake);
  }

  /** Read now. */
  async load(callId: string): Promise<Wake> {
    const wake = evolveAll(noWake, await this.store.read<WakeEvent>(`wake-${callId}`));
    this.remember(callId, wake);
    return wake;
  }

  /** Decides on the current state and records it, one after the other per call; again when another node was faster. */
  record(callId: string, decide: (wake: Wake) => WakeDecision): Promise<Wake> {
    const before = this.turns.get(callId) ?? Promise.resolve();
    const run = (): Promise<Wake> => this.decideAndAppend(callId, decide);
    const turn = before.then(run, run);
    this.turns.set(callId, turn);
    const done = (): void => {
      if (this.turns.get(callId) === turn) this.turns.delete(callId);
    };
    turn.then(done, done);
    return turn;
  }

  private async decideAndAppend(callId: string, decide: (wake: Wake) => WakeDecision): Promise<Wake> {
    const commandId = randomUUID();
    let wake = await this.recall(callId);
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const { events, jobs, cancelJobs } = decide(wake);
      if (events.length === 0 && !jobs?.length && !cancelJobs?.length) return wake;
      const streamId = `wake-${callId}`;
      const append = {
        streamId,
        expectedVersion: wake.version,
        events,
        actor: null,
        commandId,
        jobs,
        cancelJobs,
      };
      const result = await this.store.append(append);
      if (result.status === 'appended' || result.status === 'duplicate') {
        const now = result.status === 'appended' ? evolveAll(wake, events) : await this.load(callId);
        this.remember(callId, now);
        if (events.length > 0) this.bus.publish(new WakeProgressed(callId, events));
        return now;
      }
      wake = await this.load(callId);
    }
    throw new Error(`the wake of call ${callId} changed ${ATTEMPTS} times while one step was decided`);
  }

  private remember(callId: string, wake: Wake): void {
    // What was read may be older than what was recorded while it was under way.
    if ((this.remembered.get(callId)?.version ?? 0) > wake.version) return;
    this.forget(callId);
    this.remembered.set(callId, wake);
    this.weight += weightOf(wake);
    for (const oldest of this.remembered.keys()) {
      if (this.weight <= REMEMBERED_DEVICES) return;
      this.forget(oldest);
    }
  }

  private forget(callId: string): void {
    const wake = this.remembered.get(callId);
    if (wake && this.remembered.delete(callId)) this.weight -= weightOf(wake);
  }
}

const weightOf = ({ devices }: Wake): number => 1 + Object.keys(devices).length;
