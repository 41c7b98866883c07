import path from 'node:path';
import { jest } from '@jest/globals';
import { playBatch } from './batch.js';

const FIRST_SEED = 1;
const SECONDS = 130;
/** Nothing here depends on how fast the machine is; a slow one plays fewer rounds, and gets the time it needs. */
jest.setTimeout(20 * 60_000);

describe('whatever breaks', () => {
  it('no call is lost, doubled, answered twice or rings for ever, and all is well again afterwards', async () => {
    const { failed, missing } = await playBatch({
      firstSeed: FIRST_SEED,
      atLeast: 8,
      seconds: SECONDS,
      atMost: 40,
      folder: path.resolve('nemesis-histories'),
      say: (line) => process.stderr.write(`nemesis: ${line}\n`),
    });
    expect(failed).toEqual([]);
    expect(missing).toEqual([]);
  });
});
