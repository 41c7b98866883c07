import { randomUUID } from 'node:crypto';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Calls } from '../calls/calls.js';
import { isUnanswered } from '../calls/domain/call.js';
import { Reaches } from '../devices/reachability.js';
import { hedge } from './domain/hedge.js';
import { Wakes } from './wakes.js';

/** The socket looked alive and has not acknowledged the ring: it is not trusted any longer. */
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
    private readonly wakes: Wakes,
  ) {}

  async execute({ callId, deviceId }: HedgeDevice): Promise<void> {
    const call = await this.calls.load(callId);
    const reach = isUnanswered(call) ? await this.reaches.ofDevice(call.callee.userId, deviceId) : undefined;
    await this.wakes.change(callId, (wake) =>
      hedge(wake, { callId, deviceId, reach, newPushId: randomUUID }),
    );
  }
}
