// Fifty ordinary people in a process of their own: each asks for a `sync` now and then, half of them call the other half.
// Says how long `sync` and `call:initiate` took, in milliseconds; what was not answered with ok took the whole patience.
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { Phone, tokensOf } from '../support/phone.mjs';

const USERS = 50;
const ADDRESS = '127.0.0.2';
const SYNC_EVERY_MS = 1_000;
const CALL_EVERY_MS = 2_500;
const PATIENCE_MS = 10_000;
const [port, secret] = process.argv.slice(2);

const token = tokensOf(secret);
const people = await Promise.all(
  Array.from({ length: USERS }, async (_, nr) => {
    const userId = `ordinary-${nr}`;
    const parts = { port: Number(port), token: await token(userId), address: ADDRESS };
    // One device or two.
    const devices = Array.from({ length: 1 + (nr % 2) }, (_, device) => {
      return new Phone({ ...parts, deviceId: `${userId}-${device}` });
    });
    return { userId, devices };
  }),
);
const callers = people.slice(0, USERS / 2);
const callees = people.slice(USERS / 2);
let measured = fresh();
/** Before anything is measured they are in a hurry: so that the gateway's code is compiled by then. */
let hurry = 5;

for (const person of people) person.devices.forEach((phone, device) => behave(phone, device));
await Promise.all(people.flatMap(({ devices }) => devices.map((phone) => phone.connect())));
for (const person of people) void repeat(SYNC_EVERY_MS, () => timed(pick(person.devices), 'sync', {}));
for (const person of callers) void repeat(CALL_EVERY_MS, () => call(person));
process.on('message', async (what) => {
  if (what === 'begin') {
    measured = fresh();
    hurry = 1;
    return process.send({});
  }
  const { times, failed, open } = measured;
  measured = fresh();
  await Promise.all(open);
  process.send({ times, failed });
});
process.on('disconnect', () => process.exit());
process.send('ready');

function fresh() {
  return { times: { sync: [], 'call:initiate': [] }, failed: {}, open: new Set() };
}

/** The first device of a callee rings, answers and says two signals; a caller's says two when it is answered. */
function behave(phone, device) {
  phone.onEvent = async (event, payload) => {
    const { callId, caller } = payload?.call ?? {};
    if (event === 'call:incoming' && device === 0 && caller.userId.startsWith('ordinary-')) {
      await phone.say('call:ringing', { callId });
      await pause(100);
      await phone.say('call:answer', { callId });
      await signals(phone, callId);
    }
    if (event === 'call:answered' && phone.calling === callId) await signals(phone, callId);
  };
}

async function signals(phone, callId) {
  for (const nr of [1, 2]) await phone.say('call:signal', { callId, signal: { nr, sdp: 'v=0'.repeat(100) } });
}

/** A whole call: placed, rung, answered, signalled both ways, over after half a second. */
async function call(person) {
  const callId = randomUUID();
  const phone = pick(person.devices);
  phone.calling = callId;
  const answer = await timed(phone, 'call:initiate', {
    callId,
    callee: pick(callees).userId,
    media: 'video',
  });
  if (!answer.ok) return;
  await pause(500);
  await phone.say('call:end', { callId });
}

async function timed(phone, event, payload) {
  const { times, failed, open } = measured;
  const begun = performance.now();
  const asked = phone.say(event, payload, PATIENCE_MS);
  open.add(asked);
  const answer = await asked;
  open.delete(asked);
  times[event].push(answer.ok ? performance.now() - begun : PATIENCE_MS);
  if (!answer.ok) failed[answer.error.code] = (failed[answer.error.code] ?? 0) + 1;
  return answer;
}

/** An open loop: the next one comes when it is due, whatever became of the last. */
async function repeat(everyMs, act) {
  await pause(Math.random() * everyMs);
  for (;;) {
    void act();
    await pause((everyMs / hurry) * (0.5 + Math.random()));
  }
}

function pick(list) {
  return list[Math.floor(Math.random() * list.length)];
}
