import { jest } from '@jest/globals';
import pg from 'pg';
import { type TestGateway, eventually, testGateway } from '../../support/gateway.js';

interface Statement {
  name: string;
  values: string;
}

/** The named statements that this process sends to PostgreSQL. */
const sent: Statement[] = [];
const query = pg.Client.prototype.query as (...args: unknown[]) => unknown;
jest.spyOn(pg.Client.prototype, 'query').mockImplementation(function (this: pg.Client, ...args: unknown[]) {
  const { name, values } = args[0] as { name?: string; values?: unknown[] };
  if (name) sent.push({ name, values: JSON.stringify(values ?? []) });
  return query.apply(this, args) as never;
});

describe('a call between two phones on one node', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await testGateway();
  });
  afterAll(() => gateway.stop());

  it('reads one stream: who was pushed, when it is answered', async () => {
    const [alice, bob] = [await gateway.phone('alice'), await gateway.phone('bob')];
    const callId = await alice.calls('bob');
    await bob.hears('call:incoming');
    for (const command of ['call:ringing', 'call:answer']) await bob.say(command, { callId });
    await alice.say('call:end', { callId });
    const ofCall = (): Statement[] => sent.filter(({ values }) => values.includes(callId));
    // By then whatever reads the wake has read it.
    await eventually(
      async () => ofCall(),
      (statements) =>
        statements.some(({ values }) => values.includes('DeviceReached')) &&
        statements.some(({ name }) => name === 'finish_jobs'),
    );
    const others = ofCall().filter(({ name }) => name !== 'append');
    expect(others).toEqual([
      { name: 'read_stream', values: `["wake-${callId}"]` },
      { name: 'finish_jobs', values: `[["call-over ${callId}"],[0]]` },
    ]);
  });
});
