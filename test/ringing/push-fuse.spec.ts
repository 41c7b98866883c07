import { PushFuse } from '../../src/ringing/push-fuse.js';

function fuseAt(start = 0) {
  const time = { now: start };
  const fuse = new PushFuse(() => time.now);
  const see = (bad: boolean, ...tokens: string[]): void =>
    tokens.forEach((token) => fuse.observe('app', token, bad));
  return { time, fuse, see };
}
const tokens = (count: number, from = 'token'): string[] =>
  Array.from({ length: count }, (_, i) => `${from} ${i}`);

describe('the push fuse', () => {
  it('holds while nothing is known', () => {
    const { fuse } = fuseAt();
    expect(fuse.blown('app')).toBe(false);
    expect(fuse.troubles()).toEqual([]);
  });

  it('holds for a few bad tokens, and blows at the fifth when nothing was accepted', () => {
    const { fuse, see } = fuseAt();
    see(true, ...tokens(4));
    expect(fuse.blown('app')).toBe(false);
    see(true, 'another');
    expect(fuse.blown('app')).toBe(true);
    expect(fuse.troubles()).toEqual([
      { app: 'app', problem: 'bad-tokens', reason: expect.stringMatching(/none is retired/) as string },
    ]);
  });

  it('holds while at least half of the tokens are good', () => {
    const { fuse, see } = fuseAt();
    see(false, ...tokens(10, 'good'));
    see(true, ...tokens(10, 'bad'));
    expect(fuse.blown('app')).toBe(false);
    see(true, 'one more');
    expect(fuse.blown('app')).toBe(true);
  });

  it('counts a token once, however often it is tried, and by its last answer', () => {
    const { fuse, see } = fuseAt();
    for (let i = 0; i < 20; i++) see(true, 'the same');
    expect(fuse.blown('app')).toBe(false);
    see(true, ...tokens(5));
    see(false, ...tokens(5));
    expect(fuse.blown('app')).toBe(false);
  });

  it('holds again once others are accepted', () => {
    const { fuse, see } = fuseAt();
    see(true, ...tokens(5, 'bad'));
    see(false, ...tokens(5, 'good'));
    expect(fuse.blown('app')).toBe(false);
  });

  it('holds again when the refusals are more than ten minutes old', () => {
    const { fuse, see, time } = fuseAt();
    see(true, ...tokens(5));
    time.now = 600_000;
    expect(fuse.blown('app')).toBe(true);
    time.now = 600_001;
    expect(fuse.blown('app')).toBe(false);
    expect(fuse.troubles()).toEqual([]);
  });

  it('is one per app', () => {
    const { fuse, see } = fuseAt();
    see(true, ...tokens(5));
    expect(fuse.blown('app')).toBe(true);
    expect(fuse.blown('another')).toBe(false);
  });

  it('shows a configuration fault until a push of that app is accepted', () => {
    const { fuse, see } = fuseAt();
    fuse.configurationFault('app', 'InvalidProviderToken');
    fuse.configurationFault('another', 'TopicDisallowed');
    see(true, 'bad');
    expect(fuse.troubles()).toEqual([
      { app: 'app', problem: 'configuration', reason: 'InvalidProviderToken' },
      { app: 'another', problem: 'configuration', reason: 'TopicDisallowed' },
    ]);
    see(false, 'good');
    expect(fuse.troubles().map(({ app }) => app)).toEqual(['another']);
  });

  it('never shows a token', () => {
    const { fuse, see } = fuseAt();
    see(true, ...tokens(9, 'secret'));
    expect(JSON.stringify(fuse.troubles())).not.toContain('secret');
  });
});
