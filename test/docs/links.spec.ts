import { existsSync, readFileSync, readdirSync } from 'node:fs';
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

describe('the table of rooms in docs/architecture.md', () => {
  it('names files and folders that are there', () => {
    const rows = [...textOf('docs/architecture.md').matchAll(/^\| .+ \| (?<where>[^|]+) \|$/gm)];
    const named = rows.flatMap(({ groups }) => [...groups!.where!.matchAll(/`([^`]*[./][^`]*)`/g)]);
    const paths = named.map(([, one]) => path.join('src', one!));
    expect(paths.length).toBeGreaterThan(20);
    expect(paths.filter((one) => !existsSync(path.join(root, one)))).toEqual([]);
  });

  it('has a row for every folder of src', () => {
    const folders = readdirSync(path.join(root, 'src'), { withFileTypes: true }).filter((one) =>
      one.isDirectory(),
    );
    const page = textOf('docs/architecture.md');
    expect(folders.map(({ name }) => name).filter((name) => !page.includes(`\`${name}/`))).toEqual([]);
  });
});
