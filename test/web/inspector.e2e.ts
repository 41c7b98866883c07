import { randomUUID } from 'node:crypto';
import type { Phone } from '../support/phone.js';
import { type PushingGateway, pushingGateway } from '../support/pushing.js';
import { TestBrowser, inBrowser } from './browser.js';

inBrowser('the call inspector', () => {
  let gateway: PushingGateway;
  let browser: TestBrowser;
  let alice: Phone;
  let healed: string;
  let pushToken: string;
  beforeAll(async () => {
    [gateway, browser] = await Promise.all([pushingGateway(), TestBrowser.start()]);
    alice = await gateway.phone('alice', { name: 'Alice' });
    const iphone = await gateway.iphone('wrong', { environment: 'sandbox', declared: 'production' });
    pushToken = iphone.token;
    healed = await alice.calls('wrong', { media: 'video' });
    const { payload } = await gateway.simulator.nextDelivery(iphone.token);
    const action = { token: payload.actionToken as string, method: 'POST' };
    await alice.hears('call:progress', ({ step }) => step === 'push-accepted');
    await gateway.http(`/v1/calls/${healed}/ringing`, action);
    await gateway.http(`/v1/calls/${healed}/answer`, action);
    await alice.say('call:end', { callId: healed });
  });
  afterAll(async () => {
    await browser?.stop();
    await gateway?.stop();
  });

  it('lists the calls as they come, and finds those of one user', async () => {
    const { page, faults, inaccessible } = await browser.open(`${gateway.url}/calls`);
    const rows = page.locator('tbody tr');
    await rows.first().waitFor();
    expect(await rows.count()).toBe(1);
    await gateway.phone('bob', { name: 'Bob' });
    const callId = await alice.calls('bob');
    await page.getByRole('row', { name: /bob.*initiated/ }).waitFor();
    await alice.say('call:cancel', { callId });
    await page.getByRole('row', { name: /bob.*cancelled/ }).waitFor();
    expect(await inaccessible()).toEqual([]);

    await page.getByLabel('User').fill('wrong');
    await page.getByRole('row', { name: /bob/ }).waitFor({ state: 'detached' });
    await page.getByRole('row', { name: /wrong/ }).waitFor(); // the list is empty while it is asked for
    expect(await rows.count()).toBe(1);
    expect(page.url()).toContain('user=wrong');
    await page.getByLabel('Outcome').selectOption('missed');
    await page.getByText('No call fits these filters.').waitFor();
    await page.getByRole('button', { name: 'Show all calls' }).click();
    await page.getByRole('row', { name: /bob/ }).waitFor();
    expect(faults).toEqual([]);
  });

  it('says of a healed call why it rang, on top and in each step, by keyboard alone', async () => {
    const { page, faults, inaccessible } = await browser.open(`${gateway.url}/calls`);
    const row = page.getByRole('link', { name: /Alice called wrong/ });
    await row.focus();
    await page.keyboard.press('Enter');
    const verdict = page.getByRole('heading', { level: 1 });
    await verdict.filter({ hasText: 'declared production but belongs to sandbox' }).waitFor();

    const slider = page.getByRole('slider', { name: 'Step' });
    const explained = page.locator('.explained');
    await slider.focus();
    await page.keyboard.press('Home');
    expect(await explained.textContent()).toContain('Alice starts a video call to wrong.');
    await page.keyboard.press('ArrowRight');
    expect(await explained.textContent()).toContain('asks APNs production to wake com.example.app');
    await page.keyboard.press('ArrowRight');
    expect(await explained.textContent()).toContain('production refused the push (400 BadDeviceToken)');
    expect(await explained.textContent()).toContain('healed');
    await page.keyboard.press('ArrowRight');
    expect(await explained.textContent()).toContain('Environment healed: production → sandbox');
    expect(await page.locator('li[aria-current=step]').textContent()).toContain('Environment healed');
    expect(await page.locator('.diagram [data-when=future]').count()).toBe(4);
    expect(page.url()).toContain('step=4');
    expect(await inaccessible()).toEqual([]);

    await page.reload();
    await explained.filter({ hasText: 'Environment healed' }).waitFor();
    const types = (await gateway.timeline(healed, 'alice')).map(({ type }) => type);
    expect(await page.locator('.step-list li').count()).toBe(types.length);
    expect(faults).toEqual([]);
  });

  it('is drawn with the refused environment apart from the one that took the push', async () => {
    const { page } = await browser.open(`${gateway.url}/calls/${healed}`);
    await page.locator('.diagram svg').waitFor();
    expect(await page.locator('.lane-head title').allTextContents()).toEqual([
      ...['Alice, alice-phone', 'Ringway, gateway', 'Apple, APNs production', 'Apple, APNs sandbox'],
      'iPhone, wrong · iOS',
    ]);
    expect(await page.locator('.diagram [data-mark=bad] .label').allTextContents()).toEqual([
      '400 BadDeviceToken',
    ]);
    expect(await page.locator('.diagram [data-mark=healed] .label').allTextContents()).toEqual([
      ...['same push to sandbox', 'healed: production → sandbox'],
    ]);
  });

  it('is copied as text for a ticket, with a link, and without a push token anywhere', async () => {
    const { page } = await browser.open(`${gateway.url}/calls/${healed}`, {
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    await page.getByRole('button', { name: 'Copy as text' }).click();
    await page.getByText('Copied', { exact: true }).waitFor();
    const ticket = await page.evaluate<string>('navigator.clipboard.readText()');
    expect(ticket).toMatch(/^iPhone was declared production but belongs to sandbox;/);
    expect(ticket).toContain(`${gateway.url}/calls/${healed}`);
    expect(ticket).toMatch(/^\+\d+\.\d{3} s {2}Alice starts a video call to wrong\./m);
    await page.getByText('The event as it was recorded').click();
    expect(await page.locator('pre').textContent()).toContain('"type": "CallEnded"');
    expect(ticket + (await page.content())).not.toContain(pushToken.slice(-6));
  });

  it('goes on with a call while it is looked at', async () => {
    await gateway.phone('carol', { name: 'Carol' });
    const callId = await alice.calls('carol');
    const { page, faults } = await browser.open(`${gateway.url}/calls/${callId}`);
    await page.getByRole('heading', { name: 'none rings yet' }).waitFor();
    await page.locator('.player').getByText('● live').waitFor();
    await page.getByRole('button', { name: 'Step back' }).click();
    await page.getByRole('button', { name: 'Follow live' }).click();
    await alice.say('call:cancel', { callId });
    await page.locator('.explained').getByText('Alice cancelled the call').waitFor();
    expect(page.url()).toBe(`${gateway.url}/calls/${callId}`);
    await page.locator('.step-list').getByText('Alice gives up').waitFor();
    expect(faults).toEqual([]);
  });

  it('lists calls on a tablet without cutting any off', async () => {
    const { page } = await browser.open(`${gateway.url}/calls`, { viewport: { width: 820, height: 1180 } });
    const result = page.locator('tbody tr').first().locator('.result');
    await result.waitFor();
    const { x, width } = (await result.boundingBox())!;
    expect(x + width).toBeLessThanOrEqual(820);
  });

  it('says so when there is no such call', async () => {
    const { page } = await browser.open(`${gateway.url}/calls/${randomUUID()}`);
    await page.getByRole('heading', { name: 'There is no such call' }).waitFor();
  });

  it.each(['light', 'dark'] as const)('fits a phone’s screen, in %s', async (colorScheme) => {
    const viewport = { width: 360, height: 740 };
    for (const path of ['/calls', `/calls/${healed}`]) {
      const { page, inaccessible } = await browser.open(gateway.url + path, { viewport, colorScheme });
      await page
        .locator(path === '/calls' ? 'tbody tr' : '.player')
        .first()
        .waitFor();
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
      expect(await inaccessible()).toEqual([]);
    }
  });
});
