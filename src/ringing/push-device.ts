import { Inject } from '@nestjs/common';
import { Command, CommandBus, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ActionTokens } from '../auth/action-tokens.js';
import { Calls } from '../calls/calls.js';
import { CloseCall } from '../calls/close-call.js';
import { type UnansweredCall, isUnanswered } from '../calls/domain/call.js';
import { CLOCK, type Clock } from '../clock.js';
import type { ApnsEnvironment } from '../devices/device.entity.js';
import { DeviceRegistry } from '../devices/device-registry.js';
import { type PushAddress, Reaches } from '../devices/reach.js';
import type { PushResult } from '../push/push-result.js';
import { Gateway } from '../operations/gateway-url.js';
import { JobSweeper } from './job-sweeper.js';
import { Jobs } from './jobs.js';
import { pushKey } from './obligations.js';
import { PushFuse } from './push-fuse.js';
import { type Attempt, type Verdict, appOf, verdictOf } from './push-verdict.js';
import { asStrings, callPush } from './push-payload.js';
import { Senders } from './senders.js';
import { WakeLog } from './wake-log.js';
import type { DeviceWake, Wake } from './wake-events.js';

/** How long an action token outlives the ring. */
const ACTION_GRACE_MS = 30_000;
const ANSWER_MS = 2_000;

type Pushed = NonNullable<DeviceWake['push']>;

/** One attempt to wake one device, with the `apns-id` its wake record holds; what comes of it is recorded. */
export class PushDevice extends Command<void> {
  constructor(
    readonly callId: string,
    readonly deviceId: string,
    /** The claim under which the attempt runs; 0 for the node that recorded the wish. */
    readonly epoch = 0,
    /** Where to, when that was read a moment ago. */
    readonly known: PushAddress | null = null,
  ) {
    super();
  }
}

@CommandHandler(PushDevice)
export class PushDeviceHandler implements ICommandHandler<PushDevice> {
  constructor(
    private readonly calls: Calls,
    private readonly reaches: Reaches,
    private readonly registry: DeviceRegistry,
    private readonly log: WakeLog,
    private readonly jobs: Jobs,
    private readonly sweeper: JobSweeper,
    private readonly senders: Senders,
    private readonly fuse: PushFuse,
    private readonly tokens: ActionTokens,
    private readonly gateway: Gateway,
    private readonly commands: CommandBus,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async execute({ callId, deviceId, epoch, known }: PushDevice): Promise<void> {
    const job = { key: pushKey(callId, deviceId), epoch };
    // On the fast path both were recorded here milliseconds ago; later attempts look again, as other nodes may have gone on.
    const call = await (known ? this.calls.recall(callId) : this.calls.load(callId));
    const wake = await (known ? this.log.recall(callId) : this.log.load(callId));
    const push = wake.devices[deviceId]?.push;
    if (!isUnanswered(call) || this.clock.now() >= call.ringExpiresAt || push?.result !== 'pending') {
      return this.jobs.finish(job);
    }
    const address = known ?? (await this.reaches.ofDevice(call.callee.userId, deviceId))?.push ?? null;
    const attempt = address
      ? await this.attempt(call, deviceId, push, address, job)
      : { address: null, provider: push.provider, results: [] };
    if (attempt === 'lost') return;
    if (attempt === 'withdrawn') return this.jobs.finish(job);
    const verdict = verdictOf(attempt, {
      push,
      fuse: this.fuse,
      now: this.clock.now(),
      ringExpiresAt: call.ringExpiresAt,
      random: Math.random(),
    });
    await this.settle(call, deviceId, attempt, verdict);
  }

  /** Sends; a bad token of APNs is tried once more in the other environment, at once and under the same id. */
  private async attempt(
    call: UnansweredCall,
    deviceId: string,
    { pushId, refusedIn }: Pushed,
    address: PushAddress,
    job: { key: string; epoch: number },
  ): Promise<Attempt | 'lost' | 'withdrawn'> {
    const { provider } = address;
    if (address.provider === 'fcm') {
      const result = await this.sendFcm(call, deviceId, address);
      if (result.outcome === 'withdrawn') return 'withdrawn';
      return { address, provider, results: [{ environment: null, result }] };
    }
    const { bundleId, environment: declared } = address;
    const opposite = declared === 'sandbox' ? 'production' : 'sandbox';
    // What an earlier attempt has learned is not asked again: that costs Apple's patience.
    const swapped = refusedIn === declared && this.senders.apns.has(bundleId, opposite);
    const [environment, other] = swapped ? ([opposite, declared] as const) : ([declared, opposite] as const);
    const result = await this.sendApns(call, deviceId, pushId, address, environment);
    if (result.outcome === 'withdrawn') return 'withdrawn';
    const first = { environment, result };
    if (result.outcome !== 'bad-token' || !this.senders.apns.has(bundleId, other)) {
      return { address, provider, results: [first] };
    }
    if (!(await this.jobs.extend(job))) return 'lost';
    // The refusal may have been long in coming, and nobody is woken for a call that is over.
    if (!isUnanswered(await this.calls.load(call.callId))) return { address, provider, results: [first] };
    const again = await this.sendApns(call, deviceId, pushId, address, other);
    if (again.outcome === 'withdrawn') return { address, provider, results: [first] };
    return { address, provider, results: [first, { environment: other, result: again }] };
  }

  private async settle(
    call: UnansweredCall,
    deviceId: string,
    attempt: Attempt,
    verdict: Verdict,
  ): Promise<void> {
    const { callId } = call;
    const { userId } = call.callee;
    const { address } = attempt;
    if (address && this.senders.know(address)) {
      const app = appOf(address);
      if (verdict.outcome === 'accepted') this.fuse.observe(app, address.token, false);
      if (verdict.badToken) this.fuse.observe(app, address.token, true);
      if (verdict.configurationFault) this.fuse.configurationFault(app, verdict.configurationFault);
    }
    let retired = false;
    if (address) {
      const { token, tokenUpdatedAt } = address;
      if (verdict.correctedTo)
        await this.registry.correctEnvironment(userId, deviceId, token, verdict.correctedTo);
      if (verdict.retire) retired = await this.registry.retireToken(userId, deviceId, token, tokenUpdatedAt);
    }
    const key = pushKey(callId, deviceId);
    const payload = { callId, deviceId };
    const wake = await this.log.record(callId, (known) => {
      if (known.devices[deviceId]?.push?.result !== 'pending') return { events: [], cancelJobs: [key] };
      const jobs =
        verdict.retryAfterMs === null
          ? []
          : [{ key, kind: 'push', payload, dueInMs: verdict.retryAfterMs, leaseMs: null }];
      const events = verdict
        .events(deviceId)
        .filter(({ type }) => retired || type !== 'DevicePushTokenRetired');
      return { events, cancelJobs: [key], jobs };
    });
    if (verdict.retryAfterMs !== null) this.sweeper.nudge(verdict.retryAfterMs);
    if (verdict.outcome === 'refused') await this.giveUpIfHopeless(call, wake);
  }

  /** Every push was refused for good and no socket is there: waiting for the ring to end would help nobody. */
  private async giveUpIfHopeless(call: UnansweredCall, wake: Wake): Promise<void> {
    const hope = Object.values(wake.devices).some(
      ({ reached, push }) => reached || (push && push.result !== 'rejected'),
    );
    if (hope) return;
    const reaches = await this.reaches.of(call.callee.userId);
    const untried = reaches.some(
      ({ deviceId, live, push }) => live !== null || (push !== null && !wake.devices[deviceId]),
    );
    if (untried) return;
    await this.log.record(call.callId, () => ({
      events: [{ type: 'DeviceUnreachable', data: { deviceId: null, reason: 'push-refused' } }],
    }));
    await this.commands.execute(new CloseCall(call.callId, 'unreachable'));
  }

  private async sendApns(
    call: UnansweredCall,
    deviceId: string,
    apnsId: string,
    { token, bundleId }: Extract<PushAddress, { provider: 'apns' }>,
    environment: ApnsEnvironment,
  ): Promise<PushResult> {
    const payload = { aps: {}, ...(await this.payload(call, deviceId)) };
    return this.senders.apns.send({
      token,
      bundleId,
      environment,
      apnsId,
      payload,
      ...this.limits(call),
    });
  }

  private async sendFcm(
    call: UnansweredCall,
    deviceId: string,
    { token, projectId }: Extract<PushAddress, { provider: 'fcm' }>,
  ): Promise<PushResult> {
    const data = asStrings(await this.payload(call, deviceId));
    const ttlSeconds = Math.max(1, Math.round((call.ringExpiresAt - this.clock.now()) / 1_000));
    const project = this.senders.projectOf(projectId);
    return this.senders.fcm.send({
      token,
      projectId: project,
      data,
      ttlSeconds,
      ...this.limits(call),
    });
  }

  private async payload(call: UnansweredCall, deviceId: string): Promise<object> {
    const grant = { callId: call.callId, userId: call.callee.userId, deviceId };
    const actionToken = await this.tokens.issue(grant, call.ringExpiresAt + ACTION_GRACE_MS);
    return callPush(call, this.clock.now(), actionToken, this.gateway.url);
  }

  /** A push that had to wait for its turn until the call was over is not sent any more. */
  private limits({ callId, ringExpiresAt }: UnansweredCall): { deadlineMs: number; wanted: () => boolean } {
    const deadlineMs = Math.max(1, Math.min(ANSWER_MS, ringExpiresAt - this.clock.now()));
    return { deadlineMs, wanted: () => this.calls.mayRing(callId) && this.clock.now() < ringExpiresAt };
  }
}
