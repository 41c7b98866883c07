import { createDataSource } from '../../src/schema/data-source.js';
import { isOutage } from '../../src/database/transient-error.js';
import { givenStore } from '../event-store/given-store.js';
import { until } from '../support/until.js';

const given = givenStore();

describe('a transaction', () => {
  it('whose connection is lost between two of its statements has met an outage', async () => {
    const dataSource = await createDataSource(given.url).initialize();
    let runner: { isReleased: boolean };
    const failed = await dataSource
      .transaction(async (manager) => {
        runner = manager.queryRunner!;
        const [own] = await manager.query<{ pid: number }[]>('select pg_backend_pid() as pid');
        await given.rows('select pg_terminate_backend($1)', [own!.pid]);
        await until(() => runner.isReleased);
        await manager.query('select 1');
      })
      .catch((error: unknown) => error);
    await dataSource.destroy();
    expect((failed as Error).message).toMatch('already released');
    expect(isOutage(failed)).toBe(true);
  });
});
