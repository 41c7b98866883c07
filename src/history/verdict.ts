import type { EndedCall, ExistingCall } from '../calls/domain/call.js';
import { type DeviceFacts, type Happened, factsOf } from './device-facts.js';
import { pushFault } from './push-fault.js';

export type VerdictCode =
  | ('answered' | 'answered_after_wake' | 'answered_after_environment_healed' | 'declined' | 'busy')
  | (
      | 'rang_unanswered'
      | 'rang_cancelled'
      | 'no_device'
      | 'configuration_fault'
      | 'token_retired'
      | 'token_kept'
      | 'wrong_environment'
    )
  | ('provider_unavailable' | 'woken_never_rang' | 'environment_healed_never_rang' | 'reached_never_rang')
  | ('socket_never_acknowledged' | 'push_refused' | 'cancelled_early' | 'in_progress')
  | 'participant_erased';

export interface Verdict {
  verdict: string;
  code: VerdictCode;
}

export interface Known {
  /** "Bob's iPhone", or the device id where the install has no name. */
  nameOf(deviceId: string): string;
  /** How long a socket may take to acknowledge the call. */
  ackTimeoutMs: number;
}

/** A phone that has the call needs this long to show it: giving up sooner says nothing about the phone. */
const TO_RING_MS = 3_000;
/** A provider that takes longer than this to take a push is slow. */
const SLOW_MS = 1_000;

/** One sentence in plain words, and a code for machines: why it rang, or why it did not. Pure. */
export function verdictOn(call: ExistingCall, events: readonly Happened[], known: Known): Verdict {
  if (call.state !== 'ended' || call.endReason !== 'participant_erased')
    return ringVerdict(call, events, known);
  const because = 'one of its two users was erased';
  if (call.answeredAt === null) {
    const rang = call.ringingOn.length === 0 ? 'any device rang' : 'anybody answered';
    return says('participant_erased', `The call ended before ${rang}, because ${because}`);
  }
  const { verdict, code } = ringVerdict(call, events, known);
  return says(code, `${verdict} It ended because ${because}`);
}

function ringVerdict(call: ExistingCall, events: readonly Happened[], known: Known): Verdict {
  const devices = factsOf(events);
  const { nameOf } = known;
  const user = call.callee.name ?? call.callee.userId;
  const after = (moment: number): string => seconds(moment - call.initiatedAt);
  const answeredAt = call.state === 'answered' || call.state === 'ended' ? call.answeredAt : null;
  if (answeredAt !== null && (call.state === 'answered' || call.state === 'ended'))
    return answered(call.answeredBy!, devices, known, { answeredAt, after });
  if (call.state === 'ended' && call.outcome === 'busy' && devices.length === 0)
    return says('busy', `${user} was in another call, so no device rang`);
  if (call.state === 'ended' && (call.outcome === 'declined' || call.outcome === 'busy')) {
    const how = call.outcome === 'busy' ? ' as busy' : '';
    return says('declined', `${user} got the call and declined it${how}${notesOn(devices, nameOf)}`);
  }
  if (call.ringingOn.length > 0) {
    const rang = `on ${call.ringingOn.map(nameOf).join(' and ')}`;
    if (call.state !== 'ended') return says('in_progress', `It is ringing ${rang}`);
    const late = call.ringingAt === null ? '' : ` after ${after(call.ringingAt)}`;
    const notes = notesOn(devices, nameOf);
    return call.outcome === 'cancelled'
      ? says(
          'rang_cancelled',
          `It rang ${rang}${late}, and the caller gave up after ${after(call.endedAt)}${notes}`,
        )
      : says('rang_unanswered', `It rang ${rang}${late}, and nobody answered${notes}`);
  }
  if (call.state !== 'ended')
    return says('in_progress', `The devices of ${user} are being reached; none rings yet`);
  return new Silence(call, devices, known).verdict();
}

function answered(
  deviceId: string,
  devices: DeviceFacts[],
  { nameOf }: Known,
  { answeredAt, after }: { answeredAt: number; after: (moment: number) => string },
): Verdict {
  const on = devices.find((device) => device.deviceId === deviceId);
  const name = nameOf(deviceId);
  const others = notesOn(
    devices.filter((device) => device !== on),
    nameOf,
  );
  const rang = on?.rang ? `rang after ${after(on.rang)} and was answered` : 'answered';
  const when = `${rang} after ${after(answeredAt)}`;
  if (on?.healed)
    return says(
      'answered_after_environment_healed',
      `${name} was declared ${on.healed.from} but belongs to ${on.healed.to}; the push was healed in time, and it ${when}${others}`,
    );
  if (on?.push?.accepted) {
    const { provider, hedged } = on.push;
    const because = hedged ? ' because its socket did not acknowledge' : '';
    const slow = slowness(on);
    const link = on.rang ? ',' : slow ? ', and' : ' and';
    return says(
      'answered_after_wake',
      `${name} was woken by ${provider}${because}${slow ? `, which took the push only ${slow}` : ''}${link} ${when}${others}`,
    );
  }
  return says('answered', `${name} ${when}${others}`);
}

/** What was wrong on the way to devices that rang all the same, as clauses to add. */
function notesOn(devices: DeviceFacts[], nameOf: Known['nameOf']): string {
  return devices
    .flatMap((device) => {
      const name = nameOf(device.deviceId);
      const slow = device.rang ? slowness(device) : null;
      return [
        ...(device.healed
          ? [
              `${name} was declared ${device.healed.from} but belongs to ${device.healed.to}, which was healed`,
            ]
          : []),
        ...(slow ? [`${device.push!.provider} took the push for ${name} only ${slow}`] : []),
        ...(device.rang && device.push?.hedged
          ? [`${name} was pushed because its socket did not acknowledge`]
          : []),
      ];
    })
    .map((note) => `; ${note}`)
    .join('');
}

/** `after 5.1 s (503 ServiceUnavailable)`, of a push that was long in being taken. */
function slowness({ push }: DeviceFacts): string | null {
  if (!push?.accepted || push.accepted - push.at < SLOW_MS) return null;
  const why = push.trouble ? ` (${answerOf(push.trouble)})` : '';
  return `after ${seconds(push.accepted - push.at)}${why}`;
}

/** Why nothing rang, of a call that is over. The most telling reason first. */
class Silence {
  /** "the caller gave up after 4.0 s" */
  private readonly gaveUp: string | null;

  constructor(
    private readonly call: EndedCall,
    private readonly devices: DeviceFacts[],
    private readonly known: Known,
  ) {
    const after = seconds(call.endedAt - call.initiatedAt);
    this.gaveUp = call.outcome === 'cancelled' ? `the caller gave up after ${after}` : null;
  }

  verdict(): Verdict {
    const { devices } = this;
    if (devices.length === 0 && this.gaveUp === null) {
      const user = this.call.callee.name ?? this.call.callee.userId;
      return says(
        'no_device',
        `${user} has no device that could be reached: none is connected, and none is registered for pushes`,
      );
    }
    const first = (find: (device: DeviceFacts) => Verdict | null): Verdict | null => {
      for (const device of devices) {
        const found = find(device);
        if (found) return found;
      }
      return null;
    };
    return (
      first((device) => (device.push?.accepted ? this.accepted(device, device.push.accepted) : null)) ??
      first((device) => (device.reached ? this.reached(device, device.reached.at) : null)) ??
      first((device) => (device.push?.rejected?.configuration ? this.refused(device) : null)) ??
      first((device) => this.provider(device)) ??
      first((device) => (device.retired !== null ? this.refused(device) : null)) ??
      first((device) => (device.push?.rejected ? this.refused(device) : null)) ??
      this.silentSockets() ??
      this.tooSoon(`before any device could be reached`)
    );
  }

  /** The provider has the push. */
  private accepted(device: DeviceFacts, at: number): Verdict {
    const { push, reached, healed } = device;
    const { provider } = push!;
    const name = this.nameOf(device);
    if (this.endedSoonAfter(reached?.at ?? at)) {
      const slow = slowness(device);
      if (slow)
        return says(
          'provider_unavailable',
          `${provider} took the push for ${name} only ${slow}, and ${this.gaveUp}, before it could ring${this.otherSockets(device)}`,
        );
      if (this.isSilent(device))
        return says(
          'socket_never_acknowledged',
          `The socket of ${name} never acknowledged the call, and ${this.gaveUp}, before the push sent instead could make it ring`,
        );
      const wrong = healed
        ? `; it was declared ${healed.from} but belongs to ${healed.to}, which was healed`
        : '';
      return this.tooSoon(`before ${name} could ring${wrong}`);
    }
    const system = provider === 'APNs' ? 'iOS' : 'Android';
    const gone = this.gaveUp ? `had not come back when ${this.gaveUp}` : 'never came back';
    const has = reached?.via === 'socket' ? 'got the call over its socket' : 'asked about the call';
    const silence = reached
      ? `the phone ${has} but never reported ringing`
      : `the phone ${gone}: it may be off or offline, or ${system} may be holding back its pushes`;
    if (healed)
      return this.says(
        'environment_healed_never_rang',
        `${name} was declared ${healed.from} but belongs to ${healed.to}; this was corrected and the push accepted, yet the phone ${reached ? `only ${has} and ` : ''}never reported ringing`,
        device,
      );
    const main = `${provider} accepted the push for ${name}, ${reached ? 'and' : 'but'} ${silence}`;
    return this.says(reached ? 'reached_never_rang' : 'woken_never_rang', main, device, !reached);
  }

  /** The device has the call; no push was accepted. */
  private reached(device: DeviceFacts, at: number): Verdict {
    const name = this.nameOf(device);
    if (this.endedSoonAfter(at)) return this.tooSoon(`before ${name} could ring`);
    const how = device.reached!.via === 'socket' ? 'got the call over its socket' : 'asked about the call';
    return this.says('reached_never_rang', `${name} ${how} but never reported ringing`, device);
  }

  private refused(device: DeviceFacts): Verdict {
    const { clause, code } = pushFault(device, this.nameOf(device), this.call.endedAt);
    return this.says(code, clause, device);
  }

  /** The provider did not take the push, and there was time for it. */
  private provider(device: DeviceFacts): Verdict | null {
    const { push } = device;
    if (!push || push.rejected) return null;
    const name = this.nameOf(device);
    const { provider, trouble } = push;
    if (trouble && (this.gaveUp === null || trouble.at <= this.call.endedAt)) {
      const { status, reason } = trouble;
      const what = reason.startsWith('AccessToken.')
        ? `Google gave no access token for the push to ${name}: ${reason.slice('AccessToken.'.length)}`
        : status === null
          ? `${provider} did not answer to the push for ${name}: ${reason}`
          : `${provider} did not take the push for ${name} in time: ${answerOf(trouble)}`;
      return this.says('provider_unavailable', what, device);
    }
    if (this.call.endedAt - push.at < SLOW_MS) return null;
    return this.says('provider_unavailable', `${provider} did not answer to the push for ${name}`, device);
  }

  private silentSockets(): Verdict | null {
    const silent = this.devices.filter((device) => this.isSilent(device));
    if (silent.length === 0 && this.gaveUp !== null) return null;
    const names = (silent.length > 0 ? silent : this.devices).map((device) => this.nameOf(device));
    const sockets = `The socket${names.length > 1 ? 's' : ''} of ${names.join(' and ')}`;
    const clause = `${sockets} looked alive but never acknowledged the call, and no push could be sent`;
    return says('socket_never_acknowledged', clause + this.withCaller());
  }

  private tooSoon(before: string): Verdict {
    return says('cancelled_early', `The caller gave up after ${this.lasted()}, ${before}`);
  }

  /** @param told the clause tells by itself that the caller gave up */
  private says(code: VerdictCode, clause: string, device: DeviceFacts, told = false): Verdict {
    const before = this.isSilent(device)
      ? `The socket of ${this.nameOf(device)} never acknowledged the call, and a push did not help: `
      : '';
    return says(code, before + clause + this.otherSockets(device) + (told ? '' : this.withCaller()));
  }

  private otherSockets(device: DeviceFacts): string {
    const others = this.devices.filter((other) => other !== device && this.isSilent(other));
    if (others.length === 0) return '';
    const names = others.map((other) => this.nameOf(other)).join(' and ');
    return `; the socket${others.length > 1 ? 's' : ''} of ${names} never acknowledged the call`;
  }

  private withCaller(): string {
    return this.gaveUp === null ? '' : `; ${this.gaveUp}`;
  }

  /** Told over a socket that had its time to acknowledge, and did not. */
  private isSilent({ told, push, reached }: DeviceFacts): boolean {
    if (reached?.via === 'socket') return false;
    if (push) return push.hedged;
    return told !== null && !reached && this.call.endedAt - told >= this.known.ackTimeoutMs;
  }

  private endedSoonAfter(moment: number): boolean {
    return this.gaveUp !== null && this.call.endedAt - moment < TO_RING_MS;
  }

  private lasted(): string {
    return seconds(this.call.endedAt - this.call.initiatedAt);
  }

  private nameOf({ deviceId }: DeviceFacts): string {
    return this.known.nameOf(deviceId);
  }
}

const seconds = (ms: number): string => `${(Math.max(0, ms) / 1_000).toFixed(1)} s`;

/** `503 ServiceUnavailable`; an answer without a reason has its status in the gateway's own word. */
const answerOf = ({ status, reason }: { status: number | null; reason: string }): string =>
  status === null || reason.startsWith('HTTP ') ? reason : `${status} ${reason}`;

const says = (code: VerdictCode, clause: string): Verdict => ({
  verdict: `${clause.replace(/^device /, 'Device ')}.`,
  code,
});
