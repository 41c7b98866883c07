// What a stranger with a good token can tell from the time of an answer: questions about calls of others, and about ids
// that nobody has used, in turns. Told is the share of pairs in which the call that exists took longer: 0.5 is a coin.
// Gateway and PostgreSQL (fsync on) run as the product does, in a process of their own.
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { io } from 'socket.io-client';

const questions = Number(process.argv[2] ?? 400);
const BURST = 100;

const folder = await mkdtemp(join(tmpdir(), 'ringway-bench-'));
const main = process.env.RINGWAY_MAIN ?? new URL('../dist/main.js', import.meta.url).pathname;
const gateway = spawn(process.execPath, [main], {
  env: {
    ...{ PATH: process.env.PATH, NODE_ENV: 'test', PORT: '0', DEMO: '1', HOST: '127.0.0.1' },
    ...{ RINGWAY_DATA_DIR: join(folder, 'data'), RATE_LIMIT_EVENTS_PER_SECOND: '10000' },
    ...{ RATE_LIMIT_CALLS_PER_MINUTE: '10000' },
  },
  stdio: ['ignore', 'pipe', 'inherit'],
});
const url = await new Promise((resolve) => {
  createInterface(gateway.stdout).on('line', (line) => {
    const at = /http:\/\/\S+:\d+/.exec(line);
    if (at) resolve(at[0].replace('localhost', '127.0.0.1'));
  });
});

async function phone(userId) {
  const body = JSON.stringify({ userId });
  const headers = { 'content-type': 'application/json' };
  const { token } = await (await fetch(`${url}/v1/dev/tokens`, { method: 'POST', headers, body })).json();
  const socket = io(url, { transports: ['websocket'], auth: { token, deviceId: `${userId}-phone` } });
  socket.on('call:incoming', (_, acknowledge) => acknowledge(true));
  await new Promise((resolve) => socket.on('sync', resolve));
  return { say: (event, payload) => socket.timeout(10_000).emitWithAck(event, payload), token, socket };
}

const [alice, bob, mallory] = [await phone('alice'), await phone('bob'), await phone('mallory')];
const say = (event) => (callId) => mallory.say(event, { callId });
const get = async (callId) => {
  const headers = { authorization: `Bearer ${mallory.token}` };
  await (await fetch(`${url}/v1/calls/${callId}`, { headers })).text();
};
const own = randomUUID();
await mallory.say('call:initiate', { callId: own, callee: 'nobody', media: 'voice' });
/** What is refused without a look, and asked right behind three questions about the call. */
const behind = async (callId) => {
  const asked = [1, 2, 3].map(() => mallory.say('call:ringing', { callId }));
  await mallory.say('call:initiate', { callId, callee: 'mallory', media: 'voice' });
  return () => Promise.all(asked);
};
/** What a question about a call of one's own takes, beside many about this one. */
const beside = async (callId) => {
  const asked = Array.from({ length: 12 }, () => get(callId));
  await get(own);
  return () => Promise.all(asked);
};
const burst = (ask) => (callId) => Promise.all(Array.from({ length: BURST }, () => ask(callId)));

const kinds = {
  'GET /v1/calls/{id}': { ask: get, times: questions },
  'call:answer': { ask: say('call:answer'), times: questions },
  'call:cancel': { ask: say('call:cancel'), times: questions },
  [`${BURST} x GET at once`]: { ask: burst(get), times: questions / 8 },
  [`${BURST} x call:answer at once`]: { ask: burst(say('call:answer')), times: questions / 8 },
  'another message, behind 3 x call:ringing': { ask: behind, times: questions / 4 },
  'a call of one’s own, beside 12 x GET': { ask: beside, times: questions },
};

const rows = [];
for (const [kind, { ask, times }] of Object.entries(kinds)) {
  const took = { there: [], not: [] };
  for (let nr = 0; nr < times; nr++) {
    // A call of its own for each question, so that no first look is told from a second.
    const there = randomUUID();
    await alice.say('call:initiate', { callId: there, callee: 'bob', media: 'voice', metadata: { nr } });
    await bob.say('call:answer', { callId: there });
    const order = [
      ['there', there],
      ['not', randomUUID()],
    ];
    if (Math.random() < 0.5) order.reverse();
    for (const [name, callId] of order) {
      const begun = performance.now();
      const settle = await ask(callId);
      took[name].push(performance.now() - begun);
      if (typeof settle === 'function') await settle();
    }
    await alice.say('call:end', { callId: there });
  }
  rows.push({ kind, ...summary('there', took.there), ...summary('not', took.not), told: told(took) });
  console.error(`${kind}: done`);
}
console.table(
  Object.fromEntries(
    rows.map(({ kind, ...row }) => [
      kind,
      Object.fromEntries(Object.entries(row).map(([name, value]) => [name, Number(value.toFixed(3))])),
    ]),
  ),
);

for (const { socket } of [alice, bob, mallory]) socket.disconnect();
gateway.kill('SIGTERM');
await new Promise((resolve) => gateway.once('exit', resolve));
await rm(folder, { recursive: true });

function summary(name, times) {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share) => sorted[Math.floor((sorted.length - 1) * share)];
  return { [`${name} p25`]: at(0.25), [`${name} p50`]: at(0.5), [`${name} p75`]: at(0.75) };
}

function told({ there, not }) {
  let longer = 0;
  for (const a of there) for (const b of not) longer += a > b ? 1 : a === b ? 0.5 : 0;
  return longer / (there.length * not.length);
}
