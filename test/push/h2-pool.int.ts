import { answer, type Visit } from './hostile-server.js';
import { all, burst, originOf, post, serverThat } from './loopback.js';
import { until } from '../support/until.js';

/** Keeps its answers back until they are given, and watches how many requests are under way on each connection. */
async function patientServer(maxConcurrentStreams: number) {
  const kept: Visit[] = [];
  const open = new Map<number, number>();
  const state = { most: 0, patient: true };
  const give = (visit: Visit): void => {
    open.set(visit.connection, open.get(visit.connection)! - 1);
    answer(visit.stream, 200);
  };
  const server = await serverThat(
    (visit) => {
      const now = (open.get(visit.connection) ?? 0) + 1;
      open.set(visit.connection, now);
      state.most = Math.max(state.most, now);
      if (state.patient) kept.push(visit);
      else setImmediate(() => give(visit));
    },
    { settings: { maxConcurrentStreams } },
  );
  const giveAll = (): void => kept.splice(0).forEach(give);
  return { server, kept, state, giveAll };
}

describe('a server whose streams are all taken', () => {
  it('is spoken to over more connections, and none of them has more streams than it may', async () => {
    const { server, kept, state, giveAll } = await patientServer(10);
    const replies = burst(originOf(server, { connections: 4 }), 40);
    await until(() => kept.length === 40);
    expect(server.sessions).toHaveLength(4);
    giveAll();
    expect(await replies).toEqual(all(40));
    expect(state.most).toBe(10);
    expect(server.troubles).toEqual([]);
  });

  it('on as many connections as there may be gets the rest in its turn', async () => {
    const { server, kept, state, giveAll } = await patientServer(10);
    const replies = burst(originOf(server, { connections: 2 }), 50);
    await until(() => kept.length === 20);
    state.patient = false;
    giveAll();
    expect(await replies).toEqual(all(50));
    expect(state.most).toBe(10);
    expect(server.sessions).toHaveLength(2);
    expect(new Set(server.visits.map(({ body }) => body)).size).toBe(50);
  });

  it('never sees a request that could not be written in half of its time', async () => {
    const { server, kept, giveAll } = await patientServer(1);
    const origin = originOf(server);
    const first = post(origin, 'first', 1500);
    await until(() => kept.length === 1);
    // It has more time than the first one, and is given up before that.
    expect(await Promise.race([first, post(origin, 'late', 2000)])).toEqual({
      failure: 'Timeout',
      unprocessed: true,
    });
    giveAll();
    expect([await first]).toEqual(all(1));
    const next = post(origin, 'next');
    await until(() => kept.length === 1);
    giveAll();
    expect([await next]).toEqual(all(1));
    expect(server.visits.map(({ body }) => body)).toEqual(['first', 'next']);
  });

  it('is given up at once by those for whom there is no place even to wait', async () => {
    const { server, kept, giveAll } = await patientServer(1);
    const origin = originOf(server);
    const first = post(origin, 'first');
    await until(() => kept.length === 1);
    const waiting = Array.from({ length: 5000 }, () => post(origin, 'waits', 2000));
    expect(await post(origin, 'one too many')).toEqual({ failure: 'Overloaded', unprocessed: true });
    giveAll();
    expect([await first]).toEqual(all(1));
    await Promise.all(waiting);
  });
});

describe('connections beside the first', () => {
  it('are closed when they are idle, and the first one stays', async () => {
    const { server, kept, giveAll } = await patientServer(5);
    const origin = originOf(server, { connections: 3, idleMs: 50 });
    const replies = burst(origin, 15);
    await until(() => kept.length === 15);
    giveAll();
    await replies;
    await until(() => server.sessions.filter(({ closed, destroyed }) => closed || destroyed).length === 2);
    const last = post(origin, 'last');
    await until(() => kept.length === 1);
    expect(kept[0]?.connection).toBe(1);
    giveAll();
    expect([await last]).toEqual(all(1));
    expect(server.sessions).toHaveLength(3);
  });

  it('that cannot be opened leave those who wait to the one that works', async () => {
    const { server, kept, state, giveAll } = await patientServer(5);
    const origin = originOf(server, { connections: 3 });
    const replies = burst(origin, 5);
    await until(() => kept.length === 5);
    server.greet = (session) => session.destroy();
    const others = burst(origin, 5);
    await until(() => server.sessions.length >= 2);
    state.patient = false;
    giveAll();
    expect(await replies).toEqual(all(5));
    expect(await others).toEqual(all(5));
    expect(new Set(server.visits.map(({ connection }) => connection))).toEqual(new Set([1]));
  });
});
