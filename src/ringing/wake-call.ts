import { randomUUID } from 'node:crypto';
import { Inject } from '@nestjs/common';
import { Command, CommandBus, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Calls } from '../calls/calls.js';
import { CloseCall } from '../calls/close-call.js';
import { isUnanswered } from '../calls/domain/call.js';
import { CONFIG, type Config } from '../config.js';
import { type Reach, Reaches } from '../devices/reach.js';
import type { NewJob } from '../event-store/event.js';
import { JobSweeper } from './job-sweeper.js';
import { LEASE_MS, hedgeKey, pushKey, wakeKey } from './obligations.js';
import { type Step, planWake } from './plan.js';
import { PushDevice } from './push-device.js';
import { appOf } from './push-verdict.js';
import { WakeLog } from './wake-log.js';
import type { WakeEvent } from './wake-events.js';

/** So many pushes of one call are under way at once: whoever has many installs holds nobody else's calls up. */
const AT_ONCE = 10;

/** Makes the callee's devices ring: those with a live socket hear it there, the others are pushed. */
export class WakeCall extends Command<void> {
  constructor(readonly callId: string) {
    super();
  }
}

@CommandHandler(WakeCall)
export class WakeCallHandler implements ICommandHandler<WakeCall> {
  constructor(
    private readonly calls: Calls,
    private readonly reaches: Reaches,
    private readonly log: WakeLog,
    private readonly sweeper: JobSweeper,
    private readonly commands: CommandBus,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  async execute({ callId }: WakeCall): Promise<void> {
    const call = await this.calls.recall(callId);
    if (!isUnanswered(call)) {
      await this.log.record(callId, () => ({ events: [], cancelJobs: [wakeKey(callId)] }));
      return;
    }
    const readAt = performance.now();
    const reaches = await this.reaches.of(call.callee.userId);
    let pushes: Reach[] = [];
    await this.log.record(callId, (wake) => {
      const steps = planWake(reaches, wake);
      pushes = steps.filter(({ how }) => how === 'push').map(({ reach }) => reach);
      const nobody = !reaches.some(({ live, push }) => live !== null || push !== null);
      return {
        events: nobody ? [NOBODY] : steps.map(requested),
        jobs: steps.flatMap((step) => this.jobsOf(callId, step, pushes.indexOf(step.reach))),
        cancelJobs: [wakeKey(callId)],
      };
    });
    if (!reaches.some(({ live, push }) => live !== null || push !== null)) {
      await this.commands.execute(new CloseCall(callId, 'unreachable'));
      return;
    }
    this.sweeper.nudge(this.config.ringAckTimeoutMs);
    const lane = async (): Promise<void> => {
      for (let next = pushes.shift(); next; next = pushes.shift()) {
        const { deviceId, push } = next;
        await this.commands.execute(new PushDevice(callId, deviceId, 0, push && { address: push, readAt }));
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, lane));
  }

  /** @param turn which of the call's pushes it is; the later ones are leased for as long as they may have to wait */
  private jobsOf(callId: string, step: Step, turn: number): NewJob[] {
    const { deviceId } = step.reach;
    const payload = { callId, deviceId };
    if (step.how === 'push') {
      const leaseMs = LEASE_MS * (1 + Math.floor(turn / AT_ONCE));
      return [{ key: pushKey(callId, deviceId), kind: 'push', payload, dueInMs: 0, leaseMs }];
    }
    if (!step.hedge) return [];
    return [
      {
        key: hedgeKey(callId, deviceId),
        kind: 'hedge',
        payload,
        dueInMs: this.config.ringAckTimeoutMs,
        leaseMs: null,
      },
    ];
  }
}

const NOBODY: WakeEvent = { type: 'DeviceUnreachable', data: { deviceId: null, reason: 'no-device' } };

function requested(step: Step): WakeEvent {
  const { deviceId, platform, push } = step.reach;
  if (step.how === 'socket')
    return { type: 'WakeRequested', data: { deviceId, platform, channel: 'socket' } };
  return {
    type: 'WakeRequested',
    data: {
      ...{ deviceId, platform, channel: 'push', because: step.because, provider: push!.provider },
      environment: push!.provider === 'apns' ? push!.environment : null,
      app: appOf(push!),
      pushId: randomUUID(),
    },
  };
}
