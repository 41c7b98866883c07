import { once } from 'node:events';
import * as http2 from 'node:http2';
import { Duplex } from 'node:stream';
import * as tls from 'node:tls';
import type { PushSimulator } from '../../src/push-simulator.js';

export interface Frame {
  type: 'DATA' | 'HEADERS' | 'RST_STREAM' | 'SETTINGS' | 'PING' | 'GOAWAY' | 'WINDOW_UPDATE' | 'other';
  flags: number;
  stream: number;
  payload: Buffer;
}

export const END_STREAM = 1;
export const ACK = 1;

const types: Record<number, Frame['type']> = {
  0: 'DATA',
  1: 'HEADERS',
  3: 'RST_STREAM',
  4: 'SETTINGS',
  6: 'PING',
  7: 'GOAWAY',
  8: 'WINDOW_UPDATE',
};

/** An HTTP/2 client that keeps every frame the server sends: what Node's API does not show. */
export async function connectRecording(
  simulator: PushSimulator,
  origin: string,
): Promise<{ session: http2.ClientHttp2Session; frames: Frame[] }> {
  const { hostname, port } = new URL(origin);
  const socket = tls.connect({ host: hostname, port: Number(port), ca: simulator.ca, ALPNProtocols: ['h2'] });
  socket.on('error', () => undefined);
  await once(socket, 'secureConnect');
  const frames: Frame[] = [];
  let pending = Buffer.alloc(0);
  const recorder = new Duplex({
    read: () => socket.resume(),
    write: (chunk: Buffer, _encoding, done) => socket.write(chunk, done),
    final: (done) => socket.end(done),
    destroy: (error, done) => {
      socket.destroy();
      done(error);
    },
  });
  socket.on('data', (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    while (pending.length >= 9 && pending.length >= 9 + pending.readUIntBE(0, 3)) {
      const end = 9 + pending.readUIntBE(0, 3);
      frames.push({
        type: types[pending.readUInt8(3)] ?? 'other',
        flags: pending.readUInt8(4),
        stream: pending.readUInt32BE(5) & 0x7fffffff,
        payload: pending.subarray(9, end),
      });
      pending = pending.subarray(end);
    }
    recorder.push(chunk);
  });
  socket.on('end', () => recorder.push(null));
  socket.on('close', () => recorder.destroy());
  const session = http2.connect(origin, { createConnection: () => recorder });
  session.on('error', () => undefined);
  await once(session, 'remoteSettings');
  return { session, frames };
}
