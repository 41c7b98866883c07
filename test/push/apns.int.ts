import { randomUUID } from 'node:crypto';
import { decodeJwt, exportPKCS8, generateKeyPair, jwtVerify } from 'jose';
import { ApnsSender, type ApnsKey, type ApnsMessage } from '../../src/push/apns.js';
import { answer, certificates, type HostileServer, type Visit } from './hostile-server.js';
import { closes, serverThat } from './loopback.js';

const keys = await generateKeyPair('ES256', { extractable: true });
const key = await exportPKCS8(keys.privateKey);
const production: ApnsKey = {
  bundleId: 'com.example.app',
  environment: 'production',
  teamId: 'TEAM123456',
  keyId: 'KEY1234567',
  key,
};
const token = '0123456789abcdef'.repeat(5);

function senderTo(
  server: HostileServer,
  { sandbox = server, clock = { now: Date.now }, own = [production] } = {},
) {
  const origins = { production: server.origin, sandbox: sandbox.origin };
  return closes(new ApnsSender({ keys: own, origins, ca: certificates.ca, clock }));
}

function push(changes: Partial<ApnsMessage> = {}): ApnsMessage {
  return {
    token,
    bundleId: 'com.example.app',
    environment: 'production',
    apnsId: randomUUID(),
    payload: { aps: {}, callId: 'c', callerName: 'Alice' },
    deadlineMs: 5000,
    ...changes,
  };
}

const refuse = ({ stream }: Visit, status: number, reason: string): void =>
  answer(stream, status, JSON.stringify({ reason }), { 'content-type': 'application/json' });
const jwtOf = ({ headers }: Visit): string => (headers.authorization ?? '').replace('bearer ', '');

describe('a VoIP push', () => {
  it('is what Apple asks for', async () => {
    const server = await serverThat(({ stream, headers }) =>
      answer(stream, 200, '', { 'apns-id': String(headers['apns-id']) }),
    );
    const message = push();
    expect(await senderTo(server).send(message)).toEqual({
      outcome: 'accepted',
      status: 200,
    });

    const [visit] = server.visits;
    expect(visit?.headers).toMatchObject({
      ':method': 'POST',
      ':path': `/3/device/${token}`,
      'apns-topic': 'com.example.app.voip',
      'apns-push-type': 'voip',
      'apns-priority': '10',
      'apns-expiration': '0',
      'apns-id': message.apnsId,
    });
    expect(visit?.body).toBe(JSON.stringify(message.payload));
    const { payload } = await jwtVerify(visit === undefined ? '' : jwtOf(visit), keys.publicKey);
    expect(payload).toMatchObject({ iss: 'TEAM123456' });
  });

  it('with a name that is too long goes out with a shorter one', async () => {
    const server = await serverThat();
    const callerName = '😀'.repeat(2000);
    expect(await senderTo(server).send(push({ payload: { callId: 'c', callerName } }))).toMatchObject({
      status: 200,
    });
    const body = server.visits[0]?.body ?? '';
    expect(Buffer.byteLength(body)).toBeLessThanOrEqual(5120);
    expect(Buffer.byteLength(body)).toBeGreaterThan(5120 - 4);
    expect((JSON.parse(body) as { callerName: string }).callerName).toMatch(/^(😀)+$/u);
  });

  it('that is too large without any name is not sent', async () => {
    const server = await serverThat();
    const result = await senderTo(server).send(push({ payload: { text: 'x'.repeat(5120) } }));
    expect(result).toEqual({
      outcome: 'rejected',
      status: null,
      reason: 'PayloadTooLarge',
      configuration: false,
    });
    expect(server.visits).toHaveLength(0);
  });

  it('for an app or environment without a key is a fault of our configuration', async () => {
    const server = await serverThat();
    const sender = senderTo(server);
    expect(sender.has('com.example.app', 'production')).toBe(true);
    expect(sender.has('com.example.app', 'sandbox')).toBe(false);
    expect(sender.has('com.example.other', 'production')).toBe(false);
    const noKey = { outcome: 'rejected', status: null, reason: 'NoApnsKey', configuration: true };
    expect(await sender.send(push({ environment: 'sandbox' }))).toEqual(noKey);
    expect(await sender.send(push({ bundleId: 'com.example.other' }))).toEqual(noKey);
    expect(server.sessions).toHaveLength(0);
  });

  it('with a key that cannot sign is a fault of our configuration', async () => {
    const server = await serverThat();
    const sender = senderTo(server, { own: [{ ...production, key: 'no PEM at all' }] });
    expect(await sender.send(push())).toMatchObject({ reason: 'BadApnsKey', configuration: true });
    expect(server.sessions).toHaveLength(0);
  });

  it('whose token is no token cannot reach another path', async () => {
    const server = await serverThat((visit) => refuse(visit, 400, 'BadDeviceToken'));
    await senderTo(server).send(push({ token: '../../4/broadcasts?x=1 y' }));
    expect(server.visits[0]?.headers[':path']).toBe('/3/device/..%2F..%2F4%2Fbroadcasts%3Fx%3D1%20y');
  });

  it('that nobody answers is worth another try, and says nothing about token or key', async () => {
    const server = await serverThat(() => undefined);
    const result = await senderTo(server).send(push({ deadlineMs: 200 }));
    expect(result).toEqual({ outcome: 'retry', status: null, reason: 'Timeout', retryAfterMs: null });
  });

  it('that nobody answers is given up after two seconds, unless told otherwise', async () => {
    const server = await serverThat(() => undefined);
    const before = performance.now();
    expect(await senderTo(server).send(push({ deadlineMs: undefined }))).toMatchObject({ reason: 'Timeout' });
    expect(performance.now() - before).toBeGreaterThan(1900);
    expect(performance.now() - before).toBeLessThan(4000);
  });
});

describe('connections to APNs', () => {
  it('are one per key and environment, shared by the apps of a team', async () => {
    const [server, sandbox] = [await serverThat(), await serverThat()];
    const sender = senderTo(server, {
      sandbox,
      own: [
        production,
        { ...production, bundleId: 'com.example.other' },
        { ...production, environment: 'sandbox' },
        { ...production, bundleId: 'com.example.third', keyId: 'KEY7654321' },
      ],
    });
    await Promise.all([
      sender.send(push()),
      sender.send(push({ bundleId: 'com.example.other' })),
      sender.send(push({ bundleId: 'com.example.third' })),
      sender.send(push({ environment: 'sandbox' })),
    ]);
    expect(server.visits).toHaveLength(3);
    expect(server.sessions).toHaveLength(2);
    expect(sandbox.sessions).toHaveLength(1);
    // One key has one provider token, whatever the environment.
    expect(new Set([...server.visits, ...sandbox.visits].map(jwtOf)).size).toBe(2);
  });

  it('carry one push before a burst, until Apple has seen the provider token', async () => {
    let besideTheFirst = 0;
    const server = await serverThat(({ stream, number }) => {
      setImmediate(() => {
        if (number === 1) besideTheFirst = server.visits.length - 1;
        answer(stream, 200);
      });
    });
    const sender = senderTo(server);
    await Promise.all(Array.from({ length: 20 }, () => sender.send(push())));
    expect(besideTheFirst).toBe(0);
    expect(server.visits).toHaveLength(20);
  });

  it('are closed when the sender is, and what was under way is finished', async () => {
    const server = await serverThat(({ stream }) => void setImmediate(() => answer(stream, 200)));
    const sender = senderTo(server);
    const underWay = sender.send(push());
    await Promise.all([underWay, sender.close()]);
    expect(await underWay).toMatchObject({ outcome: 'accepted' });
    expect(await sender.send(push())).toMatchObject({ outcome: 'retry', reason: 'Closed' });
  });
});

describe('an ExpiredProviderToken', () => {
  it('is healed by a new token on a new connection, with the same push', async () => {
    const server = await serverThat((visit) => {
      if (visit.connection === 1) refuse(visit, 403, 'ExpiredProviderToken');
      else answer(visit.stream, 200);
    });
    const message = push();
    expect(await senderTo(server).send(message)).toMatchObject({ outcome: 'accepted' });
    const [first, second, ...more] = server.visits;
    expect(more).toEqual([]);
    expect(second?.headers['apns-id']).toBe(first?.headers['apns-id']);
    expect(second?.body).toBe(first?.body);
    expect(second && jwtOf(second)).not.toBe(first && jwtOf(first));
  });

  it('that hits a burst is healed by one token and one connection', async () => {
    let expired: string | null = null;
    const server = await serverThat((visit) => {
      expired ??= jwtOf(visit);
      if (jwtOf(visit) === expired) refuse(visit, 403, 'ExpiredProviderToken');
      else answer(visit.stream, 200);
    });
    const sender = senderTo(server);
    const results = await Promise.all(Array.from({ length: 30 }, () => sender.send(push())));
    expect(results.filter(({ outcome }) => outcome === 'accepted')).toHaveLength(30);
    expect(new Set(server.visits.map(jwtOf)).size).toBe(2);
    expect(server.sessions).toHaveLength(2);
  });

  it('again for the new token is a fault of our clock, and no third token is signed', async () => {
    const server = await serverThat((visit) => refuse(visit, 403, 'ExpiredProviderToken'));
    const sender = senderTo(server);
    const expired = { outcome: 'rejected', status: 403, reason: 'ExpiredProviderToken', configuration: true };
    expect(await sender.send(push())).toEqual(expired);
    expect(await sender.send(push())).toEqual(expired);
    expect(server.visits).toHaveLength(3);
    expect(new Set(server.visits.map(jwtOf)).size).toBe(2);
  });

  it('does not happen to a gateway that runs for hours: the token is renewed in time', async () => {
    const clock = { time: Date.parse('2026-11-22T12:00:00Z'), now: () => clock.time };
    const server = await serverThat((visit) => {
      const { iat = 0 } = decodeJwt(jwtOf(visit));
      if (clock.time / 1000 - iat > 3600) refuse(visit, 403, 'ExpiredProviderToken');
      else answer(visit.stream, 200);
    });
    const sender = senderTo(server, { clock });
    for (let minutes = 0; minutes < 300; minutes += 7) {
      clock.time += 7 * 60_000;
      expect(await sender.send(push())).toMatchObject({ outcome: 'accepted' });
    }
    expect(server.sessions).toHaveLength(1);
    expect(new Set(server.visits.map(jwtOf)).size).toBe(6);
  });
});

describe('a refusal', () => {
  it('IdleTimeout is about the connection: the push goes over a new one', async () => {
    const server = await serverThat((visit) => {
      if (visit.connection === 1) refuse(visit, 400, 'IdleTimeout');
      else answer(visit.stream, 200);
    });
    expect(await senderTo(server).send(push())).toMatchObject({ outcome: 'accepted' });
    expect(new Set(server.visits.map(jwtOf)).size).toBe(1);
  });

  it.each([
    [400, 'BadDeviceToken'],
    [403, 'InvalidProviderToken'],
    [410, 'Unregistered'],
    [429, 'TooManyRequests'],
    [500, 'InternalServerError'],
    [503, 'ServiceUnavailable'],
  ])('%i %s is reported and never repeated here', async (status, reason) => {
    const server = await serverThat((visit) => refuse(visit, status, reason));
    expect(await senderTo(server).send(push())).toMatchObject({ status, reason });
    expect(server.visits).toHaveLength(1);
  });
});
