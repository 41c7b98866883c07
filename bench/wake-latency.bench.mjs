// How long from `call:initiate` leaving the caller's app to the push request at Apple's door, at several rates of calls.
// Gateway and PostgreSQL (fsync on) run as the product does, in a process of their own; the simulator runs here.
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { io } from 'socket.io-client';
import { PushSimulator } from 'ringway-simulator';

const BUNDLE = 'com.example.app';
const SECONDS = 8;
const rates = process.argv.slice(2).map(Number);

const folder = await mkdtemp(join(tmpdir(), 'ringway-bench-'));
const simulator = await PushSimulator.start({ policy: {} });
await writeFile(join(folder, 'ca.pem'), simulator.ca);
const gateway = spawn(process.execPath, [new URL('../dist/main.js', import.meta.url).pathname], {
  env: {
    ...{
      PATH: process.env.PATH,
      NODE_ENV: 'test',
      PORT: '0',
      DEMO: '1',
      RINGWAY_DATA_DIR: join(folder, 'data'),
    },
    ...{ RATE_LIMIT_CALLS_PER_MINUTE: '1000000', RATE_LIMIT_EVENTS_PER_SECOND: '100000' },
    ...simulator.gatewaySettings([BUNDLE], join(folder, 'ca.pem')),
  },
  stdio: ['ignore', 'pipe', 'inherit'],
});
const url = await ready(gateway);
const headers = { 'content-type': 'application/json' };
const post = async (path, body, more = {}) =>
  (await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body), ...more })).json();

const users = 200;
const tokens = [];
for (let nr = 0; nr < users; nr++) {
  const { token } = simulator.registerIosDevice({
    bundleId: BUNDLE,
    environment: nr % 2 ? 'sandbox' : 'production',
  });
  const user = await post('/v1/dev/tokens', { userId: `callee-${nr}` });
  await fetch(`${url}/v1/devices/iphone-${nr}`, {
    ...{ method: 'PUT', headers: { ...headers, authorization: `Bearer ${user.token}` } },
    body: JSON.stringify({
      platform: 'ios',
      voipToken: token,
      apnsEnvironment: nr % 2 ? 'sandbox' : 'production',
      bundleId: BUNDLE,
    }),
  });
  tokens.push(token);
}
/** A second call to the same person would take the first one's place: each caller calls everybody once. */
const callers = [];
async function callerOf(nr) {
  const index = Math.floor(nr / users);
  if (callers[index]) return callers[index];
  const { token } = await post('/v1/dev/tokens', { userId: `caller-${index}` });
  const socket = io(url, { transports: ['websocket'], auth: { token, deviceId: 'caller' } });
  callers[index] = socket;
  await new Promise((resolve) => socket.once('sync', resolve));
  return socket;
}

const startedAt = new Map();
let latencies = [];
simulator.onRequest(({ service, body }) => {
  if (!service.startsWith('apns')) return;
  const at = performance.now();
  const { callId } = JSON.parse(body);
  const began = startedAt.get(callId);
  if (began !== undefined) latencies.push(at - began);
});

const rows = [];
await round(20); // warm-up
for (const rate of rates.length ? rates : [20, 50, 100, 150]) rows.push(await round(rate));
console.log(
  '| calls/s asked | calls/s done | p50 ms | p90 ms | p99 ms | max ms | without push |\n|---|---|---|---|---|---|---|',
);
for (const row of rows) console.log(`| ${row.join(' | ')} |`);

for (const socket of callers) socket.disconnect();
gateway.kill('SIGTERM');
await new Promise((resolve) => gateway.on('exit', resolve));
await simulator.stop();
await rm(folder, { recursive: true, force: true });

/** An open loop: calls start when they are due, whether or not the ones before are done. */
async function round(rate) {
  latencies = [];
  const total = rate * SECONDS;
  for (let nr = 0; nr < total; nr += users) await callerOf(nr);
  const began = performance.now();
  const ends = [];
  for (let nr = 0; nr < total; nr++) {
    const due = began + (nr * 1_000) / rate;
    const wait = due - performance.now();
    if (wait > 1) await new Promise((resolve) => setTimeout(resolve, wait));
    const callId = randomUUID();
    const socket = await callerOf(nr);
    startedAt.set(callId, due > performance.now() ? performance.now() : due);
    ends.push(
      socket
        .emitWithAck('call:initiate', { callId, callee: `callee-${nr % users}`, media: 'voice' })
        .then(() => ({ callId, socket })),
    );
  }
  const ids = await Promise.all(ends);
  const took = (performance.now() - began) / 1_000;
  const deadline = performance.now() + 5_000;
  while (latencies.length < total && performance.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 20));
  const seen = latencies.length;
  for (const { callId, socket } of ids) await socket.emitWithAck('call:cancel', { callId });
  startedAt.clear();
  const sorted = latencies.sort((a, b) => a - b);
  const at = (share) =>
    (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN).toFixed(1);
  return [rate, (total / took).toFixed(0), at(0.5), at(0.9), at(0.99), at(1), total - seen];
}

async function ready(child) {
  for await (const line of createInterface({ input: child.stdout })) {
    const found = /ready on (http:\S+)/.exec(line)?.[1];
    if (found) {
      child.stdout.resume();
      return found;
    }
  }
  throw new Error('the gateway ended before it was ready');
}
