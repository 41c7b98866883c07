import type { ExistingCall } from '../calls/domain/call.js';
import type { WakeEvent } from '../ringing/wake-events.js';

export type VerdictCode =
  | ('answered' | 'answered_after_wake' | 'answered_after_environment_healed' | 'declined' | 'busy')
  | (
      | 'rang_unanswered'
      | 'rang_cancelled'
      | 'no_device'
      | 'configuration_fault'
      | 'token_retired'
      | 'wrong_environment'
    )
  | ('provider_unavailable' | 'woken_never_rang' | 'environment_healed_never_rang' | 'reached_never_rang')
  | ('socket_never_acknowledged' | 'push_refused' | 'cancelled_early' | 'in_progress')
  | 'participant_erased';

/** What is known of one device of the callee. */
interface Facts {
  deviceId: string;
  platform: string;
  told: boolean;
  reached: boolean;
  hedged: boolean;
  app: string | null;
  provider: 'APNs' | 'FCM' | null;
  accepted: boolean;
  healed: { from: string; to: string } | null;
  retired: string | null;
  configuration: string | null;
  refused: string | null;
  troubled: string | null;
}

export interface NamedDevices {
  /** "Bob's iPhone", or the device id where the install has no name. */
  nameOf(deviceId: string): string;
}

/** One sentence in plain words, and a code for machines: why it rang, or why it did not. Pure. */
export function verdictOn(
  call: ExistingCall,
  wake: readonly WakeEvent[],
  devices: NamedDevices,
): { verdict: string; code: VerdictCode } {
  if (call.state !== 'ended' || call.endReason !== 'participant_erased')
    return ringVerdict(call, wake, devices);
  const because = 'one of its two users was erased';
  if (call.answeredAt === null) {
    const rang = call.ringingOn.length === 0 ? 'any device rang' : 'anybody answered';
    return says('participant_erased', `The call ended before ${rang}, because ${because}.`);
  }
  const { verdict, code } = ringVerdict(call, wake, devices);
  return says(code, `${verdict} It ended because ${because}.`);
}

function ringVerdict(
  call: ExistingCall,
  wake: readonly WakeEvent[],
  { nameOf }: NamedDevices,
): { verdict: string; code: VerdictCode } {
  const devices = factsOf(wake);
  const answeredAt = call.state === 'answered' || call.state === 'ended' ? call.answeredAt : null;
  if (answeredAt !== null && (call.state === 'answered' || call.state === 'ended')) {
    const on = devices.find(({ deviceId }) => deviceId === call.answeredBy);
    const after = `${((answeredAt - call.initiatedAt) / 1_000).toFixed(1)} s`;
    const name = nameOf(call.answeredBy!);
    if (on?.healed) {
      return says(
        'answered_after_environment_healed',
        `${name} was declared ${on.healed.from} but belongs to ${on.healed.to}; the push was healed in time, and it answered after ${after}.`,
      );
    }
    if (on?.accepted) {
      const hedged = on.hedged ? ' because its socket did not acknowledge' : '';
      return says(
        'answered_after_wake',
        `${name} was woken by ${on.provider}${hedged} and answered after ${after}.`,
      );
    }
    return says('answered', `${name} answered after ${after}.`);
  }
  if (call.state === 'ended' && call.outcome === 'busy' && devices.length === 0) {
    return says('busy', `${call.callee.userId} was in another call, so no device rang.`);
  }
  if (call.state === 'ended' && (call.outcome === 'declined' || call.outcome === 'busy')) {
    return says(
      'declined',
      `${call.callee.userId} got the call and declined it${call.outcome === 'busy' ? ' as busy' : ''}.`,
    );
  }
  if (call.ringingOn.length > 0) {
    const where = call.ringingOn.map(nameOf).join(' and ');
    if (call.state !== 'ended') return says('in_progress', `It is ringing on ${where}.`);
    const healed = devices.find((device) => device.healed && call.ringingOn.includes(device.deviceId));
    const note = healed
      ? ` The APNs environment of ${nameOf(healed.deviceId)} was wrong and has been corrected.`
      : '';
    if (call.outcome === 'cancelled')
      return says('rang_cancelled', `It rang on ${where}, and the caller gave up.${note}`);
    return says('rang_unanswered', `It rang on ${where}, and nobody answered.${note}`);
  }
  return silence(call, devices, nameOf);
}

/** Nothing rang. The most telling reason first. */
function silence(
  call: ExistingCall,
  devices: Facts[],
  nameOf: (deviceId: string) => string,
): { verdict: string; code: VerdictCode } {
  const some = (has: (device: Facts) => unknown): Facts | undefined =>
    devices.find((device) => Boolean(has(device)));
  const user = call.callee.userId;
  if (call.state !== 'ended')
    return says('in_progress', `The devices of ${user} are being reached; none rings yet.`);
  if (devices.length === 0) {
    if (call.outcome === 'cancelled')
      return says('cancelled_early', 'The caller gave up before any device could be reached.');
    return says(
      'no_device',
      `${user} has no device that could be reached: none is connected, and none is registered for pushes.`,
    );
  }
  const healed = some(({ healed: from }) => from);
  if (healed?.healed) {
    return says(
      'environment_healed_never_rang',
      `${nameOf(healed.deviceId)} was declared ${healed.healed.from} but belongs to ${healed.healed.to}; this was corrected and the push accepted, yet the phone never reported ringing.`,
    );
  }
  const accepted = some((device) => device.accepted);
  if (accepted) {
    const push = `${accepted.provider} accepted the push for ${nameOf(accepted.deviceId)}`;
    if (accepted.reached)
      return says(
        'reached_never_rang',
        `${push}, and the phone asked about the call but never reported ringing.`,
      );
    const system = accepted.provider === 'APNs' ? 'iOS' : 'Android';
    return says(
      'woken_never_rang',
      `${push}, but the phone never came back: it may be off or offline, or ${system} may be holding back its pushes.`,
    );
  }
  const reached = some((device) => device.reached);
  if (reached)
    return says(
      'reached_never_rang',
      `${nameOf(reached.deviceId)} got the call over its socket but never reported ringing.`,
    );
  if (call.outcome === 'cancelled' && !some((device) => device.refused ?? device.retired)) {
    return says('cancelled_early', 'The caller gave up before any device could be reached.');
  }
  const configuration = some((device) => device.configuration);
  if (configuration) {
    return says(
      'configuration_fault',
      `${configuration.provider} refused to push for ${configuration.app}: ${configuration.configuration}. The configuration of this app needs mending; the phone is not at fault.`,
    );
  }
  const troubled = some((device) => device.troubled);
  if (troubled)
    return says(
      'provider_unavailable',
      `${troubled.provider} did not take the push for ${nameOf(troubled.deviceId)} in time: ${troubled.troubled}.`,
    );
  const retired = some((device) => device.retired);
  if (retired)
    return says(
      'token_retired',
      `${retired.provider} says that the push token of ${nameOf(retired.deviceId)} is dead (${retired.retired}), so it was retired; the app must register again.`,
    );
  const wrong = some((device) => device.refused === 'BadDeviceToken');
  if (wrong)
    return says(
      'wrong_environment',
      `APNs does not know the token of ${nameOf(wrong.deviceId)} in its environment (BadDeviceToken); the token was kept.`,
    );
  const refused = some((device) => device.refused);
  if (refused)
    return says(
      'push_refused',
      `${refused.provider} refused the push for ${nameOf(refused.deviceId)}: ${refused.refused}.`,
    );
  const silent = devices[0]!;
  return says(
    'socket_never_acknowledged',
    `The socket of ${nameOf(silent.deviceId)} looked alive but never acknowledged the call, and no push could be sent.`,
  );
}

const says = (code: VerdictCode, verdict: string): { verdict: string; code: VerdictCode } => ({
  verdict: verdict.replace(/^device /, 'Device '),
  code,
});

function factsOf(wake: readonly WakeEvent[]): Facts[] {
  const all = new Map<string, Facts>();
  for (const { type, data } of wake) {
    if (data.deviceId === null) continue;
    const facts = all.get(data.deviceId) ?? nothingKnown(data.deviceId);
    all.set(data.deviceId, facts);
    if (type === 'WakeRequested') {
      facts.platform = data.platform ?? 'browser';
      if (data.channel === 'socket') facts.told = true;
      else {
        facts.app = data.app;
        facts.provider = data.provider === 'apns' ? 'APNs' : 'FCM';
        facts.hedged = data.because === 'no-acknowledgement';
      }
    } else if (type === 'PushAccepted') facts.accepted = true;
    else if (type === 'PushRejected') {
      if (data.configuration) facts.configuration = data.reason;
      facts.refused = data.reason;
      facts.troubled = null;
    } else if (type === 'PushRetried') {
      // What the provider said tells more than its silence in the last moment of the ring.
      if (data.status !== null) facts.troubled = `${data.status} ${data.reason}`;
      else facts.troubled ??= data.reason;
    } else if (type === 'DeviceApnsEnvironmentCorrected') facts.healed = { from: data.from, to: data.to };
    else if (type === 'DevicePushTokenRetired') facts.retired = data.reason;
    else if (type === 'DeviceReached') facts.reached = true;
  }
  return [...all.values()];
}

const nothingKnown = (deviceId: string): Facts => ({
  ...{
    deviceId,
    platform: 'device',
    told: false,
    reached: false,
    hedged: false,
    app: null,
    provider: null,
    accepted: false,
  },
  ...{ healed: null, retired: null, configuration: null, refused: null, troubled: null },
});
