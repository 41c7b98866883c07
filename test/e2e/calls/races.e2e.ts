import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { jest } from '@jest/globals';
import type { CallView } from '../../../src/calls/domain/call-view.js';
import { type TestDatabase, freshDatabase } from '../../support/database.js';
import { type HttpAnswer, type TestGateway, testGateway } from '../../support/gateway.js';
import type { Phone, Told } from '../../support/phone.js';

jest.setTimeout(90_000);

const ROUNDS = 200;
const RING_MS = 3_000;

/** Every race runs on one node and, every other round, across two nodes that share nothing but PostgreSQL. */
describe('a race', () => {
  let database: TestDatabase;
  let nodes: [TestGateway, TestGateway];
  const tokens: Record<string, string> = {};
  let alice: Phone;
  let bob: Phone;
  let tablets: [Phone, Phone];
  beforeAll(async () => {
    database = await freshDatabase();
    const node = (): Promise<TestGateway> =>
      testGateway({ RATE_LIMIT_EVENTS_PER_SECOND: '100000', RING_TIMEOUT_MS: String(RING_MS) }, database);
    nodes = [await node(), await node()];
    for (const user of ['alice', 'bob']) tokens[user] = await nodes[0].token(user);
    alice = await nodes[0].phone('alice');
    bob = await nodes[0].phone('bob');
    tablets = [
      await nodes[0].phone('bob', { deviceId: 'tablet-here' }),
      await nodes[1].phone('bob', { deviceId: 'tablet-there' }),
    ];
  });
  afterAll(async () => {
    for (const node of nodes) await node.stop();
    await database.drop();
  });

  const rounds = Array.from({ length: ROUNDS }, (_, round) => round);
  const get = (path: string, as: string, node = 0): Promise<HttpAnswer> =>
    nodes[node]!.http(path, { token: tokens[as] });
  const recorded = async (callId: string, as = 'alice'): Promise<string[]> => {
    const { body } = await get(`/v1/calls/${callId}/events`, as);
    return body.items.filter(({ stream }) => stream === 'call').map(({ type }) => type as string);
  };
  /** The same command over HTTP, on this node or on the other one. */
  const post = async (
    round: number,
    as: string,
    device: string,
    path: string,
    body?: object,
  ): Promise<Told> => {
    const url = `/v1/calls${path}?deviceId=${device}`;
    const answer = await nodes[round % 2]!.http(url, { token: tokens[as], method: 'POST', body });
    return answer.status < 300
      ? ({ ok: true, ...answer.body } as unknown as Told)
      : ({ ok: false, error: answer.body } as unknown as Told);
  };
  /** All at the same instant; in some rounds one is up to 3 ms ahead, so that everybody wins at times. */
  const together = async (round: number, ...acts: (() => Promise<Told>)[]): Promise<Told[]> => {
    const turned = acts.map((act, index) => ({ act, index }));
    if (round % 4 > 1) turned.reverse();
    const answers: Told[] = [];
    const begun: Promise<unknown>[] = [];
    const headStart = (round >> 2) % 4;
    for (const { act, index } of turned) {
      begun.push(act().then((answer) => (answers[index] = answer)));
      if (headStart > 0) await pause(headStart);
    }
    await Promise.all(begun);
    return answers;
  };
  const outcome = ({ ok, error }: Told): string => (ok ? 'ok' : error.code);

  it('between two devices that answer has one winner, and the other is told ANSWERED_ELSEWHERE', async () => {
    const wins = new Map<string, number>();
    for (const round of rounds) {
      const tablet = tablets[round % 2]!;
      const callId = await alice.calls('bob');
      const answers = await together(
        round,
        () => bob.say('call:answer', { callId }),
        () => tablet.say('call:answer', { callId }),
      );
      expect(answers.map(outcome).sort()).toEqual(['ANSWERED_ELSEWHERE', 'ok']);
      const winner = answers[0]!.ok ? bob : tablet;
      const { call } = await alice.say('call:end', { callId });
      expect(call).toMatchObject({ answeredBy: winner.deviceId, version: 3 });
      expect(await recorded(callId)).toEqual(['CallInitiated', 'CallAnswered', 'CallEnded']);
      await alice.hears(
        'call:answered',
        (told) => told.call.callId === callId && told.by.deviceId === winner.deviceId,
      );
      wins.set(winner.deviceId, (wins.get(winner.deviceId) ?? 0) + 1);
    }
    expect([...wins.keys()].sort()).toEqual(['bob-phone', 'tablet-here', 'tablet-there']);
    // A message may come twice, but no call was ever answered by two.
    const answeredBy = alice.all('call:answered').map(({ call, by }) => `${call.callId} ${by.deviceId}`);
    expect(new Set(answeredBy).size).toBe(ROUNDS);
  });

  it('between an answer and a cancel has one winner, and both sides know which', async () => {
    const wins = new Set<string>();
    for (const round of rounds) {
      const callee = round % 2 ? tablets[1] : bob;
      const callId = await alice.calls('bob');
      const answers = await together(
        round,
        () => callee.say('call:answer', { callId }),
        () => alice.say('call:cancel', { callId }),
      );
      const [answered, cancelled] = answers.map(outcome);
      const won = answered === 'ok' ? 'answer' : 'cancel';
      expect([answered, cancelled]).toEqual(
        won === 'answer' ? ['ok', 'ALREADY_ANSWERED'] : ['CALL_ALREADY_ENDED', 'ok'],
      );
      expect(await recorded(callId)).toEqual([
        'CallInitiated',
        won === 'answer' ? 'CallAnswered' : 'CallCancelled',
      ]);
      if (won === 'answer') await alice.say('call:end', { callId });
      wins.add(`${won} ${round % 2}`);
    }
    expect([...wins].sort()).toEqual(['answer 0', 'answer 1', 'cancel 0', 'cancel 1']);
  });

  it('between an answer and the end of the ring time has one winner', async () => {
    const wins: Record<string, number> = { CallAnswered: 0, CallMissed: 0 };
    const race = async (call: CallView, round: number): Promise<void> => {
      const callee = round % 2 ? tablets[1] : bob;
      const { callId } = call;
      // From a bit before the end to a bit after it.
      await pause(Date.parse(call.ringExpiresAt) - Date.now() - 20 + (round % 40));
      const answer = await callee.say('call:answer', { callId });
      expect(['ok', 'CALL_ALREADY_ENDED']).toContain(outcome(answer));
      const won = answer.ok ? 'CallAnswered' : 'CallMissed';
      if (!answer.ok) await callee.hears('call:missed', (told) => told.call.callId === callId);
      expect(await recorded(callId, 'bob')).toEqual(['CallInitiated', won]);
      wins[won]!++;
    };
    const races: Promise<void>[] = [];
    // Each call has a caller of its own, as a second one of the same caller would take the first one's place.
    for (const round of rounds) {
      const body = { callId: randomUUID(), callee: 'bob', media: 'voice' };
      const started = await nodes[0].http('/v1/calls?deviceId=phone', { as: `caller-${round}`, body });
      races.push(race(started.body.call as CallView, round));
    }
    await Promise.all(races);
    expect(wins.CallAnswered! + wins.CallMissed!).toBe(ROUNDS);
    expect(Math.min(wins.CallAnswered!, wins.CallMissed!)).toBeGreaterThan(0);
    const { calls } = await bob.say('sync');
    const answered = calls.filter(({ state }) => state === 'answered');
    expect(answered).toHaveLength(wins.CallAnswered!);
    for (const { callId } of answered) await bob.say('call:end', { callId });
  });

  it('between two users who call each other is one call, answered, under both ids', async () => {
    const mergers = new Set<string>();
    for (const round of rounds) {
      const other = round % 2 ? tablets[1] : bob;
      const [fromAlice, fromBob] = [randomUUID(), randomUUID()];
      const [first, second] = await together(
        round,
        () => alice.say('call:initiate', { callId: fromAlice, callee: 'bob', media: 'voice' }),
        () => other.say('call:initiate', { callId: fromBob, callee: 'alice', media: 'voice' }),
      );
      expect([outcome(first!), outcome(second!)]).toEqual(['ok', 'ok']);
      const [loser, winner] = first!.merged ? [first!, second!] : [second!, first!];
      expect([loser.merged, winner.merged]).toEqual([true, undefined]);
      const { callId } = winner.call;
      const alias = callId === fromAlice ? fromBob : fromAlice;
      const merger = alias === fromAlice ? alice : other;
      expect(loser.call).toMatchObject({
        callId,
        state: 'answered',
        answeredBy: merger.deviceId,
        version: 2,
      });
      mergers.add(merger.deviceId);

      const call = { callId: alias, callee: merger === alice ? 'bob' : 'alice', media: 'voice' };
      expect(await merger.say('call:initiate', call)).toEqual(loser);
      for (const as of ['alice', 'bob']) {
        expect((await get(`/v1/calls/${alias}`, as, round % 2)).body).toEqual(loser.call);
        const { body } = await get('/v1/calls?limit=2', as);
        expect(body.items[0]).toMatchObject({ callId });
        expect(body.items[1]?.callId).not.toBe(alias);
        expect(body.items[1]?.callId).not.toBe(callId);
      }
      expect(await alice.say('call:end', { callId: alias })).toMatchObject({
        ok: true,
        call: { callId, outcome: 'completed', version: 3 },
      });
      expect(await recorded(alias)).toEqual(['CallInitiated', 'CallAnswered', 'CallEnded']);
    }
    expect(mergers.size).toBe(3);
  });

  it('between a command and itself does it once, and answers the same twice', async () => {
    for (const round of rounds) {
      const callId = randomUUID();
      const body = { callId, callee: 'bob', media: 'video', metadata: { round } };
      const twice = async (phone: Phone, name: string): Promise<void> => {
        const path = name === 'initiate' ? '' : `/${callId}/${name}`;
        const payload = name === 'initiate' ? body : { callId };
        const [spoken, posted] = await together(
          round,
          () => phone.say(`call:${name}`, payload),
          () => post(round, phone.userId, phone.deviceId, path, name === 'initiate' ? body : undefined),
        );
        expect(spoken).toMatchObject({ ok: true });
        expect(posted).toEqual(spoken);
      };
      await twice(alice, 'initiate');
      await twice(bob, 'ringing');
      await twice(bob, round % 3 ? 'answer' : 'decline');
      await twice(alice, 'end');
      const over = round % 3 ? ['CallAnswered', 'CallEnded'] : ['CallDeclined'];
      expect(await recorded(callId)).toEqual(['CallInitiated', 'CallRinging', ...over]);
    }
  });

  it('between a call and its cancel always ends in a cancelled call', async () => {
    for (const round of rounds) {
      const callId = randomUUID();
      const answers = await together(
        round,
        () => alice.say('call:initiate', { callId, callee: 'bob', media: 'voice' }),
        () => post(round, 'alice', 'laptop', `/${callId}/cancel`),
      );
      expect(answers.map(outcome)).toEqual(['ok', 'ok']);
      expect(await recorded(callId)).toEqual(['CallInitiated', 'CallCancelled']);
    }
  });
});
