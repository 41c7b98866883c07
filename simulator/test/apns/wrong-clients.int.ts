import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { gzipSync } from 'node:zlib';
import { SignJWT } from 'jose';
import {
  authorization,
  bundleId,
  newAuthorization,
  outcome,
  push,
  token,
  toSandbox,
} from '../support/apns.js';
import { providerToken, type Reply, voipBody } from '../support/senders.js';
import { connectTo, simulator, violatedRules } from '../support/simulator.js';

const minute = 60_000;

async function signedWith(alg: string): Promise<string> {
  const secret = alg.startsWith('HS')
    ? randomBytes(32)
    : (await import('node:crypto')).generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const { teamId, keyId } = simulator.apnsKey;
  const claims = { iss: teamId, iat: Math.floor(simulator.clock.now() / 1000) };
  return `bearer ${await new SignJWT(claims).setProtectedHeader({ alg, kid: keyId }).sign(secret)}`;
}

interface WrongClient {
  does: string;
  hears: string;
  how: () => Promise<Reply>;
}

const refusedClients: WrongClient[] = [
  {
    does: 'signs a provider token for every push',
    hears: '429 TooManyProviderTokenUpdates',
    how: async () => {
      const session = await toSandbox();
      await push(session, { authorization: await newAuthorization() });
      return push(session, { authorization: await newAuthorization() });
    },
  },
  {
    does: 'shares a connection among workers with a provider token each',
    hears: '429 TooManyProviderTokenUpdates',
    how: async () => {
      const session = await toSandbox();
      const workers = [await newAuthorization(), await newAuthorization()];
      const replies = await Promise.all(workers.map((own) => push(session, { authorization: own })));
      return replies[1] ?? Promise.reject(new Error('No reply'));
    },
  },
  {
    does: 'renews its provider token after ten minutes',
    hears: '429 TooManyProviderTokenUpdates',
    how: async () => {
      const session = await toSandbox();
      await push(session);
      simulator.clock.advance(10 * minute);
      return push(session, { authorization: await newAuthorization() });
    },
  },
  {
    does: 'never renews its provider token',
    hears: '403 ExpiredProviderToken',
    how: async () => {
      const session = await toSandbox();
      await push(session);
      simulator.clock.advance(61 * minute);
      return push(session);
    },
  },
  {
    does: 'gives iat in milliseconds',
    hears: '403 InvalidProviderToken',
    how: async () =>
      push(await toSandbox(), { authorization: await newAuthorization({ iat: simulator.clock.now() }) }),
  },
  {
    does: 'gives iat as text',
    hears: '403 InvalidProviderToken',
    how: async () =>
      push(await toSandbox(), { authorization: await newAuthorization({ iat: '1700000000' }) }),
  },
  {
    does: 'signs with RS256',
    hears: '403 InvalidProviderToken',
    how: async () => push(await toSandbox(), { authorization: await signedWith('RS256') }),
  },
  {
    does: 'signs with HS256',
    hears: '403 InvalidProviderToken',
    how: async () => push(await toSandbox(), { authorization: await signedWith('HS256') }),
  },
  {
    does: 'writes Bearer with a capital letter',
    hears: '403 MissingProviderToken',
    how: async () => push(await toSandbox(), { authorization: authorization.replace('bearer', 'Bearer') }),
  },
  {
    does: 'sends a sandbox token to production',
    hears: '400 BadDeviceToken',
    how: async () => push(await connectTo('apnsProduction')),
  },
  {
    does: 'sends to the alert token on the .voip topic',
    hears: '400 DeviceTokenNotForTopic',
    how: async () => {
      const alert = simulator.registerIosDevice({ bundleId, environment: 'sandbox', kind: 'alert' });
      return push(await toSandbox(), { token: alert.token });
    },
  },
  {
    does: 'forgets .voip in the topic',
    hears: '400 BadTopic',
    how: async () => push(await toSandbox(), { headers: { 'apns-topic': bundleId } }),
  },
  {
    does: 'sends 5121 bytes',
    hears: '413 PayloadTooLarge',
    how: async () => push(await toSandbox(), {}, voipBody({}, 5121)),
  },
  {
    does: 'cuts tokens to 64 digits',
    hears: '400 BadDeviceToken',
    how: async () => {
      const long = simulator.registerIosDevice({ bundleId, environment: 'sandbox', tokenLength: 160 });
      return push(await toSandbox(), { token: long.token.slice(0, 64) });
    },
  },
  {
    does: 'uses a key of the other environment, and knows the spelling of the documentation only',
    hears: '403 BadEnvironmentKeyInToken',
    how: async () => {
      const key = simulator.createApnsKey({ environments: ['production'] });
      return push(await toSandbox(), {
        authorization: `bearer ${await providerToken({ key, now: simulator.clock.now() })}`,
      });
    },
  },
];

describe('APNs refuses a client that', () => {
  it.each(refusedClients)('$does: $hears', async ({ how, hears }) =>
    expect(outcome(await how())).toBe(hears),
  );
});

describe('APNs accepts, and a call is in danger, when a client', () => {
  const back = async (): Promise<number> => {
    simulator.clock.advance(10 * minute);
    simulator.setPhone(token, { online: true });
    return simulator.delivered(token).length;
  };

  it('leaves out the push type: nothing arrives', async () => {
    expect((await push(await toSandbox(), { without: ['apns-push-type'] })).status).toBe(200);
    expect([simulator.log[0]?.delivery, violatedRules()]).toEqual(['dropped', ['push-type-missing']]);
  });

  it('compresses the body: nothing arrives', async () => {
    const change = { headers: { 'content-encoding': 'gzip' } };
    expect((await push(await toSandbox(), change, gzipSync(voipBody()))).status).toBe(200);
    expect([simulator.log[0]?.delivery, violatedRules()]).toEqual(['dropped', ['body-encoded']]);
  });

  it('leaves out the expiration: a phantom rings ten minutes later', async () => {
    simulator.setPhone(token, { online: false });
    await push(await toSandbox(), { without: ['apns-expiration'] });
    expect([await back(), violatedRules()]).toEqual([1, ['expiration-omitted']]);
  });

  it('gives the expiration in milliseconds: a phantom rings ten minutes later', async () => {
    simulator.setPhone(token, { online: false });
    await push(await toSandbox(), { headers: { 'apns-expiration': String(simulator.clock.now() + 5000) } });
    expect([await back(), violatedRules()]).toEqual([1, ['expiration-in-ms']]);
  });

  it('and not when it says 0', async () => {
    simulator.setPhone(token, { online: false });
    await push(await toSandbox());
    expect([await back(), violatedRules(), simulator.log[0]?.delivery]).toEqual([0, [], 'lost']);
  });

  it('cancels calls by a second VoIP push: after three the phone never rings again', async () => {
    const session = await toSandbox();
    for (const uuid of [randomUUID(), randomUUID(), randomUUID()]) {
      await push(session, {}, voipBody({ uuid }));
      await push(session, {}, voipBody({ uuid }));
    }
    expect((await push(session)).status).toBe(200);
    expect(simulator.log.at(-1)?.delivery).toBe('silenced');
    expect(violatedRules()).toEqual(['voip-unreportable', 'voip-unreportable', 'voip-unreportable']);
  });

  it('repeats what was refused for good', async () => {
    const session = await toSandbox();
    simulator.unregister(token);
    const headers = { 'apns-id': randomUUID() };
    await push(session, { headers });
    await push(session, { headers });
    expect(violatedRules()).toEqual(['retried-after-refusal']);
  });

  it('repeats a bad device token until its connection is closed', async () => {
    const session = await toSandbox();
    const goaway = once(session, 'goaway');
    for (let i = 0; i < 6; i++)
      await push(session, { token: 'ab'.repeat(32), headers: { 'apns-id': randomUUID() } });
    await goaway;
  });

  it('goes in circles on 503', async () => {
    simulator.inject({
      service: 'apns-sandbox',
      fault: { kind: 'answer', status: 503, reason: 'ServiceUnavailable' },
    });
    const session = await toSandbox();
    const headers = { 'apns-id': randomUUID() };
    for (let i = 0; i < 10; i++) await push(session, { headers });
    expect(violatedRules()).toEqual([]);
    await push(session, { headers });
    await push(session, { headers });
    expect(violatedRules()).toEqual(['retry-loop']);
  });

  it('does not wait as long as it was told', async () => {
    simulator.inject({
      service: 'apns-sandbox',
      times: 1,
      fault: { kind: 'answer', status: 429, retryAfter: 2 },
    });
    const session = await toSandbox();
    await push(session);
    await push(session);
    expect(violatedRules()).toEqual(['retry-after-ignored']);
    simulator.clock.advance(2000);
    await push(session);
    expect(violatedRules()).toHaveLength(1);
  });
});
