import { type PushingGateway, pushingGateway } from '../../support/pushing.js';
import { type Platform, VirtualPhones } from '../../support/virtual-phones.js';

const platforms: Platform[] = ['iPhone', 'Android'];

describe('a virtual phone that is called', () => {
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

  it.each([
    ['debug', 'voice', 'apns-sandbox'],
    ['debug', 'video', 'apns-sandbox'],
    ['app-store', 'voice', 'apns-production'],
    ['app-store', 'video', 'apns-production'],
  ] as const)(
    'an Android calls a sleeping iPhone with the %s build, %s: woken through %s it rings, and they talk',
    async (build, media, service) => {
      const caller = await phones.android();
      const callee = await phones.iphone(build);
      expect(callee.state).toBe('asleep');
      await caller.call(callee.userId, media);
      await phones.becomes(callee, 'ringing');
      expect(callee.screen).toMatchObject({ incoming: true, peer: caller.userId, media });
      expect(await callee.answer()).toBe(true);
      await phones.becomes(caller, 'in call');
      await caller.hangUp();
      await phones.becomes(callee, 'over');
      expect(callee.screen).toMatchObject({ ended: 'completed' });
      expect(phones.diary(callee)).toEqual(['asleep', 'woken', 'ringing', 'in call', 'over']);
      expect(phones.pushes(callee)).toEqual([service]);
    },
  );

  it.each(['voice', 'video'] as const)(
    'an iPhone calls a sleeping Android, %s: woken through FCM it rings, and they talk',
    async (media) => {
      const caller = await phones.iphone('app-store');
      const callee = await phones.android();
      await caller.call(callee.userId, media);
      await phones.becomes(callee, 'ringing');
      expect(callee.screen).toMatchObject({ incoming: true, peer: caller.userId, media });
      expect(await callee.answer()).toBe(true);
      await phones.becomes(caller, 'in call');
      await callee.hangUp();
      await phones.becomes(caller, 'over');
      expect(phones.diary(callee)).toEqual(['asleep', 'woken', 'ringing', 'in call', 'over']);
      expect(phones.pushes(callee)).toEqual(['fcm']);
    },
  );

  it.each(platforms)('an %s in the foreground rings without a push', async (platform) => {
    const caller = await phones.android();
    const callee = await phones.a(platform);
    expect(await callee.toForeground()).toBe(true);
    expect(callee.state).toBe('awake');
    await caller.call(callee.userId);
    await phones.becomes(callee, 'ringing');
    expect(await callee.answer()).toBe(true);
    await phones.becomes(caller, 'in call');
    await caller.hangUp();
    await phones.becomes(callee, 'over');
    expect(phones.pushes(callee)).toEqual([]);
  });

  it.each(platforms)('an %s that went to the background is woken', async (platform) => {
    const caller = await phones.android();
    const callee = await phones.a(platform);
    await callee.toForeground();
    await callee.toBackground();
    expect(callee.state).toBe('asleep');
    await caller.call(callee.userId);
    await phones.becomes(callee, 'ringing');
    expect(phones.pushes(callee)).toHaveLength(1);
  });

  it('an iPhone in the background whose socket is still open is pushed as well, and rings once', async () => {
    const caller = await phones.android();
    const callee = await phones.iphone('debug');
    await callee.toForeground();
    await callee.toBackground({ keepSocket: true });
    await caller.call(callee.userId);
    await phones.becomes(callee, 'ringing');
    expect((await gateway.simulator.nextDelivery(callee.pushToken)).payload).toMatchObject({
      callId: callee.screen?.callId,
    });
    await callee.answer();
    await phones.becomes(caller, 'in call');
    expect(phones.diary(callee).filter((state) => state === 'ringing')).toHaveLength(1);
    expect(phones.pushes(callee)).toHaveLength(1);
  });

  it.each(platforms)('an %s whose app was killed rings and answers', async (platform) => {
    const caller = await phones.iphone('debug');
    const callee = await phones.a(platform);
    await callee.toForeground();
    callee.kill();
    expect([callee.app, callee.state]).toEqual(['killed', 'asleep']);
    await caller.call(callee.userId, 'video');
    await phones.becomes(callee, 'ringing');
    callee.kill(); // the system keeps ringing, and starts the app for the answer
    expect([callee.app, callee.state]).toEqual(['killed', 'ringing']);
    expect(await callee.answer()).toBe(true);
    expect(callee.app).toBe('background');
    await phones.becomes(caller, 'in call');
  });

  it('two iPhones of different builds and a browser ring together, and it is answered once', async () => {
    const caller = await phones.android();
    const userId = phones.somebody();
    const debug = await phones.iphone('debug', { userId });
    const store = await phones.iphone('app-store', { userId });
    const browser = await gateway.phone(userId, { deviceId: 'browser' });
    await caller.call(userId);
    await Promise.all([
      phones.becomes(debug, 'ringing'),
      phones.becomes(store, 'ringing'),
      browser.hears('call:incoming'),
    ]);
    const { callId } = debug.screen!;
    const answers = await Promise.all([
      debug.answer(),
      store.answer(),
      browser.say('call:answer', { callId }).then(({ ok }) => ok === true),
    ]);
    expect(answers.filter(Boolean)).toHaveLength(1);
    await phones.becomes(caller, 'in call');
    for (const [phone, won] of [
      [debug, answers[0]],
      [store, answers[1]],
    ] as const) {
      if (!won) expect(phone.screen).toMatchObject({ stage: 'over', ended: 'answered-elsewhere' });
    }
    const recorded = await gateway.recorded(callId, userId);
    expect(recorded.filter((type) => type === 'CallAnswered')).toHaveLength(1);
  });

  it('when the browser answers, both iPhones stop', async () => {
    const caller = await phones.android();
    const userId = phones.somebody();
    const [debug, store] = [
      await phones.iphone('debug', { userId }),
      await phones.iphone('app-store', { userId }),
    ];
    const browser = await gateway.phone(userId, { deviceId: 'browser' });
    await caller.call(userId);
    await Promise.all([phones.becomes(debug, 'ringing'), phones.becomes(store, 'ringing')]);
    await browser.say('call:answer', { callId: debug.screen!.callId });
    await Promise.all([
      phones.becomes(debug, 'over'),
      phones.becomes(store, 'over'),
      phones.becomes(caller, 'in call'),
    ]);
    expect([debug.screen?.ended, store.screen?.ended]).toEqual(['answered-elsewhere', 'answered-elsewhere']);
  });

  it.each([
    ['debug', 'production', 'sandbox'],
    ['app-store', 'sandbox', 'production'],
  ] as const)(
    'an iPhone with the %s build that declares %s rings all the same',
    async (build, declares, truth) => {
      const caller = await phones.android();
      const callee = await phones.iphone(build, { declares });
      await caller.call(callee.userId);
      await phones.becomes(callee, 'ringing');
      const { body } = await gateway.http('/v1/devices', { as: callee.userId });
      expect(body.items).toMatchObject([{ deviceId: callee.deviceId, apnsEnvironment: truth }]);
      expect(phones.pushes(callee)).toEqual([`apns-${truth}`]);
    },
  );

  it('a wrong environment is asked once, also when the right one stumbles', async () => {
    const caller = await phones.android();
    const callee = await phones.iphone('debug', { declares: 'production' });
    const { simulator } = gateway;
    const fault = { kind: 'answer', status: 503, reason: 'ServiceUnavailable' } as const;
    simulator.inject({ service: 'apns-sandbox', fault, times: 2 });
    await caller.call(callee.userId);
    await phones.becomes(callee, 'ringing');
    const asked = simulator.log
      .filter(({ token }) => token === callee.pushToken)
      .map(({ service }) => service);
    expect(asked).toEqual(['apns-production', 'apns-sandbox', 'apns-sandbox', 'apns-sandbox']);
  });

  it('somebody who calls a phone in a call is heard: answering ends the other conversation', async () => {
    const [first, second, callee] = [
      await phones.android(),
      await phones.android(),
      await phones.iphone('debug'),
    ];
    await first.call(callee.userId);
    await phones.becomes(callee, 'ringing');
    await callee.answer();
    await second.call(callee.userId);
    await phones.becomes(callee, 'ringing');
    expect(callee.screen).toMatchObject({ peer: second.userId });
    await callee.answer();
    await Promise.all([phones.becomes(first, 'over'), phones.becomes(second, 'in call')]);
    expect(callee.screen).toMatchObject({ stage: 'in call', peer: second.userId });
  });

  it('two phones that call each other at the same moment are in one call', async () => {
    const [one, other] = [await phones.iphone('debug'), await phones.android()];
    await Promise.all([one.toForeground(), other.toForeground()]);
    expect(await Promise.all([one.call(other.userId), other.call(one.userId)])).toEqual([true, true]);
    await Promise.all([phones.becomes(one, 'in call'), phones.becomes(other, 'in call')]);
    await one.hangUp();
    await phones.becomes(other, 'over');
  });

  it('a script answers when the simulated time has come', async () => {
    const caller = await phones.android();
    const callee = await phones.iphone('app-store', { script: { does: 'answer', afterMs: 10_000 } });
    await caller.call(callee.userId);
    await phones.becomes(callee, 'ringing');
    gateway.simulator.clock.advance(10_000);
    await phones.becomes(caller, 'in call');
    gateway.simulator.clock.reset();
  });
});
