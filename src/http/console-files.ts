import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** A file of the built console, with the forms the build has compressed. */
export interface ConsoleAsset {
  type: string;
  plain: Buffer;
  compressed: { br?: Buffer; gzip?: Buffer };
}

const TYPES: Record<string, string> = {
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
  png: 'image/png',
};

/**
 * The console as `npm run build` left it in web/dist. It is small, and read once: a request is a look-up, and no path
 * a browser sends ever reaches the file system.
 */
export class ConsoleFiles {
  private constructor(
    private readonly html: string,
    private readonly assets: ReadonlyMap<string, ConsoleAsset>,
  ) {}

  /** @returns null when the console is not built */
  static read(folder: string): ConsoleFiles | null {
    try {
      const html = readFileSync(join(folder, 'index.html'), 'utf8');
      const files = new Map(
        readdirSync(join(folder, 'assets')).map((name) => [name, readFileSync(join(folder, 'assets', name))]),
      );
      return new ConsoleFiles(html, assetsIn(files));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  }

  page(mode: 'demo' | 'production'): { html: string; etag: string } {
    const html = this.html.replace('data-mode="production"', `data-mode="${mode}"`);
    return { html, etag: `"${createHash('sha256').update(html).digest('base64url').slice(0, 22)}"` };
  }

  /** @param name as in the page: with the hash of what is in it */
  asset(name: string): ConsoleAsset | undefined {
    return this.assets.get(name);
  }
}

function assetsIn(files: Map<string, Buffer>): Map<string, ConsoleAsset> {
  const assets = new Map<string, ConsoleAsset>();
  for (const [name, plain] of files) {
    const type = TYPES[name.split('.').at(-1) ?? ''];
    if (type === undefined) continue;
    const [br, gzip] = [files.get(`${name}.br`), files.get(`${name}.gz`)];
    assets.set(name, { type, plain, compressed: { ...(br && { br }), ...(gzip && { gzip }) } });
  }
  return assets;
}
