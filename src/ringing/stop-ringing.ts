import type { Reach } from '../devices/reach.js';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Calls } from '../calls/calls.js';
import { Reaches } from '../devices/reachability.js';
import { mayHaveToTell, callOverRecipients } from './domain/call-over.js';
import { overKey } from './domain/jobs.js';
import { JobRunner } from './job-runner.js';
import { Jobs } from './jobs.js';
import { pauseBefore } from './domain/push-policy.js';
import { Senders } from './push-senders.js';
import { Wakes } from './wakes.js';

const TTL_S = 60;
const ATTEMPTS = 5;

/** The call no longer rings: phones that would go on are told. */
export class TellCallOver extends Command<void> {
  constructor(
    readonly callId: string,
    readonly epoch = 0,
  ) {
    super();
  }
}

@CommandHandler(TellCallOver)
export class TellCallOverHandler implements ICommandHandler<TellCallOver> {
  constructor(
    private readonly calls: Calls,
    private readonly reaches: Reaches,
    private readonly wakes: Wakes,
    private readonly jobs: Jobs,
    private readonly runner: JobRunner,
    private readonly senders: Senders,
  ) {}

  async execute({ callId, epoch }: TellCallOver): Promise<void> {
    const job = { key: overKey(callId), epoch };
    if ((await this.isEverybodyTold(callId)) || epoch >= ATTEMPTS) await this.jobs.finish(job);
    else await this.runner.postpone(job, pauseBefore(epoch + 1, null, Math.random()));
  }

  /** @returns false when it is worth another try */
  private async isEverybodyTold(callId: string): Promise<boolean> {
    // Read, not recalled: another node may have pushed somebody since.
    const wake = await this.wakes.load(callId);
    if (!mayHaveToTell(wake)) return true;
    const call = await this.calls.load(callId);
    if (call.state === 'none') return true;
    const reaches = await this.reaches.of(call.callee.userId);
    const over = callOverRecipients(wake, { call, reaches });
    if (!over) return true;
    const results = await Promise.all(over.recipients.map((reach) => this.tell(callId, over.outcome, reach)));
    return results.every((told) => told);
  }

  /** @returns false when it is worth another try */
  private async tell(callId: string, outcome: string, { push }: Reach): Promise<boolean> {
    if (push?.provider !== 'fcm') return true;
    const data = { type: 'call-over', callId, outcome };
    const projectId = this.senders.projectOf(push.projectId);
    const result = await this.senders.fcm.send({ token: push.token, projectId, data, ttlSeconds: TTL_S });
    return result.outcome !== 'retry';
  }
}
