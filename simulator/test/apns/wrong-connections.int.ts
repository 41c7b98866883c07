import { once } from 'node:events';
import * as http2 from 'node:http2';
import { PushSimulator } from '../../src/push-simulator.js';
import { connect, post, providerToken, type Reply, voipBody, voipHeaders } from '../support/senders.js';
import { until } from '../../../test/support/until.js';

const bundleId = 'com.example.app';
const minute = 60_000;
let simulator: PushSimulator;
let authorization: string;
let token: string;
let sessions: http2.ClientHttp2Session[];

beforeAll(async () => {
  simulator = await PushSimulator.start();
});
afterAll(() => simulator.stop());
beforeEach(async () => {
  await until(() => simulator.connections['apns-sandbox'] === 0, 'earlier connections are gone');
  simulator.reset();
  sessions = [];
  authorization = `bearer ${await providerToken({ key: simulator.apnsKey, now: simulator.clock.now() })}`;
  token = simulator.registerIosDevice({ bundleId, environment: 'sandbox' }).token;
});
afterEach(() => {
  for (const session of sessions) session.destroy();
});

async function toApns(): Promise<http2.ClientHttp2Session> {
  const session = await connect(simulator, simulator.origins.apnsSandbox);
  sessions.push(session);
  return session;
}
const push = (session: http2.ClientHttp2Session): Promise<Reply> =>
  post(session, voipHeaders({ token, authorization, bundleId }), voipBody());
const rules = (): string[] => simulator.violations.map(({ rule }) => rule);
const said = ({ status, reason }: Reply): string => `${status} ${reason ?? 'accepted'}`;

describe('the connection to APNs suffers when a client', () => {
  it('sends a burst before it has seen SETTINGS: one stream passes', async () => {
    const session = http2.connect(simulator.origins.apnsSandbox, { ca: simulator.ca });
    sessions.push(session);
    session.on('error', () => undefined);
    const burst = Array.from({ length: 8 }, () => push(session).then(said, (error: Error) => error.message));
    const heard = await Promise.all(burst);
    expect(heard.filter((text) => text === '200 accepted')).toHaveLength(1);
    expect(heard.filter((text) => text.includes('REFUSED_STREAM'))).toHaveLength(7);
    expect(rules()).toEqual(Array.from({ length: 7 }, () => 'too-many-streams'));
  });

  it('opens one for every push: first a violation, then no connection', async () => {
    const one = async (): Promise<string> => {
      const session = await toApns();
      const reply = said(await push(session));
      session.close();
      await once(session, 'close');
      return reply;
    };
    for (let i = 0; i < 11; i++) expect(await one()).toBe('200 accepted');
    expect(rules()).toEqual([]);
    expect(await one()).toBe('200 accepted');
    expect(rules()).toEqual(['connection-churn']);
    for (let i = 0; i < 20; i++) await one();
    await expect(one()).rejects.toThrow();
    simulator.clock.advance(minute);
    expect(await one()).toBe('200 accepted');
  });

  it('keeps a dozen open where one would do', async () => {
    for (let i = 0; i < 11; i++) await toApns();
    expect(rules()).toEqual([]);
    await toApns();
    expect(rules()).toEqual(['connection-churn']);
  });

  it('opens one for every push, but not when each was spoiled by us', async () => {
    simulator.inject({ service: 'apns-sandbox', fault: { kind: 'hang' } });
    for (let i = 0; i < 12; i++) {
      const session = await toApns();
      const unanswered = push(session).catch(() => 'nothing');
      await until(() => simulator.log.length === i + 1, 'the push is there');
      session.destroy();
      await unanswered;
    }
    expect(rules()).toEqual([]);
  });

  it('ignores GOAWAY: no answer comes, and `destroyed` would not have told it', async () => {
    const session = await toApns();
    await push(session);
    simulator.inject({ service: 'apns-sandbox', times: 1, fault: { kind: 'delay', ms: 100 } });
    const slow = push(session);
    simulator.inject({ service: 'apns-sandbox', times: 1, fault: { kind: 'goaway' } });
    const goaway = once(session, 'goaway');
    const unanswered = expect(push(session)).rejects.toThrow();
    await goaway;
    await unanswered;
    expect(session.destroyed).toBe(false);
    await expect(async () => push(session)).rejects.toThrow(/GOAWAY/);
    expect((await slow).status).toBe(200);
  });
});
