import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { Chance } from './chance.js';
import { type Attack, HostileAccount, goesOn, someNode } from './hostile-account.js';
import type { Fault, History } from './history.js';
import type { Person } from './person.js';
import { fuzzConnections } from '../support/raw-fuzz.js';
import type { Violation } from './safety.js';
import { BUNDLE, type World } from './world.js';

/** The kinds of hostile users; in every round there are some beside the ordinary ones. */
export const HOSTILE = [
  'odd and broken connections',
  'signals that wait',
  'made-up devices',
  'redials',
  'accounts that erase themselves',
  'sockets nobody reads',
] as const;
export type Hostile = (typeof HOSTILE)[number];

/** In the history a hostile user is a fault like others, from the first answer they get to their end. */
export const nameOf = (kind: Hostile): string => `a hostile user: ${kind}`;

/** 65,534 bytes of JSON, 21,845 objects. */
const EMPTY_OBJECTS: readonly object[] = Array.from({ length: 21_845 }, () => ({}));
const FUZZ_MS = 500;
const RINGS_PER_CALL = 60;
const RINGS_AT_ONCE = 12;

const callTo = (callee: string) => ({ callId: randomUUID(), callee, media: 'voice' });

const ATTACKS: Readonly<Record<Hostile, (attack: Attack) => Promise<void>>> = {
  async 'odd and broken connections'(attack) {
    while (goesOn(attack)) {
      const port = (await someNode(attack))?.port;
      if (!port) continue;
      const seed = attack.chance.between(0, 1_000_000);
      const { connections } = await fuzzConnections({ port, seed, forMs: FUZZ_MS });
      if (connections > 0) attack.answered('connections');
    }
  },

  async 'signals that wait'(attack) {
    const caller = await HostileAccount.make(attack, 'caller');
    const deaf = await HostileAccount.make(attack, 'deaf', { acknowledges: false });
    while (goesOn(attack)) {
      await deaf.connected();
      const placed = callTo(deaf.userId);
      if (!(await caller.say('call:initiate', placed))) continue;
      const { callId } = placed;
      if (attack.chance.is(0.5)) await deaf.say('call:answer', { callId });
      for (let nr = 0; nr < 20 && goesOn(attack); nr++)
        await caller.say('call:signal', { callId, signal: EMPTY_OBJECTS });
    }
    for (const account of [caller, deaf]) account.close();
  },

  async 'made-up devices'(attack) {
    const caller = await HostileAccount.make(attack, 'caller');
    const callee = await HostileAccount.make(attack, 'callee');
    while (goesOn(attack)) {
      await callee.connected();
      const placed = callTo(callee.userId);
      if (!(await caller.say('call:initiate', placed))) continue;
      const path = `/v1/calls/${placed.callId}`;
      for (let nr = 0; nr < RINGS_PER_CALL && goesOn(attack); nr += RINGS_AT_ONCE)
        await Promise.all(
          Array.from({ length: RINGS_AT_ONCE }, (_, more) =>
            callee.request('POST', `${path}/ringing?deviceId=made-up-${nr + more}`, {}),
          ),
        );
      await callee.request('POST', `${path}/answer?deviceId=never-there`, {});
    }
    for (const account of [caller, callee]) account.close();
  },

  async redials(attack) {
    const caller = await HostileAccount.make(attack, 'caller');
    while (goesOn(attack)) {
      const placed = callTo(attack.victim);
      await caller.say('call:initiate', placed);
      if (attack.chance.is(0.2)) await caller.say('call:cancel', { callId: placed.callId });
      await pause(100);
    }
    caller.close();
  },

  async 'accounts that erase themselves'(attack) {
    const listener = await HostileAccount.make(attack, 'listener');
    for (let nr = 0; goesOn(attack); nr++) {
      await listener.connected();
      const account = await HostileAccount.make(attack, `erased-${nr % 3}`);
      await account.request('PUT', '/v1/devices/phone', {
        platform: 'ios',
        voipToken: randomBytes(32).toString('hex'),
        apnsEnvironment: attack.chance.pick(['sandbox', 'production']),
        bundleId: BUNDLE,
      });
      if (attack.chance.is(0.5)) await account.say('call:initiate', callTo(listener.userId));
      await account.request('DELETE', '/v1/me');
      account.close();
    }
    listener.close();
  },

  async 'sockets nobody reads'(attack) {
    const caller = await HostileAccount.make(attack, 'caller');
    const callee = await HostileAccount.make(attack, 'callee');
    const deaf = await Promise.all(
      [0, 1, 2, 3].map((nr) => HostileAccount.make(attack, 'caller', { deviceId: `deaf-${nr}` })),
    );
    const metadata = { text: 'x'.repeat(2_000) };
    while (goesOn(attack)) {
      await callee.connected();
      await caller.say('call:initiate', { ...callTo(callee.userId), metadata });
      for (const account of deaf) {
        const socket = await account.connected();
        // The types of socket.io-client do not show the WebSocket.
        (socket?.io.engine.transport as { ws?: { pause(): void } } | undefined)?.ws?.pause();
        for (let nr = 0; nr < 50; nr++) socket?.emit('sync', {}, () => undefined);
      }
      await pause(100);
    }
    for (const account of [caller, callee, ...deaf]) account.close();
  },
};

/** Which hostile users a round has: all kinds in turn, so that no batch is without any, and one by chance. */
export function hostileOf(seed: number): Hostile[] {
  const byChance = new Chance(seed ^ 0x5f3759df).pick(HOSTILE);
  return [...new Set([HOSTILE[Math.abs(seed) % HOSTILE.length]!, byChance])];
}

interface Scene {
  world: World;
  people: readonly Person[];
  history: History;
  seed: number;
}

/** The hostile users of a round, for so long. @returns what no client may ever be answered */
export async function harass({ world, people, history, seed }: Scene, ms: number): Promise<Violation[]> {
  const violations: Violation[] = [];
  await Promise.all(
    hostileOf(seed).map(async (kind, index) => {
      const chance = new Chance(seed * 31 + index);
      const line: Fault = {
        kind: 'fault',
        at: Date.now(),
        until: null,
        name: nameOf(kind),
        node: null,
        delays: false,
      };
      let answers = 0;
      const answered = (what: string): void => {
        if (answers++ === 0) history.faults.push(line);
        if (what === 'INTERNAL')
          violations.push({
            invariant: 'S21 alive',
            callId: null,
            what: `${line.name} was answered INTERNAL`,
          });
      };
      const name = `${index}-of-${seed}-${Date.now().toString(36)}`;
      const victim = chance.pick(people).phone.parts.userId;
      await ATTACKS[kind]({ world, chance, name, victim, until: Date.now() + ms, answered });
      line.until = Date.now();
    }),
  );
  return violations;
}
