import type { CallView, RecordedEvent } from '../operator/wire.js';
import { type Cast, GATEWAY } from './lanes.js';
import { refusalBefore } from './refusal.js';
import { type Row, type Told, note, sent, text } from './step.js';

/** What is known of a device's push while its events are told. */
interface Pushing {
  environment: string | null;
  attempt: number;
  /** The last attempt failed, so the next result means that it was sent again. */
  again: boolean;
}

/** Tells how the callee's devices were reached, or not, one event after the other. */
export class WakeDescriber {
  private readonly pushing = new Map<string, Pushing>();

  constructor(
    private readonly call: CallView,
    private readonly events: readonly RecordedEvent[],
    private readonly cast: Cast,
  ) {}

  /** @returns null for an event that is not about reaching devices */
  tell({ type, data, at }: RecordedEvent): Told | null {
    const { callee } = this.cast;
    const device = text(data['deviceId']);
    switch (type) {
      case 'WakeRequested':
        return data['channel'] === 'socket' ? this.toldOverSocket(device!) : this.pushed(device!, data);
      case 'PushAccepted':
        return this.accepted(device!, data);
      case 'PushRejected':
        return this.rejected(device!, data);
      case 'PushRetried':
        return this.retried(device!, data);
      case 'DeviceApnsEnvironmentCorrected': {
        const [from, to, name] = [text(data['from'])!, text(data['to'])!, this.cast.nameOf(device!)];
        return {
          ...{ tone: 'healed', title: `Environment healed: ${from} → ${to}` },
          words: `${name} was declared ${from}, but its token belongs to ${to}. The gateway has corrected this and will push to ${to} from now on.`,
          rows: [note(`healed: ${from} → ${to}`, 'healed')],
        };
      }
      case 'DevicePushTokenRetired':
        return {
          ...{ tone: 'bad', title: 'Push token retired' },
          words: `The push token of ${this.cast.nameOf(device!)} is dead (${text(data['reason'])}). It is not used again until the app registers a new one.`,
          rows: [note('token retired', 'bad')],
        };
      case 'DeviceReached':
        return this.reached(device!, text(data['via']), Date.parse(at));
      case 'DeviceUnreachable': {
        const nobody = data['reason'] === 'no-device';
        return {
          ...{ tone: 'bad', title: 'Nobody can be reached' },
          words: nobody
            ? `${callee} has no connected device, and none that is registered for pushes.`
            : `Every push was refused for good, and no device of ${callee} is connected.`,
          rows: [note(nobody ? 'no device to reach' : 'every push refused', 'bad')],
        };
      }
      default:
        return null;
    }
  }

  private toldOverSocket(device: string): Told {
    const [lane, name] = [this.cast.calleeLane(device), this.cast.nameOf(device)];
    if (this.isGhost(device)) {
      return {
        ...{ tone: 'ghost', title: `${name}: the socket is a ghost` },
        words: `The gateway told ${name} over its socket, which looked alive. It never acknowledged.`,
        rows: [
          {
            label: 'incoming: no answer',
            arrows: [{ from: GATEWAY, to: lane, kind: 'lost' }],
            tone: 'ghost',
          },
        ],
      };
    }
    return {
      ...{ tone: 'plain', title: `${name} is told over its socket` },
      words: `${name} has a live socket: the gateway tells it about the call and waits for its acknowledgement.`,
      rows: [sent(GATEWAY, lane, 'incoming call')],
    };
  }

  /** Told over a socket, never heard of again; of a call that is still ringing that is not known yet. */
  private isGhost(device: string): boolean {
    const hedged = this.events.some(
      ({ data }) => data['deviceId'] === device && data['because'] === 'no-acknowledgement',
    );
    const acted = this.events.some(
      ({ type, data }) =>
        data['deviceId'] === device && /^(DeviceReached|Call)/.test(type) && data['via'] !== 'preflight',
    );
    return hedged || (!acted && this.call.state === 'ended');
  }

  private pushed(device: string, data: RecordedEvent['data']): Told {
    const name = this.cast.nameOf(device);
    const environment = text(data['environment']);
    this.pushing.set(device, { environment, attempt: 1, again: false });
    const hedge = data['because'] === 'no-acknowledgement';
    const app = data['provider'] === 'apns' ? (text(data['app']) ?? 'the app') : 'the app';
    const why = hedge
      ? `${name} did not acknowledge on its socket in time, so it is pushed as well`
      : `${name} is ${data['because'] === 'background' ? 'in the background' : 'not connected'}`;
    const provider = this.cast.providerName(text(data['provider']), environment);
    return {
      ...{
        tone: hedge ? 'hedge' : 'plain',
        title: hedge ? `Hedge: ${name} is pushed too` : `${name} is pushed`,
      },
      words: `${why}: the gateway asks ${provider} to wake ${app}.`,
      rows: [
        {
          ...{ label: hedge ? 'hedge: push as well' : 'push', tone: hedge ? 'hedge' : 'plain' },
          arrows: [{ from: GATEWAY, to: this.providerLane(data), kind: 'sent' }],
        },
      ],
    };
  }

  private accepted(device: string, data: RecordedEvent['data']): Told {
    const { rows, words } = this.untilAnswered(device, data);
    const lane = this.providerLane(data);
    const provider = this.cast.providerName(text(data['provider']), text(data['environment']));
    const status = text(data['status']) ?? '200';
    return {
      ...{ tone: rows.length > 1 ? 'healed' : 'good', title: `${provider} accepts the push` },
      words: `${words}${provider} accepted the push (${status}) and hands it on to ${this.cast.nameOf(device)}.`,
      rows: [
        ...rows,
        {
          ...{ label: `${status} accepted`, tone: 'good' },
          arrows: [
            { from: lane, to: GATEWAY, kind: 'sent' },
            { from: lane, to: this.cast.calleeLane(device), kind: 'unsure' },
          ],
        },
      ],
    };
  }

  private rejected(device: string, data: RecordedEvent['data']): Told {
    const { rows, words } = this.untilAnswered(device, data);
    const provider = this.cast.providerName(text(data['provider']), text(data['environment']));
    const answer = [text(data['status']), text(data['reason'])].filter(Boolean).join(' ');
    const fault = data['configuration'] === true;
    return {
      ...{ tone: 'bad', title: fault ? `${provider}: configuration fault` : `${provider} refuses the push` },
      words: `${words}${provider} refused the push for ${this.cast.nameOf(device)}: ${answer}.${fault ? ' The configuration of this app is at fault, not the phone.' : ''}`,
      rows: [...rows, { ...sent(this.providerLane(data), GATEWAY, answer), tone: 'bad' }],
    };
  }

  private retried(device: string, data: RecordedEvent['data']): Told {
    const { rows, words } = this.untilAnswered(device, data);
    const provider = this.cast.providerName(text(data['provider']), text(data['environment']));
    const status = text(data['status']);
    const answer = status === null ? text(data['reason'])! : `${status} ${text(data['reason'])}`;
    const pause = typeof data['afterMs'] === 'number' ? data['afterMs'] : null;
    this.pushing.get(device)!.again = pause !== null;
    const reached = data['reached'] === true;
    const next = reached
      ? `${this.cast.nameOf(device)} has the call by now, so the push is not sent again.`
      : pause === null
        ? 'No time is left to try again.'
        : `The same push is sent again after ${pause} ms.`;
    const tone = pause === null && !reached ? 'bad' : 'retry';
    return {
      ...{ tone, title: `${provider}: ${answer}` },
      words: `${words}${status === null ? `${provider} gave no answer (${answer}).` : `${provider} answered ${answer}.`} ${next}`,
      rows: [
        ...rows,
        {
          ...{
            label: answer,
            tone,
          },
          arrows: [{ from: this.providerLane(data), to: GATEWAY, kind: status === null ? 'lost' : 'sent' }],
        },
      ],
    };
  }

  /**
   * What is not an event of its own: a retry was sent again, and the first of two environments refused the push. Calls of before
   * 0.1.1 do not hold that answer; that there was one follows from the second environment's.
   */
  private untilAnswered(device: string, data: RecordedEvent['data']): { rows: Row[]; words: string } {
    const environment = text(data['environment']);
    const push = this.pushing.get(device) ?? { environment, attempt: 1, again: false };
    this.pushing.set(device, push);
    const rows: Row[] = [];
    let words = '';
    const lane = (of: string | null): string => this.providerLane({ ...data, environment: of });
    if (push.again) {
      push.attempt += 1;
      rows.push({ ...sent(GATEWAY, lane(push.environment), `push, attempt ${push.attempt}`), tone: 'retry' });
      push.again = false;
    }
    const refusal = refusalBefore(data);
    if (refusal !== null || push.environment !== environment) {
      const [first, second] = [refusal?.environment ?? push.environment, environment];
      const answer = refusal === null ? 'its answer was not recorded' : refusal.answer;
      words = `APNs ${first} refused the push (${answer}), so the same push went to ${second} at once. `;
      rows.push({
        ...sent(lane(first), GATEWAY, refusal?.answer ?? 'refused, answer not recorded'),
        tone: 'bad',
      });
      rows.push({ ...sent(GATEWAY, lane(second), `same push to ${second}`), tone: 'healed' });
      push.environment = second;
    }
    return { rows, words };
  }

  private reached(device: string, via: string | null, at: number): Told {
    const [lane, name] = [this.cast.calleeLane(device), this.cast.nameOf(device)];
    const asked = (channel: string): boolean =>
      this.events.some(
        ({ type, data }) =>
          type === 'WakeRequested' && data['deviceId'] === device && data['channel'] === channel,
      );
    const said = (label: string): Row => ({ ...sent(lane, GATEWAY, label), tone: 'good' });
    const told: Omit<Told, 'words' | 'rows'> = { tone: 'good', title: `${name} is reached` };
    if (via === 'socket') {
      // Its acknowledgement may be there before it is recorded that it was told.
      const untold = asked('socket') ? [] : [sent(GATEWAY, lane, 'incoming call')];
      const words = `${name} acknowledged the call over its socket: it is really there.`;
      return { ...told, words, rows: [...untold, said('acknowledged')] };
    }
    if (via === 'preflight') {
      const answer = this.isStillOn(at);
      const reply: Row = {
        label: answer,
        arrows: [{ from: GATEWAY, to: lane, kind: 'told' }],
        tone: 'plain',
      };
      const words = `${name} woke up and asked whether the call is still on before showing it: ${answer}.`;
      return { ...told, words, rows: [said('is it still on?'), reply] };
    }
    return asked('push')
      ? { ...told, words: `${name} woke up and acted on the call.`, rows: [said('woke up and acts')] }
      : { ...told, words: `${name} acted on the call: it is really there.`, rows: [said('acts')] };
  }

  /** What a phone was told that asked at that moment. */
  private isStillOn(at: number): string {
    const { answeredAt, endedAt } = this.call;
    if (answeredAt !== null && Date.parse(answeredAt) < at) return 'no, it was answered';
    return endedAt !== null && Date.parse(endedAt) < at ? 'no, it is over' : 'yes, it still rings';
  }

  private providerLane(data: RecordedEvent['data']): string {
    return this.cast.providerLane(text(data['provider']), text(data['environment']));
  }
}
