import { Chance } from './chance.js';
import { type Evidence, gather, headOf } from './evidence.js';
import { haunt, heal } from './faults.js';
import { Handset, type Platform } from './handset.js';
import { History } from './history.js';
import { harass } from './hostile.js';
import { liveness } from './liveness.js';
import { Person } from './person.js';
import { type Rare, rareIn } from './rare.js';
import { type Violation, safety } from './safety.js';
import { safetyOfPushes } from './safety-of-pushes.js';
import { safetyOfSignals } from './safety-of-signals.js';
import { Wire } from './wire.js';
import { Workload } from './workload.js';
import { BUNDLE, type World } from './world.js';

const USERS = 8;
const FAULTS_MS = 4_500;

export interface Round {
  seed: number;
  calls: number;
  operations: number;
  faults: string[];
  violations: Violation[];
  rare: Set<Rare>;
  ms: number;
  evidence: Evidence;
}

/**
 * One seed: eight users with three phones each and hostile users beside them, some seconds of faults, then health again,
 * and the two kinds of proof.
 */
export async function playRound(world: World, seed: number): Promise<Round> {
  const begun = Date.now();
  const chance = new Chance(seed);
  const history = new History();
  world.simulator.reset();
  const people = await cast(world, seed, history, chance);
  const phones = people.map(({ phone }) => phone);
  const since = await headOf(world);
  const scene = { world, people, history, chance: chance.fork(), seed, since };
  try {
    history.begin();
    for (const phone of phones) phone.wake();
    const workload = new Workload(people, chance.fork());
    const [crashes] = [world.nodes.map(({ crashes }) => crashes.length)];
    const [, , unseemly] = await Promise.all([
      workload.run(FAULTS_MS),
      haunt({ ...scene, chance: chance.fork() }, FAULTS_MS - 500),
      harass(scene, FAULTS_MS),
    ]);
    for (const person of people) person.active = false;
    await heal(scene);
    await workload.settled();
    await Promise.all(people.map((person) => person.settled()));
    const violations = await liveness(scene);
    for (const phone of phones) phone.close();
    const evidence = await gather(world, { seed, history, phones, since });
    violations.unshift(...safety(evidence), ...safetyOfPushes(evidence), ...safetyOfSignals(evidence));
    violations.push(...unseemly, ...sound(world, crashes, phones));
    return {
      seed,
      calls: evidence.stories.size,
      operations: history.operations.length,
      violations,
      evidence,
      faults: history.faults.map(({ name }) => name),
      rare: rareIn(evidence),
      ms: Date.now() - begun,
    };
  } finally {
    history.stop();
    for (const phone of phones) phone.close();
    await Promise.all(phones.map(({ parts }) => parts.wire.close()));
  }
}

/** Users of this round alone: what earlier ones left behind is nobody's business. */
async function cast(world: World, seed: number, history: History, chance: Chance): Promise<Person[]> {
  const people: Person[] = [];
  for (let user = 0; user < USERS; user++) {
    const userId = `u${user}-of-${seed}-${Date.now().toString(36)}`;
    const token = await world.token(userId);
    for (const platform of ['web', 'ios', 'android'] as const) {
      const wire = await Wire.lay(`127.0.${user + 1}.${people.length + 1}`);
      const install = registration(world, platform, chance);
      const pushToken = install.voipToken ?? install.fcmToken ?? null;
      const deviceId = `${platform}-${user}`;
      const { nodes } = world;
      const phone = new Handset({
        userId,
        deviceId,
        platform,
        token,
        pushToken,
        wire,
        nodes,
        history,
        chance: chance.fork(),
      });
      const response = await fetch(`${nodes[user % 2]!.url}/v1/devices/${deviceId}`, {
        method: 'PUT',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify(install),
      });
      if (!response.ok) throw new Error(`a device was not registered: ${await response.text()}`);
      const person = new Person(phone, chance.fork());
      if (pushToken) world.simulator.onDelivery(pushToken, (push) => person.pushed(push));
      people.push(person);
    }
  }
  return people;
}

/** Some iPhones say the wrong APNs environment, as debug builds do. */
function registration({ simulator }: World, platform: Platform, chance: Chance): Record<string, string> {
  if (platform === 'web') return { platform };
  if (platform === 'android') return { platform, fcmToken: simulator.registerAndroidDevice().token };
  const environment = chance.pick(['sandbox', 'production'] as const);
  const wrong = environment === 'sandbox' ? 'production' : 'sandbox';
  const { token } = simulator.registerIosDevice({ bundleId: BUNDLE, environment });
  return {
    platform,
    voipToken: token,
    apnsEnvironment: chance.is(0.25) ? wrong : environment,
    bundleId: BUNDLE,
  };
}

/** S20, S21: no gateway ended by itself, and none of them wrote what must not be written. */
function sound({ nodes }: World, before: number[], phones: readonly Handset[]): Violation[] {
  const secrets = phones.flatMap(({ parts: { token, pushToken } }) =>
    pushToken ? [token, pushToken] : [token],
  );
  return nodes.flatMap(({ crashes, said, index }) => [
    ...crashes.slice(before[index]).map((what) => ({ invariant: 'S21 alive', callId: null, what })),
    ...said
      .splice(0)
      .filter((line) => line.includes('canary-sdp') || secrets.some((secret) => line.includes(secret)))
      .map((line) => ({
        invariant: 'S20 secrecy',
        callId: null,
        what: `node ${index} wrote ${line.slice(0, 80)}`,
      })),
  ]);
}
