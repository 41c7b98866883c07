import type { ExistingCall } from '../calls/domain/call.js';
import { type DeviceFacts, type Happened, factsOf } from './device-timeline.js';
import { Silence } from './diagnose-no-ring.js';
import { type Known, type Verdict, howCancelled, says, seconds, slowness } from './verdict-text.js';

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
          `It rang ${rang}${late}, and ${howCancelled(call)} after ${after(call.endedAt)}${notes}`,
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
  // Only a push brings the token to ask with: the provider took it, even where its answer was lost.
  if (on?.push && (on.push.accepted !== null || on.reached?.via === 'preflight')) {
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
