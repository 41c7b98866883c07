import { randomUUID } from 'node:crypto';
import { Command, CommandBus, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Calls } from '../calls/calls.js';
import { isUnanswered } from '../calls/domain/call.js';
import { type PushAddress, Reaches } from '../devices/reach.js';
import { LEASE_MS, hedgeKey, pushKey } from './obligations.js';
import { PushDevice } from './push-device.js';
import { appOf } from './push-verdict.js';
import { placesLeft } from './wake-events.js';
import { WakeLog } from './wake-log.js';

/** The socket looked alive and has not acknowledged the ring: it is not trusted any longer, the device is pushed as well. */
export class HedgeDevice extends Command<void> {
  constructor(
    readonly callId: string,
    readonly deviceId: string,
  ) {
    super();
  }
}

@CommandHandler(HedgeDevice)
export class HedgeDeviceHandler implements ICommandHandler<HedgeDevice> {
  constructor(
    private readonly calls: Calls,
    private readonly reaches: Reaches,
    private readonly log: WakeLog,
    private readonly commands: CommandBus,
  ) {}

  async execute({ callId, deviceId }: HedgeDevice): Promise<void> {
    const readAt = performance.now();
    const call = await this.calls.load(callId);
    const reach = isUnanswered(call) ? await this.reaches.ofDevice(call.callee.userId, deviceId) : undefined;
    let pushed: PushAddress | null = null;
    await this.log.record(callId, (wake) => {
      const device = wake.devices[deviceId];
      const cancelJobs = [hedgeKey(callId, deviceId)];
      pushed = null;
      if (!reach?.push || device?.reached || device?.push) return { events: [], cancelJobs };
      if (!device && placesLeft(wake) === 0) return { events: [], cancelJobs };
      const { platform, push } = reach;
      pushed = push;
      const environment = push.provider === 'apns' ? push.environment : null;
      return {
        cancelJobs,
        events: [
          {
            type: 'WakeRequested',
            data: {
              ...{ deviceId, platform, channel: 'push', because: 'no-acknowledgement' },
              ...{ provider: push.provider, environment, app: appOf(push), pushId: randomUUID() },
            },
          },
        ],
        jobs: [
          {
            key: pushKey(callId, deviceId),
            kind: 'push',
            payload: { callId, deviceId },
            dueInMs: 0,
            leaseMs: LEASE_MS,
          },
        ],
      };
    });
    if (pushed) await this.commands.execute(new PushDevice(callId, deviceId, 0, { address: pushed, readAt }));
  }
}
