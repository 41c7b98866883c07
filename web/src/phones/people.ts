import { signal } from '@preact/signals';
import { textInStorage } from '../storage.js';

/** Whoever sits in front of this tab. */
export interface Person {
  userId: string;
  name: string;
}

const VIRTUAL = ['ivy', 'sam', 'ada'];
const MAX_PEOPLE = 12;

const keptName = textInStorage('ringway.name');
const tabName = textInStorage('ringway.name', 'tab');
const tabDevice = textInStorage('ringway.device', 'tab');
const keptPeople = textInStorage('ringway.people');

/** A name as a user id; empty when nothing is left of it. */
export const userIdOf = (name: string): string =>
  name
    .trim()
    .toLowerCase()
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 40);

/** @returns what is wrong with the name, in words for the person; null when it will do */
export function flawOf(name: string): string | null {
  const id = userIdOf(name);
  if (id === '') return 'Type a name with at least one letter.';
  return VIRTUAL.includes(id) ? `${name.trim()} is one of the virtual phones here. Take another name.` : null;
}

/** The person of this tab. A second tab may be somebody else, so it is asked. */
export const me = signal<Person | null>(personNamed(tabName.read()));

/** Only the first tab of a browser goes on as whoever was here last. */
export async function goOnAsBefore(): Promise<void> {
  const first = await isFirstTab(); // also a tab that goes on as nobody is the first one
  const name = keptName.read();
  if (first && !me.value && name !== null) become(name);
}

export function become(name: string): void {
  const person = personNamed(name);
  if (!person) return;
  keptName.write(person.name);
  tabName.write(person.name);
  remember(person.name);
  me.value = person;
}

/** Somebody else takes this tab. */
export function leave(): void {
  tabName.write(null);
  draftName.value = someName();
  me.value = null;
}

/** The id of this tab as a device: the same after a reload, another one in another tab. */
export function deviceId(): string {
  const id = tabDevice.read() ?? `tab-${crypto.getRandomValues(new Uint32Array(2)).join('-')}`;
  tabDevice.write(id);
  return id;
}

/** The names used in this browser, so that one tab finds the other. */
export const people = signal<Person[]>(readPeople());
addEventListener('storage', () => (people.value = readPeople()));

export function remember(name: string): void {
  const names = [name, ...readPeople().map((person) => person.name)];
  const unique = names.filter(
    (one, nr) => names.findIndex((other) => userIdOf(other) === userIdOf(one)) === nr,
  );
  keptPeople.write(JSON.stringify(unique.slice(0, MAX_PEOPLE)));
  people.value = readPeople();
}

function readPeople(): Person[] {
  try {
    const names: unknown = JSON.parse(keptPeople.read() ?? '[]');
    return (Array.isArray(names) ? names : []).map(String).flatMap((name) => personNamed(name) ?? []);
  } catch {
    return [];
  }
}

function personNamed(name: string | null): Person | null {
  if (name === null || flawOf(name) !== null) return null;
  return { userId: userIdOf(name), name: name.trim().slice(0, 40) };
}

const FRIENDS = ['Kim', 'Noa', 'Max', 'Mila', 'Theo', 'Lena', 'Emil', 'Zoe', 'Finn', 'Nora', 'Jun', 'Lea'];

/** A name for whoever does not care, which nobody has in this browser. */
function someName(): string {
  const free = FRIENDS.filter((name) => !people.value.some(({ userId }) => userId === userIdOf(name)));
  return free[Math.floor(Math.random() * free.length)] ?? `Friend ${1 + Math.floor(Math.random() * 999)}`;
}

/** What is in the form of a tab that is nobody's yet. */
export const draftName = signal(someName());

let asked: Promise<boolean> | null = null;

/** The lock is held as long as the tab lives. */
function isFirstTab(): Promise<boolean> {
  if (!('locks' in navigator)) return Promise.resolve(false);
  asked ??= new Promise((resolve) => {
    void navigator.locks.request('ringway.first-tab', { ifAvailable: true }, (lock) => {
      resolve(lock !== null);
      return lock && new Promise(() => undefined);
    });
  });
  return asked;
}
