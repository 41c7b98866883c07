import { IN_AN_HOUR, signed } from '../auth/tokens.js';
import { freshDatabase, type TestDatabase } from '../support/database.js';
import { type TestGateway, testGateway } from '../support/gateway.js';
import { TestBrowser, inBrowser } from './browser.js';

const SECRET = 'a secret of the app that is long enough';
const YEARS_S = 10 * 365 * 86_400;
const tokenWith = (claims: object): Promise<string> =>
  signed(SECRET, { sub: 'olga', exp: IN_AN_HOUR + YEARS_S, ...claims });

inBrowser('the console in production', () => {
  let gateway: TestGateway;
  let browser: TestBrowser;
  beforeAll(async () => {
    const env = { DEMO: '0', AUTH_SECRET: SECRET };
    [gateway, browser] = await Promise.all([testGateway(env), TestBrowser.start()]);
  });
  afterAll(async () => {
    await browser?.stop();
    await gateway?.stop();
  });

  it('asks for an operator’s token, and says what is wrong with another one', async () => {
    const { page, inaccessible } = await browser.open(`${gateway.url}/calls`);
    const box = page.getByLabel('Operator’s token');
    await box.waitFor();
    expect(await inaccessible()).toEqual([]);
    await box.fill(await tokenWith({ scope: 'openid' }));
    await page.keyboard.press('Enter');
    await page.getByRole('alert').filter({ hasText: 'ringway:operator' }).waitFor();
    await box.fill(await tokenWith({ scope: 'openid ringway:operator' }));
    await page.keyboard.press('Enter');
    await page.getByText('No calls in this time.').waitFor();
    await page.locator('h1:focus').getByText('Calls', { exact: true }).waitFor();
    await page.reload();
    await page.getByText('No calls in this time.').waitFor();
    expect(await inaccessible()).toEqual([]);
  });

  it('forgets the token when the operator signs out', async () => {
    const token = await tokenWith({ scope: 'ringway:operator' });
    const { page, faults } = await browser.open(`${gateway.url}/overview#token=${token}`);
    await page.getByRole('heading', { name: 'No calls in this time' }).waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.locator('input:focus').waitFor();
    expect(await page.evaluate('JSON.stringify(sessionStorage)')).not.toContain('eyJ');
    await page.reload();
    await page.getByLabel('Operator’s token').waitFor();
    expect(faults).toEqual([]);
  });

  it('takes it from the fragment, off the address at once, and into no request but its header', async () => {
    const token = await tokenWith({ scope: 'ringway:operator' });
    const { page, faults } = await browser.open('about:blank');
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    await page.goto(`${gateway.url}/overview#token=${token}`);
    await page.getByRole('heading', { name: 'No calls in this time' }).waitFor();
    expect(page.url()).toBe(`${gateway.url}/overview`);
    expect(asked.filter((url) => new URL(url).href.split('#')[0]!.includes(token.slice(-20)))).toEqual([]);
    expect(
      await page.evaluate('localStorage.length === 0 || !JSON.stringify(localStorage).includes("eyJ")'),
    ).toBe(true);
    expect(faults).toEqual([]);
  });
});

inBrowser('the console of a demo', () => {
  it('takes a new token when the one it kept is not good any more', async () => {
    const [gateway, browser] = await Promise.all([testGateway(), TestBrowser.start()]);
    try {
      const { page } = await browser.open(`${gateway.url}/calls`);
      await page.getByText('No calls in this time.').waitFor();
      await page.evaluate('sessionStorage.setItem("ringway.operator", "of another gateway")');
      await page.reload();
      await page.getByText('No calls in this time.').waitFor();
    } finally {
      await browser.stop();
      await gateway.stop();
    }
  });
});

inBrowser('a page that is looked at while the gateway restarts', () => {
  let database: TestDatabase;
  let browser: TestBrowser;
  beforeAll(async () => {
    [database, browser] = await Promise.all([freshDatabase(), TestBrowser.start()]);
  });
  afterAll(async () => {
    await browser?.stop();
    await database?.drop();
  });

  it('says so, and goes on by itself with the truth', async () => {
    const before = await testGateway({}, database);
    const { port } = new URL(before.url);
    const alice = await before.phone('alice', { name: 'Alice' });
    await before.phone('bob');
    const callId = await alice.calls('bob');
    const [list, call] = await Promise.all([
      browser.open(`${before.url}/calls`),
      browser.open(`${before.url}/calls/${callId}`),
    ]);
    await list.page.getByRole('row', { name: /bob.*initiated/ }).waitFor();
    await call.page.getByRole('heading', { name: 'none rings yet' }).waitFor();
    await before.stop();
    await list.page.getByText('The gateway does not answer.').waitFor();
    await call.page.getByText('The gateway does not answer.').waitFor();

    const after = await testGateway({ PORT: port }, database);
    try {
      const again = await after.phone('alice', { name: 'Alice' });
      await again.say('call:cancel', { callId });
      await list.page.getByRole('row', { name: /bob.*cancelled/ }).waitFor();
      await list.page.getByText('● live').waitFor();
      await call.page.locator('.step-list').getByText('Alice gives up').waitFor();
      expect(await call.page.getByText('The gateway does not answer.').count()).toBe(0);
    } finally {
      await after.stop();
    }
  });
});
