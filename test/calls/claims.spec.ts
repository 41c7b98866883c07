import { type CallEvent, type ExistingCall, callOf } from '../../src/calls/domain/call.js';
import {
  aliasClaim,
  aliasContent,
  earlyCancelClaim,
  isEarlyCancelKey,
  isLiveKey,
  isPairKey,
  namesOfNewCall,
  placesOfNewCall,
  released,
} from '../../src/calls/claims.js';
import { recorded } from '../support/given.js';
import {
  answeredOn,
  busyByPolicy,
  callId,
  cancelledOn,
  declinedOn,
  endedOn,
  failed,
  iPhone,
  initiated,
  missed,
  pixel,
  ringingOn,
} from './cast.js';

const aliceToBob = { callId, caller: 'alice', callee: 'bob' };
const bobToAlice = { callId: 'another', caller: 'bob', callee: 'alice' };
const keys = (claims: { key: string }[]): string[] => claims.map(({ key }) => key);

describe('who calls each other at the same moment', () => {
  const [hers] = placesOfNewCall(aliceToBob, 'ring');
  const [his] = placesOfNewCall(bobToAlice, 'ring');

  it('claim the same place, each for themselves: the second learns of the first', () => {
    expect(isPairKey(hers!.key)).toBe(true);
    expect(his).toEqual(hers);
    expect(hers!.owner).toBe(null);
  });

  it('and whoever calls the same person twice learns of their first call, which the second one supersedes', () => {
    const [again] = placesOfNewCall({ ...aliceToBob, callId: 'another' }, 'ring');
    expect(again).toEqual({ key: hers!.key, owner: null, kept: false });
  });

  it('keep it under the name that nodes of the last release look for', () =>
    expect(placesOfNewCall(aliceToBob, 'ring')).toContainEqual({
      key: hers!.key,
      owner: 'caller alice',
      kept: true,
    }));

  it('never share a place with people whose names only look alike', () => {
    const places = [
      ['a', 'b c'],
      ['a b', 'c'],
      ['a","b', 'c'],
      ['a', 'b","c'],
      ['a', 'b'],
    ].map(
      ([caller, callee]) => keys(placesOfNewCall({ callId, caller: caller!, callee: callee! }, 'ring'))[0],
    );
    expect(new Set(places).size).toBe(places.length);
  });
});

describe('who is in a call', () => {
  it('is rung again by default: call waiting', () =>
    expect(keys(placesOfNewCall(aliceToBob, 'ring')).some(isLiveKey)).toBe(false));

  it('is busy under BUSY_POLICY=reject as a callee, and free to start calls', () => {
    const [callee, caller] = placesOfNewCall(aliceToBob, 'reject').filter(({ key }) => isLiveKey(key));
    expect(callee).toMatchObject({ key: 'live bob', owner: null });
    expect(caller).toMatchObject({ key: 'live alice', owner: '*' });
  });
});

describe('an early cancel', () => {
  it('is found by the call it is for, within two minutes', () => {
    const note = earlyCancelClaim('alice', callId);
    expect(note).toMatchObject({ kept: true, ttlMs: 120_000 });
    expect(isEarlyCancelKey(note.key)).toBe(true);
    expect(keys(namesOfNewCall(aliceToBob))).toContain(note.key);
  });

  it('by somebody else, or of another call, is not', () => {
    expect(keys(namesOfNewCall(aliceToBob))).not.toContain(earlyCancelClaim('mallory', callId).key);
    expect(keys(namesOfNewCall(aliceToBob))).not.toContain(earlyCancelClaim('alice', 'another').key);
  });

  it('is only looked at by the call', () =>
    expect(namesOfNewCall(aliceToBob).every(({ kept }) => !kept)).toBe(true));
});

describe('the second name of a merged call', () => {
  it('is kept for ever, and stands in the way of a new call of that name', () => {
    expect(aliasClaim(callId, 'a fingerprint')).toEqual({
      key: expect.any(String) as string,
      owner: 'a fingerprint',
      kept: true,
    });
    expect(keys(namesOfNewCall(aliceToBob))).toContain(aliasClaim(callId, 'a fingerprint').key);
  });

  it('names one call only: a repetition that finds another call ringing asks for something else', () =>
    expect(aliasContent(callId, 'one', 'content')).not.toBe(aliasContent(callId, 'another', 'content')));
});

describe('a call gives back', () => {
  const givenBack = (...history: CallEvent[]): string[] =>
    released(callOf(recorded(history)) as ExistingCall, history.slice(-1));
  const held = keys(placesOfNewCall(aliceToBob, 'reject').filter(({ kept }) => kept));

  it('nothing while it rings', () => {
    expect(givenBack(initiated)).toEqual([]);
    expect(givenBack(initiated, ringingOn(pixel))).toEqual([]);
  });

  it('the pair once it is answered: they may call each other again, and are still busy', () =>
    expect(givenBack(initiated, answeredOn(pixel))).toEqual(held.filter(isPairKey)));

  it.each<[string, CallEvent[]]>([
    ['declined', [initiated, declinedOn(pixel)]],
    ['declined by the policy', [initiated, busyByPolicy]],
    ['cancelled', [initiated, cancelledOn(iPhone)]],
    ['missed', [initiated, missed]],
    ['failed', [initiated, failed]],
    ['ended', [initiated, answeredOn(pixel), endedOn(pixel)]],
  ])('everything it held once it is %s', (_, history) =>
    expect(givenBack(...history).sort()).toEqual([...held].sort()),
  );
});
