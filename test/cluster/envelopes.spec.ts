import { Envelopes } from '../../src/cluster/envelopes.js';

const SECRET = 'what the nodes of this database share';
const [one, two] = [new Envelopes(SECRET, 'node-1'), new Envelopes(SECRET, 'node-2')];
const message = { topic: 'signals', payload: { sdp: 'v=0 canary' } };

describe('a message between nodes', () => {
  it('is understood by every node of the database', () => {
    for (const node of [one, two]) expect(node.open(one.seal(message))).toEqual(message);
  });

  it('can be read by nobody else, and never looks the same twice', () => {
    const [first, second] = [one.seal(message), one.seal(message)];
    expect(first).not.toBe(second);
    for (const text of [first, Buffer.from(first.split(' ')[1]!, 'base64').toString('latin1')]) {
      expect(text).not.toMatch(/canary|signals/);
    }
  });

  it.each<[string, () => string]>([
    ['of another database', () => new Envelopes('another secret', 'node-1').seal(message)],
    ['in the name of another node', () => one.seal(message).replace('node-1', 'node-2')],
    ['that was changed', () => one.seal(message).replace(/.{6}$/, 'AAAA==')],
    ['that was cut', () => one.seal(message).slice(0, -20)],
    ['that is in the clear', () => JSON.stringify({ from: 'node-1', ...message })],
    ['that is empty', () => ''],
  ])('%s is not believed', (_, forged) => expect(() => two.open(forged())).toThrow());
});
