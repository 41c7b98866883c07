import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Browser, type BrowserContextOptions, type Page, chromium } from 'playwright-core';

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
  existsSync,
);
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** Shorter than a test may take, so that it fails with what it was waiting for. */
const PATIENCE_MS = 12_000;

/** A `describe` of what somebody does in a browser; skipped where none is installed. */
export const inBrowser = CHROMIUM === undefined ? describe.skip : describe;

export interface Tab {
  page: Page;
  /** What went wrong in the tab: errors on its console, requests that failed or were answered with an error. */
  faults: string[];
  /** What axe finds serious or worse, as `rule: where`. */
  inaccessible(): Promise<string[]>;
}

/** A real Chromium; each tab has a profile of its own. */
export class TestBrowser {
  private constructor(private readonly browser: Browser) {}

  static async start(): Promise<TestBrowser> {
    return new TestBrowser(
      await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-dev-shm-usage'] }),
    );
  }

  async open(url: string, options: BrowserContextOptions = {}): Promise<Tab> {
    const context = await this.browser.newContext(options);
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    const faults: string[] = [];
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) faults.push(`console: ${message.text()}`);
    });
    page.on('pageerror', (error) => faults.push(`error: ${error.message}`));
    page.on('requestfailed', (request) => {
      const why = request.failure()?.errorText;
      // The page itself gives up a question that it no longer asks.
      if (why !== 'net::ERR_ABORTED') faults.push(`request: ${request.url()} ${why}`);
    });
    page.on('response', (response) => {
      if (response.status() >= 400) faults.push(`answer: ${response.url()} ${response.status()}`);
    });
    await page.goto(url);
    return { page, faults, inaccessible: () => inaccessible(page) };
  }

  async stop(): Promise<void> {
    await this.browser.close();
  }
}

interface AxeFault {
  id: string;
  impact: string;
  nodes: { target: string[]; failureSummary: string }[];
}

async function inaccessible(page: Page): Promise<string[]> {
  // Through the debugger's door: the page's content security policy lets no foreign script in.
  await page.evaluate(AXE);
  const found = await page.evaluate<AxeFault[]>('axe.run().then(({ violations }) => violations)');
  return found
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id}: ${target.join(' ')} ${failureSummary}`),
    );
}
