import { randomUUID } from 'node:crypto';
import { Inject } from '@nestjs/common';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { CLOCK, type Clock } from '../time/clock.js';
import { Calls } from './calls.js';
import {
  isEarlyCancelKey,
  isLiveKey,
  isPairKey,
  namesOfNewCall,
  pairKey,
  placesOfNewCall,
  unlessCancelled,
} from './claims.js';
import {
  type Actor,
  type ExistingCall,
  type Media,
  type UnansweredCall,
  isUnanswered,
  noCall,
} from './domain/call.js';
import { type Initiation, answer, contentOf, initiate, supersede, timeOut } from './domain/decide.js';
import { CallRefused } from './domain/refusal.js';

const ATTEMPTS = 8;

export interface Initiated {
  call: ExistingCall;
  /** The callee was already calling the caller: that call is the one, and it is answered. */
  merged: boolean;
  /** False when the command had been carried out before. */
  created: boolean;
}

export class InitiateCall extends Command<Initiated> {
  constructor(
    readonly by: Actor,
    readonly callId: string,
    readonly callee: string,
    readonly media: Media,
    readonly metadata: Record<string, unknown>,
  ) {
    super();
  }
}

export interface CallPolicy {
  ringTimeoutMs: number;
  busyPolicy: 'ring' | 'reject';
}
export const CALL_POLICY = Symbol('call policy');

/**
 * A new call is one append that nobody read for: that the id is new, that nobody calls back at the same moment and that
 * the callee is free is decided by PostgreSQL, which tells the loser what stood against it.
 */
@CommandHandler(InitiateCall)
export class InitiateCallHandler implements ICommandHandler<InitiateCall> {
  constructor(
    private readonly calls: Calls,
    @Inject(CALL_POLICY) private readonly policy: CallPolicy,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Calls between the same two people take turns on a node, so that many at once do not make each other lose. */
  execute(command: InitiateCall): Promise<Initiated> {
    return this.calls.inTurn(pairKey(command.by.userId, command.callee), () => this.place(command));
  }

  private async place(command: InitiateCall): Promise<Initiated> {
    const { by, callId, callee, media, metadata } = command;
    const { ringTimeoutMs, busyPolicy } = this.policy;
    const parties = { callId, caller: by.userId, callee };
    const initiation: Initiation = { by, callId, callee, media, metadata, ringTimeoutMs };
    const commandId = randomUUID();
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const over = initiation.calleeBusy || initiation.cancelledBefore;
      const names = namesOfNewCall(parties).filter(
        ({ key }) => !(initiation.cancelledBefore && isEarlyCancelKey(key)),
      );
      const claims = over ? names : [...names, ...placesOfNewCall(parties, busyPolicy)];
      const outcome = await this.calls.append(noCall, initiate(noCall, initiation), {
        by,
        commandId,
        claims,
      });
      if (outcome.status === 'done') return { call: outcome.change.call, merged: false, created: true };
      if (outcome.status === 'conflict') return this.repeated(initiation);
      if (isEarlyCancelKey(outcome.key)) initiation.cancelledBefore = true;
      else if (isLiveKey(outcome.key)) initiation.calleeBusy = true;
      else if (isPairKey(outcome.key)) {
        const merged = await this.makeRoom(outcome.by, initiation);
        if (merged) return merged;
      } else return this.mergedBefore(initiation);
    }
    throw new Error(`call ${callId} could not be placed in ${ATTEMPTS} attempts`);
  }

  /**
   * There is a call with this id: the same command again, or a conflict. The store tells it before any claim that is held:
   * so a repetition meets its own call first, and under an id that is taken nobody learns whether the callee is busy.
   */
  private async repeated(initiation: Initiation): Promise<Initiated> {
    const call = await this.calls.load(initiation.callId);
    if (call.state === 'none') throw new CallRefused('CALL_ID_CONFLICT');
    initiate(call, initiation);
    return { call, merged: false, created: false };
  }

  /**
   * There is an unanswered call between the two already. The caller's own one makes room (`superseded`); one from the other
   * side is picked up instead.
   * @returns the merged call; null when the place is free now, or was taken anew: then the new call is tried again
   */
  private async makeRoom(holder: string, initiation: Initiation): Promise<Initiated | null> {
    const { by } = initiation;
    const call = await this.calls.load(this.calls.callIdOfHolder(holder));
    if (!isUnanswered(call)) return null;
    if (call.caller.userId !== by.userId) return this.merge(call, initiation);
    await this.calls.change(call.callId, by, (seen) => supersede(seen, { by }));
    return null;
  }

  /** Glare: both called each other. The later one picks up the earlier call, in the append that gives it its second name. */
  private async merge(call: UnansweredCall, initiation: Initiation): Promise<Initiated | null> {
    const { by, callId } = initiation;
    if (this.clock.now() >= call.ringExpiresAt) {
      await this.calls.change(call.callId, null, timeOut); // its timer is late; it must not stand in the way
      return null;
    }
    const events = answer(call, { by, now: this.clock.now() });
    const claims = [
      await this.calls.aliasClaim(callId, call.callId, by.userId, contentOf(initiation)),
      unlessCancelled(by.userId, callId), // meanwhile, by another way: then it is not picked up, but recorded as cancelled
    ];
    const outcome = await this.calls.append(call, events, { by, commandId: randomUUID(), claims });
    return outcome.status === 'done' ? { call: outcome.change.call, merged: true, created: true } : null;
  }

  /** The id is already another name of a merged call. */
  private async mergedBefore(initiation: Initiation): Promise<Initiated> {
    const { callId, by } = initiation;
    const [call, same] = await Promise.all([
      this.calls.load(callId),
      this.calls.isContentOfAlias(callId, by.userId, contentOf(initiation)),
    ]);
    if (call.state === 'none' || !same) throw new CallRefused('CALL_ID_CONFLICT');
    return { call, merged: true, created: false };
  }
}
