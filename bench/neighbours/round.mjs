// One round: a fresh database and a fresh gateway, fifty ordinary people alone, then the same people beside one hostile user.
import { fork } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Gateway } from '../support/gateway.mjs';
import { freePort } from '../support/postgres.mjs';
import { answer, ask, cpuOfTree, kill } from '../support/processes.mjs';
import { kinds } from './kinds/index.mjs';

const file = (name) => fileURLToPath(new URL(name, import.meta.url));
/** Longer than the patience of the people: whatever they asked has been answered by then, or never will be. */
const ANSWER_MS = 60_000;

/**
 * @param setup `{postgres, templates: {empty, history}, settings, secret, seconds, warmUpSeconds, dueTimers}`
 * @returns `{alone, beside, answers, lastWords}`: segments as `segment` has them, and what the hostile user was answered
 */
export async function playRound(kind, setup, say) {
  const { postgres, templates, settings, secret, seconds, warmUpSeconds } = setup;
  const { history, whileDown } = kinds[kind];
  const database = `neighbours_${Date.now().toString(36)}`;
  await postgres.query(
    `create database ${database} template ${history ? templates.history : templates.empty}`,
  );
  const port = await freePort();
  const env = { ...settings, PORT: String(port), DATABASE_URL: postgres.urlOf(database) };
  const gateway = new Gateway(env);
  const children = [];
  try {
    await gateway.start();
    const people = fork(file('ordinary.mjs'), [String(port), secret]);
    children.push(people);
    await answer(people, ANSWER_MS);
    await pause(warmUpSeconds * 1_000);
    const parts = { gateway, people, postgres, seconds };

    const restart = async (meanwhile) => {
      await gateway.kill();
      await meanwhile?.((text, values) => postgres.query(text, values, database), setup.dueTimers);
      await gateway.start();
    };
    say('alone');
    if (whileDown) await restart();
    const alone = await segment(parts);
    say('beside');
    const hostile = fork(file('hostile.mjs'), [kind, String(port), secret]);
    children.push(hostile);
    await answer(hostile, ANSWER_MS);
    if (whileDown) await restart(whileDown);
    const beside = await segment({ ...parts, hostile });
    const { answers } = await ask(hostile, 'answers', ANSWER_MS).catch(() => ({ answers: {} }));
    return { alone, beside, answers, lastWords: gateway.lastWords };
  } finally {
    await Promise.all(children.map(kill));
    await gateway.stop();
    await postgres.query(`drop database ${database} with (force)`);
  }
}

/** So many seconds of ordinary life: how long everything took, what failed, and what it cost the processes. */
async function segment({ gateway, people, postgres, seconds, hostile }) {
  const cpu = async () => ({
    postgres: await postgres.cpu(),
    people: await cpuOfTree(people.pid),
    hostile: hostile ? await cpuOfTree(hostile.pid) : 0,
  });
  await gateway.begin();
  const before = await cpu();
  await ask(people, 'begin', ANSWER_MS);
  const begun = performance.now();
  await pause(seconds * 1_000);
  const { times, failed } = await ask(people, 'end', ANSWER_MS);
  const elapsed = (performance.now() - begun) / 1_000;
  const [after, costs] = [await cpu(), await gateway.end()];
  const share = (name) => (before[name] === null ? null : (after[name] - before[name]) / elapsed);
  return {
    times,
    failed,
    elapsed,
    gateway: { ...costs, cpu: costs.cpu / elapsed },
    cpu: { postgres: share('postgres'), people: share('people'), hostile: share('hostile') },
  };
}
