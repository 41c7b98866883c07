// What an idle, authenticated socket costs on the gateway, and what the same socket costs on plain socket.io with one
// listener: bytes per socket after garbage collection. Servers and clients are child processes; rounds are interleaved.
//   npm run build && node bench/idle-sockets.bench.mjs [sockets=3000] [rounds=5]
import { fork } from 'node:child_process';
import { createServer } from 'node:http';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SECRET = 'only for this benchmark, but long enough';
const [role, ...args] = process.argv.slice(2);
await ({ gateway, plain, clients }[role] ?? driver)(...args);

async function driver() {
  const [sockets = 3_000, rounds = 5] = process.argv.slice(2).map(Number);
  const { startEmbeddedPostgres } = await import('ringway-embedded-postgres');
  const dataDir = await mkdtemp(join(tmpdir(), 'ringway-bench-'));
  const postgres = await startEmbeddedPostgres({ dataDir });
  const costs = { gateway: [], plain: [] };
  for (let round = 1; round <= rounds; round++) {
    for (const contender of Object.keys(costs)) {
      const cost = await costOf(contender, sockets, postgres.url);
      costs[contender].push(cost);
      console.log(`round ${round}  ${contender.padEnd(8)} ${show(cost)}`);
    }
  }
  const median = Object.fromEntries(Object.entries(costs).map(([name, all]) => [name, medians(all)]));
  for (const [name, cost] of Object.entries(median)) console.log(`median   ${name.padEnd(8)} ${show(cost)}`);
  const ratio = (kind) => (median.gateway[kind] / median.plain[kind]).toFixed(2);
  console.log(`gateway / plain socket.io, ${sockets} sockets: heap ${ratio('heap')}, RSS ${ratio('rss')}`);
  await postgres.stop();
  await rm(dataDir, { recursive: true, force: true });
}

/** Bytes per socket: a fresh server, warmed up with some sockets, before and after the others came. */
async function costOf(contender, sockets, databaseUrl) {
  const env = { ...process.env, DATABASE_URL: databaseUrl, AUTH_SECRET: SECRET };
  const self = fileURLToPath(import.meta.url);
  const server = fork(self, [contender], { execArgv: ['--expose-gc'], env });
  const port = await answer(server);
  const phones = fork(self, ['clients', String(port)], { env });
  await answer(phones);
  await ask(phones, { open: 300, from: 0 });
  await ask(phones, { closeAll: true });
  const before = await ask(server, 'measure');
  await ask(phones, { open: sockets, from: 1_000 });
  const after = await ask(server, 'measure');
  const gone = [server, phones].map((child) => new Promise((resolve) => child.once('exit', resolve)));
  phones.kill('SIGKILL');
  server.kill('SIGKILL');
  await Promise.all(gone);
  const per = (kind) => (after[kind] - before[kind]) / sockets;
  return { heap: per('heap'), rss: per('rss') };
}

async function gateway() {
  const { readConfig } = await import('../dist/config/config.js');
  const { startGateway } = await import('../dist/start/start-gateway.js');
  const { Log } = await import('../dist/log/log.js');
  const { config } = readConfig({ ...process.env, PORT: '0', HOST: '127.0.0.1' });
  const { port } = await startGateway(config, new Log('error'));
  measuring(port);
}

async function plain() {
  const { Server } = await import('socket.io');
  const http = createServer();
  const io = new Server(http);
  io.on('connection', (socket) => {
    socket.on('message', (payload, ack) => ack(payload));
    socket.emit('sync', {});
  });
  await new Promise((resolve) => http.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 }, resolve));
  measuring(http.address().port);
}

function measuring(port) {
  process.on('message', async () => {
    for (let pass = 0; pass < 4; pass++) {
      await new Promise((resolve) => setTimeout(resolve, 250));
      globalThis.gc();
    }
    const { heapUsed, external, rss } = process.memoryUsage();
    process.send({ heap: heapUsed + external, rss });
  });
  process.send(port);
}

/** Phones that only do what the protocol asks: connect, acknowledge their sync, answer pings. */
async function clients(port) {
  const { WebSocket } = await import('ws');
  const { SignJWT } = await import('jose');
  const key = new TextEncoder().encode(SECRET);
  const open = new Set();
  const connect = async (nr) => {
    const claims = { sub: `user-${nr}`, name: `User ${nr}` };
    const jwt = new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).setExpirationTime('1h');
    const auth = { token: await jwt.sign(key), deviceId: `phone-of-user-${nr}` };
    const socket = new WebSocket(`ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`);
    open.add(socket);
    await new Promise((resolve, reject) => {
      socket.on('error', reject);
      socket.on('close', () => reject(new Error('the server closed the connection')));
      socket.on('message', (data) => {
        const frame = data.toString();
        if (frame === '2') socket.send('3');
        else if (frame.startsWith('0')) socket.send(`40${JSON.stringify(auth)}`);
        else if (frame.startsWith('44')) reject(new Error(frame));
        const sync = /^42(\d*)\["sync"/.exec(frame);
        if (!sync) return;
        if (sync[1]) socket.send(`43${sync[1]}[]`);
        resolve();
      });
    });
  };
  process.on('message', async (request) => {
    if (request.closeAll) {
      for (const socket of open) socket.removeAllListeners('close').close();
      open.clear();
    } else {
      const numbers = Array.from({ length: request.open }, (_, index) => request.from + index);
      const lane = async () => {
        for (let nr = numbers.pop(); nr !== undefined; nr = numbers.pop()) await connect(nr);
      };
      await Promise.all(Array.from({ length: 50 }, lane));
    }
    process.send('done');
  });
  process.send('ready');
}

/** The next message of a child; its end instead is a failure. */
function answer(child) {
  return new Promise((resolve, reject) => {
    child.once('message', resolve);
    child.once('exit', (code) => reject(new Error(`a child ended with ${code}`)));
  });
}

function ask(child, message) {
  child.send(message);
  return answer(child);
}

function medians(costs) {
  const middle = (kind) =>
    costs.map((cost) => cost[kind]).sort((a, b) => a - b)[Math.floor(costs.length / 2)];
  return { heap: middle('heap'), rss: middle('rss') };
}

function show({ heap, rss }) {
  const kib = (bytes) => `${(bytes / 1_024).toFixed(2).padStart(6)} KiB`;
  return `heap ${kib(heap)}   RSS ${kib(rss)} per socket`;
}
