import type { Call } from '../src/call.js';
import { CallStore } from '../src/call-store.js';
import type { Commands } from '../src/commands.js';
import type { LeaveOutbox } from '../src/leave-outbox.js';
import { RingwayError } from '../src/index.js';
import type { CallView } from '../src/index.js';

const view = (version: number, more: Partial<CallView> = {}): CallView => ({
  callId: 'c1',
  version,
  media: 'voice',
  state: 'initiated',
  outcome: null,
  endReason: null,
  caller: { userId: 'alice', name: null },
  callee: { userId: 'bob', name: null },
  metadata: {},
  initiatedAt: '2026-11-22T12:00:00.000Z',
  ringExpiresAt: '2026-11-22T12:00:45.000Z',
  ringingAt: null,
  answeredAt: null,
  endedAt: null,
  answeredBy: null,
  ...more,
});
const ringing = view(2, { state: 'ringing' });
const answered = view(3, { state: 'answered', answeredBy: 'phone' });
const ended = view(4, { state: 'ended', outcome: 'completed', endReason: 'hangup' });
const serverTime = '2026-11-22T12:00:00.000Z';

/** Bob's phone, with what it was told and what became of it. */
function bobsPhone({ recorded = ended }: { recorded?: CallView | null } = {}) {
  const [incoming, changes]: [Call[], string[]] = [[], []];
  const store = new CallStore({
    deviceId: 'phone',
    userId: () => 'bob',
    commands: {} as Commands,
    outbox: {} as LeaveOutbox,
    lookUp: () =>
      recorded
        ? Promise.resolve(recorded)
        : Promise.reject(new RingwayError('CALL_NOT_FOUND', 'No such call.')),
    incoming: (call) => incoming.push(call),
    changed: (call) => changes.push(`${call.view?.version} ${call.state}`),
  });
  return { store, incoming, changes, the: () => store.calls.get('c1')! };
}
const signal = (seq: number, callId = 'c1') => ({
  callId,
  seq,
  from: { userId: 'alice', deviceId: 'a' },
  signal: `signal ${seq}`,
});

describe('the calls of an app', () => {
  it('keep the highest version, whatever is lost, late or repeated', () => {
    const { store, incoming, changes, the } = bobsPhone();
    store.hear('call:incoming', { call: view(1), serverTime });
    store.hear('call:answered', { call: answered });
    store.hear('call:ringing', { call: ringing });
    store.hear('call:incoming', { call: view(1), serverTime });
    store.hear('sync', { serverTime, calls: [answered], signals: [] });
    expect(changes).toEqual(['1 initiated', '3 answered']);
    expect(incoming).toEqual([the()]);
    expect(the().direction).toBe('incoming');
  });

  it('do not ring when they are over before they are heard of', () => {
    const { store, incoming } = bobsPhone();
    store.hear('call:missed', { call: { ...ended, outcome: 'missed' } });
    store.hear('call:incoming', { call: view(1), serverTime });
    expect(incoming).toEqual([]);
  });

  it('ring when only the sync tells of them', () => {
    const { store, incoming } = bobsPhone();
    store.hear('sync', { serverTime, calls: [ringing], signals: [] });
    expect(incoming).toHaveLength(1);
  });

  it('stop ringing when another device answered, though only the sync tells', () => {
    const { store, the } = bobsPhone();
    store.hear('call:incoming', { call: view(1), serverTime });
    const heard: unknown[] = [];
    the().on('handled-elsewhere', (handled) => heard.push(handled));
    const elsewhere = { ...answered, answeredBy: 'tablet' };
    store.hear('sync', { serverTime, calls: [elsewhere], signals: [] });
    const by = { userId: 'bob', deviceId: 'tablet', deviceName: 'Tablet' };
    store.hear('call:handled-elsewhere', { call: elsewhere, how: 'answered', by });
    expect(heard).toEqual([{ how: 'answered', by: { userId: 'bob', deviceId: 'tablet' } }]);
  });

  it('are looked up when a sync does not know them any more', async () => {
    const { store, the } = bobsPhone();
    store.hear('call:incoming', { call: view(1), serverTime });
    const over = new Promise((resolve) => the().on('ended', resolve));
    store.hear('sync', { serverTime, calls: [], signals: [] });
    expect(await over).toEqual(ended);
  });

  it('end when nobody knows them', async () => {
    const { store, the } = bobsPhone({ recorded: null });
    store.hear('call:incoming', { call: view(1), serverTime });
    const over = new Promise((resolve) => the().on('ended', resolve));
    store.hear('sync', { serverTime, calls: [], signals: [] });
    await over;
    expect(the().state).toBe('ended');
  });

  it('give signals in order and once, from the sync or live, and keep them until somebody listens', async () => {
    const { store, the } = bobsPhone();
    store.hear('sync', { serverTime, calls: [answered], signals: [signal(1), signal(2)] });
    store.hear('call:signal', signal(2));
    store.hear('call:signal', signal(3));
    const heard: unknown[] = [];
    the().on('signal', (text) => heard.push(text));
    expect(heard).toEqual([]);
    await Promise.resolve();
    store.hear('call:signal', signal(4));
    store.hear('call:signal', signal(4));
    expect(heard).toEqual(['signal 1', 'signal 2', 'signal 3', 'signal 4']);
  });

  it('say once that they ended', () => {
    const { store, the } = bobsPhone();
    store.hear('call:answered', { call: answered });
    let times = 0;
    the().on('ended', () => times++);
    store.hear('call:ended', { call: ended });
    store.hear('call:ended', { call: { ...ended, version: 5 } });
    expect(times).toBe(1);
  });

  it('are forgotten when they ended long ago, never while they live', () => {
    const { store } = bobsPhone();
    store.hear('call:answered', { call: { ...answered, callId: 'live' } });
    for (let nr = 0; nr < 70; nr++) store.hear('call:ended', { call: { ...ended, callId: `c${nr}` } });
    expect(store.calls.size).toBe(51);
    expect(store.calls.has('live')).toBe(true);
    expect(store.calls.has('c69')).toBe(true);
  });
});
