import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { makeFolder, openCluster, readOrMakePassword } from '../src/cluster.js';
import { findBinaries } from '../src/host.js';
import { launch } from '../src/server.js';
import { makeHome, refusal } from './home.js';

const home = makeHome();

describe('a start that cannot succeed says in one line what is wrong and how to mend it:', () => {
  it('the data directory is a file', async () => {
    const file = path.join(home.temporary, 'file');
    await writeFile(file, '');
    expect(await refusal(home.start({ dataDir: file }))).toMatch(`cannot work in ${file} (EEXIST`);
  });

  // Where Node's mkdir would try for ever, and no test could be stopped: in a folder that says ENOENT to a new one.
  it.each(['/proc/ringway', '/proc/ringway/deeper'])(
    'the data directory cannot be made: %s',
    async (dataDir) => expect(await refusal(home.start({ dataDir }))).toMatch(`cannot work in ${dataDir} (E`),
  );

  it('the data directory would be behind a link to nowhere', async () => {
    const link = path.join(home.temporary, 'link');
    await symlink(path.join(home.temporary, 'nowhere'), link);
    for (const dataDir of [link, path.join(link, 'data')])
      expect(await refusal(home.start({ dataDir }))).toMatch(`cannot work in ${dataDir} (E`);
  });

  it('the folder of the cluster holds something else', async () => {
    const strange = path.join(home.temporary, 'strange');
    await mkdir(path.join(strange, 'postgres'), { recursive: true });
    await writeFile(path.join(strange, 'postgres/letter.txt'), 'dear Bob');
    expect(await refusal(home.start({ dataDir: strange }))).toMatch(
      /holds files, but not those of a PostgreSQL/,
    );
    expect(await readdir(path.join(strange, 'postgres'))).toEqual(['letter.txt']);
  });

  it('the data were written by another PostgreSQL', async () => {
    const file = path.join(home.cluster, 'PG_VERSION');
    const version = await readFile(file, 'utf8');
    await writeFile(file, '17\n');
    try {
      expect(await refusal(home.start())).toMatch(
        /was written by PostgreSQL 17, and this Ringway brings PostgreSQL 18/,
      );
    } finally {
      await writeFile(file, version);
    }
  });

  it('the password file was replaced', async () => {
    const file = path.join(home.dataDir, 'postgres-password');
    const password = await readFile(file, 'utf8');
    await writeFile(file, "it's wrong");
    try {
      expect(await refusal(home.start())).toMatch(
        /The password in .* is not the one .*: put the old file back/,
      );
    } finally {
      await writeFile(file, password);
    }
  });

  it('PostgreSQL itself refuses, in its own words', async () => {
    expect(await refusal(home.start({ settings: { shared_buffers: 'plenty' } }))).toMatch(
      /did not start \(status 1\): .*invalid value for parameter "shared_buffers": "plenty"/,
    );
  });
});

it('a port that was taken meanwhile is an answer, after which another one is tried', async () => {
  const squatter = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => squatter.once('listening', resolve));
  const { port } = squatter.address() as AddressInfo;
  try {
    const binaries = await findBinaries();
    const account = await openCluster(home.cluster, binaries);
    const lockFile = path.join(home.dataDir, 'postgres-lock');
    const { cluster } = home;
    const options = { cluster, lockFile, binaries, account, port, settings: {}, log: () => undefined };
    expect(await launch(options)).toEqual({ is: 'port in use' });
  } finally {
    squatter.close();
  }
});

it('a data directory is made with all folders above it, also by two first starts at once', async () => {
  const folder = path.join(home.temporary, 'a/b/c');
  await Promise.all([makeFolder(folder), makeFolder(folder)]);
  await makeFolder(folder);
  expect((await stat(folder)).isDirectory()).toBe(true);
});

it('first starts at once agree on one password', async () => {
  const file = path.join(home.temporary, 'password');
  const passwords = await Promise.all(Array.from({ length: 20 }, () => readOrMakePassword(file)));
  expect(new Set([...passwords, await readFile(file, 'utf8')]).size).toBe(1);
});
