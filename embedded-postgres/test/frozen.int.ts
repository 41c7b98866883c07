import path from 'node:path';
import { ask } from '../../test/support/database.js';
import { makeHome } from './home.js';
import { makeProject, startGatewayProcess } from './owner-process.js';
import { serverProcesses } from '../../test/support/mortal-postgres.js';

const home = makeHome();

/** As `kill -STOP` does, or a debugger. What is frozen can neither be asked to stop nor notice that others went. */
async function freeze(): Promise<void> {
  const processes = await serverProcesses(home.dataDir);
  expect(processes.length).toBeGreaterThan(3);
  for (const pid of processes) process.kill(pid, 'SIGSTOP');
}

describe('a server that is frozen', () => {
  it('is killed by stop() within the time it has, with all its processes, and loses nothing', async () => {
    const server = await home.start({ settings: {} });
    await ask(server.url, 'CREATE TABLE kept AS SELECT 1 AS one');
    await freeze();
    const since = performance.now();
    expect(await server.stop(1_500)).toBe(false);
    expect(performance.now() - since).toBeLessThan(1_600);
    // A process that was left would still hold the lock.
    const next = await home.start();
    expect(await ask(next.url, 'SELECT one FROM kept')).toEqual([1]);
  }, 20_000);

  it('is no reason to kill one that is not', async () => {
    const server = await home.start();
    expect(await server.stop(5_000)).toBe(true);
  });

  it('ends also after a gateway that was killed with kill -9, and the next start finds the data', async () => {
    const project = path.join(home.temporary, 'project');
    await makeProject(project);
    const gateway = await startGatewayProcess(project, home.dataDir);
    await ask(gateway.url, 'CREATE TABLE committed AS SELECT 1 AS one');
    await freeze();
    await gateway.kill();
    await new Promise((resolve) => setTimeout(resolve, 11_000)); // five seconds for SIGINT, six for SIGQUIT
    const next = await home.start();
    expect(await ask(next.url, 'SELECT one FROM committed')).toEqual([1]);
  }, 60_000);
});
