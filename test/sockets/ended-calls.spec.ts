import { jest } from '@jest/globals';
import { callId, iPhone, pixel } from '../calls/cast.js';
import { START } from '../support/given.js';
import { DAY_MS, OneNode, answered, calling, ended } from './one-node.js';

const nothing = { bytes: 0, mailboxes: 0 };
const over = expect.objectContaining({ code: 'CALL_ALREADY_ENDED' }) as unknown;
const muted = { callId, audio: false, video: false, held: false };

describe('of a call that has ended nothing is kept', () => {
  let node: OneNode;
  const given = (options = {}): OneNode => (node = new OneNode(options));
  afterEach(() => node.stop());

  it('of what was waiting', async () => {
    const alice = given().connects(iPhone);
    node.happens(calling);
    await node.signals.send(alice, callId, '"offer"');
    expect(node.kept).toMatchObject({ mailboxes: 1 });
    node.happens(ended);
    expect(node.kept).toEqual(nothing);
  });

  it('of a signal whose call was read before the end and is sent after it', async () => {
    const alice = given().connects(iPhone);
    const sending = node.signals.send(alice, callId, '"offer"');
    node.read.settle(answered);
    node.happens(ended);
    await expect(sending).rejects.toEqual(over);
    expect(node.kept).toEqual(nothing);
  });

  it('of a signal that waited for its device’s sync while the call ended', async () => {
    const alice = given({ clustered: true }).connects(iPhone);
    alice.synced = false;
    node.happens(answered);
    const sending = node.signals.send(alice, callId, '"offer"');
    node.happens(ended);
    alice.synced = true;
    node.read.settle(ended);
    // As when its sync has come.
    (node.signals as unknown as { counts: { known(session: object): void } }).counts.known(alice);
    await expect(sending).rejects.toEqual(over);
    expect(node.kept).toEqual(nothing);
  });

  it('of what a device mutes while the call ends', async () => {
    const alice = given().connects(iPhone);
    const muting = node.media.change(alice, muted);
    node.read.settle(answered);
    node.happens(ended);
    await expect(muting).rejects.toEqual(over);
    expect(node.kept).toEqual(nothing);
  });

  it('of what another node says about who is muted, after the end', () => {
    given({ clustered: true }).happens(ended);
    const bob = node.connects(pixel);
    node.media.fromElsewhere(pixel, { state: { ...muted, from: iPhone }, at: START });
    expect([node.kept, bob.told]).toEqual([nothing, []]);
  });

  it('of what other nodes hand over while the call ends', async () => {
    const alice = given({ clustered: true }).connects(iPhone);
    const arriving = node.moved.arrived(alice, [answered]);
    node.happens(ended);
    const said = [{ callId, seq: 1, kept: [{ seq: 1, json: '"offer"', sent: false }] }];
    const media = [{ state: { ...muted, from: pixel }, at: START }];
    const signals = [{ callId, seq: 1, from: pixel, json: '"answer"' }];
    node.others.settle({ answers: [{ signals, media, said, muted: [] }], complete: true });
    const elsewhere = await arriving;
    expect(node.signals.waitingFor(alice, elsewhere).signals).toEqual([]);
    expect(node.kept).toEqual(nothing);
  });

  it('of what another node sent for a device that is not synced yet', () => {
    given({ clustered: true }).happens(answered);
    const bob = node.connects(pixel);
    bob.synced = false;
    const signals = [{ callId, seq: 1, from: iPhone, json: '"offer"' }];
    expect(node.parcels.take({ to: pixel, signals })).toBe(true);
    node.happens(ended);
    bob.synced = true;
    node.parcels.look();
    expect(bob.told).toEqual([]);
  });

  it('even if its end was never announced here: no call lives so long', async () => {
    jest.useFakeTimers();
    const alice = given().connects(iPhone);
    node.happens(answered);
    await node.signals.send(alice, callId, '"offer"');
    node.time.at += DAY_MS;
    jest.advanceTimersByTime(60_000);
    expect(node.kept).toMatchObject({ mailboxes: 1 });
    node.time.at += 20 * 60_000;
    jest.advanceTimersByTime(60_000);
    expect(node.kept).toEqual(nothing);
    jest.useRealTimers();
  });
});
