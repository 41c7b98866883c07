export default async function teardown() {
  await globalThis.stopDistributionDatabase?.();
  globalThis.stopDistributionDatabase = undefined;
}
