import { CallQuota } from '../../src/calls/call-quota.js';
import type { Calls } from '../../src/calls/calls.js';
import { type ExistingCall, noCall } from '../../src/calls/domain/call.js';
import { LiveCalls } from '../../src/calls/live-calls.js';
import { read } from '../support/settings.js';

const limited = { code: 'RATE_LIMITED' };
const call = (callId: string, state: string): ExistingCall =>
  ({ callId, state, caller: { userId: 'alice' } }) as unknown as ExistingCall;
type Start = () => Promise<{ created: boolean; call: ExistingCall }>;
const created: Start = () => Promise.resolve({ created: true, call: call('any', 'initiated') });
const overAtOnce: Start = () => Promise.resolve({ created: true, call: call('any', 'ended') });
const repeated: Start = () => Promise.resolve({ created: false, call: call('any', 'initiated') });
const failed: Start = () => Promise.reject(new Error('UNAVAILABLE'));

describe('the calls a user may start', () => {
  let live: LiveCalls;
  let known: Set<string>;
  let quota: CallQuota;
  beforeEach(() => {
    live = new LiveCalls();
    known = new Set();
    const calls = { recall: async (id: string) => (known.has(id) ? call(id, 'initiated') : noCall) };
    quota = new CallQuota(read({ RATE_LIMIT_CALLS_PER_MINUTE: '3' }), live, calls as unknown as Calls);
  });
  const starts = (caller: string, callee: string, start = created, callId = 'new') =>
    quota.charge({ caller, callee, callId }, start);

  it('are so many a minute', async () => {
    for (let nr = 0; nr < 3; nr++) await starts('alice', `callee-${nr}`);
    await expect(starts('alice', 'bob')).rejects.toMatchObject(limited);
    await starts('carol', 'bob');
  });

  it('are charged when they begin: repetitions and failures are free', async () => {
    for (let nr = 0; nr < 20; nr++) {
      await starts('alice', 'bob', repeated);
      await expect(starts('alice', 'bob', failed)).rejects.toThrow('UNAVAILABLE');
    }
    for (let nr = 0; nr < 3; nr++) await starts('alice', 'bob');
  });

  it('may be asked for again when there is no room for another one', async () => {
    for (let nr = 0; nr < 3; nr++) await starts('alice', 'bob');
    known.add('the last one');
    await expect(starts('alice', 'bob', repeated, 'the last one')).resolves.toMatchObject({ created: false });
    await expect(starts('alice', 'bob', created, 'a new one')).rejects.toMatchObject(limited);
  });

  it('to one person are twenty times as many, whoever makes them', async () => {
    for (let nr = 0; nr < 60; nr++) await starts(`caller-${nr}`, 'bob');
    await expect(starts('one-more', 'bob')).rejects.toMatchObject(limited);
    for (let nr = 0; nr < 3; nr++) await starts('one-more', 'carol');
  });

  it('are not counted against a person whom they never reached', async () => {
    for (let nr = 0; nr < 100; nr++) await starts(`caller-${nr}`, 'bob', overAtOnce);
    await starts('honest', 'bob');
  });

  it('are bounded while they live, whichever node has them', async () => {
    for (let nr = 0; nr < 12; nr++) live.seen(call(`call-${nr}`, nr % 2 ? 'answered' : 'ringing'));
    await expect(starts('alice', 'bob')).rejects.toMatchObject(limited);
    live.seen(call('call-5', 'ended'));
    await starts('alice', 'bob');
  });
});
