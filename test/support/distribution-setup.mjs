import { installedPostgres, startInstalledPostgres } from './distribution-postgres.mjs';
import { prepareTemplate } from './global-setup.mjs';

/** A distribution's PostgreSQL beside the embedded one, for the tests whose outcome hangs on the planner's defaults. */
export default async function setup() {
  const server = await startInstalledPostgres(installedPostgres());
  await prepareTemplate(server.url);
  process.env.TEST_DISTRIBUTION_URL = server.url;
  globalThis.stopDistributionDatabase = () => server.stop();
}
