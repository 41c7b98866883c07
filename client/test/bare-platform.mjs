// As on a phone, without a DOM and without what only Node or browsers have. Bundled first, as an
// app is, because socket.io-client tells bundlers what a platform without Node needs.
//   node --experimental-websocket bare-platform.mjs <url> <folder for the bundle>
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const [url, folder] = process.argv.slice(2);
const entry = fileURLToPath(new URL('../dist/index.js', import.meta.url));
const fileName = (format) => `ringway-client.${format}.js`;
const lib = { entry, formats: ['es', 'iife'], name: 'ringway', fileName };
await build({ configFile: false, logLevel: 'silent', root: folder, build: { lib, outDir: folder } });

const { console, fetch } = globalThis;
const exit = process.exit.bind(process);
for (const name of ['crypto', 'navigator', 'structuredClone', 'setImmediate']) delete globalThis[name];

const { RingwayClient } = await import(`${folder}/ringway-client.es.js`);
const phone = async (userId) => {
  const body = JSON.stringify({ userId });
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${url}/v1/dev/tokens`, { method: 'POST', headers, body });
  const client = new RingwayClient({ url, token: (await answer.json()).token, deviceId: `${userId}-bare` });
  const online = new Promise((resolve) => client.on('status', (status) => status === 'online' && resolve()));
  client.connect();
  await online;
  return client;
};
const [alice, bob] = [await phone('bare-alice'), await phone('bare-bob')];
const heard = new Promise((resolve) => {
  bob.on('incoming', async (call) => {
    call.on('signal', resolve);
    await call.ringing();
    await call.answer();
  });
});
const call = alice.call({ callee: 'bare-bob', media: 'voice' });
await call.sent;
await call.sendSignal({ type: 'offer', sdp: 'v=0' });
const signal = await heard;
await call.end();
const { items } = await alice.http.history({ with: 'bare-bob' });
console.log(JSON.stringify({ signal, outcome: items[0]?.outcome }));
alice.close();
bob.close();
exit(0);
