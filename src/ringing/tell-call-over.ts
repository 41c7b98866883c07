import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Calls } from '../calls/calls.js';
import { isUnanswered } from '../calls/domain/call.js';
import { type Reach, Reaches } from '../devices/reach.js';
import { JobSweeper } from './job-sweeper.js';
import { Jobs } from './jobs.js';
import { overKey } from './obligations.js';
import { pauseBefore } from './push-verdict.js';
import { Senders } from './senders.js';
import type { DeviceWake } from './wake-events.js';
import { WakeLog } from './wake-log.js';

const TTL_S = 60;
const ATTEMPTS = 5;

/**
 * The call no longer rings: Android phones that were pushed and have no socket, or one that did not acknowledge the call,
 * are told so by a second message. iOS gets none, ever; it learns of it from its socket or from the preflight.
 */
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
    private readonly log: WakeLog,
    private readonly jobs: Jobs,
    private readonly sweeper: JobSweeper,
    private readonly senders: Senders,
  ) {}

  async execute({ callId, epoch }: TellCallOver): Promise<void> {
    const job = { key: overKey(callId), epoch };
    // Read, not recalled: another node may have pushed somebody since.
    const wake = await this.log.load(callId);
    const pushed = Object.entries(wake.devices).filter(
      ([, { push }]) => push?.provider === 'fcm' && push.result !== 'rejected',
    );
    const call = pushed.length > 0 ? await this.calls.load(callId) : null;
    if (!call || call.state === 'none' || isUnanswered(call)) return this.jobs.finish(job);
    // Erased after the answer: they were told when it was answered.
    if (call.state === 'ended' && call.endReason === 'participant_erased' && call.answeredAt !== null)
      return this.jobs.finish(job);
    const outcome = call.state === 'ended' && call.answeredAt === null ? call.outcome : 'answered';
    const ringing = new Set(pushed.map(([deviceId]) => deviceId));
    // Whoever answered or declined has stopped ringing by itself.
    const acted = call.state === 'ended' && call.declinedBy !== null ? call.declinedBy : call.answeredBy;
    if (acted !== null) ringing.delete(acted);

    const reaches = await this.reaches.of(call.callee.userId);
    const results = await Promise.all(
      reaches
        .filter(
          ({ deviceId, live }) => ringing.has(deviceId) && (live === null || isDeaf(wake.devices[deviceId]!)),
        )
        .map((reach) => this.tell(callId, outcome, reach)),
    );
    if (results.every((settled) => settled) || epoch >= ATTEMPTS) return this.jobs.finish(job);
    const pause = pauseBefore(epoch + 1, null, Math.random());
    await this.jobs.postpone(job, pause);
    this.sweeper.nudge(pause);
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

/** Pushed although it had a socket, which has not acknowledged the call: it may only look alive, for as long as pings take. */
const isDeaf = ({ push, acknowledged }: DeviceWake): boolean => push?.because !== 'offline' && !acknowledged;
