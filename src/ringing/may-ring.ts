import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { Calls } from '../calls/calls.js';
import { isUnanswered } from '../calls/domain/call.js';
import { Reaches } from '../devices/reachability.js';
import { Wakes } from './wakes.js';

/** Whether a device that says over HTTP that it rings is one that can: it was asked, is connected, or is registered. */
export class MayRing extends Query<boolean> {
  constructor(
    readonly callId: string,
    readonly userId: string,
    readonly deviceId: string,
  ) {
    super();
  }
}

@QueryHandler(MayRing)
export class MayRingHandler implements IQueryHandler<MayRing> {
  constructor(
    private readonly calls: Calls,
    private readonly reaches: Reaches,
    private readonly wakes: Wakes,
  ) {}

  /** True as well wherever the command itself refuses: who may see the call, and in which state it is, is its affair. */
  async execute({ callId, userId, deviceId }: MayRing): Promise<boolean> {
    const call = await this.calls.recall(callId);
    if (!isUnanswered(call) || call.callee.userId !== userId) return true;
    if ((await this.wakes.recall(call.callId)).devices[deviceId]) return true;
    return (await this.reaches.ofDevice(userId, deviceId)) !== undefined;
  }
}
