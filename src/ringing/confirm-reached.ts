import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { hedgeKey } from './obligations.js';
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

@CommandHandler(ConfirmReached)
export class ConfirmReachedHandler implements ICommandHandler<ConfirmReached> {
  constructor(private readonly log: WakeLog) {}

  async execute({ callId, deviceId, via }: ConfirmReached): Promise<void> {
    await this.log.record(callId, (wake) =>
      wake.devices[deviceId]?.reached
        ? { events: [] }
        : {
            events: [{ type: 'DeviceReached', data: { deviceId, via } }],
            cancelJobs: [hedgeKey(callId, deviceId)],
          },
    );
  }
}
