import { randomUUID } from 'node:crypto';
import type { Job } from '../../src/ringing/jobs.js';
import { pushKey } from '../../src/ringing/obligations.js';
import { PushDevice, PushDeviceHandler } from '../../src/ringing/push-device.js';
import { TellCallOver, TellCallOverHandler } from '../../src/ringing/tell-call-over.js';
import type { WakeEvent } from '../../src/ringing/wake-events.js';
import { WakeLog } from '../../src/ringing/wake-log.js';
import { gate, givenStore } from '../event-store/given-store.js';
import { askedByPush, askedBySocket, pixel } from './reaches.js';

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
const node = (): WakeLog => new WakeLog(given.node(), { publish: () => undefined } as never);

/** This node has seen the pixel being told over its socket; another one has since decided to push it. */
async function whereAnotherNodeWentOn() {
  const callId = randomUUID();
  const [here, there] = [node(), node()];
  await here.record(callId, () => ({ events: [askedBySocket('pixel')] }));
  await there.record(callId, () => ({ events: [askedByFcm('pixel')] }));

  const sent: object[] = [];
  const finished: Job['key'][] = [];
  const parts = {
    log: here,
    reaches: { of: async () => [pixel()], ofDevice: async () => pixel() },
    jobs: { finish: async ({ key }: Job) => void finished.push(key) },
    sweeper: { nudge: () => undefined },
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
  return { callId, here, sent, finished, parts };
}

const theCall = (callId: string, state: 'initiated' | 'ended') => ({
  ...{ callId, state, media: 'voice', caller: { userId: 'alice', name: null }, callee: { userId: 'bob' } },
  ...{ ringExpiresAt: NOW + 45_000, answeredBy: null, answeredAt: null, declinedBy: null },
  ...{ outcome: 'cancelled', endReason: 'cancelled' },
});

describe('a node that has missed what another one decided', () => {
  it('sends the push whose job it takes over', async () => {
    const { callId, here, sent, parts } = await whereAnotherNodeWentOn();
    const { reaches, log, jobs, sweeper, senders } = parts;
    const handler = new PushDeviceHandler(
      { load: async () => theCall(callId, 'initiated'), mayRing: () => true } as never,
      ...([reaches, {}, log, jobs, sweeper, senders, { blown: () => false }] as never[] as [
        ...[never, never, never, never, never, never, never],
      ]),
      { issue: async () => 'action token' } as never,
      ...([{ url: 'http://localhost' }, {}, { now: () => NOW }] as never[] as [never, never, never]),
    );
    await handler.execute(new PushDevice(callId, 'pixel', 1));
    expect(sent).toMatchObject([{ callId, callerName: 'alice' }]);
    const { devices } = await here.load(callId);
    expect(devices.pixel?.push).toMatchObject({ attempts: 1, result: 'accepted' });
    expect(await given.rows('select key from jobs where key = $1', [pushKey(callId, 'pixel')])).toEqual([]);
  });

  it('tells the phone that was pushed that the call is over', async () => {
    const { callId, sent, finished, parts } = await whereAnotherNodeWentOn();
    const { reaches, log, jobs, sweeper, senders } = parts;
    const handler = new TellCallOverHandler(
      { load: async () => theCall(callId, 'ended') } as never,
      ...([reaches, log, jobs, sweeper, senders] as never[] as [never, never, never, never, never]),
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
    const log = new WakeLog(
      { append: store.append.bind(store), read } as never,
      { publish: () => undefined } as never,
    );
    await log.record(callId, () => ({ events: [askedBySocket('pixel')] }));
    const look = log.load(callId);
    await log.record(callId, () => ({ events: [askedByFcm('pixel')] }));
    slow.open();
    await look;
    expect((await log.recall(callId)).version).toBe(2);
  });
});
