import { VirtualAndroid, VirtualIphone } from 'ringway-simulator';
import { BUNDLE, type PushingGateway, pushingGateway } from '../../support/pushing.js';
import { type Platform, VirtualPhones } from '../../support/virtual-phones.js';

const platforms: Platform[] = ['iPhone', 'Android'];

describe('a virtual phone that must be quiet', () => {
  let gateway: PushingGateway;
  let phones: VirtualPhones;

  beforeAll(async () => {
    gateway = await pushingGateway();
    phones = new VirtualPhones(gateway);
  });
  afterEach(async () => {
    await phones.stop();
    expect(phones.bugs).toEqual([]);
    // Every VoIP push was one that an app can report, and no call had two of them.
    expect(gateway.simulator.violations).toEqual([]);
  });
  afterAll(() => gateway.stop());

  it.each(platforms)('an %s declines from the lock screen', async (platform) => {
    const caller = await phones.android();
    const callee = await phones.a(platform);
    await caller.call(callee.userId);
    await phones.becomes(callee, 'ringing');
    const declined = callee.decline();
    expect(callee.state).toBe('over'); // quiet at once
    expect(await declined).toBe(true);
    await phones.becomes(caller, 'over');
    expect(caller.screen).toMatchObject({ ended: 'declined' });
  });

  it('a phone whose app is killed while it rings declines all the same', async () => {
    const caller = await phones.android();
    const callee = await phones.android();
    await caller.call(callee.userId);
    await phones.becomes(callee, 'ringing');
    callee.kill();
    expect([callee.app, callee.state]).toEqual(['killed', 'ringing']); // the system shows it
    expect(await callee.decline()).toBe(true);
    await phones.becomes(caller, 'over');
    expect(caller.screen).toMatchObject({ ended: 'declined' });
  });

  it.each(platforms)('an %s stops when the caller gives up', async (platform) => {
    const caller = await phones.android();
    const callee = await phones.a(platform);
    await caller.call(callee.userId);
    await phones.becomes(callee, 'ringing');
    await caller.hangUp();
    await phones.becomes(callee, 'over');
    expect(callee.screen).toMatchObject({ ended: 'cancelled' });
    // The iPhone heard it on its socket or asked; a second VoIP push would have been a violation.
    const told = gateway.simulator.delivered(callee.pushToken).map(({ payload }) => payload.type);
    expect(told).toEqual(platform === 'iPhone' ? [undefined] : [undefined, 'call-over']);
  });

  it.each(platforms)('on an %s a push that comes after the cancel becomes no ring', async (platform) => {
    const caller = await gateway.phone(phones.somebody());
    const callee = await phones.a(platform);
    gateway.simulator.setPhone(callee.pushToken, { lateByMs: 25_000 });
    const callId = await caller.calls(callee.userId);
    await caller.hears('call:progress', ({ step }) => step === 'push-accepted');
    await caller.say('call:cancel', { callId });
    gateway.simulator.setPhone(callee.pushToken, { lateByMs: 0 });
    gateway.simulator.clock.advance(25_000);
    await phones.becomes(callee, 'over');
    gateway.simulator.clock.reset();
    expect(callee.screen).toMatchObject({ callId, ended: 'cancelled' });
    expect(phones.diary(callee)).toEqual(['asleep', 'woken', 'over']);
    expect((await caller.caughtUp()).all('call:ringing')).toEqual([]);
  });

  it('an iPhone is left alone when the caller gives up before its environment is found', async () => {
    const caller = await gateway.phone(phones.somebody());
    const callee = await phones.iphone('debug', { declares: 'production' });
    const { simulator } = gateway;
    simulator.inject({ service: 'apns-production', fault: { kind: 'delay', ms: 700 }, times: 1 });
    const callId = await caller.calls(callee.userId);
    await gateway.eventually(
      () => Promise.resolve(simulator.log),
      (log) => log.some(({ body }) => body.includes(callId)),
    );
    await caller.say('call:cancel', { callId });
    const timeline = await gateway.eventually(
      () => gateway.timeline(callId, caller.userId),
      (items) => items.some(({ type }) => type === 'PushRejected' || type === 'PushAccepted'),
    );
    expect(timeline.map(({ type }) => type)).not.toContain('PushAccepted');
    expect(phones.pushes(callee)).toEqual([]);
    expect(callee.state).toBe('asleep');
  });

  it('a phone that was signed out stays silent', async () => {
    const caller = await phones.android();
    const callee = await phones.iphone('debug');
    await callee.signOut();
    await caller.call(callee.userId);
    await phones.becomes(caller, 'over');
    expect(caller.screen).toMatchObject({ ended: 'failed' });
    expect(phones.diary(callee)).not.toContain('woken');
    expect(phones.pushes(callee)).toEqual([]);
  });

  it('a phone that is signed out in a call hangs up, and one that rings declines', async () => {
    const caller = await phones.android();
    const callee = await phones.iphone('debug');
    await caller.call(callee.userId);
    await phones.becomes(callee, 'ringing');
    await callee.answer();
    await phones.becomes(caller, 'in call');
    await callee.signOut();
    await phones.becomes(caller, 'over');
    expect(callee.screen).toMatchObject({ stage: 'over', ended: 'signed-out' });
    expect(caller.screen).toMatchObject({ ended: 'completed' });

    await callee.register();
    await caller.call(callee.userId);
    await phones.becomes(callee, 'ringing');
    await callee.signOut();
    await phones.becomes(caller, 'over');
    expect(caller.screen).toMatchObject({ ended: 'declined' });
  });

  it('a phone that was switched off does nothing any more', async () => {
    const caller = await phones.android();
    const callee = await phones.iphone('debug', { script: { does: 'answer', afterMs: 10_000 } });
    await caller.call(callee.userId);
    await phones.becomes(callee, 'ringing');
    await callee.stop();
    gateway.simulator.clock.advance(60_000);
    gateway.simulator.clock.reset();
    expect(callee.state).toBe('ringing');
    await caller.hangUp();
    expect(callee.state).toBe('ringing');
  });
});

describe('a virtual phone nobody picks up', () => {
  it.each(platforms)('rings out: %s', async (platform) => {
    const gateway = await pushingGateway({ RING_TIMEOUT_MS: '1500' });
    const basics = { simulator: gateway.simulator, gateway: gateway.url, userId: 'bob' };
    const callee =
      platform === 'iPhone'
        ? new VirtualIphone({ ...basics, bundleId: BUNDLE, build: 'debug' })
        : new VirtualAndroid(basics);
    try {
      await callee.register();
      const alice = await gateway.phone('alice');
      const callId = await alice.calls('bob');
      await alice.hears('call:ringing');
      callee.ignore();
      await alice.hears('call:missed');
      await gateway.eventually(
        () => Promise.resolve(callee.screen),
        (screen) => screen?.stage === 'over',
      );
      expect(callee.screen).toMatchObject({ callId, ended: 'missed' });
    } finally {
      await callee.stop();
      await gateway.stop();
    }
  });
});
