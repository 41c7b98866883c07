import { callId, iPhone, pixel, tablet } from '../calls/cast.js';
import { Held, OneNode, answered, calling, ended } from './one-node.js';

const LARGEST = JSON.stringify('x'.repeat(65_534));
const limited = expect.objectContaining({
  code: 'RATE_LIMITED',
  more: { retryAfterMs: expect.any(Number) as number },
}) as unknown;

describe('signals that wait', () => {
  let node: OneNode;
  afterEach(() => node.stop());

  it('may be 64 of the largest in one call, and as many of each other participant’s device', async () => {
    node = new OneNode();
    const [alice, bob] = [node.connects(iPhone), node.connects(pixel)];
    node.happens(calling);
    for (const session of [alice, bob])
      for (let nr = 1; nr <= 64; nr++) expect(await node.signals.send(session, callId, LARGEST)).toBe(nr);
    await expect(node.signals.send(alice, callId, '1')).rejects.toEqual(limited);
    expect(node.budget.keptFor('alice')).toBe(64 * (65_536 + 512));
  });

  it('count for who sent them, over all devices and calls, and not at all once they are done with', async () => {
    node = new OneNode({ perUser: 3 * 1_000 });
    const [alice, bob, other] = [node.connects(iPhone), node.connects(pixel), node.connects(tablet)];
    node.happens(calling);
    const text = JSON.stringify('x'.repeat(700));
    await node.signals.send(bob, callId, text);
    await node.signals.send(other, callId, text);
    await expect(node.signals.send(other, callId, text)).rejects.toEqual(limited);
    await node.signals.send(alice, callId, text);
    expect(node.budget.keptFor('bob')).toBe(2 * 1_214);
    node.happens(answered); // what the other tablet said is for nobody
    expect(node.budget.keptFor('bob')).toBe(1_214);
    node.signals.receivedElsewhere({ callId, from: pixel, seq: 1 });
    expect(node.budget.keptFor('bob')).toBe(0);
    node.happens(ended);
    expect(node.budget.kept).toBe(0);
  });

  it('are refused when the node keeps too much for everybody, and nothing of the refused one stays', async () => {
    node = new OneNode({ total: 4 * 1_000 });
    const [alice, bob] = [node.connects(iPhone), node.connects(pixel)];
    node.happens(calling);
    await expect(node.signals.send(alice, callId, LARGEST)).rejects.toEqual(limited);
    expect(node.kept).toMatchObject({ bytes: 0 });
    expect([...node.mailboxes.find(callId)!.senders]).toEqual([]);
    expect(await node.signals.send(bob, callId, '1')).toBe(1);
  });

  it('that another node took before are counted here too, and dropped beyond what this node may keep', async () => {
    node = new OneNode({ clustered: true, perUser: 1_000, total: 4_000 });
    node.happens(calling);
    const alice = node.connects(iPhone);
    const kept = [1, 2, 3, 4, 5, 6].map((seq) => ({
      seq,
      json: JSON.stringify('x'.repeat(500)),
      sent: false,
    }));
    node.others.settle({
      answers: [{ signals: [], media: [], said: [{ callId, seq: 6, kept }], muted: [] }],
      complete: true,
    });
    await node.moved.arrived(alice, [calling]);
    expect(node.budget.keptFor('alice')).toBe(3 * 1_014);
    alice.synced = true;
    await expect(node.signals.send(alice, callId, '1')).rejects.toEqual(limited);
  });

  it('of a device that came while Redis was away are refused until its former node has handed over what it keeps', async () => {
    node = new OneNode({ clustered: true });
    node.happens(answered);
    const [alice, bob] = [node.connects(iPhone), node.connects(pixel)];
    node.others.settle({ answers: [], complete: false, redisAway: true });
    await node.moved.arrived(alice, [answered]);
    await expect(node.signals.send(alice, callId, '"new"')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(node.kept.bytes).toBe(0);
    const kept = [{ seq: 3, json: '"kept"', sent: false }];
    node.others = new Held();
    node.others.settle({
      answers: [{ signals: [], media: [], said: [{ callId, seq: 3, kept }], muted: [] }],
      complete: true,
    });
    expect(await node.signals.send(alice, callId, '"new"')).toBeGreaterThan(3);
    expect(bob.told.map(([event]) => event)).toEqual(['call:signal', 'call:signal']);
    expect(JSON.stringify(bob.told)).toMatch(/kept.*new/);
  });

  it('of a device that came while Redis was away go on where this node has its count', async () => {
    node = new OneNode({ clustered: true });
    node.happens(answered);
    const before = node.connects(iPhone);
    await node.signals.send(before, callId, '"before"');
    node.sessions.remove(before);
    const alice = node.connects(iPhone);
    node.others.settle({ answers: [], complete: false, redisAway: true });
    await node.moved.arrived(alice, [answered]);
    expect(await node.signals.send(alice, callId, '"after"')).toBeGreaterThan(1);
  });

  it('come with the sync up to 8 MiB, and the rest as it is acknowledged', async () => {
    node = new OneNode({ perUser: 2 ** 30, total: 2 ** 32 });
    const alice = node.connects(iPhone);
    node.happens(answered);
    const mailbox = node.mailboxes.ofCall(answered);
    const from = { ...iPhone };
    const text = JSON.stringify('x'.repeat(65_000));
    const sender = node.mailboxes.keep(mailbox, from, text, { start: 0, acknowledged: false });
    const { json } = sender.kept[0]!;
    for (let seq = 2; seq <= 250; seq++) sender.kept.push({ seq, json, sentOn: null, sentAt: 0 });
    const bob = node.connects(pixel);
    const { signals, acknowledged } = node.signals.waitingFor(bob);
    expect(signals.map(({ seq }) => seq)).toEqual(Array.from({ length: 129 }, (_, index) => index + 1));
    expect(bob.told).toEqual([]);
    acknowledged();
    expect(bob.told).toHaveLength(64);
    expect(alice.told).toEqual([]);
  });

  it('are handed to the node their device has moved to 2 MiB at a time', () => {
    node = new OneNode({ clustered: true });
    node.happens(answered);
    const mailbox = node.mailboxes.ofCall(answered);
    const text = JSON.stringify('x'.repeat(65_000));
    for (let nr = 1; nr <= 60; nr++)
      node.mailboxes.keep(mailbox, iPhone, text, { start: 0, acknowledged: false });
    const { signals } = node.moved.handOver(pixel);
    expect(signals.map(({ seq }) => seq)).toEqual(Array.from({ length: 32 }, (_, index) => index + 1));
    const [sender] = mailbox.senders.values();
    expect(sender!.kept.filter(({ sentOn }) => sentOn === null)).toHaveLength(60 - 32);
  });
});
