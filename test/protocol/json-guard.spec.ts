import fc from 'fast-check';
import { MAX_DEPTH, cleanText, findFlaw } from '../../src/protocol/json-guard.js';

/** `depth` arrays around nothing, parsed as a socket or a request body brings them. */
const nested = (depth: number): unknown => JSON.parse('['.repeat(depth) + ']'.repeat(depth));
const nestedObjects = (depth: number): unknown => JSON.parse('{"a":'.repeat(depth) + '1' + '}'.repeat(depth));

describe('a harmless value', () => {
  it.each([[null], [true], [0], [1e300], [''], ['text'], [[]], [{}], [{ a: [{ b: null }] }], [undefined]])(
    'is %j',
    (value) => expect(findFlaw(value)).toBeNull(),
  );

  it('may be text of any script, and emoji are whole surrogate pairs', () =>
    expect(findFlaw({ 'имя 🎉': ['日本語', '👩‍👩‍👧', '\u0001', '\uFFFD'] })).toBeNull());

  it('may have names like those of every object', () =>
    expect(
      findFlaw(JSON.parse('{"constructor":{"prototype":1},"toString":2,"hasOwnProperty":3}')),
    ).toBeNull());

  it('may be an object without a prototype', () =>
    expect(findFlaw(Object.assign(Object.create(null) as object, { a: 1 }))).toBeNull());

  it('is any JSON of ordinary size', () =>
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'grapheme' }), (value) => {
        const json = JSON.stringify(value);
        if (!json.includes('\\u0000') && !json.includes('"__proto__"')) expect(findFlaw(value)).toBeNull();
      }),
    ));
});

describe('a value nested too deeply', () => {
  it('is refused from the 65th level on', () => {
    expect(MAX_DEPTH).toBe(64);
    expect(findFlaw(nested(64))).toBeNull();
    expect(findFlaw(nested(65))).toEqual({ path: '', message: 'is nested deeper than 64 levels' });
    expect(findFlaw(nestedObjects(64))).toBeNull();
    expect(findFlaw(nestedObjects(65))).toEqual({ path: '', message: 'is nested deeper than 64 levels' });
  });

  it.each([4_200, 50_000])('is refused without recursion: %i arrays', (depth) => {
    const value = nested(depth);
    expect(findFlaw(value)?.message).toMatch(/deeper/);
    expect(findFlaw({ callId: 'x', signal: value })?.message).toMatch(/deeper/);
  });
});

describe('a value with too many parts', () => {
  const wide = (parts: number): object =>
    Object.fromEntries(Array.from({ length: parts }, (_, i) => [`k${i}`, 0]));

  it('is refused, whether they lie in an object, a list, or many of them', () => {
    expect(findFlaw(wide(39_000))).toBeNull();
    for (const value of [wide(40_001), Array<number>(40_001).fill(0), Array<object>(400).fill(wide(101))]) {
      expect(findFlaw(value)).toEqual({ path: '', message: 'has more than 40000 values' });
    }
  });
});

describe('what could hurt further in', () => {
  it.each<[string, unknown, string, RegExp]>([
    ['__proto__', JSON.parse('{"a":{"__proto__":{"admin":true}}}'), 'a.__proto__', /not an allowed name/],
    ['NUL', { a: ['x', 'b\0'] }, 'a.1', /NUL/],
    ['NUL in a name', { a: { 'b\0': 1 } }, 'a', /name that .*NUL/],
    ['half a surrogate pair, first half', { a: '\uD83C' }, 'a', /surrogate/],
    ['half a surrogate pair, second half', { a: 'x\uDF89y' }, 'a', /surrogate/],
    ['a pair the wrong way round', { a: '\uDF89\uD83C' }, 'a', /surrogate/],
    ['two first halves', { a: '\uD83C\uD83C\uDF89' }, 'a', /surrogate/],
    ['half a pair in a name', { '\uD83C': 1 }, '', /name that .*surrogate/],
    ['a buffer', { a: Buffer.from('x') }, 'a', /not binary/],
    ['a typed array', new Uint8Array(4), '', /not binary/],
    ['anything JSON does not know', { a: new Map() }, 'a', /must be JSON/],
  ])('%s is refused, and it is said where', (_, value, path, message) =>
    expect(findFlaw(value)).toEqual({ path, message: expect.stringMatching(message) as string }),
  );

  it('is not in the names and texts of what is only relayed', () => {
    const odd: unknown = JSON.parse('{"a":{"__proto__":{"admin":true}},"b\\u0000":"\\ud83c"}');
    expect(findFlaw(odd)).not.toBeNull();
    expect(findFlaw(odd, { relayed: true })).toBeNull();
    expect(findFlaw({ a: Buffer.from('x') }, { relayed: true })?.message).toMatch(/not binary/);
    expect(findFlaw(nested(65), { relayed: true })?.message).toMatch(/deeper/);
  });

  it('is never repeated at length', () => {
    const long = 'x'.repeat(5_000);
    const flaw = findFlaw({ [long]: { [long]: 'a\0' } });
    expect(flaw?.path.length).toBeLessThan(100);
    expect(flaw?.message.length).toBeLessThan(100);
  });
});

describe('text that is cleaned', () => {
  it('keeps what is harmless', () => expect(cleanText('Zoë 🎉')).toBe('Zoë 🎉'));

  it('loses NUL, and shows a replacement for half a pair', () =>
    expect(cleanText('a\0b\uD83Cc\uDF89')).toBe('ab\uFFFDc\uFFFD'));

  it('has no flaw, whatever it was', () =>
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.array(fc.constantFrom('\0', '\uD83C', '\uDF89', 'x')),
        (a, b) => {
          expect(findFlaw(cleanText(a + b.join('')))).toBeNull();
        },
      ),
    ));
});
