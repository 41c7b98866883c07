import { readFileSync } from 'node:fs';

interface Installed {
  version?: string;
  license?: string;
  integrity?: string;
  dev?: boolean;
  link?: boolean;
  hasInstallScript?: boolean;
}

const json = (path: string): unknown =>
  JSON.parse(readFileSync(new URL(`../${path}`, import.meta.url), 'utf8'));
const { packages } = json('package-lock.json') as { packages: Record<string, Installed> };
const installed = Object.entries(packages)
  .filter(([path]) => path.includes('node_modules/'))
  .map(([path, about]) => ({ name: path.split('node_modules/').at(-1)!, path, ...about }));
const shipped = installed.filter(({ dev, link }) => !dev && !link);

/** Below these, somebody who sends messages can take the gateway down, or worse. */
const FLOORS: [name: string, floor: string, why: string][] = [
  ['socket.io', '4.6.2', 'CVE-2024-38355: an unhandled "error" event ends the process'],
  ['socket.io-parser', '4.2.7', 'CVE-2026-33151 (4.2.6): attachments without bound; CVE-2026-69185'],
  ['engine.io', '6.6.6', 'brings the safe ws'],
  ['ws', '8.21.0', 'CVE-2024-37890 (8.17.1), CVE-2026-45736 (8.20.1), CVE-2026-48779'],
  ['@nestjs/core', '12.0.3', 'CVE-2026-35515: server-sent events'],
  ['@nestjs/common', '12.0.3', 'CVE-2024-29409 and its successors'],
  ['@nestjs/platform-express', '12.0.3', 'goes with the core'],
  ['multer', '2.4.0', 'a series of denials of service; not used, but installed'],
  ['typeorm', '1.0.0', '0.3.26: CVE-2025-60542; 0.3.29: injection by order and limit'],
  ['jose', '4.15.5', 'CVE-2024-28176: decompression bombs'],
  ['express', '5.0.0', 'for its path-to-regexp'],
  ['path-to-regexp', '8.0.0', 'CVE-2024-45296, CVE-2024-52798: regular expressions that never end'],
  ['body-parser', '2.0.0', 'CVE-2024-45590: denial of service'],
  ['qs', '6.14.1', 'CVE-2025-15284: arrays without bound'],
  ['send', '1.1.0', 'CVE-2024-43799'],
  ['cookie', '0.7.0', 'CVE-2024-47764'],
];

/** Libraries with a history of accepting forged tokens, or without a maintainer. */
const UNWANTED = ['jsonwebtoken', 'jws', 'fast-jwt', 'class-transformer', 'request', 'node-uuid'];

/** SPDX ids of licences whose only condition on who ships the code is to pass on the notices. */
const ALLOWED_LICENCES = [
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'ISC',
  'MIT',
  'PostgreSQL',
  'Python-2.0',
];

/** What a package says of its licence; old ones do so in a form that the lock file leaves out. */
function licenceOf({ path, license }: { path: string; license?: string }): string {
  if (license !== undefined) return license;
  const { licenses } = json(`${path}/package.json`) as { licenses?: { type: string }[] };
  return licenses?.map(({ type }) => type).join(' AND ') ?? 'none';
}

/** Of `A OR B` one must be allowed, of `A AND B` both; anything more complicated is for a person to read. */
const isAllowed = (licence: string): boolean =>
  licence
    .replace(/^\((.*)\)$/, '$1')
    .split(' OR ')
    .some((choice) => choice.split(' AND ').every((id) => ALLOWED_LICENCES.includes(id)));

const isAtLeast = (version: string, floor: string): boolean => {
  const [a, b] = [version, floor].map((text) => text.split('-')[0]!.split('.').map(Number));
  const differs = b!.findIndex((part, index) => a![index] !== part);
  return differs === -1 || a![differs]! > b![differs]!;
};

describe('what is shipped with the gateway', () => {
  it.each(FLOORS)('has no %s below %s (%s)', (name, floor) => {
    const versions = shipped.filter((one) => one.name === name).map(({ version }) => version!);
    expect(versions).not.toEqual([]);
    expect(versions.filter((version) => !isAtLeast(version, floor))).toEqual([]);
  });

  it('is not what nobody should use', () =>
    expect(shipped.filter(({ name }) => UNWANTED.includes(name))).toEqual([]));

  it('is what its makers published: the lock file knows its hash', () =>
    expect(shipped.filter(({ integrity }) => !integrity)).toEqual([]));

  it('has a licence that lets it ship with the gateway', () => {
    const all = shipped.map((one) => ({ ...one, licence: licenceOf(one) }));
    const offenders = all.filter(({ licence }) => !isAllowed(licence));
    expect(offenders.map(({ name, version, licence }) => `${name} ${version}: ${licence}`)).toEqual([]);
  });

  it('runs no script while it is installed, but for those that are allowed or refused by name', () => {
    const { allowScripts } = json('package.json') as { allowScripts: Record<string, boolean> };
    const scripts = shipped.filter(({ hasInstallScript }) => hasInstallScript).map(({ name }) => name);
    expect(scripts.filter((name) => !(name in allowScripts))).toEqual([]);
  });
});

describe('our own packages', () => {
  const ours = Object.keys(packages).filter((path) => !path.includes('node_modules/'));

  it.each(ours.map((path) => `${path}/package.json`.replace(/^\//, '')))('%s says Apache-2.0', (path) =>
    expect(json(path)).toHaveProperty('license', 'Apache-2.0'),
  );

  it('have a notice that names the licence and where its text is', () => {
    const notice = readFileSync(new URL('../LICENSE', import.meta.url), 'utf8');
    expect(notice).toContain('SPDX-License-Identifier: Apache-2.0');
    expect(notice).toContain('https://www.apache.org/licenses/LICENSE-2.0');
  });
});

describe('the check of licences', () => {
  it.each([
    ['MIT', true],
    ['(MIT OR GPL-3.0-only)', true],
    ['MIT AND GPL-3.0-only', false],
    ['AGPL-3.0-only', false],
    ['SEE LICENSE IN LICENSE.md', false],
    ['none', false],
  ])('%s may ship: %s', (licence, so) => expect(isAllowed(licence)).toBe(so));
});

describe('the comparison of versions', () => {
  it.each([
    ['1.2.3', '1.2.3', true],
    ['1.10.0', '1.9.9', true],
    ['2.0.0-beta.1', '1.9.9', true],
    ['1.2.2', '1.2.3', false],
    ['0.9.9', '1.0.0', false],
  ])('%s is at least %s: %s', (version, floor, so) => expect(isAtLeast(version, floor)).toBe(so));
});
