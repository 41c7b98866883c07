import { jest } from '@jest/globals';
import { DatabaseClock } from '../../src/database/database-clock.js';
import { givenStore } from '../event-store/given-store.js';

const given = givenStore();

const HOUR_MS = 3_600_000;
/** Far more than any round trip, far less than the wrong clocks are wrong. */
const CLOSE_MS = 60_000;

async function synced(): Promise<DatabaseClock> {
  const clock = new DatabaseClock();
  await clock.sync(given.pool);
  return clock;
}
const databaseTime = async (): Promise<number> => {
  const [row] = await given.rows<{ now: Date }>('select clock_timestamp() as now');
  return row!.now.getTime();
};

describe("the database's clock", () => {
  afterEach(() => jest.restoreAllMocks());

  it("tells PostgreSQL's time on a machine whose own clock is wrong", async () => {
    const real = Date.now;
    jest.spyOn(Date, 'now').mockImplementation(() => real() + HOUR_MS);
    const clock = await synced();
    expect(Math.abs(clock.now() - (await databaseTime()))).toBeLessThan(CLOSE_MS);
  });

  it.each([HOUR_MS, -HOUR_MS])('goes on evenly when the wall clock is stepped by %d ms', async (step) => {
    const clock = await synced();
    const before = clock.now();
    const real = Date.now;
    jest.spyOn(Date, 'now').mockImplementation(() => real() + step);
    const after = clock.now();
    expect(after).toBeGreaterThanOrEqual(before);
    expect(after - before).toBeLessThan(CLOSE_MS);
  });
});
