import { once } from 'node:events';
import * as http from 'node:http';
import { connect, post, providerToken, voipBody, voipHeaders } from '../support/senders.js';
import { simulator } from '../support/simulator.js';

const bundleId = 'com.example.app';

interface Answer {
  status: number;
  body: Record<string, unknown>;
}

async function control(request: string, body?: unknown, to = simulator): Promise<Answer> {
  const [method = '', path = ''] = request.split(' ');
  const response = await fetch(to.origins.control + path, {
    method,
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>) };
}

async function push(token: string, to = simulator): Promise<number> {
  const session = await connect(to, to.origins.apnsSandbox);
  const authorization = `bearer ${await providerToken({ key: to.apnsKey, now: to.clock.now() })}`;
  const { status } = await post(session, voipHeaders({ token, authorization, bundleId }), voipBody());
  session.destroy();
  return status;
}

const newIphone = async (): Promise<string> => {
  const { body } = await control('POST /devices', { platform: 'ios', bundleId, environment: 'sandbox' });
  return String(body['token']);
};

describe('by HTTP the simulator', () => {
  it('says what it can do', async () => {
    const { body } = await control('GET /');
    expect(body).toContainEqual({ request: 'POST /reset', what: expect.any(String) as string });
  });

  it('gives out devices, and hands over what reaches them', async () => {
    const token = await newIphone();
    const waiting = control(`GET /devices/${token}/next?timeoutMs=5000`);
    expect(await push(token)).toBe(200);
    expect((await waiting).body).toMatchObject({ token, payload: { handle: 'alice' }, mustReport: true });
    const { body: all } = await control(`GET /devices/${token}/deliveries`);
    expect(all).toHaveLength(1);
    expect((await control('POST /devices', { platform: 'android' })).body).toMatchObject({
      token: expect.stringContaining(':APA91b') as string,
    });
  });

  it('says when nothing has reached them', async () => {
    const token = await newIphone();
    const { status, body } = await control(`GET /devices/${token}/next?timeoutMs=1`);
    expect([status, body['error']]).toEqual([400, expect.stringContaining('No push reached')]);
  });

  it('turns phones off, and takes apps away and brings them back', async () => {
    const token = await newIphone();
    await control(`PATCH /devices/${token}`, { online: false });
    await push(token);
    expect(simulator.log[0]?.delivery).toBe('lost');
    await control(`POST /devices/${token}/unregister`, { at: 7 });
    expect(await push(token)).toBe(410);
    await control(`POST /devices/${token}/reregister`);
    expect(await push(token)).toBe(200);
    await control(`POST /devices/${token}/expire`);
    expect(await push(token)).toBe(410);
    await control(`DELETE /devices/${token}`);
    expect(await push(token)).toBe(400);
  });

  it('injects faults, lists them and clears them', async () => {
    const token = await newIphone();
    const fault = { kind: 'answer', status: 503, reason: 'ServiceUnavailable' };
    const { body } = await control('POST /faults', { service: 'apns-sandbox', fault });
    expect(await push(token)).toBe(503);
    expect((await control('GET /faults')).body).toEqual([{ ...body, hits: 1 }]);
    expect((await control(`DELETE /faults/${String(body['id'])}`)).status).toBe(204);
    expect(await push(token)).toBe(200);
    await control('POST /faults', { service: 'fcm', fault });
    await control('DELETE /faults?service=apns-sandbox');
    expect(simulator.faults).toHaveLength(1);
    await control('DELETE /faults');
    expect(simulator.faults).toEqual([]);
  });

  it('moves time', async () => {
    const { body } = await control('POST /clock', { now: 1_800_000_000_000 });
    expect(Number(body['now'])).toBeGreaterThanOrEqual(1_800_000_000_000);
    await control('POST /clock', { advanceMs: 60_000 });
    expect(simulator.clock.now()).toBeGreaterThanOrEqual(1_800_000_060_000);
  });

  it('shows its log from a place on, its violations and its connections', async () => {
    const token = await newIphone();
    await push(token);
    await push(token);
    const [first] = simulator.log;
    const { body } = await control(`GET /log?service=apns-sandbox&after=${first?.seq}&token=${token}`);
    expect(body).toMatchObject([{ seq: (first?.seq ?? 0) + 1, verdict: { status: 200 } }]);
    expect((await control('GET /log?service=fcm')).body).toEqual([]);
    expect((await control('GET /violations')).body).toEqual([]);
    expect((await control('GET /connections')).body).toHaveProperty('apns-sandbox');
  });

  it('hands out keys and accounts, and revokes them', async () => {
    const { body: key } = await control('POST /keys', { environments: ['sandbox'], topics: [bundleId] });
    expect(key).toMatchObject({ keyId: expect.stringMatching(/^[A-Z0-9]{10}$/) as string });
    expect((await control(`DELETE /keys/${String(key['keyId'])}`)).status).toBe(204);
    expect((await control('DELETE /keys/NONE')).status).toBe(400);
    const { body: account } = await control('POST /service-accounts', { projectId: 'another' });
    expect(account).toMatchObject({ project_id: 'another', token_uri: simulator.origins.tokenUri });
    expect((await control('DELETE /access-tokens')).status).toBe(204);
  });

  it('is more or less strict as asked, and names what it does not know', async () => {
    const { body } = await control('PATCH /policy', { apns: { alpn: 'optional', pushesPerToken: 5 } });
    expect(body).toMatchObject({ apns: { alpn: 'optional', pushesPerToken: 5 } });
    await control('PATCH /policy', { apns: { alpn: 'required', pushesPerToken: 100 } });
    expect((await control('PATCH /policy', { apns: { mood: 'good' } })).body['error']).toMatch(/apns\.mood/);
    expect((await control('PATCH /policy', { apns: { alpn: 'perhaps' } })).body['error']).toMatch(
      /required or optional/,
    );
    expect((await control('PATCH /policy', { moon: {} })).body['error']).toMatch(/moon/);
  });

  it.each<[string, string, unknown, RegExp]>([
    ['a fault it does not know', 'POST /faults', { service: 'fcm', fault: { kind: 'fire' } }, /fault/],
    ['a service it does not know', 'POST /faults', { service: 'sms', fault: { kind: 'hang' } }, /service/],
    ['a device nobody has', 'PATCH /devices/abcdef', { online: false }, /No device/],
    ['a wrong device', 'POST /devices', { platform: 'ios' }, /bundleId.*environment/],
    ['a wrong state', 'PATCH /devices/abcdef', { mood: 'sad' }, /mood/],
  ])('refuses %s in one sentence', async (_what, request, body, text) => {
    const answer = await control(request, body);
    expect([answer.status, answer.body['error']]).toEqual([400, expect.stringMatching(text)]);
  });

  it('knows what it does not have', async () => {
    expect((await control('GET /nothing')).status).toBe(404);
  });

  it('is closed to web pages: another Host, or a body that is not JSON', async () => {
    const foreign = http.get(`${simulator.origins.control}/origins`, { headers: { host: 'evil.example' } });
    const [response] = (await once(foreign, 'response')) as [http.IncomingMessage];
    response.resume();
    expect(response.statusCode).toBe(403);
    const form = await fetch(`${simulator.origins.control}/clock`, {
      method: 'POST',
      body: '{"advanceMs":1}',
    });
    expect(form.status).toBe(400);
  });

  it('starts anew', async () => {
    await newIphone();
    await control('POST /faults', { service: 'fcm', fault: { kind: 'outage' } });
    await control('POST /clock', { advanceMs: 3_600_000 });
    expect((await control('POST /reset')).status).toBe(204);
    await simulator.listening();
    expect([simulator.devices(), simulator.faults, simulator.log]).toEqual([[], [], []]);
    expect(Math.abs(simulator.clock.now() - Date.now())).toBeLessThan(1000);
  });
});
