import { once } from 'node:events';
import { until } from '../../../test/support/until.js';
import { outcome, push, toSandbox } from '../support/apns.js';
import { simulator } from '../support/simulator.js';

const service = 'apns-sandbox';

describe('trouble with connections', () => {
  it('refuses them', async () => {
    simulator.inject({ service, times: 1, fault: { kind: 'refuse-connection' } });
    await expect(toSandbox()).rejects.toThrow();
    expect((await push(await toSandbox())).status).toBe(200);
  });

  it('shows a certificate nobody trusts', async () => {
    simulator.inject({ service, times: 1, fault: { kind: 'wrong-certificate' } });
    await expect(toSandbox()).rejects.toThrow(/certificate|signature/);
    expect((await push(await toSandbox())).status).toBe(200);
  });

  it('leaves pings unanswered, and the requests beside them not', async () => {
    const session = await toSandbox();
    const ping = (): Promise<string> =>
      Promise.race([
        new Promise<string>((resolve) =>
          session.ping((error) => resolve(error === null ? 'answered' : 'failed')),
        ),
        push(session).then(() => push(session).then(() => 'unanswered')),
      ]);
    expect(await ping()).toBe('answered');
    simulator.inject({ service, fault: { kind: 'ignore-pings' } });
    expect(await ping()).toBe('unanswered');
  });

  it('falls silent with the connection open', async () => {
    simulator.inject({ service, times: 1, fault: { kind: 'freeze' } });
    const session = await toSandbox();
    const frozen = push(session).catch(() => 'nothing');
    await new Promise<void>((resolve) => simulator.onRequest(() => resolve()));
    let ponged = false;
    session.ping(() => {
      ponged = true;
    });
    expect((await push(await toSandbox())).status).toBe(200);
    expect([ponged, session.closed, session.destroyed]).toEqual([false, false, false]);
    session.destroy();
    expect(await frozen).toBe('nothing');
  });

  it('falls silent for the answers that were on their way, too', async () => {
    const session = await toSandbox();
    await push(session);
    simulator.inject({ service, times: 1, fault: { kind: 'delay', ms: 20 } });
    let heard = '';
    const slow = push(session).then(outcome, () => 'nothing');
    void slow.then((text) => (heard = text));
    await until(() => simulator.log.length === 2, 'the slow push is there');
    simulator.inject({ service, times: 1, fault: { kind: 'freeze' } });
    const frozen = push(session).catch(() => 'nothing');
    await until(() => simulator.log[1]?.answered === 200, 'the slow push is answered');
    expect((await push(await toSandbox())).status).toBe(200);
    expect(heard).toBe('');
    session.destroy();
    expect([await slow, await frozen]).toEqual(['nothing', 'nothing']);
  });

  it('closes the port and opens it again', async () => {
    const session = await toSandbox();
    const closed = once(session, 'close');
    const { port } = new URL(simulator.origins.apnsSandbox);
    simulator.inject({ service, fault: { kind: 'outage' } });
    await closed;
    await expect(toSandbox()).rejects.toThrow(/ECONNREFUSED/);
    simulator.clearFaults();
    await simulator.listening();
    expect((await push(await toSandbox())).status).toBe(200);
    expect(new URL(simulator.origins.apnsSandbox).port).toBe(port);
  });

  it('drops them all, as a restart does', async () => {
    const session = await toSandbox();
    const closed = once(session, 'close');
    simulator.restart(service);
    await closed;
    expect((await push(await toSandbox())).status).toBe(200);
  });
});
