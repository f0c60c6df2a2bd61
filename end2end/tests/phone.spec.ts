// On a narrow screen no page is wider than the screen.
import { DOCUMENTATION, everyPage, unfold } from '../support/pages';
import { sideways } from '../support/sideways';
import { expect, hydrated, test } from '../support/test';

test.use({ viewport: { width: 360, height: 740 } });

test('no page scrolls sideways', async ({ page, problems, tasks }) => {
  problems.allow(/404/);
  for (const [name, path] of Object.entries({ ...(await everyPage(tasks)), ...DOCUMENTATION })) {
    await page.goto(path);
    await hydrated(page);
    await unfold(page);
    expect.soft(await sideways(page), name).toEqual({ by: 0, elements: [] });
  }
});

test('the way around and the buttons can be reached', async ({ page, tasks }) => {
  const { id } = await tasks.submitUntil('running', { seconds: 600 });
  await page.goto('/');
  await hydrated(page);
  await page.getByRole('link', { name: 'Tasks', exact: true }).click();
  await page.locator('.tasks').getByRole('link').click();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await tasks.reach(id, 'cancelled');
});
