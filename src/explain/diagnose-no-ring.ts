import type { EndedCall } from '../calls/domain/call.js';
import type { DeviceFacts } from './device-timeline.js';
import { pushFault } from './push-fault.js';
import {
  type Known,
  SLOW_MS,
  type Verdict,
  type VerdictCode,
  answerOf,
  howCancelled,
  says,
  seconds,
  slowness,
} from './verdict-text.js';

/** A phone that has the call needs this long to show it: giving up sooner says nothing about the phone. */
const TO_RING_MS = 3_000;

/** Why nothing rang, of a call that is over. The most telling reason first. */
export class Silence {
  /** "the caller gave up after 4.0 s" */
  private readonly gaveUp: string | null;

  constructor(
    private readonly call: EndedCall,
    private readonly devices: DeviceFacts[],
    private readonly known: Known,
  ) {
    const after = seconds(call.endedAt - call.initiatedAt);
    this.gaveUp = call.outcome === 'cancelled' ? `${howCancelled(call)} after ${after}` : null;
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
    const clause = `${howCancelled(this.call)} after ${this.lasted()}, ${before}`;
    return says('cancelled_early', clause.replace(/^t/, 'T'));
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
