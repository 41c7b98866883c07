import { AcceptedTokens1700000000011 } from '../../src/schema/migrations/11-accepted-tokens.js';
import { createDataSource } from '../../src/schema/data-source.js';
import { Reaches } from '../../src/devices/reachability.js';
import { givenStore } from '../event-store/given-store.js';

const given = givenStore();

describe('a token that was registered before anybody counted', () => {
  it('is taken for one that was accepted: a wrong key must not cost everybody theirs right after an update', async () => {
    const dataSource = await createDataSource(given.url, {}).initialize();
    const runner = dataSource.createQueryRunner();
    const migration = new AcceptedTokens1700000000011();
    try {
      await migration.down(runner);
      await given.rows(
        `insert into devices (user_id, device_id, platform, push_token, token_updated_at, registered_at, last_seen_at)
         values ('bob', 'pixel', 'android', 'a token', now(), now(), now())`,
      );
      await migration.up(runner);
    } finally {
      await runner.release();
      await dataSource.destroy();
    }
    expect(await new Reaches(given.pool).ofDevice('bob', 'pixel')).toMatchObject({
      push: { tokenAccepted: true },
    });
  });
});
