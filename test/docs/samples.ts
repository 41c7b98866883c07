import { readFileSync } from 'node:fs';
import path from 'node:path';

export const ROOT = path.resolve(import.meta.dirname, '../..');

export interface Sample {
  /** Relative to the root of the project. */
  page: string;
  /** Where it begins. */
  line: number;
  language: string;
  /** The file name it is given in the page, if any: ```` ```js title=token.mjs ````. */
  title: string | null;
  code: string;
}

/** The fenced code blocks of a page, in order. Those without a language are for people: they are not code. */
export function samplesOf(page: string): Sample[] {
  const lines = readFileSync(path.join(ROOT, page), 'utf8').split('\n');
  const samples: Sample[] = [];
  let open: Sample | null = null;
  for (const [index, line] of lines.entries()) {
    const fence = /^```(\w*)(?: title=(\S+))?$/.exec(line);
    if (!fence) {
      if (open) open.code += `${line}\n`;
    } else if (open) {
      if (open.language !== '') samples.push(open);
      open = null;
    } else {
      open = { page, line: index + 1, language: fence[1]!, title: fence[2] ?? null, code: '' };
    }
  }
  return samples;
}

/** `page:line`, and the title. For the names of tests. */
export const nameOf = ({ page, line, title }: Sample): string =>
  `${page}:${line}${title === null ? '' : ` (${title})`}`;
