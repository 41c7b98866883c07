import type { CallView, RecordedEvent } from '../operator/wire.js';
import { type Cast, GATEWAY } from './lanes.js';
import { type Row, type Told, type Tone, note, sent, text } from './step.js';

/** Tells an event of the call itself. */
export function describeCall({ type, data }: RecordedEvent, call: CallView, cast: Cast): Told {
  const { caller, callee, callerLane } = cast;
  const device = text(data['deviceId']);
  const reason = text(data['reason']);
  const said = (name: string, how: string): Row => ({
    label: how,
    arrows: [
      { from: cast.calleeLane(name), to: GATEWAY, kind: 'sent' },
      { from: GATEWAY, to: callerLane, kind: 'told' },
    ],
    tone: 'plain',
  });
  const closed = (label: string, tone: Tone): Row => ({
    label,
    tone,
    arrows: [{ from: GATEWAY, to: callerLane, kind: 'told' }],
  });
  switch (type) {
    case 'CallInitiated': {
      const seconds = Math.round(Number(data['ringTimeoutMs']) / 1_000);
      return {
        tone: 'plain',
        title: `${caller} calls ${callee}`,
        words: `${caller} starts a ${cast.mediaName} call to ${callee}. It may ring for ${seconds} s.`,
        rows: [sent(callerLane, GATEWAY, `calls ${callee} (${cast.mediaName})`)],
      };
    }
    case 'CallRinging': {
      const name = cast.nameOf(device!);
      return {
        tone: 'ring',
        title: `${name} rings`,
        words: `${name} shows the call; ${caller} hears that it is ringing.`,
        rows: [{ ...said(device!, 'rings'), tone: 'ring' }],
      };
    }
    case 'CallAnswered': {
      const name = cast.nameOf(device!);
      return {
        tone: 'good',
        title: `${name} answers`,
        words: `${callee} answered on ${name}. The two devices are connected; all others stop ringing.`,
        rows: [{ ...said(device!, 'answers'), tone: 'good' }],
      };
    }
    case 'CallDeclined':
      return {
        tone: 'plain',
        title: `${callee} ${reason === 'busy' ? 'is busy' : 'declines'}`,
        words:
          device === null
            ? `${callee} is in another call, so no device rang.`
            : `${callee} declined the call on ${cast.nameOf(device)}${reason === 'busy' ? ' as busy' : ''}.`,
        rows: [
          device === null ? closed('busy', 'plain') : said(device, reason === 'busy' ? 'busy' : 'declines'),
        ],
      };
    case 'CallCancelled':
      return {
        tone: 'plain',
        title: `${caller} gives up`,
        words: `${caller} cancelled the call before anybody answered.`,
        rows: [sent(callerLane, GATEWAY, 'cancels')],
      };
    case 'CallMissed':
      return {
        tone: 'timeout',
        title: 'The ring ran out',
        words: `Nobody acted within the ring's time, so the gateway recorded a missed call.`,
        rows: [closed('ring timeout: missed', 'timeout')],
      };
    case 'CallFailed':
      return {
        tone: 'bad',
        title: 'The call failed',
        words: `${callee} could not be reached, so the call ended at once instead of ringing in vain.`,
        rows: [closed('failed: unreachable', 'bad')],
      };
    case 'CallEnded':
      return ended(device, reason, call, cast);
    default:
      return { tone: 'plain', title: type, words: `${type} was recorded.`, rows: [note(type, 'plain')] };
  }
}

function ended(device: string | null, reason: string | null, call: CallView, cast: Cast): Told {
  const { caller, callee, callerLane } = cast;
  if (device === null) {
    const why =
      reason === 'max_duration' ? 'it had lasted as long as a call may' : 'a participant was erased';
    return {
      tone: 'timeout',
      title: 'The gateway ends the call',
      words: `The gateway ended the call: ${why}.`,
      rows: [note(`ends: ${reason}`, 'timeout')],
    };
  }
  const byCaller = cast.isCallers(device);
  const lanes = [cast.calleeLane(call.answeredBy ?? device), callerLane];
  const [from, to] = byCaller ? [lanes[1]!, lanes[0]!] : [lanes[0]!, lanes[1]!];
  return {
    tone: 'plain',
    title: `${byCaller ? caller : callee} hangs up`,
    words: `${byCaller ? caller : callee} hung up, and the call is complete.`,
    rows: [
      {
        label: 'hangs up',
        tone: 'plain',
        arrows: [
          { from, to: GATEWAY, kind: 'sent' },
          { from: GATEWAY, to, kind: 'told' },
        ],
      },
    ],
  };
}
