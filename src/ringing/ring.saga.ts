import type { PushAddress } from '../devices/reach.js';
import { Injectable } from '@nestjs/common';
import { type ICommand, type IEvent, Saga, UnhandledExceptionBus, ofType } from '@nestjs/cqrs';
import { type Observable, mergeMap } from 'rxjs';
import { CallChanged } from '../calls/call-changed.js';
import { CloseCall } from '../calls/close-call.js';
import { JobsRecorded } from '../event-store/jobs-recorded.js';
import type { RecordedJob } from '../event-store/event.js';
import { Log } from '../log/log.js';
import { ConfirmReached } from './confirm-reached.js';
import type { JobKind, JobPayload } from './domain/jobs.js';
import { HedgeDevice } from './hedge-device.js';
import { JobRunner, type JobStep } from './job-runner.js';
import { PushDevice } from './push-device.js';
import { TellCallOver } from './stop-ringing.js';
import { WakeCall } from './wake-call.js';

/** What each kind of job stands for. */
const STEPS: Record<JobKind, JobStep> = {
  wake: { command: ({ payload, epoch }) => new WakeCall(payload.callId, epoch), endsWithCommand: true },
  hedge: {
    command: ({ payload }) => new HedgeDevice(payload.callId, payload.deviceId!),
    endsWithCommand: true,
  },
  push: {
    command: ({ payload, epoch }, recorded) => {
      const known = recorded && { address: recorded.hint as PushAddress, grantedAt: recorded.grantedAt };
      return new PushDevice(payload.callId, payload.deviceId!, epoch, known);
    },
  },
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
 * The process manager's fast path: the jobs that an append has recorded and leased to this node are turned into commands at
 * once. If this process dies, or a command fails, the runner of any node starts them from the database.
 */
@Injectable()
export class RingSaga {
  constructor(
    private readonly runner: JobRunner,
    exceptions: UnhandledExceptionBus,
    log: Log,
  ) {
    runner.handles(STEPS);
    exceptions.subscribe(({ exception }) =>
      log.warnRarely('a step failed; its job will be tried again', { error: exception }),
    );
  }

  @Saga()
  start = (events: Observable<IEvent>): Observable<ICommand> =>
    events.pipe(
      ofType(JobsRecorded),
      mergeMap(({ jobs }) => {
        this.runner.arm(jobs);
        return jobs.filter(({ leaseMs }) => leaseMs !== null).map(commandOf);
      }),
    );

  /** A device that rings or picks up has the call, whatever becomes of its push. */
  @Saga()
  confirm = (events: Observable<IEvent>): Observable<ICommand> =>
    events.pipe(
      ofType(CallChanged),
      mergeMap(({ call, events: [...happened] }) =>
        happened.flatMap((event) =>
          event.type === 'CallRinging' || event.type === 'CallAnswered'
            ? [new ConfirmReached(call.callId, event.data.deviceId, 'action')]
            : [],
        ),
      ),
    );
}

function commandOf(job: RecordedJob): ICommand {
  const kind = job.kind as JobKind;
  const payload = job.payload as JobPayload;
  return STEPS[kind].command({ key: job.key, kind, payload, epoch: 0, lateMs: 0 }, job);
}
