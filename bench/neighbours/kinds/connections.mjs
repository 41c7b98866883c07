// Strangers and their connections.
import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

const REQUESTS_PER_ADDRESS = { perSecond: 1_000, burst: 1_000, open: 500 };
const EVENTS_OF_USER = { perSecond: 200, burst: 800 };
const UNREAD_HTTP = 2_000;
const UNREAD_SOCKETS = 20;

const upgrade = (path, protocol = 'websocket', more = '') =>
  `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade${more ? ', HTTP2-Settings' : ''}\r\nUpgrade: ${protocol}\r\n` +
  `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${more}\r\n`;
const get = (path) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
const H2C = 'HTTP2-Settings: AAMAAABkAAQAAP__\r\n';
const OPENINGS = [
  upgrade('/socket.io'),
  upgrade('/socket.io?EIO=4&transport=websocket'),
  upgrade('/socket.iox'),
  upgrade('/socket.io/?EIO=4&transport=websocket'),
  upgrade('/socket.io/?EIO=3&transport=polling'),
  upgrade('/', 'h2c', H2C),
  get('/health/ready') + upgrade('/health/live', 'h2c', H2C) + get('/health/live'),
  get('/health/live') + upgrade('/socket.io'),
  upgrade('/socket.io/?EIO=4&transport=websocket').slice(0, -2),
];
const ENDINGS = [
  (socket) => socket.resetAndDestroy(),
  (socket) => socket.end(),
  (socket) => socket.destroy(),
  () => undefined, // left open
];

const raw = ({ port, address, count }) => {
  const local = process.platform === 'linux' ? { localAddress: address } : {};
  const socket = connect({ port, host: '127.0.0.1', ...local });
  socket.on('error', ({ code }) => count(code));
  return socket;
};

export const connections = {
  upgrades: {
    what: 'odd upgrades, pipelined, reset, half-closed or left open',
    act: (scene) =>
      scene.paced({ ...REQUESTS_PER_ADDRESS, perSecond: 300, burst: 300 }, async (nr) => {
        const socket = raw(scene);
        socket.once('data', (data) => scene.count(/^HTTP\/1.1 (\d+)/.exec(data.toString('latin1'))?.[1]));
        socket.resume();
        socket.write(OPENINGS[nr % OPENINGS.length]);
        await pause(5 + (nr % 7) * 5);
        ENDINGS[Math.floor(nr / OPENINGS.length) % ENDINGS.length](socket);
      }),
  },
  'unread-http': {
    what: `${UNREAD_HTTP} connections that never read an answer of 80 kB`,
    async act(scene) {
      let open = 0;
      await scene.paced({ perSecond: 400, burst: 400, open: 400 }, async () => {
        if (open >= UNREAD_HTTP) return;
        open++;
        const socket = raw(scene);
        socket.pause();
        socket.once('close', () => open--);
        // Pipelined: as many answers as the gateway is ready to prepare.
        socket.write(get('/asyncapi.json').repeat(4));
        scene.count('asked');
        await pause(50);
      });
    },
  },
  'unread-websocket': {
    what: `${UNREAD_SOCKETS} sockets of one user that ask for 60 calls of 2 kB again and again and read nothing`,
    async act(scene) {
      const [mallory, accomplice] = await Promise.all([scene.phone('mallory'), scene.phone('accomplice')]);
      const metadata = { text: 'x'.repeat(2_000) };
      for (let nr = 0; nr < 60; nr++) {
        const callId = randomUUID();
        const call = { callId, callee: 'accomplice', media: 'voice', metadata };
        await scene.said(mallory.say('call:initiate', call));
        await accomplice.say('call:answer', { callId }); // answered calls take no other's place
      }
      const deaf = [];
      const join = async (nr) => {
        const phone = await scene.phone('mallory', `deaf-${nr}`, { comesBack: false });
        phone.stopReading();
        phone.socket.once('close', () => {
          scene.count('cut off');
          void join(nr).catch(({ code }) => scene.count(code));
        });
        deaf[nr] = phone;
      };
      for (let nr = 0; nr < UNREAD_SOCKETS; nr++) await join(nr);
      await scene.paced(EVENTS_OF_USER, async (nr) => {
        deaf[nr % UNREAD_SOCKETS].send('42["sync",{}]');
        scene.count('asked');
      });
    },
  },
  'connection-storm': {
    what: 'one user connects and disconnects as fast as allowed',
    act: (scene) =>
      scene.paced({ ...EVENTS_OF_USER, open: 40 }, async (nr) => {
        const phone = await scene.phone('mallory', `phone-${nr % 40}`, { comesBack: false });
        scene.count('connected');
        phone.close();
      }),
  },
  'bad-tokens': {
    what: 'handshakes with tokens that are none',
    act: (scene) =>
      scene.paced({ ...REQUESTS_PER_ADDRESS, perSecond: 500, burst: 500 }, async (nr) => {
        const token = `${await scene.token('mallory')}x`;
        await scene.phone('mallory', `bad-${nr}`, { comesBack: false, token });
      }),
  },
};
