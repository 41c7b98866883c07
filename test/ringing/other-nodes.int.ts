import { randomUUID } from 'node:crypto';
import { DevicePusher } from '../../src/ringing/device-pusher.js';
import type { Job } from '../../src/ringing/jobs.js';
import { pushKey } from '../../src/ringing/domain/jobs.js';
import { PushDevice, PushDeviceHandler } from '../../src/ringing/push-device.js';
import { TellCallOver, TellCallOverHandler } from '../../src/ringing/stop-ringing.js';
import { TokenPurgeBreaker } from '../../src/ringing/token-purge-breaker.js';
import type { WakeEvent } from '../../src/ringing/domain/wake.js';
import { Wakes } from '../../src/ringing/wakes.js';
import { gate, givenStore } from '../event-store/given-store.js';
import { askedByPush, askedBySocket, pixel, reached } from './given-devices.js';

const given = givenStore();
const NOW = Date.parse('2026-11-22T12:00:00.000Z');

const askedByFcm = (deviceId: string): WakeEvent => {
  const { data } = askedByPush(deviceId);
  return {
    type: 'WakeRequested',
    data: { ...data, provider: 'fcm', because: 'no-acknowledgement' } as never,
  };
};

/** One node's memory of wakes, on the database all share. */
const node = (): Wakes => new Wakes(given.node(), { publish: () => undefined } as never);

/** This node has seen the pixel being told over its socket; another one has since decided to push it. */
async function whereAnotherNodeWentOn() {
  const callId = randomUUID();
  const [here, there] = [node(), node()];
  await here.change(callId, () => ({ events: [askedBySocket('pixel')] }));
  await there.change(callId, () => ({ events: [askedByFcm('pixel')] }));

  const sent: object[] = [];
  const lease = { isOurs: true };
  const finished: Job['key'][] = [];
  const parts = {
    wakes: here,
    reaches: { of: async () => [pixel()], ofDevice: async () => pixel() },
    jobs: {
      finish: async ({ key }: Job) => void finished.push(key),
      extend: async () => lease.isOurs,
    },
    runner: { postpone: async () => undefined },
    senders: {
      ...{ projectOf: () => 'project', know: () => false },
      fcm: {
        send: async ({ data }: { data: object }) => {
          sent.push(data);
          return { outcome: 'accepted', status: 200 };
        },
      },
    },
  };
  return { callId, here, there, sent, lease, finished, parts };
}

const theCall = (callId: string, state: 'initiated' | 'ended') => ({
  ...{ callId, state, media: 'voice', caller: { userId: 'alice', name: null }, callee: { userId: 'bob' } },
  ...{ ringExpiresAt: NOW + 45_000, answeredBy: null, answeredAt: null, declinedBy: null },
  ...{ outcome: 'cancelled', endReason: 'cancelled' },
});

type Parts = Awaited<ReturnType<typeof whereAnotherNodeWentOn>>['parts'];

function pushDevice(callId: string, { reaches, wakes, jobs, senders }: Parts): PushDeviceHandler {
  const call = async () => theCall(callId, 'initiated');
  const calls = { load: call, recall: call, mayRing: () => true } as never;
  const clock = { now: () => NOW };
  const tokens = { issue: async () => 'action token' } as never;
  const pusher = new DevicePusher(calls, wakes, senders as never, tokens, { url: 'http://localhost' }, clock);
  return new PushDeviceHandler(
    calls,
    reaches as never,
    {} as never,
    wakes,
    jobs as never,
    senders as never,
    pusher,
    new TokenPurgeBreaker(() => 0),
    {} as never,
    clock,
  );
}

describe('a node that has missed what another one decided', () => {
  it('sends the push whose job it takes over', async () => {
    const { callId, here, sent, parts } = await whereAnotherNodeWentOn();
    await pushDevice(callId, parts).execute(new PushDevice(callId, 'pixel', 1));
    expect(sent).toMatchObject([{ callId, callerName: 'alice' }]);
    const { devices } = await here.load(callId);
    expect(devices.pixel?.push).toMatchObject({ attempts: 1, result: 'accepted' });
    expect(await given.rows('select key from jobs where key = $1', [pushKey(callId, 'pixel')])).toEqual([]);
  });

  it('does not send a push when it was held up for so long that it lost the job again', async () => {
    const { callId, here, sent, lease, finished, parts } = await whereAnotherNodeWentOn();
    lease.isOurs = false;
    await pushDevice(callId, parts).execute(new PushDevice(callId, 'pixel', 1));
    expect([sent, finished]).toEqual([[], []]);
    expect((await here.load(callId)).devices.pixel?.push).toMatchObject({ attempts: 0, result: 'pending' });
  });

  it('sends what it has just decided itself without asking whether the job is still its own', async () => {
    const { callId, here, sent, lease, parts } = await whereAnotherNodeWentOn();
    await here.load(callId);
    lease.isOurs = false;
    const known = { address: pixel().push!, grantedAt: performance.now() };
    await pushDevice(callId, parts).execute(new PushDevice(callId, 'pixel', 0, known));
    expect(sent).toHaveLength(1);
  });

  it('asks when that was longer ago', async () => {
    const { callId, here, sent, lease, parts } = await whereAnotherNodeWentOn();
    await here.load(callId);
    lease.isOurs = false;
    const known = { address: pixel().push!, grantedAt: performance.now() - 151 };
    await pushDevice(callId, parts).execute(new PushDevice(callId, 'pixel', 0, known));
    expect(sent).toEqual([]);
  });

  it('does not push a phone that has the call by now, and ends the job', async () => {
    const { callId, there, sent, finished, parts } = await whereAnotherNodeWentOn();
    await there.change(callId, () => ({ events: [reached('pixel')] }));
    await pushDevice(callId, parts).execute(new PushDevice(callId, 'pixel', 1));
    expect([sent, finished]).toEqual([[], [pushKey(callId, 'pixel')]]);
  });

  it('tells the phone that was pushed that the call is over', async () => {
    const { callId, sent, finished, parts } = await whereAnotherNodeWentOn();
    const { reaches, wakes, jobs, runner, senders } = parts;
    const handler = new TellCallOverHandler(
      { load: async () => theCall(callId, 'ended') } as never,
      ...([reaches, wakes, jobs, runner, senders] as never[] as [never, never, never, never, never]),
    );
    await handler.execute(new TellCallOver(callId));
    expect(sent).toEqual([{ type: 'call-over', callId, outcome: 'cancelled' }]);
    expect(finished).toEqual([`call-over ${callId}`]);
  });

  it('remembers what it recorded itself, and not what an older look brought', async () => {
    const callId = randomUUID();
    const store = given.node();
    const slow = gate();
    const read = async (streamId: string): Promise<object[]> => {
      const events = await store.read(streamId);
      if (events.length > 0) await slow.opened;
      return events;
    };
    const wakes = new Wakes(
      { append: store.append.bind(store), read } as never,
      { publish: () => undefined } as never,
    );
    await wakes.change(callId, () => ({ events: [askedBySocket('pixel')] }));
    const look = wakes.load(callId);
    await wakes.change(callId, () => ({ events: [askedByFcm('pixel')] }));
    slow.open();
    await look;
    expect((await wakes.recall(callId)).version).toBe(2);
  });
});
