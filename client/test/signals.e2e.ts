import { type TestGateway, eventually, testGateway } from '../../test/support/gateway.js';
import type { Call } from '../src/index.js';
import { type Apps, apps } from './apps.js';
import { happens } from './happens.js';

describe('signals of an app', () => {
  let gateway: TestGateway;
  let running: Apps;
  beforeAll(async () => {
    gateway = await testGateway({ RATE_LIMIT_EVENTS_PER_SECOND: '20' });
    running = apps(gateway);
  });
  afterEach(() => running.close());
  afterAll(() => gateway.stop());

  const numbers = Array.from({ length: 100 }, (_, nr) => nr);
  const ring = async (deadlineMs: number): Promise<[Call, Call]> => {
    const [alice, bob] = [await running.online('alice', { deadlineMs }), await running.online('bob')];
    const incoming = happens(bob, 'incoming');
    const outgoing = alice.call({ callee: 'bob', media: 'voice' });
    await outgoing.sent;
    return [outgoing, (await incoming)[0]];
  };

  it('arrive all, in order, when there are more before the answer than the gateway keeps', async () => {
    const [outgoing, incoming] = await ring(1_000);
    const heard: unknown[] = [];
    incoming.on('signal', (signal) => heard.push(signal));
    const sent = numbers.map((nr) => outgoing.sendSignal(nr));
    await sent[63];
    // Longer than a command is tried: they wait for the answer, not for the gateway.
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    await incoming.answer();
    await Promise.all(sent);
    await eventually(
      async () => heard.length,
      (count) => count >= 100,
    );
    expect(heard).toEqual(numbers);
    await outgoing.end();
  });

  it('that wait for the answer are given up with the call', async () => {
    const [outgoing] = await ring(15_000);
    const sent = numbers.slice(0, 70).map((nr) => outgoing.sendSignal(nr));
    await sent[63];
    await outgoing.cancel();
    const outcomes = await Promise.allSettled(sent);
    expect(outcomes.map(({ status }) => status)).toEqual([
      ...Array<string>(64).fill('fulfilled'),
      ...Array<string>(6).fill('rejected'),
    ]);
    expect(outcomes[69]).toMatchObject({ reason: { code: 'CANCELLED' } });
  });
});
