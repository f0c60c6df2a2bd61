// On a narrow screen no page is wider than the screen.
import { DOCUMENTATION, everyPage, unfold } from '../support/pages';
import { expect, hydrated, test } from '../support/test';

test.use({ viewport: { width: 360, height: 740 } });

test('no page scrolls sideways', async ({ page, problems, tasks }) => {
  problems.allow(/404/);
  for (const [name, path] of Object.entries({ ...(await everyPage(tasks)), ...DOCUMENTATION })) {
    await page.goto(path);
    await hydrated(page);
    await unfold(page);
    const sideways = await page.evaluate(() => {
      const limit = document.documentElement.clientWidth;
      // What scrolls by itself may hold more than it shows.
      const scrolls = (element: Element | null): boolean =>
        element !== null &&
        element !== document.body &&
        (getComputedStyle(element).overflowX !== 'visible' || scrolls(element.parentElement));
      const elements = [...document.body.querySelectorAll('*')]
        .filter((element) => element.getBoundingClientRect().right > limit + 1 && !scrolls(element))
        .map((element) => `${element.tagName} ${element.className}`);
      return { by: document.documentElement.scrollWidth - limit, elements };
    });
    expect.soft(sideways, name).toEqual({ by: 0, elements: [] });
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
