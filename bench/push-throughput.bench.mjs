// Pushes per second of our ApnsSender and of @parse/node-apn, against the same simulator in a process of its own,
// interleaved in one run, one connection each. Medians of the rounds.
import { randomUUID } from 'node:crypto';
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const BUNDLE = 'com.example.app';
const TOKENS = 2_000;
const PUSHES = 2_000;
const ROUNDS = 5;

if (process.argv[2] === 'server') await serve();
else await measure();

async function serve() {
  const { PushSimulator } = await import('../dist/simulator/push-simulator.js');
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

async function measure() {
  const { ApnsSender } = await import('../dist/push/apns.js');
  const { systemClock } = await import('../dist/clock.js');
  const { default: apn } = await import('@parse/node-apn');
  const server = fork(fileURLToPath(import.meta.url), ['server'], { serialization: 'advanced' });
  const { ca, origin, key, tokens } = await new Promise((resolve) => server.once('message', resolve));
  const payload = { aps: {}, callId: randomUUID(), handle: 'alice', callerName: 'Alice', hasVideo: true };

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
  const refused = {};
  for (let nr = -1; nr < ROUNDS; nr++) {
    const names = Object.keys(contenders);
    if (nr % 2) names.reverse();
    for (const inFlight of [1, 32, 200]) {
      for (const name of names) {
        const contender = contenders[name]();
        await contender.push(tokens[0]);
        const total = inFlight === 1 ? PUSHES / 4 : PUSHES;
        let next = 0;
        let failed = 0;
        const began = performance.now();
        await Promise.all(
          Array.from({ length: inFlight }, async () => {
            while (next < total) if (!(await contender.push(tokens[next++ % TOKENS]))) failed++;
          }),
        );
        const rate = (total / (performance.now() - began)) * 1_000;
        await contender.close();
        server.send('reset');
        if (nr >= 0) ((rates[inFlight] ??= {})[name] ??= []).push(rate); // the first round is the warm-up
        refused[name] = (refused[name] ?? 0) + failed;
      }
    }
  }
  console.log('| in flight | Ringway, pushes/s | node-apn, pushes/s | ratio |\n|---|---|---|---|');
  for (const [inFlight, { ringway, 'node-apn': other }] of Object.entries(rates)) {
    const [ours, theirs] = [median(ringway), median(other)];
    console.log(
      `| ${inFlight} | ${ours.toFixed(0)} | ${theirs.toFixed(0)} | ${(ours / theirs).toFixed(2)} |`,
    );
  }
  console.log(`not accepted: ${JSON.stringify(refused)}`);
  server.disconnect();
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
