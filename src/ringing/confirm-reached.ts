import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Calls } from '../calls/calls.js';
import { Reaches } from '../devices/reach.js';
import { hedgeKey } from './obligations.js';
import { type Wake, placesLeft } from './wake-events.js';
import { WakeLog } from './wake-log.js';

/** A device has shown that the call got through to it: its socket acknowledged, or it asked about the call over HTTP. */
export class ConfirmReached extends Command<void> {
  constructor(
    readonly callId: string,
    readonly deviceId: string,
    readonly via: 'socket' | 'preflight' | 'action',
  ) {
    super();
  }
}

/** Recorded once for a device that was asked, is connected or is registered; over HTTP a user may name any other. */
@CommandHandler(ConfirmReached)
export class ConfirmReachedHandler implements ICommandHandler<ConfirmReached> {
  constructor(
    private readonly log: WakeLog,
    private readonly calls: Calls,
    private readonly reaches: Reaches,
  ) {}

  async execute({ callId, deviceId, via }: ConfirmReached): Promise<void> {
    const wake = await this.log.recall(callId);
    if (isSettled(wake, deviceId)) return;
    const asked = wake.devices[deviceId] !== undefined;
    if (!asked && via !== 'socket' && !(await this.isDeviceOfCallee(callId, deviceId))) return;
    await this.log.record(callId, (known) =>
      isSettled(known, deviceId)
        ? { events: [] }
        : {
            events: [{ type: 'DeviceReached', data: { deviceId, via } }],
            cancelJobs: [hedgeKey(callId, deviceId)],
          },
    );
  }

  private async isDeviceOfCallee(callId: string, deviceId: string): Promise<boolean> {
    const call = await this.calls.recall(callId);
    if (call.state === 'none') return false;
    return (await this.reaches.ofDevice(call.callee.userId, deviceId)) !== undefined;
  }
}

/** Recorded already, or one device too many. */
function isSettled(wake: Wake, deviceId: string): boolean {
  const device = wake.devices[deviceId];
  return device ? device.reached : placesLeft(wake) === 0;
}
