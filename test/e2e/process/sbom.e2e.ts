import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

interface Bom {
  bomFormat: string;
  components: {
    purl: string;
    properties?: { name: string; value: string }[];
    hashes?: { content: string }[];
  }[];
}

describe('npm run sbom', () => {
  it('lists what is shipped, as CycloneDX, and marks what only builds and tests it', async () => {
    const cwd = fileURLToPath(new URL('../../..', import.meta.url));
    const run = promisify(execFile)('npm', ['run', '--silent', 'sbom'], { cwd, maxBuffer: 2 ** 26 });
    const { bomFormat, components } = JSON.parse((await run).stdout) as Bom;
    expect(bomFormat).toBe('CycloneDX');
    const named = (name: string) =>
      components.find(({ purl }) => decodeURIComponent(purl).startsWith(`pkg:npm/${name}@`));
    for (const name of ['@nestjs/core', 'socket.io', 'pg', 'rxjs', 'jose', 'ws']) {
      expect(named(name)).toMatchObject({ hashes: [{ content: expect.any(String) as string }] });
      expect(named(name)).not.toMatchObject(development);
    }
    expect(named('jest')).toMatchObject(development);
  }, 60_000);
});

const development = { properties: [{ name: 'cdx:npm:package:development', value: 'true' }] };
