import type { ApnsEnvironment, PushAddress } from '../devices/reach.js';
import { Inject, Injectable } from '@nestjs/common';
import { ActionTokens } from '../auth/action-tokens.js';
import { Calls } from '../calls/calls.js';
import type { UnansweredCall } from '../calls/domain/call.js';
import { CLOCK, type Clock } from '../time/clock.js';
import { Gateway } from '../net/public-url.js';
import type { PushAnswer, PushResult } from '../push/push-result.js';
import type { Lease } from './lease.js';
import { type CallPush, asStrings, callPush } from './push-payload.js';
import { Senders } from './push-senders.js';
import { needsPush } from './domain/wake.js';
import { Wakes } from './wakes.js';

/** How long an action token outlives the ring. */
const ACTION_GRACE_MS = 30_000;
const ANSWER_MS = 2_000;

export interface Push {
  call: UnansweredCall;
  deviceId: string;
  /** The `apns-id` of every attempt. */
  pushId: string;
  address: PushAddress;
  /** The APNs environment to send to; null for FCM. */
  environment: ApnsEnvironment | null;
  /** The other environment has just refused it. */
  again?: boolean;
}

/** Puts one push for one device on the wire, if it is still of use and ours to send when its turn to be written comes. */
@Injectable()
export class DevicePusher {
  constructor(
    private readonly calls: Calls,
    private readonly wakes: Wakes,
    private readonly senders: Senders,
    private readonly tokens: ActionTokens,
    private readonly gateway: Gateway,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * @returns 'lost' when the lease was lost before it was sent: another node sends it, or has; 'withdrawn' when it was of no
   * use any more
   */
  async send(push: Push, lease: Lease): Promise<PushAnswer | 'lost' | 'withdrawn'> {
    const payload = await this.payload(push);
    if (!(await lease.lasts(ANSWER_MS))) return 'lost';
    const deadlineMs = Math.max(1, Math.min(ANSWER_MS, push.call.ringExpiresAt - this.clock.now()));
    const wanted = (): boolean => lease.isHeld && this.isOfUse(push);
    const result = await this.hand(push, payload, { deadlineMs, wanted });
    if (result.outcome !== 'withdrawn') return result;
    return lease.isHeld ? 'withdrawn' : 'lost';
  }

  private hand(
    { call, pushId, address, environment }: Push,
    payload: CallPush,
    limits: { deadlineMs: number; wanted: () => boolean },
  ): Promise<PushResult> {
    const { token } = address;
    if (address.provider === 'apns') {
      const { bundleId } = address;
      return this.senders.apns.send({
        token,
        bundleId,
        environment: environment ?? address.environment,
        apnsId: pushId,
        payload: { aps: {}, ...payload },
        ...limits,
      });
    }
    const ttlSeconds = Math.max(1, Math.round((call.ringExpiresAt - this.clock.now()) / 1_000));
    const projectId = this.senders.projectOf(address.projectId);
    return this.senders.fcm.send({ token, projectId, data: asStrings(payload), ttlSeconds, ...limits });
  }

  private async payload({ call, deviceId }: Push): Promise<CallPush> {
    const grant = { callId: call.callId, userId: call.callee.userId, deviceId };
    const actionToken = await this.tokens.issue(grant, call.ringExpiresAt + ACTION_GRACE_MS);
    return callPush(call, this.clock.now(), actionToken, this.gateway.url);
  }

  /** By what this node knows without asking: the call still rings, and the device does not have it yet. */
  private isOfUse({ call: { callId, ringExpiresAt }, deviceId, again }: Push): boolean {
    if (!this.calls.mayRing(callId) || this.clock.now() >= ringExpiresAt) return false;
    const device = this.wakes.known(callId)?.devices[deviceId];
    return device === undefined || needsPush(device, again);
  }
}
