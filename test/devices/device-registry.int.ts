import type { ApnsEnvironment } from '../../src/devices/reach.js';
import { EventStore } from '../../src/event-store/event-store.js';
import { createDataSource } from '../../src/schema/data-source.js';
import { DeviceRegistry, type Registration } from '../../src/devices/device-registry.js';
import { DeviceStream } from '../../src/devices/device-stream.js';
import { givenStore } from '../event-store/given-store.js';

const given = givenStore();
const time = { now: Date.parse('2026-11-22T12:00:00.000Z') };
const tick = (): void => void (time.now += 1_000);

let registry: DeviceRegistry;
let registryWithWebhooks: DeviceRegistry;
let close: () => Promise<void>;
beforeAll(async () => {
  const dataSource = await createDataSource(given.url).initialize();
  const registryFor = (...subscriptions: string[]): DeviceRegistry =>
    new DeviceRegistry(dataSource, new DeviceStream(new EventStore(given.pool, { subscriptions })), {
      now: () => time.now,
    });
  registry = registryFor();
  registryWithWebhooks = registryFor('webhooks');
  close = () => dataSource.destroy();
});
afterAll(() => close());

const web: Registration = {
  platform: 'web',
  name: null,
  appVersion: null,
  pushToken: null,
  alertToken: null,
  bundleId: null,
  apnsEnvironment: null,
  projectId: null,
};
const pixel = (pushToken: string): Registration => ({ ...web, platform: 'android', pushToken });

const installs = async (userId: string): Promise<string[]> =>
  (await registry.list(userId)).map(({ deviceId }) => deviceId).sort();
const history = (userId: string, deviceId: string): Promise<string[]> =>
  given.stream(`device-${JSON.stringify([userId, deviceId])}`);

/** `nr` counts from 1; each is seen a second after the one before. */
async function registered(userId: string, count: number): Promise<void> {
  for (let nr = 1; nr <= count; nr++) {
    tick();
    await registry.register(userId, `install-${nr}`, web);
  }
}

describe('the installs of one user', () => {
  it('are fifty at most: one more signs the one seen longest ago out, in the same transaction', async () => {
    await registered('hoarder', 50);
    tick();
    await registry.register('hoarder', 'install-1', web); // seen again: now the second is the oldest
    expect(await installs('hoarder')).toHaveLength(50);
    tick();
    await registry.register('hoarder', 'install-51', web);
    const kept = await installs('hoarder');
    expect(kept).toHaveLength(50);
    expect(kept).toEqual(expect.arrayContaining(['install-1', 'install-3', 'install-51']));
    expect(kept).not.toContain('install-2');
    expect(await history('hoarder', 'install-2')).toEqual(['1 DeviceRegistered', '2 DeviceUnregistered']);
    const together = `select count(distinct transaction_id)::int as transactions from events
                       where (stream_id = $1 and type = 'DeviceUnregistered') or stream_id = $2`;
    const streams = ['install-2', 'install-51'].map((id) => `device-${JSON.stringify(['hoarder', id])}`);
    expect(await given.rows(together, streams)).toEqual([{ transactions: 1 }]);
  });

  it('are fifty at most also when many come at once', async () => {
    await registered('crowd', 48);
    await Promise.all(
      Array.from({ length: 12 }, (_, nr) => registry.register('crowd', `at-once-${nr}`, web)),
    );
    expect(await installs('crowd')).toHaveLength(50);
  });

  it('may register again and again when they are fifty, and nobody is signed out', async () => {
    await registered('regular', 50);
    await registry.register('regular', 'install-1', web);
    await registry.register('regular', 'install-50', web);
    expect(await installs('regular')).toHaveLength(50);
  });

  it('become fewer bit by bit where there were more before there was a limit', async () => {
    await given.rows(
      `insert into devices (user_id, device_id, platform, registered_at, last_seen_at)
       select 'old', 'old-' || nr, 'web', now(), to_timestamp(nr) from generate_series(101, 165) nr`,
    );
    await registry.register('old', 'new', web);
    const kept = await installs('old');
    expect(kept).toHaveLength(56);
    expect(kept).not.toContain('old-110');
    expect(kept).toEqual(expect.arrayContaining(['new', 'old-111']));
    await registry.register('old', 'new', web);
    expect(await installs('old')).toHaveLength(50);
  });

  it('that cannot be pushed sign none out that can: fifty browser tabs leave the phone alone', async () => {
    await registry.register('tabs', 'phone', pixel('the phone'));
    await registered('tabs', 51);
    expect(await installs('tabs')).toHaveLength(51);
    expect(await installs('tabs')).toContain('phone');
    expect(await installs('tabs')).not.toContain('install-1');
  });

  it('of others do not count, and a token goes to the install that registers it last', async () => {
    await registry.register('phones', 'oldest', pixel('the token'));
    await registered('somebody else', 3);
    await registry.register('phones', 'newest', pixel('the token'));
    expect(await registry.find('phones', 'oldest')).toMatchObject({ pushToken: null });
    expect(await registry.find('phones', 'newest')).toMatchObject({ pushToken: 'the token' });
    expect(await installs('somebody else')).toHaveLength(3);
  });

  it('are no more when somebody else registers their tokens: those that lost them have fifty places too', async () => {
    for (let nr = 1; nr <= 101; nr++) {
      tick();
      await registry.register('victim', `phone-${nr}`, pixel(`token ${nr} of victim`));
      await registry.register('thief', 'phone', pixel(`token ${nr} of victim`));
    }
    const kept = await installs('victim');
    expect(kept).toHaveLength(51); // the last one lost its token after its registration
    expect(kept).toContain('phone-101');
    expect(kept).not.toContain('phone-1');
  });

  it('of thirty users who register one token at the same instant all get it, one after the other', async () => {
    const users = Array.from({ length: 30 }, (_, nr) => `racer-${nr}`);
    await Promise.all(users.map((userId) => registry.register(userId, 'phone', pixel('one for all'))));
    const found = await Promise.all(users.map((userId) => registry.find(userId, 'phone')));
    expect(found.filter((install) => install?.pushToken === 'one for all')).toHaveLength(1);
  });

  it('keep their newest hundred events, however often they are registered', async () => {
    for (let nr = 0; nr < 110; nr++) await registry.register('busy', 'phone', pixel(`token ${nr % 2}`));
    const kept = await history('busy', 'phone');
    expect(kept).toHaveLength(100);
    expect(kept.at(-1)).toBe('110 DeviceRegistered');
  });

  it('keep what the app’s backend has not been told yet', async () => {
    await given.rows(`insert into checkpoints (name) values ('webhooks')`);
    for (let nr = 0; nr < 105; nr++)
      await registryWithWebhooks.register('untold', 'phone', pixel(`other ${nr % 2}`));
    expect(await history('untold', 'phone')).toHaveLength(105);
    // Webhooks that were switched off for good keep nothing.
    await registry.register('untold', 'phone', pixel('another'));
    expect(await history('untold', 'phone')).toHaveLength(100);
    await given.rows(`delete from checkpoints where name = 'webhooks'`);
  });

  it('that take each other’s tokens are told of in the order of their streams', async () => {
    await registry.register('one', 'phone', pixel('token of one'));
    await registry.register('two', 'phone', pixel('token of two'));
    for (let round = 0; round < 20; round++) {
      const [first, second] = round % 2 ? ['one', 'two'] : ['two', 'one'];
      await Promise.all([
        registry.register('one', 'phone', pixel(`token of ${first}`)),
        registry.register('two', 'phone', pixel(`token of ${second}`)),
      ]);
    }
    const inverted = await given.rows(
      `select a.stream_id from events a join events b on a.stream_id = b.stream_id and a.version < b.version
        where a.stream_id like 'device-%' and (a.transaction_id, a.position) > (b.transaction_id, b.position)`,
    );
    expect(inverted).toEqual([]);
  });
});

describe('a token the provider calls dead', () => {
  const refused = async (userId: string): Promise<number> => {
    tick();
    return (await registry.register(userId, 'pixel', pixel(`token of ${userId}`))).tokenUpdatedAt!.getTime();
  };
  const retire = (userId: string, at: number): Promise<boolean> =>
    registry.retireToken(userId, 'pixel', `token of ${userId}`, at);
  const tokenOf = async (userId: string) => (await registry.find(userId, 'pixel'))?.pushToken;

  it('is forgotten', async () => {
    expect(await retire('dead', await refused('dead'))).toBe(true);
    expect(await tokenOf('dead')).toBeNull();
  });

  it('is forgotten once when two calls learn of it, and both may say so', async () => {
    const at = await refused('twice');
    expect(await Promise.all([retire('twice', at), retire('twice', at)])).toEqual([true, true]);
    expect(await tokenOf('twice')).toBeNull();
  });

  it('is kept when the app has registered it again while the refusal was under way', async () => {
    const at = await refused('back');
    tick();
    await registry.register('back', 'pixel', pixel('token of back'));
    expect(await retire('back', at)).toBe(false);
    expect(await tokenOf('back')).toBe('token of back');
  });

  it('says nothing of the one that the app has registered instead', async () => {
    const at = await refused('new');
    await registry.register('new', 'pixel', pixel('a new token'));
    expect(await retire('new', at)).toBe(true);
    expect(await tokenOf('new')).toBe('a new token');
  });
});

describe('that a push to a token was accepted', () => {
  const acceptedAt = async (userId: string) =>
    (await registry.find(userId, 'pixel'))?.tokenAcceptedAt ?? null;
  const accepted = (userId: string, token: string): Promise<void> =>
    registry.rememberAcceptance(userId, 'pixel', token);

  it('is remembered from the first time on, however often its app starts', async () => {
    await registry.register('known', 'pixel', pixel('known token'));
    expect(await acceptedAt('known')).toBeNull();
    await accepted('known', 'known token');
    const first = await acceptedAt('known');
    expect(first).not.toBeNull();
    await accepted('known', 'known token');
    await registry.register('known', 'pixel', pixel('known token'));
    expect(await acceptedAt('known')).toEqual(first);
  });

  it('says nothing of another token', async () => {
    await registry.register('changed', 'pixel', pixel('old token'));
    await accepted('changed', 'old token');
    await registry.register('changed', 'pixel', pixel('new token'));
    expect(await acceptedAt('changed')).toBeNull();
    await accepted('changed', 'old token');
    expect(await acceptedAt('changed')).toBeNull();
  });

  it('goes with the token to the user who signs in on the same phone', async () => {
    await registry.register('before', 'pixel', pixel('shared token'));
    await accepted('before', 'shared token');
    await registry.register('after', 'pixel', pixel('shared token'));
    expect(await acceptedAt('after')).not.toBeNull();
  });
});

describe('an APNs environment that was declared wrongly', () => {
  const declared = (apnsEnvironment: ApnsEnvironment, pushToken: string): Registration => ({
    ...web,
    platform: 'ios',
    bundleId: 'com.example.app',
    apnsEnvironment,
    pushToken,
  });
  /** An app start: what the gateway answers is where it will push. */
  const starts = async (
    userId: string,
    environment: ApnsEnvironment,
    token = `token of ${userId}`,
  ): Promise<ApnsEnvironment | null> => {
    tick();
    const { apnsEnvironment } = await registry.register(userId, 'iphone', declared(environment, token));
    expect(await registry.find(userId, 'iphone')).toMatchObject({ apnsEnvironment });
    return apnsEnvironment;
  };
  const corrected = (userId: string, to: ApnsEnvironment): Promise<void> =>
    registry.correctEnvironment(userId, 'iphone', `token of ${userId}`, to);

  it('stays corrected when the app says the same at every start, and nothing new is recorded', async () => {
    expect(await starts('same', 'production')).toBe('production');
    await corrected('same', 'sandbox');
    await corrected('same', 'sandbox'); // two calls at once learn it twice
    for (let start = 0; start < 3; start++) expect(await starts('same', 'production')).toBe('sandbox');
    expect(await history('same', 'iphone')).toEqual(['1 DeviceRegistered']);
  });

  it('is what the app says, once it says something else, and its word counts from then on', async () => {
    await starts('mended', 'production');
    await corrected('mended', 'sandbox');
    expect(await starts('mended', 'sandbox')).toBe('sandbox');
    expect(await starts('mended', 'production')).toBe('production');
  });

  it('is what the app says of a new token', async () => {
    await starts('updated', 'production');
    await corrected('updated', 'sandbox');
    expect(await starts('updated', 'production', 'token of the App Store build')).toBe('production');
    expect(await starts('updated', 'production')).toBe('production');
  });

  it('is corrected back when the other environment takes the token later, and may be corrected again', async () => {
    await starts('to and fro', 'production');
    await corrected('to and fro', 'sandbox');
    await corrected('to and fro', 'production');
    expect(await starts('to and fro', 'production')).toBe('production');
    await corrected('to and fro', 'sandbox');
    expect(await starts('to and fro', 'production')).toBe('sandbox');
    await corrected('to and fro', 'production');
    expect(await starts('to and fro', 'sandbox')).toBe('sandbox');
  });

  it('stays corrected when the phone is signed in by somebody else: the token is the same', async () => {
    await starts('first', 'production', 'token of the phone');
    await registry.correctEnvironment('first', 'iphone', 'token of the phone', 'sandbox');
    expect(await starts('second', 'production', 'token of the phone')).toBe('sandbox');
    expect(await registry.find('first', 'iphone')).toMatchObject({ pushToken: null });
  });

  it('is not corrected any more when the app has registered another token meanwhile', async () => {
    await starts('late', 'production', 'a new one');
    await corrected('late', 'sandbox');
    expect(await registry.find('late', 'iphone')).toMatchObject({ apnsEnvironment: 'production' });
  });
});
