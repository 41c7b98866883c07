import { randomBytes, randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { PERSONAL_FIELDS } from '../../src/calls/domain/personal-data.js';
import type { NewEvent } from '../../src/event-store/event.js';
import { opened, personalPart, sealed } from '../../src/event-store/crypto-shredding.js';
import { initiated, pixel, ringingOn } from '../calls/cast.js';

const key = { id: randomUUID(), key: randomBytes(32) };
const base64 = key.key.toString('base64');
const seal = (event: NewEvent): NewEvent => {
  const part = personalPart(event, PERSONAL_FIELDS);
  return part ? sealed(event, part, key, PERSONAL_FIELDS) : event;
};
const named = (name: string | null, metadata: object = {}): NewEvent => ({
  ...initiated,
  data: { ...initiated.data, caller: { userId: 'alice', deviceId: 'iphone', name }, metadata },
});

describe('personal data', () => {
  it('reads as it was written, whatever it is', () =>
    fc.assert(
      fc.property(
        fc.option(fc.string({ unit: 'binary' })),
        fc.dictionary(fc.string(), fc.jsonValue()),
        (name, metadata) => {
          const event = named(name, metadata);
          const written = JSON.parse(JSON.stringify(event.data)) as object;
          const stored = JSON.parse(JSON.stringify(seal(event).data)) as object;
          expect(opened(stored, base64)).toEqual(written);
        },
      ),
    ));

  it('is nowhere in what is stored', () => {
    const stored = seal(named('Canary', { canary: 'canary' }));
    expect(JSON.stringify(stored)).not.toMatch(/canary/i);
    expect(stored.data).toMatchObject({ caller: { userId: 'alice', name: null }, metadata: {} });
  });

  it('never looks the same twice', () => {
    const box = () => (seal(named('Alice')).data as { sealed: { box: string } }).sealed.box;
    expect(box()).not.toBe(box());
  });

  it('is empty without its key, and the rest is as it was', () =>
    expect(opened(seal(named('Alice', { room: 1 })).data, null)).toEqual(named(null).data));

  it('is not opened with another key, nor after somebody changed it', () => {
    const stored = seal(named('Alice')).data as { sealed: { box: string } };
    expect(opened(stored, randomBytes(32).toString('base64'))).toEqual(named(null).data);
    const bytes = Buffer.from(stored.sealed.box, 'base64');
    bytes[14]! ^= 1;
    const changed = { ...stored, sealed: { box: bytes.toString('base64') } };
    expect(opened(changed, base64)).toEqual(named(null).data);
  });

  it('of which there is none needs no key', () => {
    for (const event of [named(null), { ...ringingOn(pixel), data: { deviceId: 'pixel', name: null } }]) {
      expect(seal(event)).toBe(event);
    }
  });

  it('from before there were keys reads as it is', () => {
    const { data } = named('Alice', { room: 1 });
    expect(opened(data, null)).toBe(data);
  });
});
