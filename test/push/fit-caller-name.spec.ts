import fc from 'fast-check';
import { dataBytes, fitCallerName, jsonBytes } from '../../src/push/fit-caller-name.js';

const call = { callId: '018f2f6e-7c1d-7000-8000-000000000000', handle: 'alice', hasVideo: true };

describe('a payload within the limit', () => {
  it('is left alone', () => {
    const payload = { ...call, callerName: 'Zoë 👩‍👩‍👧' };
    expect(fitCallerName(payload, 5120, jsonBytes)).toBe(payload);
  });
});

describe('a payload that is too large', () => {
  const anyName = fc.string({
    unit: fc.oneof(fc.constantFrom('a', 'é', '漢', '😀', '"', '\\', '\n', '\ud83d'), fc.string()),
    maxLength: 200,
  });
  const sizes = { json: jsonBytes, data: (payload: object) => dataBytes(payload as Record<string, string>) };

  it.each(['json', 'data'] as const)('as %s keeps as many whole code points of the name as fit', (kind) => {
    const size = sizes[kind];
    const texts = { callId: call.callId, handle: 'alice' };
    const empty = size({ ...texts, callerName: '' });
    fc.assert(
      fc.property(anyName, fc.nat(300), (callerName, room) => {
        const limit = empty + room;
        const fitted = fitCallerName({ ...texts, callerName }, limit, size);
        expect(fitted).not.toBeNull();
        const kept = fitted?.callerName ?? '';

        expect(fitted).toEqual({ ...texts, callerName: kept });
        expect(size(fitted ?? {})).toBeLessThanOrEqual(limit);
        const points = Array.from(callerName);
        const count = Array.from(kept).length;
        expect(kept).toBe(points.slice(0, count).join(''));
        if (count < points.length) {
          expect(size({ ...texts, callerName: points.slice(0, count + 1).join('') })).toBeGreaterThan(limit);
        }
      }),
    );
  });

  it('cuts before a smiley, never through it', () => {
    const roomFor = (bytes: number): number => jsonBytes({ ...call, callerName: '' }) + bytes;
    expect(fitCallerName({ ...call, callerName: 'Al😀' }, roomFor(5), jsonBytes)?.callerName).toBe('Al');
    expect(fitCallerName({ ...call, callerName: 'Al😀!' }, roomFor(6), jsonBytes)?.callerName).toBe('Al😀');
  });

  it('cannot be sent when even no name would be too long', () =>
    expect(fitCallerName({ ...call, callerName: 'Alice' }, 20, jsonBytes)).toBeNull());

  it('cannot be sent when there is no name to cut', () => {
    expect(fitCallerName({ text: 'x'.repeat(100) }, 50, jsonBytes)).toBeNull();
    expect(fitCallerName({ callerName: 7, text: 'x'.repeat(100) }, 50, jsonBytes)).toBeNull();
  });
});

describe('the size of a data message', () => {
  it('is that of its keys and values in UTF-8', () =>
    expect(dataBytes({ name: 'Zoë', id: '7' })).toBe(4 + 4 + 2 + 1));
});
