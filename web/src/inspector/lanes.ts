import type { CallView, Explanation, RecordedEvent } from '../operator/wire.js';
import { refusalBefore } from './refusal.js';

/** Who takes part: a column of the diagram. */
export interface Lane {
  id: string;
  kind: 'caller' | 'gateway' | 'apple' | 'google' | 'callee';
  title: string;
  subtitle: string;
}

export const GATEWAY = 'gateway';

/** The people and devices of a call, and under which names a story speaks of them. */
export interface Cast {
  lanes: Lane[];
  caller: string;
  callee: string;
  mediaName: string;
  callerLane: string;
  calleeLane(deviceId: string): string;
  providerLane(provider: string | null, environment: string | null): string;
  providerName(provider: string | null, environment: string | null): string;
  nameOf(deviceId: string): string;
  /** Whether a device that may be either side's is the caller's. */
  isCallers(deviceId: string): boolean;
}

const PLATFORMS: Record<string, string> = { ios: 'iOS', android: 'Android', web: 'browser' };

/** From left to right: the caller, the gateway, Apple and Google as far as they were asked, the callee's devices. */
export function castOf(call: CallView, events: readonly RecordedEvent[], explanation: Explanation): Cast {
  const caller = call.caller.name ?? call.caller.userId;
  const callee = call.callee.name ?? call.callee.userId;
  const from = (events[0]?.data['caller'] as { deviceId?: string } | undefined)?.deviceId ?? null;
  const described = new Map(explanation.devices.map((device) => [device.deviceId, device]));
  const nameOf = (deviceId: string): string =>
    described.get(deviceId)?.name ?? (isTab(deviceId) ? `${callee}'s browser` : deviceId);
  const isCallers = (deviceId: string): boolean =>
    deviceId === from || (deviceId !== call.answeredBy && !described.has(deviceId));

  const services = new Map<string, Lane>();
  const devices = new Map<string, Lane>();
  for (const { type, data } of events) {
    const provider = data['provider'];
    const asked = [data['environment'], data['refusedIn'], refusalBefore(data)?.environment];
    const environments = asked.filter((name) => typeof name === 'string');
    if (provider === 'apns') for (const name of environments) services.set(`apns ${name}`, apple(name));
    if (provider === 'fcm') services.set('fcm', GOOGLE);
    const deviceId = data['deviceId'];
    if (typeof deviceId !== 'string' || type === 'CallCancelled') continue;
    if (type === 'CallEnded' && isCallers(deviceId)) continue;
    const device = described.get(deviceId);
    const platform = PLATFORMS[device?.platform ?? ''] ?? (isTab(deviceId) ? 'browser' : 'device');
    devices.set(deviceId, {
      id: `callee ${deviceId}`,
      kind: 'callee',
      title: nameOf(deviceId),
      subtitle: `${callee} · ${platform}`,
    });
  }
  if (devices.size === 0) {
    devices.set('', { id: 'callee ', kind: 'callee', title: callee, subtitle: 'no device' });
  }
  const on = from === null ? 'over HTTP' : isTab(from) ? 'browser' : from;
  const callerLane: Lane = { id: 'caller', kind: 'caller', title: caller, subtitle: on };
  const gateway: Lane = { id: GATEWAY, kind: 'gateway', title: 'Ringway', subtitle: 'gateway' };
  return {
    lanes: [
      ...[callerLane, gateway],
      // Apple before Google; of Apple's environments the one that was asked first.
      ...[...services.values()].sort((a, b) => a.kind.localeCompare(b.kind)),
      ...devices.values(),
    ],
    ...{ caller, callee, mediaName: call.media, callerLane: callerLane.id, isCallers },
    calleeLane: (deviceId) => (devices.get(deviceId) ?? [...devices.values()][0]!).id,
    providerLane: (provider, environment) => (provider === 'fcm' ? 'fcm' : `apns ${environment}`),
    providerName: (provider, environment) =>
      provider === 'fcm' ? 'FCM' : `APNs ${environment ?? ''}`.trim(),
    nameOf,
  };
}

/** The console's own phones call themselves so; the number tells nobody anything. */
const isTab = (deviceId: string): boolean => /^tab-\d+-\d+$/.test(deviceId);

const apple = (environment: unknown): Lane => ({
  ...{
    id: `apns ${String(environment)}`,
    kind: 'apple',
    title: 'Apple',
    subtitle: `APNs ${String(environment)}`,
  },
});
const GOOGLE: Lane = { id: 'fcm', kind: 'google', title: 'Google', subtitle: 'FCM' };
