import { verdictOn } from '../../src/explain/verdict.js';
import {
  START,
  PHONE,
  TAB,
  known,
  initiated,
  over,
  rangOn,
  answered,
  socket,
  push,
  hedge,
  accepted,
  retried,
  corrected,
  reached,
  rings,
  cases,
} from './told-calls.js';

cases('a call that was answered', [
  [
    'says when it rang, and when it was answered',
    answered(),
    [socket(5), reached('socket')(40), rings(60)],
    'answered',
    "Bob's iPhone rang after 0.1 s and was answered after 8.1 s.",
  ],
  [
    'by a device without a name that never said it rings',
    answered(TAB),
    [socket(5, TAB)],
    'answered',
    'Device tab-1 answered after 8.1 s.',
  ],
  [
    'after a push',
    answered(),
    [push()(5), accepted(60), reached('preflight')(80), rings(100)],
    'answered_after_wake',
    "Bob's iPhone was woken by APNs, rang after 0.1 s and was answered after 8.1 s.",
  ],
  [
    'after a push whose acceptance was never heard of',
    answered(),
    [
      push()(5),
      reached('preflight')(80),
      rings(100),
      retried(null, 'Timeout', { afterMs: null, reached: true })(2_005),
    ],
    'answered_after_wake',
    "Bob's iPhone was woken by APNs, rang after 0.1 s and was answered after 8.1 s.",
  ],
  [
    'after a push because of a ghost socket',
    answered(),
    [socket(5), hedge(1_505), accepted(1_600), rings(1_900)],
    'answered_after_wake',
    "Bob's iPhone was woken by APNs because its socket did not acknowledge, rang after 1.9 s and was answered after 8.1 s.",
  ],
  [
    'after a push that a stumbling provider took late',
    answered(),
    [push()(5), retried(503, 'ServiceUnavailable')(40), accepted(5_105)],
    'answered_after_wake',
    "Bob's iPhone was woken by APNs, which took the push only after 5.1 s (503 ServiceUnavailable), and answered after 8.1 s.",
  ],
  [
    'after its environment was healed',
    answered(),
    [push({ environment: 'sandbox' })(5), rings(57), accepted(73), corrected(73)],
    'answered_after_environment_healed',
    "Bob's iPhone was declared sandbox but belongs to production; the push was healed in time, and it rang after 0.1 s and was answered after 8.1 s.",
  ],
  [
    'elsewhere, while another device was healed',
    answered(TAB),
    [socket(5, TAB), push()(5), rings(50, TAB), accepted(70), corrected(70)],
    'answered',
    "Device tab-1 rang after 0.1 s and was answered after 8.1 s; Bob's iPhone was declared sandbox but belongs to production, which was healed.",
  ],
]);

cases('a call that rang', [
  [
    'and was declined, says that it was healed',
    over(4_000, { outcome: 'declined', endReason: 'declined', declinedBy: PHONE, ...rangOn }),
    [push()(5), accepted(70), corrected(70), rings(300)],
    'declined',
    "Bob got the call and declined it; Bob's iPhone was declared sandbox but belongs to production, which was healed.",
  ],
  [
    'and was missed, says that it was healed',
    over(45_000, { outcome: 'missed', endReason: 'timeout', ...rangOn }),
    [push()(5), accepted(70), corrected(70), rings(300)],
    'rang_unanswered',
    "It rang on Bob's iPhone after 0.3 s, and nobody answered; Bob's iPhone was declared sandbox but belongs to production, which was healed.",
  ],
  [
    'and was given up, says how late it rang and why',
    over(9_000, {
      ...{ outcome: 'cancelled', endReason: 'cancelled', ringingOn: [PHONE], ringingAt: START + 6_000 },
    }),
    [push()(5), retried(null, 'Timeout')(2_005), accepted(5_805), rings(6_000)],
    'rang_cancelled',
    "It rang on Bob's iPhone after 6.0 s, and the caller gave up after 9.0 s; APNs took the push for Bob's iPhone only after 5.8 s (Timeout).",
  ],
  [
    'still',
    { ...initiated, state: 'ringing', ...rangOn },
    [socket(5), rings(300)],
    'in_progress',
    "It is ringing on Bob's iPhone.",
  ],
]);

it('says of a callee in another call that no device rang', () => {
  const busy = over(5, { outcome: 'busy', endReason: 'busy' });
  expect(verdictOn(busy, [], known).verdict).toBe('Bob was in another call, so no device rang.');
});
