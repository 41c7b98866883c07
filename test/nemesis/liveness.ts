import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { CallView } from '../../src/calls/domain/call-view.js';
import type { Chance } from './chance.js';
import { bare, gather } from './evidence.js';
import type { Handset } from './handset.js';
import type { History } from './history.js';
import type { Person } from './person.js';
import type { Violation } from './safety.js';
import { takenBy } from './safety-of-signals.js';
import type { World } from './world.js';

/** Generous: a machine may be slow, but nothing may hang. */
const DEADLINE_MS = 60_000;

interface Scene {
  world: World;
  people: readonly Person[];
  history: History;
  chance: Chance;
  seed: number;
  since: number;
}

/** Waits for what must become true. @returns a violation with what was seen last when it does not */
async function becomes(invariant: string, look: () => Promise<string | null>): Promise<Violation[]> {
  const deadline = Date.now() + DEADLINE_MS;
  for (let wait = 20; ; wait = Math.min(wait * 1.5, 250)) {
    const missing = await look().catch(
      (error: unknown) => `it could not be looked at: ${(error as Error).message}`,
    );
    if (missing === null) return [];
    if (Date.now() > deadline)
      return [{ invariant, callId: null, what: `${missing} (${DEADLINE_MS} ms after)` }];
    await pause(wait);
  }
}

/** After everything has been mended: what must become true again, and soon. */
export async function liveness(scene: Scene): Promise<Violation[]> {
  const { world, people, history } = scene;
  const phones = people.map(({ phone }) => phone);
  const violations = [
    ...(await becomes('L9 readiness', () => ready(world))),
    ...(await becomes('L8 reconnected', async () => {
      for (const phone of phones) phone.wake();
      const away = phones.filter(({ connected, syncs }) => !connected || syncs === 0);
      return away.length === 0 ? null : `${away.map(({ name }) => name).join(', ')} are not back`;
    })),
    ...(await becomes('L1 every call ends', async () => {
      const { stories, jobs } = await gather(world, { ...scene, phones, history });
      const live = [...stories.values()].filter(({ folds }) => folds.at(-1)?.state !== 'ended');
      if (live.length > 0)
        return `${live.map(({ callId, folds }) => `${callId} is ${folds.at(-1)?.state}`).join(', ')}`;
      return jobs.length === 0
        ? null
        : `L6: jobs are left: ${jobs.map(({ key, epoch }) => `${key} (${epoch})`).join(', ')}`;
    })),
  ];
  if (violations.length > 0) return violations; // the rest would only say the same again
  return [
    ...(await becomes('L7 convergence', () => converged(scene, phones))),
    ...(await becomes('L3 presence', () => present(world, phones))),
    ...(await proofCalls(scene)),
    ...(await becomes('L3 presence', () => leave(world, phones, scene.chance))),
  ];
}

async function ready(world: World): Promise<string | null> {
  for (const node of world.nodes) {
    const response = await fetch(`${node.url}/health/ready`, { signal: AbortSignal.timeout(5_000) });
    const { status, parts } = (await response.json()) as any;
    if (
      response.status !== 200 ||
      parts.postgres.status !== 'ok' ||
      (parts.redis ?? parts.postgres).status !== 'ok'
    )
      return `node ${node.index} says ${status}: ${JSON.stringify(parts)}`;
  }
  return null;
}

/** Every phone, once it has synced, knows what is recorded; and nothing that was claimed for a live call is still held. */
async function converged(scene: Scene, phones: Handset[]): Promise<string | null> {
  for (const phone of phones) {
    const { outcome } = await phone.say('sync', {});
    if (outcome !== 'ok') return `${phone.name} could not sync: ${outcome}`;
  }
  const { stories, claims } = await gather(scene.world, { ...scene, phones });
  for (const { views, callId } of stories.values()) {
    const last = views.at(-1)!;
    for (const phone of phones) {
      if (![last.caller.userId, last.callee.userId].includes(phone.parts.userId)) continue;
      const known = phone.known.get(callId);
      if (!known || !isDeepStrictEqual(bare(known), last))
        return `${phone.name} knows ${brief(phone.known.get(callId))} of ${callId}, recorded is ${brief(last)}`;
    }
  }
  const held = claims.filter(
    ({ key, stream_id }) => !/^(alias|cancelled) /.test(key) && stories.has(stream_id.slice(5)),
  );
  return held.length === 0 ? null : `S18: claims are still held: ${held.map(({ key }) => key).join(', ')}`;
}

const brief = (view: CallView | undefined): string =>
  view ? `version ${view.version} (${view.state}, ${view.outcome})` : 'nothing';

async function present(world: World, phones: readonly Handset[]): Promise<string | null> {
  const users = [...new Set(phones.map(({ parts }) => parts.userId))];
  // Whoever is in the background counts as pushable, which is another matter.
  const connected = phones.filter((phone) => phone.connected);
  await Promise.all(connected.map((phone) => phone.say('device:state', { state: 'foreground' })));
  const expected = users.map((userId) => {
    const mine = phones.filter(({ parts }) => parts.userId === userId);
    const pushable = mine.some(({ parts }) => parts.pushToken !== null);
    const reachable = mine.some(({ connected }) => connected)
      ? 'online'
      : pushable
        ? 'pushable'
        : 'unreachable';
    return { userId, reachable };
  });
  for (const node of world.nodes) {
    const response = await fetch(`${node.url}/v1/presence?userIds=${users.join(',')}`, {
      headers: { authorization: `Bearer ${phones[0]!.parts.token}` },
    });
    const said = (await response.json()) as { userId: string; reachable: string }[];
    const wrong = expected.filter(
      ({ userId, reachable }) => said.find((one) => one.userId === userId)?.reachable !== reachable,
    );
    if (wrong.length > 0)
      return `node ${node.index} says ${JSON.stringify(said)}, true is ${JSON.stringify(wrong)}`;
  }
  return null;
}

/** Half the users put their phones away: nobody thinks that they are online. */
async function leave(world: World, phones: readonly Handset[], chance: Chance): Promise<string | null> {
  const users = [...new Set(phones.map(({ parts }) => parts.userId))];
  const leaving = new Set(users.filter((_, index) => index % 2 === 0));
  for (const phone of phones) if (leaving.has(phone.parts.userId) && phone.awake) phone.sleep(chance.is(0.7));
  return present(world, phones);
}

/** Fresh calls across the healed nodes: told, answered, signals both ways once and in order, ended, known to both. */
async function proofCalls({ world, people, history, chance }: Scene): Promise<Violation[]> {
  const [one, ...others] = chance.shuffled(people);
  const two = others.find(({ phone }) => phone.parts.userId !== one!.phone.parts.userId)!;
  const violations: Violation[] = [];
  for (const [from, to] of [
    [one!, two],
    [two, one!],
  ] as const) {
    const callId = randomUUID();
    const [caller, callee] = [from.phone, to.phone];
    caller.reconnect(0);
    callee.reconnect(1);
    const proof = (what: string, look: () => Promise<string | null>): Promise<Violation[]> =>
      becomes(`L2 a call works again: ${what}`, look);
    const say = (phone: Handset, event: string, more = {}): (() => Promise<string | null>) => {
      return async () => {
        const { outcome } = await phone.say(event, { callId, ...more });
        return outcome === 'ok' ? null : `${phone.name} ${event}: ${outcome}`;
      };
    };
    const knows = (phone: Handset, state: string) => async () =>
      phone.known.get(callId)?.state === state
        ? null
        : `${phone.name} knows ${brief(phone.known.get(callId))}`;
    const both = [caller, callee];
    const placed = { callee: callee.parts.userId, media: 'voice' };
    const synced = async (): Promise<string | null> => {
      for (const phone of both)
        if ((await phone.say('sync', {})).outcome !== 'ok') return `${phone.name} is away`;
      return null;
    };
    violations.push(
      ...(await proof('connected', synced)),
      ...(await proof('placed', say(caller, 'call:initiate', placed))),
      ...(await proof('rings', async () =>
        callee.known.has(callId) ? null : `${callee.name} has not heard of it`,
      )),
      ...(await proof('answered', say(callee, 'call:answer'))),
      ...(await proof('known to be answered', knows(caller, 'answered'))),
    );
    if (violations.length > 0) return violations;
    for (let nr = 1; nr <= 3; nr++) for (const phone of both) await phone.signal(callId);
    violations.push(...(await proof('signals arrive', async () => allSignals(history, both, callId))));
    violations.push(...(await proof('ended', say(from.phone, 'call:end'))));
    for (const phone of both) violations.push(...(await proof('known to be over', knows(phone, 'ended'))));
  }
  violations.push(...(await sleepersWake(world, people, chance)));
  return violations;
}

function allSignals(history: History, [one, two]: Handset[], callId: string): string | null {
  for (const [from, to] of [
    [one!, two!],
    [two!, one!],
  ] as const) {
    const taken = takenBy(history.told, to.name).filter(
      ({ signal }) => signal.callId === callId && signal.by === from.name,
    );
    const numbers = taken.map(({ signal }) => signal.nr).join(' ');
    if (numbers !== '1 2 3') return `${to.name} got the signals ${numbers || 'none'} of ${from.name}`;
  }
  return null;
}

/** Somebody asleep is called: every phone of theirs that can be pushed is, once. */
async function sleepersWake(world: World, people: readonly Person[], chance: Chance): Promise<Violation[]> {
  const [sleeper] = chance.shuffled(people);
  const { userId } = sleeper!.phone.parts;
  const phones = people.map(({ phone }) => phone);
  const theirs = phones.filter(({ parts }) => parts.userId === userId);
  const caller = phones.find((phone) => phone.parts.userId !== userId && phone.connected)!;
  for (const phone of theirs) phone.sleep(true);
  const gone = await becomes('L3 presence', () => present(world, phones));
  const callId = randomUUID();
  const placing = await becomes('L2 a sleeper is called', async () => {
    const { outcome } = await caller.say('call:initiate', { callId, callee: userId, media: 'video' });
    return outcome === 'ok' ? null : outcome;
  });
  const pushed = await becomes('L2 a sleeper is woken', async () => {
    const silent = theirs.filter(
      ({ parts }) =>
        parts.pushToken !== null &&
        world.simulator.delivered(parts.pushToken).filter(({ payload }) => payload.callId === callId)
          .length !== 1,
    );
    return silent.length === 0
      ? null
      : `${silent.map(({ name }) => name).join(', ')} were not pushed exactly once`;
  });
  const cancelled = await becomes('L2 a sleeper is called', async () => {
    const { outcome } = await caller.say('call:cancel', { callId });
    return outcome === 'ok' ? null : outcome;
  });
  return [...gone, ...placing, ...pushed, ...cancelled];
}
