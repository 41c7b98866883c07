// Takes the pictures of the README from the running product: `npm run build && npm run pictures`.
// Starts the demo on a free port with data of its own, and plays the scenes in Debian's Chromium.
import { spawn } from 'node:child_process';
import { mkdtemp, mkdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

const MAX_BYTES = 300_000;
const folder = new URL('../docs/pictures/', import.meta.url).pathname;
const dataDir = await mkdtemp(join(tmpdir(), 'ringway-pictures-'));
const env = { PATH: process.env.PATH, HOME: process.env.HOME, PORT: '0', RINGWAY_DATA_DIR: dataDir };
const gateway = spawn(process.execPath, [new URL('../dist/main.js', import.meta.url).pathname], {
  env,
  stdio: ['ignore', 'pipe', 'inherit'],
});
const ended = new Promise((resolve) => gateway.once('exit', resolve));

async function ready() {
  let url;
  for await (const line of createInterface({ input: gateway.stdout })) {
    url ??= /ready on (http:\S+)/.exec(line)?.[1];
    if (url && line.includes('they are asleep')) return url;
  }
  throw new Error('the gateway ended before it was ready');
}

let browser;
try {
  const url = await ready();
  await mkdir(folder, { recursive: true });
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
    args: [
      '--headless=new',
      '--no-sandbox',
      '--disable-gpu',
      '--use-fake-ui-for-media-stream',
      '--use-fake-device-for-media-stream',
    ],
  });
  for (const colorScheme of ['light', 'dark']) {
    const context = await browser.newContext({
      ...{ viewport: { width: 1280, height: 860 }, colorScheme, reducedMotion: 'reduce', locale: 'en-GB' },
    });
    const page = await context.newPage();
    const picture = async (name) => {
      const path = join(folder, `${name}-${colorScheme}.png`);
      await page.screenshot({ path });
      const { size } = await stat(path);
      if (size > MAX_BYTES) throw new Error(`${path} has ${size} bytes; at most ${MAX_BYTES} are wanted`);
      console.log(`${path} (${size} bytes)`);
    };
    const press = (name) => page.getByRole('button', { name, exact: true }).click();
    const state = (text) => page.getByTestId('call-state').getByText(text).waitFor();

    await page.goto(url);
    await page.getByLabel('Your name').fill('Max');
    await press('Switch on');
    await page.getByTestId('status').getByText('Online').waitFor();

    // A few calls, so that there is something to look back at.
    for (const [button, then] of [
      ['Call Sam', 'Decline on Sam’s phone'],
      ['Call Ada', 'Answer on Ada’s phone'],
    ]) {
      await press(button);
      await press(then);
      await state(then.startsWith('Answer') ? '0:0' : 'Declined');
      if (then.startsWith('Answer')) await press('Hang up');
      await press('Close');
    }

    await press('Video call Ivy');
    await state('Ringing');
    await page.locator('[data-phone=ivy]').getByText('Ringing').waitFor();
    await picture('desk');
    await press('Answer on Ivy’s phone');
    await state('0:0');
    await press('Hang up');
    await press('Close');

    // Sam's App Store build says sandbox: the first push is refused, the second heals it.
    const sam = page.locator('[data-phone=sam]');
    await sam.getByText('Install and APNs').click();
    await sam.getByLabel('The app declares').selectOption('sandbox');
    await sam.getByText('wrong environment').waitFor();
    await press('Video call Sam');
    await state('0:0'); // Sam picks up by himself, after a while
    await sam.getByText('healed').waitFor();
    await press('Hang up');
    await page.getByRole('link', { name: 'What happened?', exact: true }).click();
    await page.waitForURL('**/calls/*');
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page.getByText('400 BadDeviceToken').first().waitFor();
    await picture('inspector');

    await page.getByRole('navigation').getByRole('link', { name: 'Overview' }).click();
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
    await page.getByText('environment healed').waitFor();
    await picture('overview');
    await page.goto(url);
    await page.locator('[data-phone=sam]').getByLabel('Killed').check();
    await page.locator('[data-phone=sam]').getByText('Install and APNs').click();
    await page.locator('[data-phone=sam]').getByLabel('The app declares').selectOption('production');
    for (const id of ['ivy', 'ada']) await page.locator(`[data-phone=${id}]`).getByLabel('Killed').check();
    await context.close();
  }
} finally {
  await browser?.close();
  gateway.kill('SIGTERM');
  await ended;
  await rm(dataDir, { recursive: true, force: true });
}
