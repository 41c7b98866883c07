import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Deadline } from '../../src/push/deadline.js';
import { accepted, all, burst, closes, originOf, post } from './loopback.js';
import { until } from '../support/until.js';

const [DATA, HEADERS, SETTINGS, PING, GOAWAY, WINDOW_UPDATE] = [0, 1, 4, 6, 7, 8];
const endStream = 1;
const acknowledgement = 1;
const preface = 24;

/**
 * HTTP/2 by the byte (RFC 9113), because Node's own server gives the connection window back at once: this one keeps
 * its 65,535 bytes until `grant`.
 */
class StingyServer {
  /** Body bytes by stream, in the order the streams came. */
  readonly received = new Map<number, number>();
  readonly whole = new Set<number>();
  connections = 0;
  answers = false;
  private socket: Socket | undefined;
  private pongs = 0;
  private readonly server: Server;

  private constructor() {
    this.server = createServer((socket) => {
      this.connections++;
      this.socket = socket;
      let bytes = Buffer.alloc(0);
      let skipped = 0;
      this.send(SETTINGS, 0, 0);
      socket.on('error', () => undefined);
      socket.on('data', (chunk: Buffer) => {
        const skip = Math.min(preface - skipped, chunk.length);
        skipped += skip;
        bytes = Buffer.concat([bytes, chunk.subarray(skip)]);
        while (bytes.length >= 9 && bytes.length >= 9 + bytes.readUIntBE(0, 3)) {
          const end = 9 + bytes.readUIntBE(0, 3);
          this.frame(bytes.readUInt8(3), bytes.readUInt8(4), bytes.readUInt32BE(5), end - 9);
          bytes = bytes.subarray(end);
        }
      });
    });
  }

  static async start(): Promise<StingyServer> {
    const stingy = closes(new StingyServer());
    stingy.server.listen(0, '127.0.0.1');
    await once(stingy.server, 'listening');
    return stingy;
  }

  get origin(): string {
    return `http://localhost:${(this.server.address() as AddressInfo).port}`;
  }

  grant(bytes: number): void {
    const payload = Buffer.alloc(4);
    payload.writeUInt32BE(bytes);
    this.send(WINDOW_UPDATE, 0, 0, payload);
  }

  leave(lastStreamId: number): void {
    const payload = Buffer.alloc(8);
    payload.writeUInt32BE(lastStreamId);
    this.send(GOAWAY, 0, 0, payload);
  }

  /** `:status: 200` is one byte of HPACK. */
  answer(stream: number): void {
    this.send(HEADERS, 0x4 | endStream, stream, Buffer.from([0x88]));
  }

  /** Settles when the peer has read, and answered for, everything sent until now. */
  async ping(): Promise<void> {
    const expected = this.pongs + 1;
    this.send(PING, 0, 0, Buffer.alloc(8));
    await until(() => this.pongs === expected);
  }

  async close(): Promise<void> {
    this.socket?.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private frame(type: number, flags: number, stream: number, length: number): void {
    if (type === SETTINGS && (flags & acknowledgement) === 0) this.send(SETTINGS, acknowledgement, 0);
    if (type === PING && (flags & acknowledgement) !== 0) this.pongs++;
    if (type === HEADERS) this.received.set(stream, 0);
    if (type !== DATA) return;
    this.received.set(stream, (this.received.get(stream) ?? 0) + length);
    if ((flags & endStream) === 0) return;
    this.whole.add(stream);
    if (this.answers) this.answer(stream);
  }

  private send(type: number, flags: number, stream: number, payload = Buffer.alloc(0)): void {
    const head = Buffer.alloc(9);
    head.writeUIntBE(payload.length, 0, 3);
    head.writeUInt8(type, 3);
    head.writeUInt8(flags, 4);
    head.writeUInt32BE(stream, 5);
    this.socket?.write(Buffer.concat([head, payload]));
  }
}

const body = 'x'.repeat(5000);
const room = Math.floor(65_535 / 5000);

/** A server whose window is full, with one answer outstanding for each of `room` requests, and the rest waiting. */
async function fullWindow(requests: number) {
  const server = await StingyServer.start();
  const origin = originOf(server);
  const replies = Promise.all(Array.from({ length: requests }, () => post(origin, body)));
  await until(() => server.whole.size === room);
  return { server, origin, replies };
}

describe('a server that is slow to read', () => {
  it('gets whole bodies in order, as many as it has room for, and never part of one', async () => {
    const { server, origin, replies } = await fullWindow(40);
    const small = post(origin, 'x');
    await server.ping();
    expect([...server.received.values()]).toEqual(Array.from({ length: room }, () => 5000));

    server.grant(5000);
    await until(() => server.whole.size === room + 1);
    await server.ping();
    expect(server.received.size).toBe(room + 1);

    for (const stream of server.whole) server.answer(stream);
    server.answers = true;
    server.grant(1_000_000);
    expect(await replies).toEqual(all(40));
    expect(await small).toEqual(accepted);
    expect([...server.received.keys()]).toEqual([...server.whole]);
    expect([...server.received.values()].at(-1)).toBe(1);
  });

  it('is not sent what has waited past its deadline, and has room for others instead', async () => {
    const { server, origin, replies } = await fullWindow(room);
    expect(await post(origin, body, 100)).toEqual({ failure: 'Timeout', unprocessed: true });
    for (const stream of server.whole) server.answer(stream);
    expect(await replies).toEqual(all(room));

    server.answers = true;
    server.grant(room * 5000);
    expect(await Promise.all(Array.from({ length: room }, () => post(origin, body)))).toEqual(all(room));
    expect(server.received.size).toBe(2 * room);
  });

  it('is not sent what nobody wants any more when its turn comes', async () => {
    const { server, origin, replies } = await fullWindow(room);
    let wanted = true;
    const headers = { authorization: 'bearer jwt' };
    const request = { path: '/3/device/secret', headers, body, wanted: () => wanted };
    const waiting = origin.request(request, new Deadline(5000));
    await server.ping();
    wanted = false;
    server.grant(5000);
    expect(await waiting).toEqual({ failure: 'Unwanted', unprocessed: false });
    expect(server.received.size).toBe(room);

    for (const stream of server.whole) server.answer(stream);
    expect(await replies).toEqual(all(room));
    server.answers = true;
    expect(await post(origin, body)).toEqual(accepted);
  });

  it('gets small requests from everybody while it has room', async () => {
    const server = await StingyServer.start();
    server.answers = true;
    expect(await burst(originOf(server), 500)).toEqual(all(500));
  });

  it('and then falls silent does not keep those who wait', async () => {
    const server = await StingyServer.start();
    const origin = originOf(server);
    const lost = Promise.all(Array.from({ length: room }, () => post(origin, body, 700)));
    await until(() => server.whole.size === room);
    const waiting = post(origin, body, 5000);
    server.answers = true;
    expect(await lost).toEqual(
      Array.from({ length: room }, () => ({ failure: 'Timeout', unprocessed: false })),
    );
    expect(await waiting).toEqual(accepted);
    expect(server.connections).toBe(2);
  });

  it('and then leaves does not take along those who wait', async () => {
    const { server, replies } = await fullWindow(2 * room);
    for (const stream of server.whole) server.answer(stream);
    server.leave(2 * room - 1);
    server.answers = true;
    expect(await replies).toEqual(all(2 * room));
    expect(server.connections).toBe(2);
  });
});
