import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { EventBus } from '@nestjs/cqrs';
import { KeyedQueue } from '../concurrency/keyed-queue.js';
import { BoundedMap } from '../concurrency/bounded-map.js';
import { type Claim, type EventActor, type StoredEvent, StoreUnavailable } from '../event-store/event.js';
import { EventStore } from '../event-store/event-store.js';
import { JobsRecorded } from '../event-store/jobs-recorded.js';
import { untilRecorded } from '../event-store/until-recorded.js';
import { CallChanged } from './call-changed.js';
import { aliasClaim, aliasContent, aliasKey, earlyCancelClaim, released } from './claims.js';
import {
  type Call,
  type CallEvent,
  type ExistingCall,
  callOf,
  evolve,
  isParticipant,
  isUnanswered,
  noCall,
} from './domain/call.js';
import { CallRefused } from './domain/refusal.js';
import { LiveCalls } from './live-calls.js';

/** Calls a node remembers, and the bytes they may hold: metadata of 2,048 bytes of JSON takes up to 20 times that in memory. */
const REMEMBERED = { entries: 10_000, weight: 64 * 1_048_576 };
/** A command that has waited so long for its turn has been answered `UNAVAILABLE` by then. */
const LONGEST_WAIT_MS = 1_900;

/** What a command did: the call afterwards, and the events it recorded (none when its aim already held). */
export interface Change {
  call: ExistingCall;
  events: readonly CallEvent[];
}

export type Attempt =
  { status: 'done'; change: Change } | { status: 'conflict' } | { status: 'held'; key: string; by: string };

const streamOf = (callId: string): string => `call-${callId}`;
const callIdOf = (streamId: string): string => streamId.slice('call-'.length);

/** Loads a call, asks a decide function what happens next, and records the answer; again when somebody was faster. */
@Injectable()
export class Calls {
  /** Calls as this node last saw them. Never trusted to refuse: only an append that succeeds proves them current. */
  private readonly remembered = new BoundedMap<ExistingCall>(REMEMBERED, weightOf);
  private readonly turns = new KeyedQueue();

  constructor(
    private readonly store: EventStore,
    private readonly bus: EventBus,
    private readonly live: LiveCalls,
  ) {}

  /** The call under any of its names, read now; `state: 'none'` when there is none. */
  async load(callId: string): Promise<Call> {
    const call = callOf(await this.store.readHolder<CallEvent>(aliasKey(callId), streamOf(callId)));
    if (call.state !== 'none') this.remember(call);
    return call;
  }

  /** The call as this node last saw it, which may be old; undefined when it has not, or has forgotten. */
  known(callId: string): ExistingCall | undefined {
    return this.remembered.get(callId);
  }

  /** The call as this node last saw it, which may be old; read when this node has not seen it. */
  async recall(callId: string): Promise<Call> {
    return this.known(callId) ?? this.load(callId);
  }

  /** Whether the call rings, by what this node last saw or heard of it (other nodes: within 250 ms); true when it knows nothing. */
  mayRing(callId: string): boolean {
    const known = this.remembered.get(callId);
    return known === undefined || isUnanswered(known);
  }

  /**
   * Commands on one call take turns on a node: fifty devices that ring at the same instant do not make each other lose.
   * @param by who wants it
   * @throws CallRefused when the rules say no
   * @throws StoreUnavailable when PostgreSQL does not answer; the command may be repeated
   */
  change(callId: string, by: EventActor | null, decide: (call: Call) => CallEvent[]): Promise<Change> {
    return this.inTurn(callId, () => this.decideAndAppend(callId, by, decide));
  }

  /**
   * Runs work under one key one after the other, within the time a command has.
   * @throws StoreUnavailable when it was not its turn in time; then nothing was done
   */
  inTurn<R>(key: string, work: () => Promise<R>): Promise<R> {
    const error = (): Error => new StoreUnavailable(new Error('earlier commands on the call take too long'));
    return this.turns.run(key, work, { ms: LONGEST_WAIT_MS, error });
  }

  private decideAndAppend(
    callId: string,
    by: EventActor | null,
    decide: (call: Call) => CallEvent[],
  ): Promise<Change> {
    const commandId = randomUUID();
    return untilRecorded<Call, Change>(`call ${callId}`, {
      known: this.known(callId),
      load: () => this.load(callId),
      attempt: async (call, fresh) => {
        const decided = this.decided(call, decide);
        if (Array.isArray(decided) && decided.length > 0) {
          const outcome = await this.append(call, decided, { by, commandId });
          if (outcome.status === 'held') throw new Error(`a claim of ${callId} is held by ${outcome.by}`);
          return outcome.status === 'done' ? outcome.change : null;
        }
        if (!fresh) return null;
        if (decided instanceof CallRefused) throw decided;
        return { call: call as ExistingCall, events: [] };
      },
    });
  }

  /** Another node recorded this event: the call afterwards, without a read where this node knew the call before it. */
  async follow(event: StoredEvent<CallEvent>): Promise<ExistingCall> {
    const callId = callIdOf(event.streamId);
    const remembered = this.remembered.get(callId);
    // What this node has recorded itself meanwhile is newer than what it hears of another one.
    if (remembered && remembered.version >= event.version) return remembered;
    const known = event.version === 1 ? noCall : remembered;
    if (known?.version !== event.version - 1) return (await this.load(callId)) as ExistingCall;
    const call = evolve(known, event) as ExistingCall;
    this.remember(call);
    return call;
  }

  /** One attempt to record decided events on the call as we know it. */
  async append(
    call: Call,
    events: readonly CallEvent[],
    options: { by: EventActor | null; commandId: string; claims?: readonly Claim[] },
  ): Promise<Attempt> {
    const { by, commandId, claims } = options;
    const anticipated = events.reduce<Call>((state, event) => evolve(state, { ...event, at: 0 }), call);
    if (anticipated.state === 'none') throw new Error('nothing to append');
    const { callId } = anticipated;
    const result = await this.store.append<CallEvent>({
      ...{ streamId: streamOf(callId), expectedVersion: call.version, events, commandId, claims },
      actor: by && { userId: by.userId, deviceId: by.deviceId },
      release: released(anticipated, events),
    });
    if (result.status === 'conflict' || result.status === 'held') return result;
    if (result.status === 'duplicate') {
      return { status: 'done', change: { call: (await this.load(callId)) as ExistingCall, events: [] } };
    }
    const recorded = events.map((event) => ({ ...event, at: result.at }));
    const changed = recorded.reduce<Call>(evolve, call) as ExistingCall;
    this.remember(changed);
    this.bus.publish(new CallChanged(changed, recorded, by));
    this.bus.publish(new JobsRecorded(result.jobs));
    return { status: 'done', change: { call: changed, events } };
  }

  /** Whether this is what was asked for under the second name of a merged call. */
  async isContentOfAlias(callId: string, userId: string, content: string): Promise<boolean> {
    const claim = await this.store.claimOn(aliasKey(callId));
    if (claim === null) return false;
    const asked = aliasContent(callId, callIdOf(claim.streamId), content);
    return claim.owner === (await this.store.fingerprint(userId, asked));
  }

  /** Makes `callId` another name of the call `of`, for what the user asked for. */
  async aliasClaim(callId: string, of: string, userId: string, content: string): Promise<Claim> {
    return aliasClaim(callId, await this.store.fingerprint(userId, aliasContent(callId, of, content)));
  }

  /** Which call holds a claim, by the stream the store named. */
  callIdOfHolder = callIdOf;

  /** The user cancelled an id nobody has seen yet: should it arrive within two minutes, it rings nobody. */
  async cancelBeforehand(userId: string, callId: string): Promise<void> {
    const claims = [earlyCancelClaim(userId, callId)];
    const streamId = `cancelled-${callId} ${userId}`;
    await this.store.append({
      streamId,
      expectedVersion: 0,
      events: [],
      actor: null,
      commandId: randomUUID(),
      claims,
    });
  }

  /** A user was erased: their calls are read again, without what was personal. */
  forgetCallsOf(userId: string): void {
    for (const call of this.remembered.values())
      if (isParticipant(call, userId)) this.remembered.delete(call.callId);
  }

  private decided(call: Call, decide: (call: Call) => CallEvent[]): CallEvent[] | CallRefused {
    try {
      return decide(call);
    } catch (error) {
      if (error instanceof CallRefused) return error;
      throw error;
    }
  }

  private remember(call: ExistingCall): void {
    const known = this.remembered.get(call.callId);
    if (known && known.version > call.version) return;
    this.live.seen(call);
    this.remembered.set(call.callId, call);
  }
}

const CALL_BYTES = 1_000;
const RINGING_DEVICE_BYTES = 150;
/** Heap bytes per byte of JSON, measured with `[{},{},…]`. */
const HEAP_PER_JSON_BYTE = 20;
/** A call keeps its metadata object for life, so that it is measured once. */
const metadataBytes = new WeakMap<object, number>();

/** An estimate of the heap bytes that remembering a call takes. */
function weightOf({ metadata, ringingOn }: ExistingCall): number {
  let bytes = metadataBytes.get(metadata);
  if (bytes === undefined) {
    bytes = JSON.stringify(metadata).length * HEAP_PER_JSON_BYTE;
    metadataBytes.set(metadata, bytes);
  }
  return CALL_BYTES + ringingOn.length * RINGING_DEVICE_BYTES + bytes;
}
