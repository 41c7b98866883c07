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

  it('leaves no virtual phone asleep that rings: it goes on, and its person picks up', async () => {
    const context = await desk.context();
    const max = await desk.phone(context, 'Max');
    const ivy = max.locator('[data-phone=ivy]');
    await max.getByRole('button', { name: 'Video call Ivy' }).click();
    await max.getByText('Ringing on Ivy’s iPhone').waitFor();
    await desk.killAndRestart();
    await ivy
      .getByTestId('state')
      .getByText(/Ringing|In call/)
      .waitFor();
    await max.getByTestId('call-state').getByText('0:0').waitFor();
    await ivy.getByTestId('state').getByText('In call').waitFor();

    // And a conversation is one after the restart, too.
    await desk.killAndRestart();
    await max.getByTestId('status').getByText('Online').waitFor();
    await max.getByText('The gateway does not answer').waitFor({ state: 'detached' });
    await ivy.getByTestId('state').getByText('In call').waitFor();
    await max.getByRole('button', { name: 'End on Ivy’s phone' }).click();
    await max.getByTestId('call-state').getByText('Call ended').waitFor();
    await context.close();
  }, 180_000); // two restarts, on a machine that may be busy

  it('leaves the virtual phones as they were left: one lets it ring, one is misconfigured, one is signed out', async () => {
    const context = await desk.context();
    const max = await desk.phone(context, 'Max');
    const [ivy, sam, ada] = ['ivy', 'sam', 'ada'].map((id) => max.locator(`[data-phone=${id}]`));
    await ivy!.getByLabel('Picks up by itself').uncheck();
    await sam!.getByText('Install and APNs').click();
    await sam!.getByLabel('The app declares').selectOption('sandbox');
    await sam!.getByText('wrong environment').waitFor();
    await max.getByRole('button', { name: 'Call Ada', exact: true }).click();
    await max.getByRole('button', { name: 'Decline on Ada’s phone' }).click();
    await ada!.getByText('Install', { exact: true }).click();
    await max.getByRole('button', { name: 'Sign out Ada' }).click();
    await ada!.getByTestId('state').getByText('Signed out').waitFor();

    await desk.killAndRestart();
    await max.getByText('The gateway does not answer').waitFor({ state: 'detached' });
    await sam!.getByText('wrong environment').waitFor();
    await ada!.getByTestId('state').getByText('Signed out').waitFor();
    expect(await ivy!.getByLabel('Picks up by itself').isChecked()).toBe(false);
    expect(await sam!.getByLabel('The app declares').inputValue()).toBe('sandbox');
    await context.close();
  });
});
