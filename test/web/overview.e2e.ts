import type { Body } from '../support/gateway.js';
import { type PushingGateway, pushingGateway } from '../support/pushing.js';
import { TestBrowser, inBrowser } from './browser.js';

inBrowser('the overview', () => {
  let gateway: PushingGateway;
  let browser: TestBrowser;
  beforeAll(async () => {
    [gateway, browser] = await Promise.all([pushingGateway(), TestBrowser.start()]);
  });
  afterAll(async () => {
    await browser?.stop();
    await gateway?.stop();
  });

  it('says what to do while there is nothing to show', async () => {
    const { page, faults, inaccessible } = await browser.open(`${gateway.url}/overview`);
    await page.getByRole('heading', { name: 'No calls in this time' }).waitFor();
    await page.getByText('No push was sent in this time.').waitFor();
    expect(await inaccessible()).toEqual([]);
    expect(faults).toEqual([]);
  });

  it('shows what the database holds, in figures, charts and tables', async () => {
    const [alice, bob] = [await gateway.phone('alice'), await gateway.phone('bob')];
    for (const end of ['call:decline', 'call:decline', 'call:answer']) {
      const callId = await alice.calls('bob');
      await bob.say('call:ringing', { callId });
      await bob.say(end, { callId });
    }
    await gateway.iphone('wrong', { environment: 'sandbox', declared: 'production' });
    await alice.calls('wrong');
    await alice.hears('call:progress', ({ step }) => step === 'push-accepted');
    const token = await gateway.token('olga', undefined, 'ringway:operator');
    const figures: Body = (await gateway.http('/v1/operator/overview', { token })).body;
    expect(figures.calls).toMatchObject({ total: 4, live: 2 });

    const { page, faults, inaccessible } = await browser.open(`${gateway.url}/overview`);
    const tile = (name: string): Promise<string | null> =>
      page
        .locator('.tile')
        .filter({ has: page.getByText(name, { exact: true }) })
        .locator('.tile-figure')
        .textContent();
    await page.getByRole('heading', { name: 'Calls per minute' }).waitFor();
    expect(await tile('Calls')).toBe('4');
    expect(await tile('Median')).toBe(`${figures.timeToRing.medianMs} ms`);
    expect(await tile('p99')).toBe(`${figures.timeToRing.p99Ms} ms`);
    expect(await tile('Live sockets')).toBe('2');
    const cells = async (section: string): Promise<string[][]> => {
      const rows = page.getByRole('region', { name: section, exact: true }).locator('tbody tr');
      return Promise.all(
        (await rows.all()).map((row) => row.locator('th, td.number, td:not([class])').allTextContents()),
      );
    };
    const legend = page.getByRole('region', { name: 'Outcomes' }).getByRole('listitem');
    expect((await legend.allTextContents()).sort()).toEqual(['declined250.0 %', 'not over yet250.0 %']);
    const rang: number[] = figures.timeToRing.spread.map(({ calls }: { calls: number }) => calls);
    expect(rang.reduce((sum, calls) => sum + calls, 0)).toBe(figures.timeToRing.measured);
    await page.getByRole('img', { name: 'Calls by time to ring.' }).waitFor();
    expect(await cells('Pushes')).toEqual([
      ['APNs production', '✕ refused: 400 BadDeviceToken', '1', '50.0 %'],
      ['APNs sandbox', '✓ accepted', '1', '50.0 %'],
      ['APNs sandbox', '+ environment healed', '1', '–'],
    ]);
    await page.getByText('As a table').click();
    const begun = await page
      .getByRole('region', { name: 'Calls over time' })
      .locator('td:nth-child(2)')
      .allTextContents();
    expect(begun.reduce((sum, count) => sum + Number(count), 0)).toBe(4);
    expect(await inaccessible()).toEqual([]);
    expect(faults).toEqual([]);
  });

  it.each(['light', 'dark'] as const)('fits a phone’s screen, in %s', async (colorScheme) => {
    const viewport = { width: 360, height: 740 };
    const { page, inaccessible } = await browser.open(`${gateway.url}/overview`, { viewport, colorScheme });
    await page.locator('.time-to-ring').waitFor();
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
    expect(await inaccessible()).toEqual([]);
  });
});
