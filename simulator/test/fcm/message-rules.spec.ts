import { check, type Change, day, fid, now, refusal, token, type World } from './fcm-requests.js';

const html = (change: Change, world?: World): { status: number; body?: string } => {
  const result = check(change, world);
  if (!('reason' in result)) throw new Error('It was accepted');
  return result.answer;
};

describe('FCM', () => {
  it('takes a faultless call', () =>
    expect(check()).toMatchObject({
      project: 'demo',
      priority: 'high',
      ttl: 30,
      validateOnly: false,
      notification: null,
    }));

  it.each([{ path: '/v1/projects/demo/messages' }, { path: '/fcm/send' }, { method: 'PUT' }])(
    'answers another address with 404 in HTML: %o',
    (change) =>
      expect(html(change)).toMatchObject({
        status: 404,
        body: expect.stringContaining('<!DOCTYPE html>') as string,
      }),
  );
  it('answers an unknown project with a 404 that says nothing about the token', () =>
    expect(refusal({ path: '/v1/projects/nobody/messages:send' })).toMatchObject({
      http: 404,
      status: 'NOT_FOUND',
      fcm: undefined,
    }));

  it.each<[string, Change, World?]>([
    ['no token', { authorization: null }],
    ['a token it never granted', { authorization: 'Bearer ya29.other' }],
    ['an expired token', {}, { expiresAt: now }],
    ['a token of another scope', {}, { scopes: ['https://www.googleapis.com/auth/drive'] }],
  ])('answers 401 without details to %s', (_what, change, world = {}) =>
    expect(refusal(change, world)).toMatchObject({
      http: 401,
      status: 'UNAUTHENTICATED',
      details: undefined,
    }),
  );
  it('answers 401 in HTML where the policy says so', () =>
    expect(html({ authorization: null }, { html: true }).body).toContain('<!DOCTYPE html>'));

  it('answers the account of another project with a 403 that says nothing about the token', () =>
    expect(refusal({}, { account: { projectId: 'other' } })).toMatchObject({
      http: 403,
      status: 'PERMISSION_DENIED',
      fcm: undefined,
      message: expect.stringContaining("Permission 'cloudmessaging.messages.create' denied") as string,
    }));

  it.each<[string, Change]>([
    ['another content type', { contentType: 'text/plain' }],
    ['broken JSON', { text: '{"message":' }],
    ['a list', { text: '[]' }],
  ])('answers 400 to %s', (_what, change) =>
    expect(refusal(change)).toMatchObject({ http: 400, status: 'INVALID_ARGUMENT', fcm: undefined }),
  );
});

describe('a message FCM can read', () => {
  it('needs a recipient', () =>
    expect(refusal({ message: { token: undefined } })).toMatchObject({
      http: 400,
      message: 'Recipient of the message is not set.',
      fcm: 'INVALID_ARGUMENT',
      field: 'message',
    }));
  it('may go to a topic, which no device of ours hears', () =>
    expect(check({ message: { token: undefined, topic: 'news' } })).toMatchObject({ device: null }));
  it('may name its device by installation id', () =>
    expect(check({ message: { token: undefined, fid } })).toMatchObject({ device: { token } }));
  it.each(['from', 'gcm.x', 'google.y', 'message_type'])('must not use the key %s', (key) =>
    expect(refusal({ message: { data: { [key]: 'x' } } })).toMatchObject({
      http: 400,
      fcm: 'INVALID_ARGUMENT',
      field: 'message.data',
    }),
  );
  it('must not live longer than four weeks', () =>
    expect(refusal({ message: { android: { ttl: '2419201s' } } })).toMatchObject({
      field: 'message.android.ttl',
    }));
  it('may live for exactly four weeks, and for no time at all', () => {
    expect(check({ message: { android: { ttl: '2419200s' } } })).toMatchObject({
      ttl: 2_419_200,
      ttlGiven: true,
    });
    expect(check({ message: { android: { ttl: '0s' } } })).toMatchObject({ ttl: 0 });
    expect(check({ message: { android: {} } })).toMatchObject({ ttl: 2_419_200, ttlGiven: false });
  });
  it('counts the notification with the data', () =>
    expect(
      refusal({ message: { data: { k: 'x'.repeat(4090) }, notification: { title: 'Call' } } }).http,
    ).toBe(400));
  it('may have 4096 bytes of data', () =>
    expect(check({ message: { data: { k: 'x'.repeat(4095) } } })).not.toHaveProperty('reason'));
  it('must not have 4097, and hears no details', () =>
    expect(refusal({ message: { data: { k: 'x'.repeat(4096) } } })).toMatchObject({
      http: 400,
      message: 'Request contains an invalid argument.',
      details: undefined,
    }));
  it('needs a token that looks like one', () =>
    expect(refusal({ message: { token: 'nonsense' } })).toMatchObject({
      http: 400,
      message: 'The registration token is not a valid FCM registration token',
      fcm: 'INVALID_ARGUMENT',
      field: 'message.token',
    }));
  it.each<[string, World]>([
    ['nobody has', { unknownDevice: true }],
    ['was given up', { device: { status: 'unregistered' } }],
    ['was not seen for 271 days', { device: { lastSeenAt: now - 271 * day } }],
  ])('finds a token unregistered that %s', (_what, world) =>
    expect(refusal({}, world)).toMatchObject({ http: 404, status: 'NOT_FOUND', fcm: 'UNREGISTERED' }),
  );
  it('still reaches a phone after 269 days', () =>
    expect(check({}, { device: { lastSeenAt: now - 269 * day } })).not.toHaveProperty('reason'));
  it('does not reach the devices of another project', () =>
    expect(refusal({}, { device: { projectId: 'other' } })).toMatchObject({
      http: 403,
      fcm: 'SENDER_ID_MISMATCH',
    }));
  it('is one too many after 240 in a minute, and hears when to come back', () => {
    const result = check({}, { recent: 240 });
    expect(refusal({}, { recent: 240 })).toMatchObject({
      http: 429,
      status: 'RESOURCE_EXHAUSTED',
      fcm: 'QUOTA_EXCEEDED',
    });
    expect(result).toMatchObject({ answer: { headers: { 'retry-after': '60' } } });
  });

  it('hears of the first fault only: address, sender, JSON, recipient, key, size, syntax, device, project', () => {
    const wrong: World = { account: { projectId: 'other' }, unknownDevice: true };
    const data = { from: 'x', k: 'x'.repeat(5000) };
    const steps: [Change, World, string][] = [
      [
        { path: '/v1/projects/nobody/messages:send', authorization: null, text: '{' },
        wrong,
        'Requested entity was not found.',
      ],
      [{ authorization: null, text: '{' }, wrong, 'Request had invalid authentication credentials.'],
      [{ text: '{' }, wrong, "Permission 'cloudmessaging"],
      [{ text: '{' }, { unknownDevice: true }, 'Invalid JSON payload received. Unexpected token.'],
      [
        { message: { to: 'x', token: undefined, data } },
        { unknownDevice: true },
        'Invalid JSON payload received. Unknown name',
      ],
      [{ message: { token: undefined, data } }, { unknownDevice: true }, 'Recipient'],
      [{ message: { token: 'bad', data } }, { unknownDevice: true }, 'Invalid data payload key: from'],
      [
        { message: { token: 'bad', data: { k: data.k } } },
        { unknownDevice: true },
        'Request contains an invalid argument.',
      ],
      [{ message: { token: 'bad' } }, { unknownDevice: true }, 'The registration token'],
      [{}, { unknownDevice: true }, 'Requested entity was not found.'],
      [{}, { device: { projectId: 'other' }, recent: 999 }, 'SenderId mismatch'],
      [{}, { recent: 999 }, 'Resource has been exhausted'],
    ];
    for (const [change, world, text] of steps) expect(refusal(change, world).message).toContain(text);
  });
});
