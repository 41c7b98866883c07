// Apple and Google in a process of their own: says what the gateway needs to know of them, then serves until its parent ends.
import { writeFile } from 'node:fs/promises';
import { PushSimulator } from 'ringway-simulator';

const [bundleId, caFile] = process.argv.slice(2);
const simulator = await PushSimulator.start({ logLimit: 10 });
await writeFile(caFile, simulator.ca);
process.on('disconnect', () => process.exit());
process.send(simulator.gatewaySettings([bundleId], caFile));
