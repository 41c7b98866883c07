import { createRequire } from 'node:module';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { Desk, inBrowser } from './desk.js';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** What axe-core calls serious or critical on the page as it is now. */
async function faultsOf(page: Page): Promise<string[]> {
  await page.addScriptTag({ path: AXE });
  const { violations } = await page.evaluate(() => (globalThis as any).axe.run());
  return violations
    .filter(({ impact }: { impact: string }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }: { id: string; nodes: { target: string[]; failureSummary: string }[] }) =>
      nodes.map(({ target, failureSummary }) => `${id}: ${target.join(' ')}: ${failureSummary}`),
    );
}

inBrowser('the console for everybody', () => {
  let desk: Desk;

  beforeAll(async () => {
    desk = await Desk.open();
  });
  afterAll(() => desk.close());

  it.each(['light', 'dark'] as const)('has no serious fault on any page (%s)', async (colorScheme) => {
    // axe comes as a script that the page's own policy would not let in.
    const context = await desk.context({ colorScheme, bypassCSP: true, reducedMotion: 'reduce' });
    const page = await desk.tab(context);
    await page.getByLabel('Your name').waitFor();
    expect(await faultsOf(page)).toEqual([]);

    await page.getByLabel('Your name').fill('Max');
    await page.keyboard.press('Enter');
    await page.getByTestId('status').getByText('Online').waitFor();
    await page.getByText('Install and APNs').first().click();
    await page.locator('[data-phone=ivy]').getByLabel('Picks up by itself').uncheck();
    await page.locator('[data-phone=ada]').getByLabel('Open', { exact: true }).check();
    await page.getByRole('button', { name: 'Max from Ada’s phone' }).waitFor();
    expect(await faultsOf(page)).toEqual([]);

    await page.getByRole('button', { name: 'Video call Ivy' }).click();
    await page.getByTestId('call-state').getByText('Ringing').waitFor();
    expect(await faultsOf(page)).toEqual([]);
    await page.getByRole('button', { name: 'Answer on Ivy’s phone' }).click();
    await page.getByRole('button', { name: 'Mute' }).waitFor();
    expect(await faultsOf(page)).toEqual([]);
    await page.getByRole('button', { name: 'Hang up' }).click();

    await page.getByRole('link', { name: 'What happened?', exact: true }).click();
    await page.waitForURL('**/calls/*');
    await page.getByRole('heading', { level: 1 }).waitFor();
    expect(await faultsOf(page)).toEqual([]);
    for (const [link, path] of [
      ['Calls', '**/calls'],
      ['Overview', '**/overview'],
    ] as const) {
      await page.getByRole('navigation').getByRole('link', { name: link }).click();
      await page.waitForURL(path);
      await page.getByRole('heading', { level: 1 }).waitFor();
      expect(await faultsOf(page)).toEqual([]);
    }
    await context.close();
    expect(desk.complaints).toEqual([]);
  });

  it('says in its own words that there is no such page, and to programs as everywhere', async () => {
    const get = (path: string, accept: string): Promise<Response> =>
      fetch(desk.url + path, { headers: { accept } });
    const looked = await get('/nowhere', 'text/html,application/xhtml+xml,*/*;q=0.8');
    expect([looked.status, looked.headers.get('content-type')]).toEqual([404, 'text/html; charset=utf-8']);
    for (const [path, accept] of [
      ['/nowhere', '*/*'],
      ['/v1/nowhere', 'text/html'],
      ['/assets/nothing.js', 'text/html'],
    ] as const) {
      const asked = await get(path, accept);
      expect([asked.status, asked.headers.get('content-type')]).toEqual([
        404,
        'application/problem+json; charset=utf-8',
      ]);
    }
    const context = await desk.context();
    const page = await context.newPage();
    await page.goto(`${desk.url}/nowhere`);
    await page.getByRole('heading', { name: 'There is no such page' }).waitFor();
    await context.close();
  });

  it('stays within a narrow screen', async () => {
    const context = await desk.context({ viewport: { width: 360, height: 740 } });
    const page = await desk.phone(context, 'Max');
    for (const path of ['/', '/calls', '/overview']) {
      await page.goto(desk.url + path);
      await page.getByRole('heading', { level: 1 }).waitFor();
      const width: number = await page.evaluate('document.documentElement.scrollWidth');
      expect({ path, width }).toEqual({ path, width: 360 });
    }
    await context.close();
  });
});
