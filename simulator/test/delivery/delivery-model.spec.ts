import { randomUUID } from 'node:crypto';
import { SimulatorClock } from '../../src/core/clock.js';
import { strictPolicy } from '../../src/core/policy.js';
import { type DeliveryOutcome, RequestLog } from '../../src/core/request-log.js';
import { DeliveryModel, type Push } from '../../src/delivery/delivery-model.js';
import { type Device, type PhoneState, DeviceRegistry } from '../../src/delivery/device-registry.js';
import { Inboxes } from '../../src/delivery/inbox.js';

const start = Date.UTC(2026, 10, 22);

/** One phone with one app on it, and time that stands still until it is moved. */
class Desk {
  readonly clock = new SimulatorClock({ now: () => start });
  readonly requestLog = new RequestLog(this.clock);
  readonly inboxes = new Inboxes();
  readonly model = new DeliveryModel({
    clock: this.clock,
    requestLog: this.requestLog,
    policy: strictPolicy(),
    inboxes: this.inboxes,
  });
  readonly registry = new DeviceRegistry(this.clock);
  readonly device: Device;

  constructor(platform: 'ios' | 'android', state: PhoneState = {}) {
    this.device =
      platform === 'ios'
        ? this.registry.registerIos({ bundleId: 'com.example.app', environment: 'sandbox' })
        : this.registry.registerAndroid({});
    this.phone(state);
  }

  phone(state: PhoneState): void {
    Object.assign(this.device.phone, state);
    this.model.phoneChanged(this.device.phone);
  }

  /** Sends a call and returns what becomes of it, one word after the other. */
  send(change: Partial<Push> = {}): DeliveryOutcome[] {
    const outcomes: DeliveryOutcome[] = [];
    this.model.send({
      service: this.device.platform === 'ios' ? 'apns-sandbox' : 'fcm',
      connection: 1,
      device: this.device,
      id: randomUUID(),
      payload: { uuid: randomUUID(), handle: 'alice' },
      notification: null,
      topic: null,
      pushType: null,
      priority: 'high',
      sentAt: this.clock.now(),
      expiresAt: null,
      collapse: 'com.example.app.voip',
      outcome: (outcome) => outcomes.push(outcome),
      ...change,
    });
    return outcomes;
  }

  arrived(): unknown[] {
    return this.inboxes.of(this.device.token).map(({ payload }) => payload['n'] ?? payload['uuid']);
  }

  rules(): string[] {
    return this.requestLog.violations.map(({ detail }) => detail);
  }
}

const call = (n: number): Partial<Push> => ({ payload: { n, uuid: randomUUID(), handle: 'alice' } });
const desks: Desk[] = [];
function desk(...args: ConstructorParameters<typeof Desk>): Desk {
  const made = new Desk(...args);
  desks.push(made);
  return made;
}
afterEach(() => desks.splice(0).forEach(({ clock }) => clock.stop()));

describe('a push to a phone', () => {
  it('arrives at once when the phone is on the air', () => {
    const ios = desk('ios');
    expect(ios.send()).toEqual(['delivered']);
  });

  it('with expiration 0 is lost when the phone is away', () => {
    const ios = desk('ios', { online: false });
    const outcome = ios.send();
    ios.phone({ online: true });
    expect(outcome).toEqual(['lost']);
    expect(ios.arrived()).toEqual([]);
  });

  it('with an expiration waits for the phone', () => {
    const ios = desk('ios', { online: false });
    const outcome = ios.send({ ...call(1), expiresAt: start + 60_000 });
    ios.clock.advance(59_000);
    ios.phone({ online: true });
    expect(outcome).toEqual(['stored', 'delivered']);
  });

  it('expires where it waits', () => {
    const ios = desk('ios', { online: false });
    const outcome = ios.send({ expiresAt: start + 60_000 });
    ios.clock.advance(59_999);
    expect(outcome).toEqual(['stored']);
    ios.clock.advance(1);
    expect(outcome).toEqual(['stored', 'expired']);
    ios.phone({ online: true });
    expect(outcome).toEqual(['stored', 'expired']);
    expect(ios.arrived()).toEqual([]);
  });

  it('gives way to a newer one for the same app', () => {
    const ios = desk('ios', { online: false });
    const first = ios.send({ ...call(1), expiresAt: start + 60_000 });
    ios.send({ ...call(2), expiresAt: start + 60_000 });
    ios.phone({ online: true });
    expect(first).toEqual(['stored', 'replaced']);
    expect(ios.arrived()).toEqual([2]);
  });

  it('waits beside others on Android, where nothing collapses by itself', () => {
    const android = desk('android', { online: false });
    android.send({ ...call(1), collapse: null, expiresAt: start + 60_000 });
    android.send({ ...call(2), collapse: null, expiresAt: start + 60_000 });
    android.phone({ online: true });
    expect(android.arrived()).toEqual([1, 2]);
  });

  it('may be late, even a single attempt', () => {
    const ios = desk('ios', { lateByMs: 25_000 });
    const outcome = ios.send();
    ios.clock.advance(24_999);
    expect(outcome).toEqual(['pending']);
    ios.clock.advance(1);
    expect(outcome).toEqual(['pending', 'delivered']);
    expect(ios.inboxes.of(ios.device.token)[0]).toMatchObject({
      sentAt: start,
      deliveredAt: start + 25_000,
    });
  });

  it('may be overtaken by the next one', () => {
    const ios = desk('ios', { reorders: true });
    ios.send(call(1));
    ios.send(call(2));
    expect(ios.arrived()).toEqual([2, 1]);
  });

  it('that nobody overtakes arrives after a second', () => {
    const ios = desk('ios', { reorders: true });
    ios.send(call(1));
    ios.clock.advance(999);
    expect(ios.arrived()).toEqual([]);
    ios.clock.advance(1);
    expect(ios.arrived()).toEqual([1]);
  });

  it('does not reach an Android app that was force-stopped', () => {
    expect(desk('android', { appState: 'force-stopped' }).send({ expiresAt: start + 1000 })).toEqual([
      'lost',
    ]);
  });

  it('wakes a dozing Android phone with HIGH, and waits with NORMAL', () => {
    const android = desk('android', { dozing: true });
    expect(android.send({ expiresAt: start + 60_000 })).toEqual(['delivered']);
    const normal = android.send({ priority: 'normal', expiresAt: start + 60_000, collapse: null });
    expect(normal).toEqual(['stored']);
    android.phone({ dozing: false });
    expect(normal).toEqual(['stored', 'delivered']);
  });

  it('is NORMAL, whatever it says, for an Android app that showed nothing ten times', () => {
    const android = desk('android');
    for (let i = 0; i < 10; i++) android.model.appFailed(android.device);
    android.send();
    expect(android.inboxes.of(android.device.token)[0]).toMatchObject({
      originalPriority: 'high',
      priority: 'normal',
    });
  });
});

describe('a push that is no VoIP push', () => {
  it('need not be reported, whatever is in it', () => {
    const android = desk('android');
    const { registry, model, inboxes } = android;
    const alert = registry.registerIos({
      bundleId: 'com.example.app',
      environment: 'sandbox',
      kind: 'alert',
    });
    for (let i = 0; i < 5; i++) android.send({ device: alert, payload: { aps: { alert: 'Missed call' } } });
    android.send({ payload: {} });
    for (const { token } of [alert, android.device]) {
      expect(inboxes.of(token).at(-1)).toMatchObject({ mustReport: false, repeated: false });
    }
    expect(inboxes.of(alert.token)).toHaveLength(5);
    expect(android.rules()).toEqual([]);
    model.clear();
  });
});

describe('PushKit', () => {
  const cancel = (uuid: string): Partial<Push> => ({ payload: { uuid, handle: 'alice', cancelled: true } });

  it('wants every call reported, but not in the foreground or on a call', () => {
    const must = (state: PhoneState): unknown => {
      const ios = desk('ios', state);
      ios.send();
      return ios.inboxes.of(ios.device.token)[0]?.mustReport;
    };
    expect(must({ appState: 'background' })).toBe(true);
    expect(must({ appState: 'killed' })).toBe(true);
    expect(must({ appState: 'foreground' })).toBe(false);
    expect(must({ onCall: true })).toBe(false);
  });

  it('from iOS 26.4 on does not want a stale one reported', () => {
    const must = (ios: string): unknown => {
      const phone = desk('ios', { ios, lateByMs: 25_000 });
      phone.send();
      phone.clock.advance(25_000);
      return phone.inboxes.of(phone.device.token)[0]?.mustReport;
    };
    expect(must('26.3')).toBe(true);
    expect(must('26.4')).toBe(false);
  });

  it('goes silent after three cancels by push, and says so to nobody but us', () => {
    const ios = desk('ios');
    const calls = [1, 2, 3].map(() => randomUUID());
    for (const uuid of calls) {
      ios.send({ payload: { uuid, handle: 'alice' } });
      expect(ios.send(cancel(uuid))).toEqual(['delivered']);
    }
    expect(ios.send()).toEqual(['silenced']);
    expect(ios.rules()).toEqual(
      [1, 2, 3].map((n) => `second push for the call, unreported push number ${n}`),
    );
  });

  it.each<[string, Record<string, unknown>]>([
    ['no call UUID', { handle: 'alice' }],
    ['no call UUID', { uuid: 'call-7', handle: 'alice' }],
    ['no handle', { uuid: randomUUID() }],
  ])('cannot report a push with %s: %o', (what, payload) => {
    const ios = desk('ios');
    for (let i = 0; i < 3; i++) ios.send({ payload });
    expect(ios.rules()[0]).toBe(`${what}, unreported push number 1`);
    expect(ios.send()).toEqual(['silenced']);
  });

  it('takes a UUID of any version, in capitals too', () => {
    const ios = desk('ios');
    ios.send({ payload: { uuid: '0199F3A0-7C1E-7ABC-8DEF-0123456789AB', handle: 'alice' } });
    expect(ios.rules()).toEqual([]);
  });

  it('does not punish the repetition of a push, known by its apns-id', () => {
    const ios = desk('ios');
    const push = { id: randomUUID(), payload: { uuid: randomUUID(), handle: 'alice' } };
    for (let i = 0; i < 5; i++) expect(ios.send(push)).toEqual(['delivered']);
    expect(ios.rules()).toEqual([]);
    expect(ios.inboxes.of(ios.device.token).map(({ repeated }) => repeated)).toEqual([
      false,
      true,
      true,
      true,
      true,
    ]);
  });

  it('knows a second push for a call from a repeated one, however often it comes', () => {
    const ios = desk('ios', { appState: 'foreground' });
    const uuid = randomUUID();
    ios.send({ payload: { uuid, handle: 'alice' } });
    const second = { ...cancel(uuid), id: randomUUID() };
    ios.send(second);
    ios.send(second);
    expect(ios.inboxes.of(ios.device.token).map(({ repeated }) => repeated)).toEqual([false, false, false]);
    expect(ios.rules()).toHaveLength(2);
  });

  it.each<[string, PhoneState]>([
    ['the foreground', { appState: 'foreground' }],
    ['a call', { onCall: true }],
    ['iOS 26.4', { ios: '26.4' }],
  ])('is lenient with a second push in %s, which is a violation all the same', (_where, state) => {
    const ios = desk('ios', state);
    const uuid = randomUUID();
    ios.send({ payload: { uuid, handle: 'alice' } });
    for (let i = 0; i < 5; i++) expect(ios.send(cancel(uuid))).toEqual(['delivered']);
    expect(ios.rules()[0]).toBe('second push for the call');
  });

  it('forgets after a reinstall', () => {
    const ios = desk('ios');
    for (let i = 0; i < 3; i++) ios.model.appFailed(ios.device);
    expect(ios.send()).toEqual(['silenced']);
    ios.model.forgive(ios.device);
    expect(ios.send()).toEqual(['delivered']);
  });
});

describe('whoever plays the app', () => {
  it('takes pushes one by one, those that came first too', async () => {
    const ios = desk('ios');
    ios.send(call(1));
    const { token } = ios.device;
    expect((await ios.inboxes.next(token, 100)).payload['n']).toBe(1);
    ios.send(call(11));
    ios.send(call(12));
    expect((await ios.inboxes.next(token, 100)).payload['n']).toBe(11);
    expect((await ios.inboxes.next(token, 100)).payload['n']).toBe(12);
    const second = ios.inboxes.next(token, 1000);
    ios.send(call(2));
    ios.send(call(3));
    expect((await second).payload['n']).toBe(2);
    expect((await ios.inboxes.next(token, 100)).payload['n']).toBe(3);
  });

  it('is told when nothing comes', async () => {
    const ios = desk('ios');
    await expect(ios.inboxes.next(ios.device.token, 1)).rejects.toThrow(
      /No push reached …[0-9a-f]{6} within 1 ms/,
    );
    ios.send(call(1));
    expect((await ios.inboxes.next(ios.device.token, 100)).payload['n']).toBe(1);
  });
});
