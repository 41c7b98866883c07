import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { EventBus } from '@nestjs/cqrs';
import { BoundedMap } from '../concurrency/bounded-map.js';
import { KeyedQueue } from '../concurrency/keyed-queue.js';
import type { Decision } from '../event-store/event.js';
import { EventStore } from '../event-store/event-store.js';
import { JobsRecorded } from '../event-store/jobs-recorded.js';
import { untilRecorded } from '../event-store/until-recorded.js';
import { type Wake, type WakeEvent, evolveAll, noWake } from './domain/wake.js';
import { WakeProgressed } from './wake-progressed.js';

/** Wakes that a node remembers, weighed by their devices: each takes about 300 bytes. */
const REMEMBERED = { entries: 20_000, weight: 20_000 };
const NOTHING: readonly WakeEvent[] = [];

export interface WakeChange {
  wake: Wake;
  /** What was recorded; none when there was nothing to record. */
  events: readonly WakeEvent[];
}

/** How the callees of calls are being reached: loads a wake, asks a decide function what happens next, and records the answer. */
@Injectable()
export class Wakes {
  private readonly remembered = new BoundedMap<Wake>(
    REMEMBERED,
    ({ devices }) => 1 + Object.keys(devices).length,
  );
  private readonly turns = new KeyedQueue();

  constructor(
    private readonly store: EventStore,
    private readonly bus: EventBus,
  ) {}

  /** As this node remembers it, which may be old when other nodes take part; undefined when it does not. */
  known(callId: string): Wake | undefined {
    return this.remembered.get(callId);
  }

  /** As this node remembers it; read when it does not. */
  async recall(callId: string): Promise<Wake> {
    return this.known(callId) ?? this.load(callId);
  }

  /** Read now. */
  async load(callId: string): Promise<Wake> {
    const wake = evolveAll(noWake, await this.store.read<WakeEvent>(`wake-${callId}`));
    this.remember(callId, wake);
    return wake;
  }

  /** This node has just recorded the call: nobody can have begun to reach its callee. */
  begun(callId: string): void {
    if (!this.known(callId)) this.remember(callId, noWake);
  }

  /** The steps of one call are decided one after the other on a node; again when another node was faster. */
  change(callId: string, decide: (wake: Wake) => Decision<WakeEvent>): Promise<WakeChange> {
    return this.turns.run(callId, () => {
      const commandId = randomUUID();
      return untilRecorded<Wake, WakeChange>(`the wake of call ${callId}`, {
        known: this.known(callId),
        load: () => this.load(callId),
        attempt: (wake) => this.attempt(callId, wake, decide(wake), commandId),
      });
    });
  }

  private async attempt(
    callId: string,
    wake: Wake,
    decision: Decision<WakeEvent>,
    commandId: string,
  ): Promise<WakeChange | null> {
    const { events, jobs, cancelJobs } = decision;
    if (events.length === 0 && !jobs?.length && !cancelJobs?.length) return { wake, events };
    const streamId = `wake-${callId}`;
    const result = await this.store.append({
      streamId,
      expectedVersion: wake.version,
      events,
      jobs,
      cancelJobs,
      actor: null,
      commandId,
    });
    if (result.status === 'duplicate') return { wake: await this.load(callId), events: NOTHING };
    if (result.status !== 'appended') return null;
    const now = evolveAll(wake, events);
    this.remember(callId, now);
    if (events.length > 0) this.bus.publish(new WakeProgressed(callId, events));
    this.bus.publish(new JobsRecorded(result.jobs));
    return { wake: now, events };
  }

  private remember(callId: string, wake: Wake): void {
    // What was read may be older than what was recorded while it was under way.
    const version = this.remembered.get(callId)?.version ?? 0;
    if (version <= wake.version) this.remembered.set(callId, wake);
  }
}
