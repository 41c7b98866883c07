import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const root = path.join(import.meta.dirname, '../..');
const pagesIn = (folder: string): string[] =>
  readdirSync(path.join(root, folder))
    .filter((file) => file.endsWith('.md'))
    .map((file) => path.join(folder, file));
const pages = ['.', 'client', 'simulator', 'docs', 'docs/decisions'].flatMap(pagesIn);

const textOf = (page: string): string =>
  readFileSync(path.join(root, page), 'utf8').replace(/```[^]*?```/g, '');

/** A heading's anchor, as GitHub makes it. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
const anchorsOf = (page: string): string[] =>
  [...textOf(page).matchAll(/^#+ (.+)$/gm)].map(([, heading]) => anchorOf(heading!));

/** No such file, or no such heading in it. */
function isBroken(page: string, link: string): boolean {
  const [file, anchor] = link.split('#') as [string, string | undefined];
  const target = file === '' ? page : path.join(path.dirname(page), file);
  if (!existsSync(path.join(root, target))) return true;
  return anchor !== undefined && !anchorsOf(target).includes(anchor);
}

describe('the page', () => {
  it.each(pages)('%s has no link into the project that leads nowhere', (page) => {
    const links = [...textOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link!);
    const own = links.filter((link) => !/^[a-z]+:/.test(link));
    expect(own.filter((link) => isBroken(page, link))).toEqual([]);
  });
});

interface Rule {
  name: string;
  comment: string;
}

describe('the table of rooms in docs/architecture.md', () => {
  const { forbidden } = createRequire(import.meta.url)('../../.dependency-cruiser.cjs') as {
    forbidden: Rule[];
  };
  /** Room by room, the rooms of which it may use something. */
  const ruled = forbidden.flatMap(({ name, comment }) => {
    const [, room, known] = /^(.+) may know: (.+)$/.exec(comment ?? '') ?? [];
    if (!name.endsWith('-knows-only')) return [];
    return [[room!, known!.split(' ').map((part) => part.split('/')[0]!)] as const];
  });
  const everything = ['[a-z-]+'];
  const written = [...textOf('docs/architecture.md').matchAll(/^\| `([a-z-]+)` \| .+ \| ([^|]+) \|$/gm)].map(
    ([, room, known]) => {
      const names = [...known!.matchAll(/`([a-z-]+)`/g)].map(([, one]) => one!);
      return [room!, names.length > 0 ? names : known === 'everything' ? everything : [known!]] as const;
    },
  );
  const sorted = (rooms: (readonly [string, readonly string[]])[]): object =>
    Object.fromEntries(rooms.map(([room, known]) => [room, [...new Set(known)].sort()]));

  it('says what the rules of the imports say', () => expect(sorted(written)).toEqual(sorted(ruled)));
});
