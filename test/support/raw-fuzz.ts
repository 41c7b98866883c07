import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { Chance } from '../nemesis/chance.js';

const CONCURRENT = 12;

const upgrade = (path: string, protocol: string): string =>
  `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: ${protocol}\r\n` +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n';
const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;

const WEBSOCKET = '/socket.io/?EIO=4&transport=websocket';
const PATHS = [
  '/socket.io',
  '/socket.io?EIO=4&transport=websocket',
  WEBSOCKET,
  '/socket.iox',
  '/socket.io/x',
  'http://localhost/socket.io/?EIO=4&transport=websocket',
  '/health/live',
  '/health/ready',
  '/asyncapi.json',
  '/',
];
/** What may follow a WebSocket's handshake: frames that are whole, torn, unmasked, too large, or none at all. */
const FRAMES = [
  '\x81\x82\0\0\0\x0040',
  '\x81\xfe',
  '\x8a\x05hello',
  '\xff\xff\xff\xff\xff',
  '\x88\x80\0\0\0\0',
  '\0',
];

/** Requests and upgrades as no client sends them: pipelined, torn, reset, half-closed, left alone; in the seed's order. */
export async function fuzzConnections({
  port,
  seed,
  forMs,
}: {
  port: number;
  seed: number;
  forMs: number;
}): Promise<{ connections: number }> {
  const chance = new Chance(seed);
  const end = Date.now() + forMs;
  let connections = 0;
  const lane = async (): Promise<void> => {
    while (Date.now() < end) {
      await oneConnection(port, chance);
      connections++;
    }
  };
  await Promise.all(Array.from({ length: CONCURRENT }, lane));
  return { connections };
}

async function oneConnection(port: number, chance: Chance): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', () => undefined);
  if (chance.is(0.7)) socket.resume();
  for (let part = chance.between(1, 3); part > 0; part--) {
    const path = chance.pick(PATHS);
    const text = chance.is(0.5) ? upgrade(path, chance.pick(['websocket', 'h2c', 'x'])) : get(path);
    const whole = chance.is(0.2) ? upgrade(WEBSOCKET, 'websocket') + chance.pick(FRAMES) : text;
    const torn = chance.is(0.15) ? whole.slice(0, chance.between(1, whole.length)) : whole;
    if (chance.is(0.1)) for (const byte of torn.slice(0, 40)) socket.write(byte, 'latin1');
    else socket.write(torn, 'latin1');
    if (chance.is(0.5)) await pause(chance.between(1, 30));
  }
  await pause(chance.between(1, 40));
  const ending = chance.next();
  if (ending < 0.4) socket.resetAndDestroy();
  else if (ending < 0.7) socket.end();
  else if (ending < 0.9) socket.destroy();
  // Nobody else would close those that were left half-open or alone.
  setTimeout(() => socket.destroy(), 3_000).unref();
}
