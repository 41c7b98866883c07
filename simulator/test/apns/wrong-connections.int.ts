import { once } from 'node:events';
import * as http2 from 'node:http2';
import { until } from '../../../test/support/until.js';
import { outcome, push, toSandbox } from '../support/apns.js';
import { endWithTest, simulator, violatedRules } from '../support/simulator.js';

const minute = 60_000;

// A connection that is still closing would count against the next test.
afterEach(() => until(() => simulator.connections['apns-sandbox'] === 0, 'earlier connections are gone'));

describe('the connection to APNs suffers when a client', () => {
  it('sends a burst before it has seen SETTINGS: one stream passes', async () => {
    const session = http2.connect(simulator.origins.apnsSandbox, { ca: simulator.ca });
    endWithTest(session);
    session.on('error', () => undefined);
    const burst = Array.from({ length: 8 }, () =>
      push(session).then(outcome, (error: Error) => error.message),
    );
    const heard = await Promise.all(burst);
    expect(heard.filter((text) => text === '200 accepted')).toHaveLength(1);
    expect(heard.filter((text) => text.includes('REFUSED_STREAM'))).toHaveLength(7);
    expect(violatedRules()).toEqual(Array.from({ length: 7 }, () => 'too-many-streams'));
  });

  it('opens one for every push: first a violation, then no connection', async () => {
    const one = async (): Promise<string> => {
      const session = await toSandbox();
      const reply = outcome(await push(session));
      session.close();
      await once(session, 'close');
      return reply;
    };
    for (let i = 0; i < 11; i++) expect(await one()).toBe('200 accepted');
    expect(violatedRules()).toEqual([]);
    expect(await one()).toBe('200 accepted');
    expect(violatedRules()).toEqual(['connection-churn']);
    for (let i = 0; i < 20; i++) await one();
    await expect(one()).rejects.toThrow();
    simulator.clock.advance(minute);
    expect(await one()).toBe('200 accepted');
  });

  it('keeps a dozen open where one would do', async () => {
    for (let i = 0; i < 11; i++) await toSandbox();
    expect(violatedRules()).toEqual([]);
    await toSandbox();
    expect(violatedRules()).toEqual(['connection-churn']);
  });

  it('opens one for every push, but not when each was faulty by us', async () => {
    simulator.inject({ service: 'apns-sandbox', fault: { kind: 'hang' } });
    for (let i = 0; i < 12; i++) {
      const session = await toSandbox();
      const unanswered = push(session).catch(() => 'nothing');
      await until(() => simulator.log.length === i + 1, 'the push is there');
      session.destroy();
      await unanswered;
    }
    expect(violatedRules()).toEqual([]);
  });

  it('ignores GOAWAY: no answer comes, and `destroyed` would not have told it', async () => {
    const session = await toSandbox();
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
