import type { PushAddress } from '../devices/reach.js';
import { Inject } from '@nestjs/common';
import { Command, CommandBus, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Calls } from '../calls/calls.js';
import { CloseCall } from '../calls/close-call.js';
import { type UnansweredCall, isUnanswered } from '../calls/domain/call.js';
import { CLOCK, type Clock } from '../time/clock.js';
import { KeyedQueue } from '../concurrency/keyed-queue.js';
import { DeviceRegistry } from '../devices/device-registry.js';
import { Reaches } from '../devices/reachability.js';
import { type PushAnswer, refused } from '../push/push-result.js';
import { DevicePusher } from './device-pusher.js';
import { giveUp, mayStillRing } from './domain/give-up.js';
import { pushKey } from './domain/jobs.js';
import { PUSHES_AT_ONCE } from './domain/request-wake.js';
import { settlePush } from './domain/settle-push.js';
import { Jobs } from './jobs.js';
import { Lease } from './lease.js';
import { type Attempt, type Verdict, appOf, verdictOf } from './domain/push-policy.js';
import { Senders } from './push-senders.js';
import { TokenPurgeBreaker } from './token-purge-breaker.js';
import { type DeviceWake, type Wake, needsPush } from './domain/wake.js';
import { Wakes } from './wakes.js';

/** How long nobody looks again whether the call still rings; a busy database can hold the plan up for seconds. */
const FRESH_MS = 150;

type Pushed = NonNullable<DeviceWake['push']>;

/** Where a push goes, as the node knew that recorded its job, and a moment before its lease began, on the clock of `performance`. */
export interface KnownAddress {
  address: PushAddress;
  grantedAt: number;
}

/** One attempt to wake one device, with the `apns-id` its wake record holds; what comes of it is recorded. */
export class PushDevice extends Command<void> {
  constructor(
    readonly callId: string,
    readonly deviceId: string,
    /** The claim under which the attempt runs; 0 for the node that recorded the wish. */
    readonly epoch = 0,
    /** For the node that recorded the wish. */
    readonly known: KnownAddress | null = null,
  ) {
    super();
  }
}

@CommandHandler(PushDevice)
export class PushDeviceHandler implements ICommandHandler<PushDevice> {
  private readonly turns = new KeyedQueue(PUSHES_AT_ONCE);

  constructor(
    private readonly calls: Calls,
    private readonly reaches: Reaches,
    private readonly registry: DeviceRegistry,
    private readonly wakes: Wakes,
    private readonly jobs: Jobs,
    private readonly senders: Senders,
    private readonly pusher: DevicePusher,
    private readonly breaker: TokenPurgeBreaker,
    private readonly commands: CommandBus,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  execute(command: PushDevice): Promise<void> {
    return this.turns.run(command.callId, () => this.push(command));
  }

  private async push({ callId, deviceId, epoch, known }: PushDevice): Promise<void> {
    const job = { key: pushKey(callId, deviceId), epoch };
    // On the fast path all was recorded here milliseconds ago; later attempts look again, as other nodes may have gone on.
    const fresh = known && performance.now() - known.grantedAt < FRESH_MS ? known : null;
    const call = await (fresh ? this.calls.recall(callId) : this.calls.load(callId));
    const wake = await (fresh ? this.wakes.recall(callId) : this.wakes.load(callId));
    const device = wake.devices[deviceId];
    const push = device && needsPush(device) ? device.push : null;
    if (!isUnanswered(call) || this.clock.now() >= call.ringExpiresAt || !push) return this.jobs.finish(job);
    const address =
      fresh?.address ?? (await this.reaches.ofDevice(call.callee.userId, deviceId))?.push ?? null;
    const attempt = address
      ? await this.attempt(call, deviceId, push, address, new Lease(this.jobs, job, fresh?.grantedAt ?? null))
      : { address: null, provider: push.provider, results: [] };
    if (attempt === 'lost') return;
    if (attempt === 'withdrawn') return this.jobs.finish(job);
    const verdict = verdictOf(attempt, {
      push,
      breaker: this.breaker,
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
    lease: Lease,
  ): Promise<Attempt | 'lost' | 'withdrawn'> {
    const { provider } = address;
    const declared = address.provider === 'apns' ? address.environment : null;
    const answered = (environment: typeof declared, result: PushAnswer): Attempt => ({
      address,
      provider,
      results: [{ environment, result }],
    });
    if (this.breaker.isPaused(address)) return answered(declared, refused('TokenPaused', false));
    const push = { call, deviceId, pushId, address };
    if (address.provider === 'fcm') {
      const result = await this.pusher.send({ ...push, environment: null }, lease);
      return typeof result === 'string' ? result : answered(null, result);
    }
    const { bundleId } = address;
    const opposite = declared === 'sandbox' ? 'production' : 'sandbox';
    // What an earlier attempt has learned is not asked again: that costs Apple's patience.
    const swapped = refusedIn === declared && this.senders.apns.has(bundleId, opposite);
    const [environment, other] = swapped ? ([opposite, declared] as const) : ([declared, opposite] as const);
    const result = await this.pusher.send({ ...push, environment }, lease);
    if (typeof result === 'string') return result;
    const first = answered(environment, result);
    if (result.outcome !== 'bad-token' || !this.senders.apns.has(bundleId, other)) return first;
    // The refusal may have been long in coming, and nobody is woken twice or for a call that is over.
    const [now, wake] = await Promise.all([this.calls.load(call.callId), this.wakes.load(call.callId)]);
    const device = wake.devices[deviceId];
    if (!isUnanswered(now) || !device || !needsPush(device, true)) return { ...first, unfinished: true };
    const second = await this.pusher.send({ ...push, environment: other, again: true }, lease);
    if (second === 'lost') return 'lost';
    if (second === 'withdrawn') return { ...first, unfinished: true };
    return { ...first, results: [...first.results, { environment: other, result: second }] };
  }

  private async settle(
    call: UnansweredCall,
    deviceId: string,
    { address }: Attempt,
    verdict: Verdict,
  ): Promise<void> {
    const { callId } = call;
    const { userId } = call.callee;
    if (address && this.senders.know(address)) this.observe(address, userId, verdict);
    let retired = false;
    if (address) {
      const { token, tokenUpdatedAt } = address;
      if (verdict.correctedTo)
        await this.registry.correctEnvironment(userId, deviceId, token, verdict.correctedTo);
      if (verdict.retire) retired = await this.registry.retireToken(userId, deviceId, token, tokenUpdatedAt);
    }
    const { wake } = await this.wakes.change(callId, (known) =>
      settlePush(known, { callId, deviceId, verdict, retired }),
    );
    // Only now: whatever becomes of this statement, an accepted push is not sent again.
    if (verdict.outcome === 'accepted' && address?.tokenAccepted === false)
      await this.registry.rememberAcceptance(userId, deviceId, address.token);
    if (verdict.outcome === 'refused') await this.giveUpIfHopeless(call, wake);
  }

  private observe(address: PushAddress, userId: string, verdict: Verdict): void {
    const app = appOf(address);
    if (verdict.outcome === 'accepted') this.breaker.observe(app, userId, false);
    if (verdict.badToken) this.breaker.observe(app, userId, true);
    if (verdict.pause) this.breaker.pause(address);
    if (verdict.configurationFault) this.breaker.configurationFault(app, verdict.configurationFault);
  }

  /** Reads where else the callee could be reached only when all that was asked has refused. */
  private async giveUpIfHopeless({ callId, callee }: UnansweredCall, wake: Wake): Promise<void> {
    if (mayStillRing(wake)) return;
    const reaches = await this.reaches.of(callee.userId);
    const { events } = await this.wakes.change(callId, (known) => giveUp(known, { reaches }));
    if (events.length > 0) await this.commands.execute(new CloseCall(callId, 'unreachable'));
  }
}
