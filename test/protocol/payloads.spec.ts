import { z } from 'zod';
import { callId, declinePayload, deviceId, initiatePayload, userId } from '../../src/protocol/payloads.js';

const id = '01935a00-0000-7000-8000-00000000000a';
const call = { callId: id, callee: 'bob', media: 'video' };
const metadataOf = (bytes: number) => ({ a: 'x'.repeat(bytes - '{"a":""}'.length) });
const accepts = (given: unknown): boolean => initiatePayload.safeParse(given).success;

describe('a call id', () => {
  it.each([1, 4, 7, 8])('is a UUID of version %i', (version) =>
    expect(callId.parse(`01935a00-0000-${version}000-8000-000000000001`)).toContain(`-${version}000-`),
  );

  it('is the same in upper case', () => expect(callId.parse(id.toUpperCase())).toBe(id));

  it.each(['', 'call-1', id.slice(1), `${id}0`, `{${id}}`, id.replaceAll('-', ''), 7, null, {}])(
    'is not %j',
    (other) => expect(callId.safeParse(other).success).toBe(false),
  );
});

describe('a user id', () => {
  it('is 1 to 128 characters of anything', () => {
    expect(userId.safeParse('a').success).toBe(true);
    expect(userId.safeParse('ü'.repeat(128)).success).toBe(true);
    expect(userId.safeParse('😀'.repeat(128)).success).toBe(true);
    expect(userId.safeParse('😀'.repeat(129)).success).toBe(false);
    expect(userId.safeParse('').success).toBe(false);
    expect(userId.safeParse('a'.repeat(129)).success).toBe(false);
    expect(userId.safeParse(7).success).toBe(false);
  });
});

it('the documents tell the limits of a user id', () => {
  const limits = { type: 'string', minLength: 1, maxLength: 128 };
  expect(z.toJSONSchema(userId)).toMatchObject(limits);
  expect(z.toJSONSchema(initiatePayload, { io: 'input' }).properties?.callee).toMatchObject(limits);
  expect(z.toJSONSchema(z.object({ with: userId.optional() })).properties?.with).toMatchObject(limits);
});

describe('a device id', () => {
  it.each(['a', 'A-z_0.9', 'x'.repeat(128)])('may be %s', (given) =>
    expect(deviceId.safeParse(given).success).toBe(true),
  );
  it.each(['', 'x'.repeat(129), 'a b', 'a/b', 'ä', 'a\n', 7, undefined])('may not be %j', (given) =>
    expect(deviceId.safeParse(given).success).toBe(false),
  );
});

describe('a new call', () => {
  it('needs an id, a callee and a medium; metadata if one likes', () => {
    expect(accepts(call)).toBe(true);
    expect(accepts({ ...call, metadata: {} })).toBe(true);
    for (const missing of ['callId', 'callee', 'media'] as const)
      expect(accepts({ ...call, [missing]: undefined })).toBe(false);
  });

  it('has metadata of at most 2,048 bytes of JSON', () => {
    expect(accepts({ ...call, metadata: metadataOf(2_048) })).toBe(true);
    expect(accepts({ ...call, metadata: metadataOf(2_049) })).toBe(false);
    expect(accepts({ ...call, metadata: { a: 'ü'.repeat(1_021) } })).toBe(false);
  });

  it.each([[[]], ['text'], [7], [null]])('has no metadata like %j', (metadata) =>
    expect(accepts({ ...call, metadata })).toBe(false),
  );

  it('takes nobody at their word who names the caller', () =>
    expect(initiatePayload.parse({ ...call, caller: 'mallory', from: 'mallory' })).toEqual(call));

  it.each([
    ['media', 'text'],
    ['media', 'VIDEO'],
    ['callee', ''],
    ['callId', 'x'],
  ])('with %s %j names the field', (field, value) => {
    const { error } = initiatePayload.safeParse({ ...call, [field]: value });
    expect(error?.issues.map(({ path }) => path.join('.'))).toEqual([field]);
    expect(error?.issues[0]?.message).toMatch(/^must /);
  });
});

describe('a decline', () => {
  it('is declined or busy, or says nothing', () => {
    expect(declinePayload.parse({ callId: id, reason: 'busy' })).toEqual({ callId: id, reason: 'busy' });
    expect(declinePayload.parse({ callId: id })).toEqual({ callId: id });
    expect(declinePayload.safeParse({ callId: id, reason: 'rude' }).success).toBe(false);
  });
});
