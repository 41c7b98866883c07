// All sockets drop at the same moment and come back at once, without any jitter: how long until everybody is synced, what
// the gateway's event loop and memory make of it, and whether every device finds its call again. The gateway, its
// PostgreSQL and the phones are processes of their own.
//   npm run build && node bench/reconnect-storm.bench.mjs [sockets=5000] [rounds=3]
import { fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';

const SECRET = 'only for this benchmark, but long enough';
const CROWDS = 2;
const SYNCED_MS = 120_000;
const [role, ...args] = process.argv.slice(2);
await ({ gateway, phones }[role] ?? driver)(...args);

async function driver() {
  const [sockets = 5_000, rounds = 3] = process.argv.slice(2).map(Number);
  const { startEmbeddedPostgres } = await import('ringway-embedded-postgres');
  const dataDir = await mkdtemp(join(tmpdir(), 'ringway-bench-'));
  const postgres = await startEmbeddedPostgres({ dataDir });
  const env = { ...process.env, DATABASE_URL: postgres.url, AUTH_SECRET: SECRET, RING_TIMEOUT_MS: '180000' };
  const self = fileURLToPath(import.meta.url);
  const server = fork(self, ['gateway'], { env });
  const { port } = await answer(server);
  const each = Math.floor(sockets / CROWDS);
  const crowds = Array.from({ length: CROWDS }, (_, nr) =>
    fork(self, ['phones', String(port), String(nr * each), String(each)], { env }),
  );
  await Promise.all(crowds.map(answer));
  const all = (message) => Promise.all(crowds.map((crowd) => ask(crowd, message)));
  await all('connect');
  console.log(
    `${each * CROWDS} sockets connected, ${(await all('call')).reduce((a, b) => a + b.calls, 0)} calls ringing`,
  );
  for (let round = 1; round <= rounds; round++) {
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    await ask(server, 'begin');
    const told = await all('storm');
    const { p99, max, cpu, rss } = await ask(server, 'end');
    const times = told.flatMap(({ times }) => times).sort((a, b) => a - b);
    const lost = told.reduce((sum, crowd) => sum + crowd.lost, 0);
    const refused = told.reduce((sum, crowd) => sum + crowd.refused, 0);
    const of = (share) => times[Math.ceil(times.length * share) - 1].toFixed(0);
    console.log(
      `round ${round}: ${times.length} synced, p50 ${of(0.5)} ms, p99 ${of(0.99)} ms, last ${of(1)} ms; ` +
        `${lost} calls lost, ${refused} attempts repeated; gateway: event loop p99 ${p99.toFixed(0)} ms, ` +
        `longest ${max.toFixed(0)} ms, CPU ${cpu.toFixed(2)} s, RSS ${(rss / 1_048_576).toFixed(0)} MB`,
    );
  }
  for (const child of [...crowds, server]) child.kill('SIGKILL');
  await postgres.stop();
  await rm(dataDir, { recursive: true, force: true });
}

async function gateway() {
  const { readConfig } = await import('../dist/config/config.js');
  const { startGateway } = await import('../dist/start/start-gateway.js');
  const { Log } = await import('../dist/log/log.js');
  const { config } = readConfig({ ...process.env, PORT: '0', HOST: '127.0.0.1' });
  const { port } = await startGateway(config, new Log('error'));
  const delay = monitorEventLoopDelay({ resolution: 5 });
  let before;
  process.on('message', (what) => {
    if (what === 'begin') {
      before = process.cpuUsage();
      delay.reset();
      delay.enable();
      return process.send({});
    }
    delay.disable();
    const { user, system } = process.cpuUsage(before);
    const [p99, max] = [delay.percentile(99) / 1e6, delay.max / 1e6];
    process.send({ p99, max, cpu: (user + system) / 1e6, rss: process.memoryUsage().rss });
  });
  process.send({ port });
}

/** Phones that only do what the protocol asks; every tenth is called by its neighbour. */
async function phones(port, from, count) {
  const { WebSocket } = await import('ws');
  const { SignJWT } = await import('jose');
  const key = new TextEncoder().encode(SECRET);
  const crowd = await Promise.all(
    Array.from({ length: Number(count) }, async (_, index) => {
      const userId = `user-${Number(from) + index}`;
      const token = new SignJWT({ sub: userId }).setProtectedHeader({ alg: 'HS256' }).setExpirationTime('1h');
      const auth = JSON.stringify({ token: await token.sign(key), deviceId: `phone-of-${userId}` });
      return { userId, auth, socket: null, call: null };
    }),
  );
  let refused = 0;

  const connect = (phone) =>
    new Promise((resolve) => {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`);
      phone.socket = socket;
      socket.on('error', () => undefined);
      socket.on('close', () => {
        if (phone.socket !== socket) return;
        refused++;
        resolve(connect(phone));
      });
      socket.on('message', (data) => {
        const frame = data.toString();
        if (frame === '2') return socket.send('3');
        if (frame.startsWith('0')) return socket.send(`40${phone.auth}`);
        const asked = /^42(\d+)\[/.exec(frame);
        if (asked) socket.send(`43${asked[1]}[]`);
        if (/^42\d*\["sync"/.test(frame)) resolve(frame);
        if (frame.startsWith('430[')) phone.answered(frame);
      });
    });
  const lanes = async (work) => {
    const waiting = [...crowd.entries()];
    const lane = async () => {
      for (let next = waiting.pop(); next; next = waiting.pop()) await work(next[1], next[0]);
    };
    await Promise.all(Array.from({ length: 50 }, lane));
  };
  const call = (phone, index) => {
    if (index % 10 !== 0) return;
    const callee = crowd[index + 1];
    callee.call = phone.call = randomUUID();
    return new Promise((resolve) => {
      phone.answered = resolve;
      const body = { callId: phone.call, callee: callee.userId, media: 'voice' };
      phone.socket.send(`420${JSON.stringify(['call:initiate', body])}`);
    });
  };
  const storm = async () => {
    for (const phone of crowd) {
      const { socket } = phone;
      phone.socket = null;
      socket.terminate();
    }
    refused = 0;
    const since = performance.now();
    const times = [];
    let lost = 0;
    const back = Promise.all(
      crowd.map(async (phone) => {
        const sync = await connect(phone);
        times.push(performance.now() - since);
        if (phone.call !== null && !sync.includes(phone.call)) lost++;
      }),
    );
    const late = new Promise((_, reject) =>
      setTimeout(() => reject(new Error('not everybody was synced')), SYNCED_MS).unref(),
    );
    await Promise.race([back, late]);
    return { times, lost, refused };
  };
  process.on('message', async (what) => {
    if (what === 'connect') await lanes(connect);
    if (what === 'call') await lanes(call);
    const calls = crowd.filter((phone) => phone.call !== null).length / 2;
    process.send(what === 'storm' ? await storm() : { calls });
  });
  process.send('ready');
}

/** The next message of a child; its end instead is a failure. */
function answer(child) {
  return new Promise((resolve, reject) => {
    const died = (code) => reject(new Error(`a child ended with ${code}`));
    child.once('exit', died);
    child.once('message', (message) => {
      child.off('exit', died);
      resolve(message);
    });
  });
}

function ask(child, message) {
  child.send(message);
  return answer(child);
}
