import { randomUUID } from 'node:crypto';
import { Inject } from '@nestjs/common';
import { Command, CommandBus, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Calls } from '../calls/calls.js';
import { CloseCall } from '../calls/close-call.js';
import { isUnanswered } from '../calls/domain/call.js';
import { CONFIG, type Config } from '../config/config.js';
import { Reaches } from '../devices/reachability.js';
import { wakeKey } from './domain/jobs.js';
import { requestWake } from './domain/request-wake.js';
import { Wakes } from './wakes.js';

/** Makes the callee's devices ring. */
export class WakeCall extends Command<void> {
  constructor(
    readonly callId: string,
    /** The claim under which it runs; 0 for the node that has just recorded the call. */
    readonly epoch = 0,
  ) {
    super();
  }
}

@CommandHandler(WakeCall)
export class WakeCallHandler implements ICommandHandler<WakeCall> {
  constructor(
    private readonly calls: Calls,
    private readonly reaches: Reaches,
    private readonly wakes: Wakes,
    private readonly commands: CommandBus,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  async execute({ callId, epoch }: WakeCall): Promise<void> {
    if (epoch === 0) this.wakes.begun(callId);
    const call = await this.calls.recall(callId);
    if (!isUnanswered(call)) {
      await this.wakes.change(callId, () => ({ events: [], cancelJobs: [wakeKey(callId)] }));
      return;
    }
    const reaches = await this.reaches.of(call.callee.userId);
    const { ringAckTimeoutMs } = this.config;
    const { events } = await this.wakes.change(callId, (wake) =>
      requestWake(wake, { callId, reaches, ringAckTimeoutMs, newPushId: randomUUID }),
    );
    if (events.some(({ type }) => type === 'DeviceUnreachable'))
      await this.commands.execute(new CloseCall(callId, 'unreachable'));
  }
}
