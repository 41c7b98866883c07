import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Calls } from '../calls/calls.js';
import { Reaches } from '../devices/reachability.js';
import { type Reached, confirmReached, isConfirmed } from './domain/confirm-reached.js';
import { Wakes } from './wakes.js';

/** A device has shown that the call got through to it: its socket acknowledged, or it asked about the call over HTTP. */
export class ConfirmReached extends Command<void> {
  constructor(
    readonly callId: string,
    readonly deviceId: string,
    readonly via: Reached['via'],
  ) {
    super();
  }
}

/** Recorded for a device that was asked, is connected or is registered; over HTTP a user may name any other. */
@CommandHandler(ConfirmReached)
export class ConfirmReachedHandler implements ICommandHandler<ConfirmReached> {
  constructor(
    private readonly wakes: Wakes,
    private readonly calls: Calls,
    private readonly reaches: Reaches,
  ) {}

  async execute({ callId, deviceId, via }: ConfirmReached): Promise<void> {
    const wake = await this.wakes.recall(callId);
    if (isConfirmed(wake, deviceId)) return;
    const asked = wake.devices[deviceId] !== undefined;
    if (!asked && via !== 'socket' && !(await this.isDeviceOfCallee(callId, deviceId))) return;
    await this.wakes.change(callId, (known) => confirmReached(known, { callId, deviceId, via }));
  }

  private async isDeviceOfCallee(callId: string, deviceId: string): Promise<boolean> {
    const call = await this.calls.recall(callId);
    if (call.state === 'none') return false;
    return (await this.reaches.ofDevice(call.callee.userId, deviceId)) !== undefined;
  }
}
