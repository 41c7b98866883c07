import { layOut } from '../../web/src/inspector/layout.js';
import { storyOf } from '../../web/src/inspector/story.js';
import { type Step, type Story, offset } from '../../web/src/inspector/step.js';
import { ticketOf } from '../../web/src/inspector/ticket.js';
import type { CallView, Explanation, RecordedEvent } from '../../web/src/operator/wire.js';

const START = Date.parse('2026-11-22T12:00:00.000Z');
const PHONE = 'bobs-iphone';

const call: CallView = {
  ...{ callId: '0199c0de-0000-7000-8000-000000000001', version: 3, media: 'video', state: 'ended' },
  ...{ caller: { userId: 'alice', name: 'Alice' }, callee: { userId: 'bob', name: null } },
  ...{ outcome: 'missed', endReason: 'timeout', initiatedAt: new Date(START).toISOString() },
  ...{ ringingAt: null, answeredAt: null, endedAt: null, ringExpiresAt: '', answeredBy: null },
};
const explanation: Explanation = {
  ...{ verdict: 'It rang on Bob’s iPhone, and nobody answered.', code: 'rang_unanswered' },
  devices: [{ deviceId: PHONE, platform: 'ios', name: 'Bob’s iPhone' }],
};

type Happened = [type: string, data: Record<string, unknown>];
const initiated: Happened = [
  'CallInitiated',
  { caller: { userId: 'alice', deviceId: 'pixel' }, callee: { userId: 'bob' }, ringTimeoutMs: 45_000 },
];
const wake = (more: object = {}): Happened => [
  'WakeRequested',
  {
    ...{ deviceId: PHONE, platform: 'ios', channel: 'push', because: 'offline', provider: 'apns' },
    ...{ environment: 'production', app: 'com.example.app', ...more },
  },
];
const told: Happened = ['WakeRequested', { deviceId: PHONE, platform: 'ios', channel: 'socket' }];
const push = (type: string, environment: string, more: object): Happened => [
  type,
  { deviceId: PHONE, provider: 'apns', environment, ...more },
];
const accepted = (environment: string): Happened => push('PushAccepted', environment, { status: 200 });
const refusedBefore = { environment: 'production', status: 400, reason: 'BadDeviceToken' };
const healed = push('PushAccepted', 'sandbox', { status: 200, refusedBefore });
const corrected: Happened = [
  'DeviceApnsEnvironmentCorrected',
  { deviceId: PHONE, from: 'production', to: 'sandbox' },
];
const retried = (status: number | null, reason: string, afterMs: number | null): Happened =>
  push('PushRetried', 'production', { status, reason, attempt: 1, afterMs });

const tell = (happened: Happened[], seen: Partial<CallView> = {}): Story => {
  const events = happened.map(([type, data], nr): RecordedEvent => ({
    ...{ position: nr + 1, stream: type.startsWith('Call') ? 'call' : 'wake', version: nr + 1, type, data },
    at: new Date(START + nr * 100).toISOString(),
  }));
  return storyOf({ ...call, ...seen }, events, explanation);
};
/** `lane -> lane label`, one line per arrow or note. */
const lines = ({ rows }: Step): string[] =>
  rows.map(({ arrows, label }) =>
    arrows.length === 0 ? label : `${arrows.map(({ from, to }) => `${from}>${to}`).join(' ')} ${label}`,
  );
const last = (happened: Happened[], seen?: Partial<CallView>): Step => tell(happened, seen).steps.at(-1)!;

describe('the story of a call', () => {
  it('has a lane for the caller, the gateway, whom it asked, and each device of the callee', () => {
    const { lanes } = tell([initiated, wake(), healed, corrected]);
    expect(lanes.map(({ title, subtitle }) => `${title}: ${subtitle}`)).toEqual([
      ...['Alice: pixel', 'Ringway: gateway', 'Apple: APNs production', 'Apple: APNs sandbox'],
      'Bob’s iPhone: bob · iOS',
    ]);
    expect(tell([initiated]).lanes.at(-1)).toMatchObject({ title: 'bob', subtitle: 'no device' });
  });

  it('tells of a healed environment what was asked, refused and asked again', () => {
    const { steps } = tell([initiated, wake(), healed, corrected]);
    expect(steps.flatMap(lines)).toEqual([
      'caller>gateway calls bob (video)',
      'gateway>apns production push',
      'apns production>gateway 400 BadDeviceToken',
      'gateway>apns sandbox same push to sandbox',
      `apns sandbox>gateway apns sandbox>callee ${PHONE} 200 accepted`,
      'healed: production → sandbox',
    ]);
    expect(steps.map(({ tone }) => tone)).toEqual(['plain', 'plain', 'healed', 'healed']);
    expect(steps[2]!.words).toMatch(/production refused the push \(400 BadDeviceToken\).*sandbox accepted/);
    expect(steps[2]!.facts).toContainEqual(['Environment', 'sandbox']);
  });

  it('draws the refusal as it was recorded, whatever it was', () => {
    const other = { environment: 'production', status: 410, reason: 'SomethingNewer' };
    const { steps } = tell([initiated, wake(), push('PushAccepted', 'sandbox', { refusedBefore: other })]);
    expect(lines(steps[2]!)[0]).toBe('apns production>gateway 410 SomethingNewer');
    expect(steps[2]!.words).toContain('APNs production refused the push (410 SomethingNewer)');
  });

  it('invents no answer where a call of before it was recorded has none', () => {
    const { steps } = tell([initiated, wake(), accepted('sandbox'), corrected]);
    expect(lines(steps[2]!).slice(0, 2)).toEqual([
      'apns production>gateway refused, answer not recorded',
      'gateway>apns sandbox same push to sandbox',
    ]);
    expect(JSON.stringify(steps)).not.toContain('BadDeviceToken');
  });

  it('draws a token that neither environment knows as refused by both', () => {
    const both = push('PushRejected', 'sandbox', { status: 400, reason: 'BadDeviceToken', refusedBefore });
    expect(lines(last([initiated, wake(), both]))).toEqual([
      'apns production>gateway 400 BadDeviceToken',
      'gateway>apns sandbox same push to sandbox',
      'apns sandbox>gateway 400 BadDeviceToken',
    ]);
  });

  it('tells of a retry that it was sent again, and from where', () => {
    const { steps } = tell([
      initiated,
      wake(),
      retried(503, 'ServiceUnavailable', 120),
      accepted('production'),
    ]);
    expect(lines(steps[2]!)).toEqual(['apns production>gateway 503 ServiceUnavailable']);
    expect(lines(steps[3]!)[0]).toBe('gateway>apns production push, attempt 2');
    expect(steps[2]!.tone).toBe('retry');
  });

  it('does not ask again the environment that a retry has found to be wrong', () => {
    const { steps } = tell([
      ...[initiated, wake()],
      push('PushRetried', 'sandbox', {
        status: 503,
        reason: 'Shutdown',
        afterMs: 90,
        refusedIn: 'production',
        refusedBefore,
      }),
      accepted('sandbox'),
    ]);
    expect(lines(steps[2]!)[0]).toBe('apns production>gateway 400 BadDeviceToken');
    expect(lines(steps[3]!)[0]).toBe('gateway>apns sandbox push, attempt 2');
  });

  it('tells what woke a phone before what the phone did, though the answer to the push was recorded later', () => {
    const asks: Happened = ['DeviceReached', { deviceId: PHONE, via: 'preflight' }];
    const rings: Happened = ['CallRinging', { deviceId: PHONE, name: null }];
    const { steps } = tell([initiated, wake(), asks, rings, healed, corrected], {
      endedAt: new Date(START + 45_000).toISOString(),
    });
    expect(steps.map(({ time }) => time)).toEqual([
      ...['+0.000 s', '+0.100 s', '≤ +0.200 s', '≤ +0.200 s', '+0.200 s', '+0.300 s'],
    ]);
    expect(steps.map(({ event }) => event.type).slice(2)).toEqual([
      ...['PushAccepted', 'DeviceApnsEnvironmentCorrected', 'DeviceReached', 'CallRinging'],
    ]);
    expect(steps[2]!.facts[0]).toEqual(['Recorded', '+0.400 s']);
    expect(steps[2]!.words).toContain(
      'The phone was quicker than this answer, which was recorded at +0.400 s.',
    );
    expect(lines(steps[4]!)).toEqual([
      `callee ${PHONE}>gateway is it still on?`,
      `gateway>callee ${PHONE} yes, it still rings`,
    ]);
  });

  it('leaves the order alone where the push was not what the phone acted on', () => {
    const acts: Happened = ['DeviceReached', { deviceId: PHONE, via: 'action' }];
    const kept = (happened: Happened[]): void =>
      expect(tell(happened).steps.map(({ event }) => event.type)).toEqual(happened.map(([type]) => type));
    kept([initiated, told, wake({ because: 'no-acknowledgement' }), acts, accepted('production')]);
    kept([initiated, wake(), acts, retried(null, 'Timeout', 90), accepted('production')]);
    kept([initiated, wake(), accepted('production'), acts]);
  });

  it('tells a phone that asks too late that the call is over', () => {
    const late: Happened = ['DeviceReached', { deviceId: PHONE, via: 'preflight' }];
    const at = new Date(START + 150).toISOString();
    expect(lines(last([initiated, wake(), late], { endedAt: at }))[1]).toContain('no, it is over');
    expect(lines(last([initiated, wake(), late], { answeredAt: at }))[1]).toContain('no, it was answered');
  });

  it('shows that a socket was told, also when its acknowledgement was quicker than the record', () => {
    const reached: Happened = ['DeviceReached', { deviceId: PHONE, via: 'socket' }];
    expect(lines(last([initiated, reached]))).toEqual([
      `gateway>callee ${PHONE} incoming call`,
      `callee ${PHONE}>gateway acknowledged`,
    ]);
    expect(lines(last([initiated, told, reached]))).toEqual([`callee ${PHONE}>gateway acknowledged`]);
  });

  it('names browsers without their numbers, and puts the environment asked first nearer', () => {
    const tab = 'tab-848516086-2224490035';
    const { lanes, steps } = tell([
      ['CallInitiated', { ...initiated[1], caller: { userId: 'alice', deviceId: 'tab-1-2' } }],
      ['WakeRequested', { deviceId: tab, platform: null, channel: 'socket' }],
      wake({ environment: 'sandbox' }),
      accepted('production'),
    ]);
    expect(lanes.map(({ title, subtitle }) => `${title}: ${subtitle}`)).toEqual([
      ...['Alice: browser', 'Ringway: gateway', 'Apple: APNs sandbox', 'Apple: APNs production'],
      ...["bob's browser: bob · browser", 'Bob’s iPhone: bob · iOS'],
    ]);
    expect(steps[1]!.title).toContain("bob's browser");
  });

  it('shows an answer that never came as lost', () => {
    const step = last([initiated, wake(), retried(null, 'Timeout', null)]);
    expect(step.rows[0]!.arrows[0]!.kind).toBe('lost');
    expect(step).toMatchObject({ tone: 'bad', words: expect.stringContaining('No time is left') as string });
  });

  it('shows a refused push and a retired token as bad', () => {
    const refused = push('PushRejected', 'production', {
      status: 410,
      reason: 'Unregistered',
      configuration: false,
    });
    expect(last([initiated, wake(), refused])).toMatchObject({
      tone: 'bad',
      title: 'APNs production refuses the push',
    });
    const fault = push('PushRejected', 'production', {
      status: 403,
      reason: 'InvalidProviderToken',
      configuration: true,
    });
    expect(last([initiated, wake(), fault]).words).toContain('The configuration of this app is at fault');
    const retired: Happened = [
      'DevicePushTokenRetired',
      { deviceId: PHONE, provider: 'apns', reason: 'Unregistered' },
    ];
    expect(last([initiated, wake(), refused, retired]).tone).toBe('bad');
  });

  it('knows a ghost socket: hedged, or silent until the call was over', () => {
    const hedge = wake({ because: 'no-acknowledgement' });
    expect(tell([initiated, told, hedge]).steps.map(({ tone }) => tone)).toEqual(['plain', 'ghost', 'hedge']);
    expect(last([initiated, told]).tone).toBe('ghost');
    expect(last([initiated, told], { state: 'initiated', outcome: null }).tone).toBe('plain');
    const reached: Happened = ['DeviceReached', { deviceId: PHONE, via: 'socket' }];
    expect(tell([initiated, told, reached]).steps[1]!.tone).toBe('plain');
    expect(tell([initiated, told, ['CallRinging', { deviceId: PHONE, name: null }]]).steps[1]!.tone).toBe(
      'plain',
    );
  });

  it.each([
    ['CallRinging', { deviceId: PHONE }, 'ring', `callee ${PHONE}>gateway gateway>caller rings`],
    ['CallAnswered', { deviceId: PHONE }, 'good', `callee ${PHONE}>gateway gateway>caller answers`],
    [
      'CallDeclined',
      { deviceId: PHONE, reason: 'declined' },
      'plain',
      `callee ${PHONE}>gateway gateway>caller declines`,
    ],
    ['CallDeclined', { deviceId: null, reason: 'busy' }, 'plain', 'gateway>caller busy'],
    ['CallCancelled', { deviceId: 'pixel' }, 'plain', 'caller>gateway cancels'],
    ['CallMissed', {}, 'timeout', 'gateway>caller ring timeout: missed'],
    ['CallFailed', { reason: 'unreachable' }, 'bad', 'gateway>caller failed: unreachable'],
    ['CallEnded', { deviceId: null, reason: 'max_duration' }, 'timeout', 'ends: max_duration'],
    [
      'CallEnded',
      { deviceId: 'pixel', reason: 'hangup' },
      'plain',
      `caller>gateway gateway>callee ${PHONE} hangs up`,
    ],
    [
      'CallEnded',
      { deviceId: PHONE, reason: 'hangup' },
      'plain',
      `callee ${PHONE}>gateway gateway>caller hangs up`,
    ],
    ['DeviceUnreachable', { deviceId: null, reason: 'no-device' }, 'bad', 'no device to reach'],
    ['DeviceReached', { deviceId: PHONE, via: 'action' }, 'good', `callee ${PHONE}>gateway acts`],
    ['SomethingNewer', {}, 'plain', 'SomethingNewer'],
  ])('tells %s %j', (type, data, tone, line) => {
    const step = last([initiated, told, [type, data]], { answeredBy: PHONE });
    expect([step.tone, lines(step)]).toEqual([tone, [line]]);
  });
});

describe('its drawing', () => {
  const story = tell([initiated, wake(), healed, corrected]);
  const drawing = layOut(story);

  it('goes down from step to step, each row inside its step and each arrow between its lanes', () => {
    let bottom = drawing.top;
    for (const step of drawing.steps) {
      expect(step.top).toBeGreaterThanOrEqual(bottom);
      bottom = step.top + step.height;
      for (const { y } of step.rows) {
        expect(y).toBeGreaterThan(step.top);
        expect(y).toBeLessThan(bottom);
      }
    }
    expect(bottom).toBeLessThanOrEqual(drawing.height);
    const [caller, gateway, production] = drawing.lanes.map(({ x }) => x);
    const arrow = drawing.steps[1]!.rows[0]!.arrows[0]!;
    expect(arrow.x1).toBeGreaterThan(gateway!);
    expect(arrow.x2).toBeLessThan(production!);
    expect(caller).toBeLessThan(gateway!);
    expect(drawing.steps[3]!.rows[0]).toMatchObject({ arrows: [], noteX: gateway });
  });

  it('says when', () => {
    expect(drawing.steps.map(({ time }) => time)).toEqual(['+0.000 s', '+0.100 s', '+0.200 s', '+0.300 s']);
    expect([offset(45_001), offset(65_400), offset(3_600_000), offset(-3)]).toEqual([
      ...['+45.001 s', '+1 m 05 s', '+1 h 00 m', '+0.000 s'],
    ]);
  });
});

describe('a call as text', () => {
  it('begins with the verdict and tells every step', () => {
    const story = tell([initiated, wake(), healed, corrected]);
    const ticket = ticketOf(call, explanation, story, 'https://calls.example.com/calls/1');
    expect(ticket.split('\n')[0]).toBe(explanation.verdict);
    expect(ticket).toContain('From     Alice (alice) to bob, video');
    expect(ticket).toContain('Result   missed (timeout), rang_unanswered');
    expect(ticket).toContain('https://calls.example.com/calls/1');
    for (const { words } of story.steps) expect(ticket).toContain(words);
  });
});
