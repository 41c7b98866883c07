import { TokenPurgeBreaker } from '../../src/ringing/token-purge-breaker.js';
import { apns } from './given-devices.js';

function breakerAt(start = 0) {
  const time = { now: start };
  const breaker = new TokenPurgeBreaker(() => time.now);
  const see = (bad: boolean, ...users: string[]): void =>
    users.forEach((user) => breaker.observe('app', user, bad));
  return { time, breaker, see };
}
const users = (count: number, from = 'user'): string[] =>
  Array.from({ length: count }, (_, i) => `${from} ${i}`);

describe('the breaker that keeps tokens from being purged', () => {
  it('is closed while nothing is known', () => {
    const { breaker } = breakerAt();
    expect(breaker.isOpen('app')).toBe(false);
    expect(breaker.troubles()).toEqual([]);
  });

  it('stays closed for a few users with bad tokens, and opens at the fifth when nothing was accepted', () => {
    const { breaker, see } = breakerAt();
    see(true, ...users(4));
    expect(breaker.isOpen('app')).toBe(false);
    see(true, 'another');
    expect(breaker.isOpen('app')).toBe(true);
    expect(breaker.troubles()).toEqual([
      { app: 'app', problem: 'bad-tokens', reason: expect.stringMatching(/none .* is retired/) as string },
    ]);
  });

  it('stays closed while the tokens of at least half of the users are good', () => {
    const { breaker, see } = breakerAt();
    see(false, ...users(10, 'good'));
    see(true, ...users(10, 'bad'));
    expect(breaker.isOpen('app')).toBe(false);
    see(true, 'one more');
    expect(breaker.isOpen('app')).toBe(true);
  });

  it('counts a user once, however many bad tokens they have, and by their last answer', () => {
    const { breaker, see } = breakerAt();
    for (let i = 0; i < 50; i++) see(true, 'mallory');
    expect(breaker.isOpen('app')).toBe(false);
    see(true, ...users(5));
    see(false, ...users(5));
    expect(breaker.isOpen('app')).toBe(false);
  });

  it('closes again once the tokens of others are accepted', () => {
    const { breaker, see } = breakerAt();
    see(true, ...users(5, 'bad'));
    see(false, ...users(5, 'good'));
    expect(breaker.isOpen('app')).toBe(false);
  });

  it('closes again when the refusals are more than ten minutes old', () => {
    const { breaker, see, time } = breakerAt();
    see(true, ...users(5));
    time.now = 600_000;
    expect(breaker.isOpen('app')).toBe(true);
    time.now = 600_001;
    expect(breaker.isOpen('app')).toBe(false);
    expect(breaker.troubles()).toEqual([]);
  });

  it('is one per app', () => {
    const { breaker, see } = breakerAt();
    see(true, ...users(5));
    expect(breaker.isOpen('app')).toBe(true);
    expect(breaker.isOpen('another')).toBe(false);
  });

  it('shows a configuration fault until a push of that app is accepted', () => {
    const { breaker, see } = breakerAt();
    breaker.configurationFault('app', 'InvalidProviderToken');
    breaker.configurationFault('another', 'TopicDisallowed');
    see(true, 'bob');
    expect(breaker.troubles()).toEqual([
      { app: 'app', problem: 'configuration', reason: 'InvalidProviderToken' },
      { app: 'another', problem: 'configuration', reason: 'TopicDisallowed' },
    ]);
    see(false, 'carol');
    expect(breaker.troubles().map(({ app }) => app)).toEqual(['another']);
  });
});

describe('a token that is kept although it was refused', () => {
  it('rests for a minute', () => {
    const { breaker, time } = breakerAt();
    expect(breaker.isPaused(apns)).toBe(false);
    breaker.pause(apns);
    time.now = 59_999;
    expect(breaker.isPaused(apns)).toBe(true);
    time.now = 60_000;
    expect(breaker.isPaused(apns)).toBe(false);
  });

  it('is tried at once when its app has registered it again', () => {
    const { breaker } = breakerAt();
    breaker.pause(apns);
    expect(breaker.isPaused({ ...apns, tokenUpdatedAt: apns.tokenUpdatedAt + 1 })).toBe(false);
  });

  it('is one of ten thousand at most that are remembered', () => {
    const { breaker } = breakerAt();
    const token = (nr: number) => ({ ...apns, token: `token ${nr}` });
    for (let nr = 0; nr <= 10_000; nr++) breaker.pause(token(nr));
    expect(breaker.isPaused(token(0))).toBe(false);
    expect(breaker.isPaused(token(1))).toBe(true);
    expect(breaker.isPaused(token(10_000))).toBe(true);
  });
});
