import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Fault as PushFault } from 'ringway-simulator';
import type { Chance } from './chance.js';
import type { Fault, History } from './history.js';
import type { Person } from './person.js';
import type { World } from './world.js';

interface Scene {
  world: World;
  people: readonly Person[];
  history: History;
  chance: Chance;
}

/** Breaks something, waits, and mends it, unless the end of the round does that first. */
type Breaks = (scene: Scene, note: Note) => Promise<void>;
type Note = (about?: { node?: number; delays?: boolean }) => void;

const PUSH_SERVICES = ['apns-sandbox', 'apns-production', 'fcm'] as const;

/** What may go wrong with a push, for a while or a number of requests. */
const PUSH_FAULTS: readonly { fault: PushFault; times?: number; probability?: number }[] = [
  { fault: { kind: 'answer', status: 503, reason: 'ServiceUnavailable' }, probability: 0.7 },
  { fault: { kind: 'answer', status: 429, reason: 'TooManyRequests', retryAfter: 1 }, times: 2 },
  { fault: { kind: 'answer', status: 503, reason: 'Shutdown', accepted: true }, times: 2 },
  { fault: { kind: 'delay', ms: 900 }, probability: 0.8 },
  { fault: { kind: 'hang', accepted: true }, times: 1 },
  { fault: { kind: 'disconnect', accepted: true }, times: 2 },
  { fault: { kind: 'reset-stream', code: 'REFUSED_STREAM' }, times: 3 },
  { fault: { kind: 'goaway' }, times: 1 },
  { fault: { kind: 'goaway', lastStream: 'this', twice: true }, times: 1 },
  { fault: { kind: 'freeze', accepted: true }, times: 1 },
  { fault: { kind: 'settings', maxConcurrentStreams: 1 }, times: 1 },
  { fault: { kind: 'refuse-connection' } },
  { fault: { kind: 'outage' } },
];

const someNode = ({ world, chance }: Scene) => chance.pick(world.nodes);
const somePeople = ({ people, chance }: Scene): Person[] =>
  chance.shuffled(people).slice(0, chance.between(2, 8));

export const FAULTS: Readonly<Record<string, { weight: number; alone?: string; breaks: Breaks }>> = {
  'kill -9 of a gateway': {
    weight: 4,
    breaks: async (scene, note) => {
      const node = someNode(scene);
      note({ node: node.index });
      await node.kill();
      await pause(scene.chance.between(0, 800));
      await node.start();
    },
  },
  'kill -9 of PostgreSQL': {
    weight: 2,
    alone: 'postgres',
    breaks: async ({ world, chance }, note) => {
      note();
      await world.postgres.kill();
      await pause(chance.between(0, 600));
      await world.restartPostgres();
    },
  },
  'a gateway freezes': {
    weight: 3,
    breaks: async (scene, note) => {
      const node = someNode(scene);
      note({ node: node.index });
      node.freeze();
      await pause(scene.chance.between(300, 2_000));
      node.thaw();
    },
  },
  'a gateway freezes with work in hand until its leases are gone': {
    weight: 3,
    breaks: async (scene, note) => {
      const node = someNode(scene);
      const [from, to] = scene.chance.shuffled(scene.people);
      note({ node: node.index });
      // Under way at the freeze: recorded, with luck, and not followed up.
      const callee = to!.phone.parts.userId;
      if (callee !== from!.phone.parts.userId) {
        void from!.phone.post(node.index, 'call:initiate', { callId: randomUUID(), callee, media: 'voice' });
        await pause(scene.chance.between(2, 14));
      }
      node.freeze();
      await pause(3_600);
      node.thaw();
    },
  },
  'PostgreSQL freezes': {
    weight: 2,
    alone: 'postgres',
    breaks: async ({ world, chance }, note) => {
      note();
      await world.postgres.freeze();
      await pause(chance.between(300, 2_300));
      world.postgres.thaw();
    },
  },
  'appends are held up until the pool is exhausted': {
    weight: 2,
    breaks: async ({ world, chance }, note) => {
      note();
      await world.postgres.holdUpAppends(chance.between(300, 2_200));
    },
  },
  'all database connections are dropped': {
    weight: 2,
    breaks: async ({ world }, note) => {
      note();
      await world.postgres.dropConnections();
    },
  },
  'the answer to a commit is lost': {
    weight: 4,
    alone: 'answers',
    breaks: async (scene, note) => {
      const node = someNode(scene);
      note({ node: node.index });
      // The name of the prepared statement, as the wire carries it.
      let over = false;
      const lost = (async () => {
        for (let times = scene.chance.between(1, 4); times > 0 && !over; times--)
          await node.database.loseAnswerTo('\0append\0');
      })();
      await Promise.race([lost, pause(2_000)]);
      over = true;
      node.database.heal();
      await lost;
    },
  },
  'a gateway hears nothing of its database': {
    weight: 2,
    breaks: async (scene, note) => {
      const node = someNode(scene);
      note({ node: node.index });
      node.database.silence();
      await pause(scene.chance.between(300, 2_500));
      node.database.heal();
    },
  },
  'a slow database': {
    weight: 1,
    breaks: async (scene, note) => {
      const node = someNode(scene);
      note({ node: node.index });
      node.database.slowDown(scene.chance.between(20, 120));
      await pause(1_500);
      node.database.heal();
    },
  },
  'kill -9 of Redis': {
    weight: 3,
    alone: 'redis',
    breaks: async ({ world, chance }, note) => {
      if (!world.redis) return;
      note();
      await world.redis.kill();
      await pause(chance.between(100, 2_000));
      await world.redis.restart();
    },
  },
  'sockets break': {
    weight: 3,
    breaks: async (scene, note) => {
      note({ delays: false });
      for (const { phone } of somePeople(scene)) phone.loseConnection();
    },
  },
  'sockets are half-open': {
    weight: 3,
    breaks: async (scene, note) => {
      const struck = somePeople(scene);
      note({ delays: false });
      for (const { phone } of struck) phone.parts.wire.silence();
      await pause(scene.chance.between(500, 2_500));
      for (const { phone } of struck) {
        phone.parts.wire.heal();
        if (scene.chance.is(0.5)) phone.reconnect(scene.chance.between(0, 1));
      }
    },
  },
  'sockets are slow': {
    weight: 2,
    breaks: async (scene, note) => {
      const struck = somePeople(scene);
      note({ delays: false });
      for (const { phone } of struck) phone.parts.wire.slowDown(scene.chance.between(50, 400));
      await pause(scene.chance.between(500, 2_000));
      for (const { phone } of struck) phone.parts.wire.heal();
    },
  },
  'pushes go wrong': {
    weight: 6,
    breaks: async ({ world, chance }, note) => {
      const { fault, ...limits } = chance.pick(PUSH_FAULTS);
      note();
      const faults = chance
        .shuffled(PUSH_SERVICES)
        .slice(0, chance.between(1, 3))
        .map((service) => world.simulator.inject({ service, fault, ...limits }));
      await pause(chance.between(500, 2_000));
      for (const injected of faults) injected.clear();
      await world.simulator.listening();
    },
  },
  'Apple remembers an older install': {
    weight: 3,
    breaks: async ({ world, people, chance }, note) => {
      note({ delays: false });
      const answer = { kind: 'answer', status: 410, reason: 'Unregistered' } as const;
      const fault = { ...answer, timestamp: Date.now() - 86_400_000 };
      for (const { phone } of people) {
        const { platform, pushToken } = phone.parts;
        if (platform !== 'ios' || pushToken === null || chance.is(0.5)) continue;
        for (const service of ['apns-sandbox', 'apns-production'] as const)
          world.simulator.inject({ service, token: pushToken, times: 1, fault });
      }
    },
  },
  "a gateway's clock is stepped": {
    weight: 2,
    breaks: async (scene, note) => {
      const node = someNode(scene);
      note({ node: node.index, delays: false });
      node.stepClock(scene.chance.pick([-3_600_000, -300_000, 300_000, 3_600_000]));
      await pause(scene.chance.between(500, 2_000));
      node.stepClock(0);
    },
  },
};

/** Some faults of the matrix, at the moments and for the lengths the seed says. Resolves when all are over. */
export async function haunt(scene: Scene, ms: number): Promise<void> {
  const { chance, history } = scene;
  const lots = Object.entries(FAULTS).flatMap(([name, { weight }]) => Array<string>(weight).fill(name));
  const count = chance.between(4, 7);
  const struck = new Set<string>();
  await Promise.all(
    Array.from({ length: count }, async () => {
      const name = chance.pick(lots);
      const [at, own] = [chance.between(0, ms), chance.fork()];
      await pause(at);
      const alone = FAULTS[name]!.alone;
      if (alone !== undefined && struck.has(alone)) return; // it is broken already
      if (alone !== undefined) struck.add(alone);
      await strike(name, { ...scene, chance: own }, history);
      if (alone !== undefined) struck.delete(alone);
    }),
  );
}

async function strike(name: string, scene: Scene, history: History): Promise<void> {
  const lines: Fault[] = [];
  try {
    await FAULTS[name]!.breaks(scene, ({ node = null, delays = true } = {}) => {
      const line: Fault = { kind: 'fault', at: Date.now(), until: null, name, node: node ?? null, delays };
      lines.push(line);
      history.faults.push(line);
    });
  } catch (error) {
    // Two faults can meet: what was to be broken is broken already.
    const [line] = lines;
    if (line) line.name += ` (met another fault: ${(error as Error).message})`;
  }
  for (const line of lines) line.until = Date.now();
}

/** Everything is whole again. */
export async function heal({ world, people, chance }: Omit<Scene, 'history'>): Promise<void> {
  world.simulator.clearFaults();
  await world.simulator.listening();
  world.postgres.thaw();
  for (const node of world.nodes) {
    node.thaw();
    node.stepClock(0);
    node.database.heal();
  }
  for (const { phone } of people) phone.parts.wire.heal();
  await Promise.all(world.nodes.map((node) => node.start()));
  for (const { phone } of people) phone.wake(chance.between(0, 1));
}
