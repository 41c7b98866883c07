import type { ClientHttp2Session } from 'node:http2';
import { PushSimulator } from '../../src/index.js';
import { connect } from './senders.js';

/**
 * Importing this file gives a test file a simulator of its own: it starts before the first test, is as new before each of
 * them, and stops after the last one. Connections made by {@link connectTo} end with their test.
 */
export let simulator: PushSimulator;

const sessions = new Set<ClientHttp2Session>();

beforeAll(async () => {
  simulator = await PushSimulator.start();
});
afterAll(() => simulator.stop());
beforeEach(async () => {
  simulator.reset();
  await simulator.listening();
});
afterEach(() => {
  for (const session of sessions) session.destroy();
  sessions.clear();
});

export async function connectTo(
  service: 'apnsSandbox' | 'apnsProduction' | 'fcm',
): Promise<ClientHttp2Session> {
  return endWithTest(await connect(simulator, simulator.origins[service]));
}

/** The same for a connection that was made in another way. */
export function endWithTest(session: ClientHttp2Session): ClientHttp2Session {
  sessions.add(session);
  return session;
}

/** The rules a sender has broken and was let pass all the same. */
export const violatedRules = (): string[] => simulator.violations.map(({ rule }) => rule);
