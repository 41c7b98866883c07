// Pushes per second, and CPU per push, of our ApnsSender and of @parse/node-apn: one connection each, interleaved in one
// run, against the same server in a process of its own. Twice: the simulator, which checks everything and is itself the
// limit, and a server that does nothing but say 200, where the senders are. Medians of the rounds.
import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const BUNDLE = 'com.example.app';
const TOKENS = 2_000;
const PUSHES = 2_000;
const ROUNDS = 5;

const servers = { simulator: serveSimulator, lean: serveLean };
const [, , role, kind] = process.argv;
if (role === 'server') await servers[kind]();
else for (const name of Object.keys(servers)) if (!role || role === name) await measure(name);

async function serveSimulator() {
  const { PushSimulator } = await import('ringway-simulator');
  const simulator = await PushSimulator.start({
    logLimit: 10,
    // Many connections one after the other, and many pushes to each phone, are the benchmark's own doing.
    policy: {
      apns: { connectionsBeforeRefusal: 10_000, connectionsBeforeViolation: 10_000, pushesPerToken: 0 },
    },
  });
  const tokens = Array.from(
    { length: TOKENS },
    () => simulator.registerIosDevice({ bundleId: BUNDLE, environment: 'sandbox' }).token,
  );
  process.send({ ca: simulator.ca, origin: simulator.origins.apnsSandbox, key: simulator.apnsKey, tokens });
  process.on('disconnect', () => process.exit());
}

async function serveLean() {
  const { makeCertificates } = await import('ringway-simulator');
  const { ca, key, cert } = await makeCertificates(['127.0.0.1']);
  const { leanApns } = await import('./lean-apns.mjs');
  const server = await leanApns({ key, cert });
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  process.send({
    ...{ ca, origin: `https://127.0.0.1:${server.address().port}` },
    key: {
      ...{ teamId: 'TEAM123456', keyId: 'KEY1234567' },
      key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    },
    tokens: Array.from({ length: TOKENS }, () => randomBytes(32).toString('hex')),
  });
  process.on('disconnect', () => process.exit());
}

async function measure(serverName) {
  const { ApnsSender } = await import('../dist/push/apns.js');
  const { systemClock } = await import('../dist/time/clock.js');
  const { default: apn } = await import('@parse/node-apn');
  const server = fork(fileURLToPath(import.meta.url), ['server', serverName], { serialization: 'advanced' });
  const { ca, origin, key, tokens } = await new Promise((resolve) => server.once('message', resolve));
  // As a gateway's push is: 700 bytes, most of them the action token.
  const payload = {
    ...{ aps: {}, callId: randomUUID(), handle: 'alice', callerId: 'alice', callerName: 'Alice' },
    ...{ hasVideo: true, media: 'video', serverTime: new Date().toISOString() },
    ...{ expiresAt: new Date().toISOString(), actionToken: randomBytes(210).toString('base64url') },
    gateway: 'https://calls.example.com',
  };

  const contenders = {
    ringway() {
      const sender = new ApnsSender({
        keys: [{ bundleId: BUNDLE, environment: 'sandbox', ...key }],
        ...{ origins: { production: origin, sandbox: origin }, ca, clock: systemClock },
      });
      return {
        async push(token) {
          const uuid = randomUUID();
          const result = await sender.send({
            ...{ token, bundleId: BUNDLE, environment: 'sandbox', apnsId: uuid, deadlineMs: 30_000 },
            payload: { ...payload, uuid },
          });
          return result.outcome === 'accepted';
        },
        close: () => sender.close(),
      };
    },
    'node-apn'() {
      const { hostname, port } = new URL(origin);
      const provider = new apn.Provider({
        token: { key: Buffer.from(key.key), keyId: key.keyId, teamId: key.teamId },
        ...{ address: hostname, port: Number(port), ca, production: false, requestTimeout: 30_000 },
      });
      return {
        async push(token) {
          const uuid = randomUUID();
          const note = new apn.Notification();
          note.topic = `${BUNDLE}.voip`;
          note.pushType = 'voip';
          note.priority = 10;
          note.expiry = 0;
          note.id = uuid;
          note.rawPayload = { ...payload, uuid };
          const { sent } = await provider.send(note, token);
          return sent.length === 1;
        },
        close: () => provider.shutdown(),
      };
    },
  };

  const rates = {};
  const costs = {};
  const refused = {};
  for (let nr = -1; nr < ROUNDS; nr++) {
    const names = Object.keys(contenders);
    if (nr % 2) names.reverse();
    for (const inFlight of [1, 32, 200, 1_000]) {
      for (const name of names) {
        const contender = contenders[name]();
        await contender.push(tokens[0]);
        const total = inFlight === 1 ? PUSHES / 4 : PUSHES;
        let next = 0;
        let failed = 0;
        const spent = process.cpuUsage();
        const began = performance.now();
        await Promise.all(
          Array.from({ length: inFlight }, async () => {
            while (next < total) if (!(await contender.push(tokens[next++ % TOKENS]))) failed++;
          }),
        );
        const rate = (total / (performance.now() - began)) * 1_000;
        const { user, system } = process.cpuUsage(spent);
        await contender.close();
        server.send('reset');
        if (nr >= 0) {
          // the first round is the warm-up
          ((rates[inFlight] ??= {})[name] ??= []).push(rate);
          ((costs[inFlight] ??= {})[name] ??= []).push((user + system) / total);
        }
        refused[name] = (refused[name] ?? 0) + failed;
      }
    }
  }
  console.log(`against the ${serverName} server`);
  console.log('| in flight | Ringway, pushes/s | node-apn, pushes/s | ratio | CPU per push, us | ratio |');
  console.log('|---|---|---|---|---|---|');
  for (const inFlight of Object.keys(rates)) {
    const [ours, theirs] = [median(rates[inFlight].ringway), median(rates[inFlight]['node-apn'])];
    const [our, their] = [median(costs[inFlight].ringway), median(costs[inFlight]['node-apn'])];
    const cells = [inFlight, ours.toFixed(0), theirs.toFixed(0), (ours / theirs).toFixed(2)];
    console.log(
      `| ${[...cells, `${our.toFixed(0)} / ${their.toFixed(0)}`, (their / our).toFixed(2)].join(' | ')} |`,
    );
  }
  console.log(`not accepted: ${JSON.stringify(refused)}`);
  server.disconnect();
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
