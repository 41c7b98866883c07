import { CallQuota } from '../../src/calls/call-quota.js';
import type { ExistingCall } from '../../src/calls/domain/call.js';
import { LiveCalls } from '../../src/calls/live-calls.js';
import { read } from '../support/settings.js';

const limited = { code: 'RATE_LIMITED' };
const created = (): Promise<{ created: boolean }> => Promise.resolve({ created: true });
const repeated = (): Promise<{ created: boolean }> => Promise.resolve({ created: false });
const failed = (): Promise<{ created: boolean }> => Promise.reject(new Error('UNAVAILABLE'));

describe('the calls a user may start', () => {
  let live: LiveCalls;
  let quota: CallQuota;
  beforeEach(() => {
    live = new LiveCalls();
    quota = new CallQuota(read({ RATE_LIMIT_CALLS_PER_MINUTE: '3' }), live);
  });
  const call = (callId: string, state: string): ExistingCall =>
    ({ callId, state, caller: { userId: 'alice' } }) as unknown as ExistingCall;

  it('are so many a minute', async () => {
    for (let nr = 0; nr < 3; nr++) await quota.charge('alice', `callee-${nr}`, created);
    await expect(quota.charge('alice', 'bob', created)).rejects.toMatchObject(limited);
    await quota.charge('carol', 'bob', created);
  });

  it('are charged when they begin: repetitions and failures are free', async () => {
    for (let nr = 0; nr < 20; nr++) {
      await quota.charge('alice', 'bob', repeated);
      await expect(quota.charge('alice', 'bob', failed)).rejects.toThrow('UNAVAILABLE');
    }
    for (let nr = 0; nr < 3; nr++) await quota.charge('alice', 'bob', created);
  });

  it('to one person are twice as many, whoever makes them', async () => {
    for (const caller of ['a', 'b', 'c', 'd', 'e', 'f']) await quota.charge(caller, 'bob', created);
    await expect(quota.charge('g', 'bob', created)).rejects.toMatchObject(limited);
    await quota.charge('g', 'carol', created);
  });

  it('are bounded while they live, whichever node has them', async () => {
    for (let nr = 0; nr < 12; nr++) live.seen(call(`call-${nr}`, nr % 2 ? 'answered' : 'ringing'));
    await expect(quota.charge('alice', 'bob', created)).rejects.toMatchObject(limited);
    live.seen(call('call-5', 'ended'));
    await quota.charge('alice', 'bob', created);
  });
});
