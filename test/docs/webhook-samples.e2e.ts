import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { signature } from '../../src/webhooks/webhooks.js';
import { eventually, testGateway } from '../support/gateway.js';
import { isInstalled, programOf, workshop } from './run.js';
import { samplesOf } from './samples.js';

const SECRET = 'the secret of the webhook, long enough';

const receivers = samplesOf('docs/backend.md').filter(({ title }) => title?.startsWith('webhook.'));

describe.each(receivers.map((sample) => [sample.title!, sample] as const))('the receiver %s', (_, sample) => {
  const { folder, remove } = workshop();
  const installed = sample.language !== 'php' || isInstalled('php');
  let receiver: ChildProcess;
  let url: string;
  let said = '';

  beforeAll(async () => {
    if (!installed) return;
    const port = await freePort();
    url = `http://127.0.0.1:${port}/`;
    const [command, ...args] = programOf(sample, folder);
    const server = sample.language === 'php' ? ['-S', `127.0.0.1:${port}`, ...args] : args;
    const env = { PATH: process.env.PATH, PORT: String(port), WEBHOOK_SECRET: SECRET };
    receiver = spawn(command, server, { env });
    for (const stream of [receiver.stdout!, receiver.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => (said += text));
    }
    await eventually(
      () =>
        fetch(url, { method: 'POST', body: '{}' }).then(
          ({ status }) => status,
          () => 0,
        ),
      (status) => status > 0,
    );
  });
  afterAll(async () => {
    remove();
    if (!installed) return;
    const exit = once(receiver, 'exit');
    receiver.kill();
    await exit;
  });

  const post = async (body: string, { at = Date.now(), signed = body } = {}): Promise<number> => {
    const timestamp = Math.floor(at / 1_000);
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'webhook-id': 'call-1/1',
        'webhook-timestamp': String(timestamp),
        'webhook-signature': signature(SECRET, 'call-1/1', timestamp, signed),
      },
      body,
    });
    return response.status;
  };
  const test = installed ? it : it.skip;

  test('takes what is signed, and nothing that was changed or is old', async () => {
    const body = JSON.stringify({ id: 'call-1/1', type: 'CallInitiated', data: { callId: '1' }, who: 'Zoë' });
    expect(await post(body)).toBe(204);
    expect(await post(body.replace('Initiated', 'Ended'), { signed: body })).toBe(401);
    expect(await post(body, { at: Date.now() - 600_000 })).toBe(401);
  });

  test('hears from a real gateway', async () => {
    const gateway = await testGateway({ WEBHOOK_URL: url, WEBHOOK_SECRET: SECRET });
    const alice = await gateway.phone('alice');
    await alice.calls('nobody');
    await eventually(
      async () => said,
      (text) => text.includes('CallFailed'),
    );
    await gateway.stop();
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
