// Child processes that are asked questions, and what a process has cost so far.
import { readFile } from 'node:fs/promises';

/** The next message of a child. @throws when it ends instead, or says nothing for so long */
export function answer(child, withinMs = 60_000) {
  return new Promise((resolve, reject) => {
    const settle = (act) => (value) => {
      clearTimeout(deadline);
      child.off('exit', died);
      child.off('message', heard);
      act(value);
    };
    const heard = settle(resolve);
    const died = settle((code) => reject(new Error(`a child process ended with ${code}`)));
    const late = settle(() => reject(new Error(`a child process did not answer in ${withinMs} ms`)));
    const deadline = setTimeout(late, withinMs);
    child.once('message', heard);
    child.once('exit', died);
  });
}

export function ask(child, message, withinMs) {
  const answered = answer(child, withinMs);
  child.send(message);
  return answered;
}

/** kill -9, of a process that may have ended by itself. Resolves when it is gone. */
export async function kill(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}

/** The kernel counts processor time in hundredths of a second. */
const TICKS_PER_SECOND = 100;

/** Parent and seconds of processor time of a process, its own and those of its ended children; null where /proc is not. */
export async function usageOf(pid) {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  if (text === null) return null;
  // The second field, the name, may hold anything but ends with the last bracket.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [own, ofChildren] = [fields.slice(11, 13), fields.slice(13, 15)].map(
    (pair) => pair.map(Number).reduce((sum, ticks) => sum + ticks) / TICKS_PER_SECOND,
  );
  return { parent: Number(fields[1]), own, ofChildren };
}

/** Seconds of processor time of a process and of everything it has started, the living and the dead. */
export async function cpuOfTree(pid) {
  const usage = await usageOf(pid);
  if (usage === null) return null;
  const list = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  const children = await Promise.all(list.trim().split(' ').filter(Boolean).map(usageOf));
  return children.reduce((sum, child) => sum + (child?.own ?? 0), usage.own + usage.ofChildren);
}

/** Bytes of memory of a process; null when it is gone. */
export async function rssOf(pid) {
  const text = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const kilobytes = /VmRSS:\s+(\d+)/.exec(text)?.[1];
  return kilobytes === undefined ? null : Number(kilobytes) * 1_024;
}
