import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { WebSocket } from 'ws';
import { type TestGateway, testGateway } from '../../support/gateway.js';

/** What a page would be answered whose name somebody made to point to this machine. */
const asPageOf = async (url: string, host: string): Promise<{ status: number; body: string }> => {
  const asked = request(`${url}/v1/dev/tokens`, {
    ...{ method: 'POST', headers: { host, 'content-type': 'application/json' } },
  }).end('{"userId":"alice","scope":"ringway:operator"}');
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  return { status: response.statusCode!, body: await text(response) };
};
const connects = async (url: string, host: string): Promise<string> => {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`, {
    headers: { host, origin: `http://${host}` },
  });
  try {
    return await Promise.race([
      once(socket, 'open').then(() => 'open'),
      once(socket, 'unexpected-response').then(([, response]) => text(response as IncomingMessage)),
    ]);
  } finally {
    socket.on('error', () => undefined).terminate();
  }
};

describe('a page of somebody else’s, whose name points to this machine,', () => {
  let local: TestGateway;
  let open: TestGateway;
  beforeAll(async () => {
    [local, open] = await Promise.all([testGateway(), testGateway({ HOST: '0.0.0.0' })]);
  });
  afterAll(() => Promise.all([local.stop(), open.stop()]));

  it('gets no token from a demo, and is told where the demo answers', async () => {
    const { status, body } = await asPageOf(local.url, 'evil.example:3000');
    expect(status).toBe(403);
    expect(JSON.parse(body)).toMatchObject({
      ...{ code: 'NOT_ALLOWED', detail: expect.stringContaining('localhost') as string },
    });
    expect(body).not.toContain('evil');
    expect((await asPageOf(local.url, 'localhost:3000')).status).toBe(201);
  });

  it('gets no connection to a demo, and is told as much', async () => {
    expect(await connects(local.url, 'evil.example:3000')).toContain('localhost');
    expect(await connects(local.url, 'localhost:3000')).toBe('open');
  });

  it('is nothing special to a demo that others are meant to reach', async () => {
    expect((await asPageOf(open.url, 'demo.example.com')).status).toBe(201);
    expect(await connects(open.url, 'demo.example.com')).toBe('open');
  });
});
