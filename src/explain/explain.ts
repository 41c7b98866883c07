import { Inject } from '@nestjs/common';
import { type IQueryHandler, Query, QueryBus, QueryHandler } from '@nestjs/cqrs';
import type { ExistingCall } from '../calls/domain/call.js';
import { CONFIG, type Config } from '../config/config.js';
import { DeviceRegistry } from '../devices/device-registry.js';
import { Timeline, type TimelineItem } from '../history/timeline.js';
import { verdictOn } from './verdict.js';
import type { VerdictCode } from './verdict-text.js';

export interface ExplainedStep {
  at: string;
  step: string;
  provider?: string;
  environment?: string;
  status?: number;
  reason?: string;
}

export interface Explanation {
  verdict: string;
  code: VerdictCode;
  devices: { deviceId: string; platform: string | null; name: string | null; steps: ExplainedStep[] }[];
}

/** Why a call rang or did not: the verdict, and what happened to each device of the callee. */
export class Explain extends Query<Explanation> {
  constructor(readonly call: ExistingCall) {
    super();
  }
}

@QueryHandler(Explain)
export class ExplainHandler implements IQueryHandler<Explain> {
  constructor(
    private readonly queries: QueryBus,
    private readonly registry: DeviceRegistry,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  async execute({ call }: Explain): Promise<Explanation> {
    const [timeline, installs] = await Promise.all([
      this.queries.execute(new Timeline(call.callId)),
      this.registry.list(call.callee.userId),
    ]);
    const installOf = (deviceId: string) => installs.find((install) => install.deviceId === deviceId);
    const nameOf = (deviceId: string): string => installOf(deviceId)?.name ?? `device ${deviceId}`;
    const steps = stepsByDevice(timeline);
    return {
      ...verdictOn(call, timeline, { nameOf, ackTimeoutMs: this.config.ringAckTimeoutMs }),
      devices: [...steps].map(([deviceId, { platform, steps: list }]) => ({
        deviceId,
        platform: installOf(deviceId)?.platform ?? platform,
        name: installOf(deviceId)?.name ?? null,
        steps: list,
      })),
    };
  }
}

/** The steps that concern the callee's devices, under the names an operator reads. */
const STEP: Record<string, string> = {
  PushAccepted: 'push-accepted',
  PushRejected: 'push-rejected',
  PushRetried: 'push-retried',
  DeviceReached: 'device-reached',
  DeviceApnsEnvironmentCorrected: 'environment-corrected',
  DevicePushTokenRetired: 'token-retired',
  CallRinging: 'ringing',
  CallAnswered: 'answered',
  CallDeclined: 'declined',
};

function stepsByDevice(
  timeline: TimelineItem[],
): Map<string, { platform: string | null; steps: ExplainedStep[] }> {
  const devices = new Map<string, { platform: string | null; steps: ExplainedStep[] }>();
  for (const { type, at, data } of timeline) {
    const step =
      type === 'WakeRequested' ? (data.channel === 'push' ? 'push-sent' : 'socket-told') : STEP[type];
    if (step === undefined || typeof data.deviceId !== 'string') continue;
    const device = devices.get(data.deviceId) ?? { platform: null, steps: [] };
    devices.set(data.deviceId, device);
    if (typeof data.platform === 'string') device.platform = data.platform;
    if (isObject(data.refusedBefore))
      device.steps.push({
        ...{ at, step: 'push-rejected' },
        ...detailsOf('PushRejected', { provider: data.provider, ...data.refusedBefore }),
      });
    device.steps.push({ at, step, ...detailsOf(type, data) });
  }
  return devices;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

function detailsOf(type: string, data: Record<string, unknown>): Partial<ExplainedStep> {
  const details: Partial<ExplainedStep> = {};
  if (typeof data.provider === 'string') details.provider = data.provider;
  if (typeof data.environment === 'string') details.environment = data.environment;
  if (typeof data.status === 'number') details.status = data.status;
  const reason = data.reason ?? data.because ?? data.via;
  if (typeof reason === 'string') details.reason = reason;
  if (type === 'DeviceApnsEnvironmentCorrected')
    return { environment: String(data.to), reason: `declared ${String(data.from)}` };
  return details;
}
