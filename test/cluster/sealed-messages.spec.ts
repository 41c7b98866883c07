import { Envelopes } from '../../src/cluster/sealed-messages.js';

const SECRET = 'what the nodes of this database share';
const content = { topic: 'signals', payload: { sdp: 'v=0 canary' } };

describe('a message between nodes', () => {
  const time = { at: 1_700_000_000_000, now: () => time.at };
  let one: Envelopes;
  let two: Envelopes;
  beforeEach(() => {
    [one, two] = [new Envelopes(SECRET, 'node-1', time), new Envelopes(SECRET, 'node-2', time)];
  });

  it('is understood by every node of the database', () => {
    const sealed = one.seal(content);
    for (const node of [two, new Envelopes(SECRET, 'node-3', time)])
      expect(node.open(sealed)).toEqual(content);
  });

  it('can be read by nobody else, and never looks the same twice', () => {
    const [first, second] = [one.seal(content), one.seal(content)];
    expect(first).not.toBe(second);
    for (const text of [first, Buffer.from(first.split(' ')[1]!, 'base64').toString('latin1')]) {
      expect(text).not.toMatch(/canary|signals/);
    }
  });

  it.each<[string, () => string]>([
    ['of another database', () => new Envelopes('another secret', 'node-1', time).seal(content)],
    ['in the name of another node', () => one.seal(content).replace('node-1', 'node-2')],
    ['that was changed', () => one.seal(content).replace(/.{6}$/, 'AAAA==')],
    ['that was cut', () => one.seal(content).slice(0, -20)],
    ['that is in the clear', () => JSON.stringify({ from: 'node-1', ...content })],
    ['that is empty', () => ''],
    ['with an endless name', () => `${'x'.repeat(5_000)} AAAA`],
    ['for another node', () => one.seal(content, 'node-3')],
  ])('%s is not believed', (_, forged) => expect(() => two.open(forged())).toThrow());

  it('is opened once, and so is everything before it', () => {
    const [early, late] = [one.seal(content), one.seal(content)];
    expect(two.open(late)).toEqual(content);
    for (const again of [late, early]) expect(() => two.open(again)).toThrow('was opened before');
    expect(two.open(one.seal(content))).toEqual(content);
  });

  it('from before a node began to listen is not for it', () => {
    const old = one.seal(content);
    time.at += 1;
    expect(() => new Envelopes(SECRET, 'node-3', time).open(old)).toThrow('is too old');
  });

  it('that has been on its way for more than a minute is not believed', () => {
    const [slow, slower] = [one.seal(content), one.seal(content)];
    time.at += 60_000;
    expect(two.open(slow)).toEqual(content);
    time.at += 1;
    expect(() => two.open(slower)).toThrow('is too old');
  });

  it('from a node of long ago is not believed, though the node has been forgotten', () => {
    const sealed = new Envelopes(SECRET, 'gone', time).seal(content);
    expect(two.open(sealed)).toEqual(content);
    time.at += 120_001;
    for (let nr = 0; nr < 200; nr++) two.open(new Envelopes(SECRET, `peer-${nr}`, time).seal(content));
    expect(() => two.open(sealed)).toThrow('is too old');
  });

  it('travels in a channel whose name the nodes of a database share, and tells nothing about their secret', () => {
    expect(one.realm).toBe(two.realm);
    expect(one.realm).not.toBe(new Envelopes('another secret', 'node-1', time).realm);
    expect(one.realm).toMatch(/^[0-9a-f]{32}$/);
  });
});
