import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import * as net from 'node:net';
import * as tls from 'node:tls';
import {
  accessToken,
  connect,
  fcmHeaders,
  post,
  providerToken,
  voipBody,
  voipHeaders,
} from '../support/senders.js';
import { simulator } from '../support/simulator.js';

const bundleId = 'com.example.app';
beforeAll(() => simulator.adjust({ apns: { connectionsBeforeRefusal: 1e9 } }));

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const frame = (type: number, flags: number, stream: number, payload: Buffer): Buffer => {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
};
const settings = frame(4, 0, 0, Buffer.alloc(0));

async function works(): Promise<boolean> {
  const { token } = simulator.registerIosDevice({ bundleId, environment: 'sandbox' });
  const session = await connect(simulator, simulator.origins.apnsSandbox);
  const authorization = `bearer ${await providerToken({ key: simulator.apnsKey })}`;
  const { status } = await post(session, voipHeaders({ token, authorization }), voipBody());
  session.destroy();
  return status === 200;
}

/** Sends bytes over TLS, cuts the connection the hard way, and waits until it is gone. */
async function shout(origin: string, bytes: Buffer, alpn = 'h2'): Promise<void> {
  const { hostname, port } = new URL(origin);
  const raw = net.connect({ host: hostname, port: Number(port) });
  const socket = tls.connect({
    socket: raw,
    ca: simulator.ca,
    servername: 'localhost',
    ALPNProtocols: [alpn],
  });
  socket.on('error', () => undefined);
  raw.on('error', () => undefined);
  await once(socket, 'secureConnect');
  socket.write(bytes, () => raw.resetAndDestroy());
  await once(raw, 'close');
}

describe('hostile bytes', () => {
  const services = ['apnsProduction', 'apnsSandbox', 'fcm', 'tokenUri'] as const;
  const cases: [string, Buffer][] = [
    ['noise', randomBytes(4096)],
    ['HTTP/1.0 with nothing behind it', Buffer.from('GET / HTTP/1.0\r\n\r\n')],
    ['a preface and noise', Buffer.concat([preface, randomBytes(512)])],
    ['a frame longer than allowed', Buffer.concat([preface, settings, frame(0, 0, 1, Buffer.alloc(65_536))])],
    ['headers that do not decode', Buffer.concat([preface, settings, frame(1, 5, 1, randomBytes(64))])],
    [
      'headers that never end',
      Buffer.concat([
        preface,
        settings,
        ...Array.from({ length: 200 }, (_, i) => frame(i === 0 ? 1 : 9, 0, 1, Buffer.alloc(8000))),
      ]),
    ],
    [
      'a thousand resets',
      Buffer.concat([
        preface,
        settings,
        ...Array.from({ length: 1000 }, (_, i) => frame(3, 0, 2 * i + 1, Buffer.alloc(4))),
      ]),
    ],
    [
      'a thousand pings',
      Buffer.concat([
        preface,
        settings,
        ...Array.from({ length: 1000 }, () => frame(6, 0, 0, Buffer.alloc(8))),
      ]),
    ],
    [
      'PRIORITY frames, which nobody minds',
      Buffer.concat([preface, settings, frame(2, 0, 1, Buffer.alloc(5, 1))]),
    ],
    ['a GOAWAY', Buffer.concat([preface, settings, frame(7, 0, 0, Buffer.alloc(8))])],
  ];
  for (const [what, bytes] of cases) {
    it(`do not stop it: ${what}`, async () => {
      for (const service of services) await shout(simulator.origins[service], bytes);
      for (const service of ['fcm', 'tokenUri'] as const)
        await shout(simulator.origins[service], bytes, 'http/1.1');
      expect(await works()).toBe(true);
    });
  }

  it('do not stop it before TLS either', async () => {
    for (const service of services) {
      const { hostname, port } = new URL(simulator.origins[service]);
      const socket = net.connect({ host: hostname, port: Number(port) });
      socket.on('error', () => undefined);
      socket.end(randomBytes(300));
      await once(socket, 'close');
    }
    expect(await works()).toBe(true);
  });

  it('do not stop it inside a body: nested sixty thousand deep, a megabyte long, or broken off', async () => {
    const deep = '['.repeat(60_000);
    const bearer = await accessToken(simulator);
    const fcm = await connect(simulator, simulator.origins.fcm);
    const huge = Buffer.alloc(1_000_000, 'x');
    expect((await post(fcm, fcmHeaders(bearer), `{"message":${deep}`)).status).toBe(400);
    expect((await post(fcm, fcmHeaders(bearer), `{"message":{"data":${deep}${']'.repeat(1)}}}`)).status).toBe(
      400,
    );
    expect((await post(fcm, fcmHeaders(bearer), huge)).status).toBe(400);
    fcm.destroy();

    const { token } = simulator.registerIosDevice({ bundleId, environment: 'sandbox' });
    const authorization = `bearer ${await providerToken({ key: simulator.apnsKey })}`;
    const apns = await connect(simulator, simulator.origins.apnsSandbox);
    expect((await post(apns, voipHeaders({ token, authorization }), huge)).status).toBe(413);
    const nested = `{"uuid":${'['.repeat(2500)}${']'.repeat(2500)}}`;
    expect((await post(apns, voipHeaders({ token, authorization }), nested)).status).toBe(200);
    const half = apns.request({ ':method': 'POST', ...voipHeaders({ token, authorization }) });
    half.on('error', () => undefined);
    half.write('{"aps":');
    half.close(8);
    await once(half, 'close');
    apns.destroy();
    expect(await works()).toBe(true);
  });
});
