import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Desk, inBrowser } from './desk.js';

inBrowser('a gateway that is killed while it rings', () => {
  let desk: Desk;

  beforeAll(async () => {
    desk = await Desk.open();
  });
  afterAll(() => desk.close());

  it('comes back, and every page shows the truth without being touched', async () => {
    const context = await desk.context();
    const max = await desk.phone(context, 'Max');
    const eva = await desk.phone(context, 'Eva');
    await max.getByRole('button', { name: 'Call Eva', exact: true }).click();
    await eva.getByRole('alert').getByText('Max calls').waitFor();
    await max.getByTestId('call-state').getByText('Ringing').waitFor();

    await desk.killAndRestart();
    for (const page of [max, eva]) {
      await page.getByTestId('status').getByText('Online').waitFor();
      await page.getByText('The gateway does not answer').waitFor({ state: 'detached' });
      await page.locator('[data-phone=ada]').getByTestId('state').getByText('Asleep').waitFor();
    }
    expect(await eva.getByRole('alert').getByText('Max calls').isVisible()).toBe(true);
    await eva.getByRole('button', { name: 'Answer', exact: true }).click();
    await max.getByTestId('call-state').getByText('0:0').waitFor();
    await max.getByRole('button', { name: 'Hang up' }).click();
    await eva.getByTestId('call-state').getByText('Call ended').waitFor();
    await context.close();
  });
});
