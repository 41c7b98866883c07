import { readFileSync, readdirSync, writeFileSync } from 'node:fs';

const folder = new URL('../../docs/decisions/', import.meta.url);
const textOf = (file: string): string => readFileSync(new URL(file, folder), 'utf8');
const files = readdirSync(folder)
  .filter((file) => /^\d/.test(file))
  .sort();

const TITLE = /^# (?<number>\d+)\. (?<title>.+)\n\n/;
const STATUS =
  /\*\*Status\.\*\* (?<status>Accepted|Withdrawn|Superseded(?= by \[decision \d+\]\(\d{4}-))\b.*\n/;
const DATE = /\*\*Date\.\*\* (?<date>\d{4}-\d\d-\d\d)\.\n/;
const HEADER = new RegExp(TITLE.source + STATUS.source + DATE.source);
const headerOf = (file: string): Record<string, string> => HEADER.exec(textOf(file))?.groups ?? {};

describe('the decision record', () => {
  it.each(files)(
    '%s begins with its number, title, status (what replaces it, if superseded) and date',
    (file) => expect(headerOf(file)).toMatchObject({ number: String(Number(file.slice(0, 4))) }),
  );

  it('has no number twice and leaves none out', () =>
    expect(files.map((file) => Number(file.slice(0, 4)))).toEqual(files.map((_, index) => index + 1)));
});

describe('docs/decisions/README.md', () => {
  const generated = /(?<=<!-- generated: .*-->\n)[^]*(?=<!-- end of what is generated -->)/;

  it('lists every decision (if not: UPDATE_DOCS=1 npm run test:unit, and read the difference)', () => {
    const rows = files.map((file) => {
      const { number, title, status, date } = headerOf(file);
      return `| ${number} | [${title}](${file}) | ${status?.toLowerCase()} | ${date} |\n`;
    });
    const table = `\n|  | decision | status | date |\n| --: | --- | --- | --- |\n${rows.join('')}\n`;
    const page = textOf('README.md');
    if (process.env.UPDATE_DOCS)
      writeFileSync(
        new URL('README.md', folder),
        page.replace(generated, () => table),
      );
    else expect(generated.exec(page)?.[0]).toBe(table);
  });
});
