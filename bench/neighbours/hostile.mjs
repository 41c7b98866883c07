// One kind of hostile user in a process of its own, at a lower priority: what is to be seen is what the gateway does with it,
// not what two processes on one machine do to each other.
import os from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { Phone, httpFrom, tokensOf } from '../support/phone.mjs';
import { kinds } from './kinds/index.mjs';

const ADDRESS = '127.0.0.3';
const [kind, portText, secret] = process.argv.slice(2);
const port = Number(portText);
os.setPriority(10);

const answers = {};
const tokenOf = tokensOf(secret);
const tokens = new Map();

/** What an attacker has to act with. */
const scene = {
  port,
  address: ADDRESS,
  http: httpFrom({ port, address: ADDRESS }),
  async token(userId) {
    if (!tokens.has(userId)) tokens.set(userId, await tokenOf(userId));
    return tokens.get(userId);
  },
  /** A phone of one of the attacker's accounts, connected; it comes back by itself unless told not to. */
  async phone(userId, deviceId = `${userId}-phone`, { comesBack = true, token } = {}) {
    const credentials = { deviceId, token: token ?? (await scene.token(userId)) };
    const phone = new Phone({ port, address: ADDRESS, ...credentials });
    phone.comesBack = comesBack;
    await phone.connect();
    return phone;
  },
  count(answer) {
    answers[answer] = (answers[answer] ?? 0) + 1;
  },
  /** Counts what a command over a socket was answered. */
  async said(asked) {
    const answer = await asked;
    scene.count(answer.ok ? 'ok' : answer.error.code);
    return answer;
  },
  /** Counts what a request was answered. */
  async asked(request) {
    const answer = await request;
    scene.count(answer.status === 0 ? 'no answer' : String(answer.status));
    return answer;
  },
  /**
   * Acts as fast as the documented limits let one: so many at once, then so many a second, whatever becomes of them; but
   * never with more than `open` under way. Runs until the process is ended.
   */
  async paced({ perSecond, burst = perSecond, open = 200 }, act) {
    let allowed = burst;
    let last = performance.now();
    let underWay = 0;
    for (let nr = 0; ;) {
      const now = performance.now();
      allowed = Math.min(burst, allowed + ((now - last) * perSecond) / 1_000);
      last = now;
      while (allowed >= 1 && underWay < open) {
        allowed--;
        underWay++;
        void act(nr++)
          .catch((error) => scene.count(error.code ?? error.message))
          .finally(() => underWay--);
      }
      await pause(10);
    }
  },
};

process.on('message', () => process.send({ answers }));
process.on('disconnect', () => process.exit());
process.send('ready');
// An attack that cannot begin, because the gateway has just gone down, begins again.
for (;;) {
  try {
    await kinds[kind].act(scene);
    await pause(100);
  } catch (error) {
    scene.count(error.code ?? error.message);
    await pause(500);
  }
}
