import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  EmbeddedPostgresError,
  startEmbeddedPostgres,
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
} from '../src/index.js';

/** A temporary folder with a data directory that has had its first start. Servers started here end with each test. */
export interface Home {
  readonly temporary: string;
  readonly dataDir: string;
  readonly cluster: string;
  start(options?: Partial<EmbeddedPostgresOptions>): Promise<EmbeddedPostgres>;
  serverProcess(): Promise<number>;
}

/** Call it at the top of a test file; the paths exist once its first test runs. */
export function makeHome(): Home {
  const mine: EmbeddedPostgres[] = [];
  const stopAll = async (): Promise<void> => {
    await Promise.all(mine.splice(0).map((server) => server.stop()));
  };
  let temporary = '';
  const home: Home = {
    get temporary() {
      return temporary;
    },
    get dataDir() {
      return path.join(temporary, "Bob's data"); // a shell must not stumble over it
    },
    get cluster() {
      return path.join(home.dataDir, 'postgres');
    },
    async start(options = {}) {
      const server = await startEmbeddedPostgres({
        dataDir: home.dataDir,
        settings: { fsync: 'off' },
        ...options,
      });
      mine.push(server);
      return server;
    },
    async serverProcess() {
      return Number((await readFile(path.join(home.cluster, 'postmaster.pid'), 'utf8')).split('\n')[0]);
    },
  };
  beforeAll(async () => {
    temporary = await mkdtemp(path.join(tmpdir(), 'ringway-'));
    await chmod(temporary, 0o755); // mkdtemp closes its folders; what a closed one asks for has tests of its own
    await home.start();
    await stopAll();
  }, 60_000);
  afterEach(stopAll, 30_000);
  // Retried: the server of a killed gateway may still be writing its last page.
  afterAll(() => rm(temporary, { recursive: true, force: true, maxRetries: 20 }), 30_000);
  return home;
}

/** The message a start is refused with; anything but an EmbeddedPostgresError of one line is a failure. */
export async function refusal(starting: Promise<unknown>): Promise<string> {
  const error = await starting.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(EmbeddedPostgresError);
  const { message } = error as EmbeddedPostgresError;
  expect(message).not.toContain('\n');
  return message;
}
