import { Inject, Injectable } from '@nestjs/common';
import { type ICommand, type IEvent, Saga, UnhandledExceptionBus, ofType } from '@nestjs/cqrs';
import { type Observable, from, mergeMap } from 'rxjs';
import { CallChanged } from '../calls/call-changed.js';
import { CloseCall } from '../calls/close-call.js';
import { CONFIG, type Config } from '../config.js';
import { Log } from '../operations/log.js';
import { ConfirmReached } from './confirm-reached.js';
import { HedgeDevice } from './hedge-device.js';
import { JobSweeper, type JobStep } from './job-sweeper.js';
import type { JobKind } from './jobs.js';
import { PushDevice } from './push-device.js';
import { TellCallOver } from './tell-call-over.js';
import { WakeCall } from './wake-call.js';

/** What each kind of job stands for. */
const STEPS: Record<JobKind, JobStep> = {
  wake: { command: ({ payload }) => new WakeCall(payload.callId), endsWithCommand: true },
  hedge: {
    command: ({ payload }) => new HedgeDevice(payload.callId, payload.deviceId!),
    endsWithCommand: true,
  },
  push: { command: ({ payload, epoch }) => new PushDevice(payload.callId, payload.deviceId!, epoch) },
  'call-over': { command: ({ payload, epoch }) => new TellCallOver(payload.callId, epoch) },
  'ring-timeout': {
    command: ({ payload }) => new CloseCall(payload.callId, 'timeout'),
    endsWithCommand: true,
  },
  'max-duration': {
    command: ({ payload }) => new CloseCall(payload.callId, 'max_duration'),
    endsWithCommand: true,
  },
};

/**
 * The process manager's fast path: what an event obliges us to do is a job in the database already, leased to this
 * node; here it is done at once. If this process dies, or a command fails, the sweeper of any node does it from the job.
 */
@Injectable()
export class RingSaga {
  constructor(
    private readonly sweeper: JobSweeper,
    @Inject(CONFIG) private readonly config: Config,
    exceptions: UnhandledExceptionBus,
    log: Log,
  ) {
    sweeper.handles(STEPS);
    exceptions.subscribe(({ exception }) =>
      log.warnRarely('a step failed; its job will be tried again', { error: exception }),
    );
  }

  @Saga()
  ring = (events: Observable<IEvent>): Observable<ICommand> =>
    events.pipe(
      ofType(CallChanged),
      mergeMap((change) => from(this.react(change))),
    );

  /** Never throws: a saga's stream that throws once is over for good. */
  private react({ call, events }: CallChanged): ICommand[] {
    const last = events.at(-1)!;
    switch (last.type) {
      case 'CallInitiated':
        this.sweeper.nudge(this.config.ringTimeoutMs);
        return [new WakeCall(call.callId)];
      case 'CallAnswered':
        this.sweeper.nudge(this.config.callMaxDurationMs);
        return [new ConfirmReached(call.callId, last.data.deviceId, 'action'), new TellCallOver(call.callId)];
      case 'CallRinging':
        return [new ConfirmReached(call.callId, last.data.deviceId, 'action')];
      case 'CallEnded':
        return last.data.reason === 'participant_erased' ? [new TellCallOver(call.callId)] : [];
      case 'CallDeclined':
      case 'CallCancelled':
      case 'CallMissed':
      case 'CallFailed':
        return events.length === 1 ? [new TellCallOver(call.callId)] : [];
    }
  }
}
