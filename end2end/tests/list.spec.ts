// The list of tasks: filter, search, and pages.
import { expect, hydrated, test } from '../support/test';

test('it is narrowed by state and by words', async ({ page, tasks }) => {
  const good = await tasks.submitUntil('completed', { seconds: 0 }, { tags: ['invoice'] });
  const bad = await tasks.submitUntil(
    'failed',
    { seconds: 0, steps: 4, fail_at_step: 4 },
    { max_attempts: 1, tags: ['report'] },
  );
  const later = await tasks.submit({ seconds: 0 }, { delay_ms: 3_600_000, queue: 'night' });
  await page.goto('/tasks');
  await hydrated(page);
  const rows = page.locator('.tasks tbody tr');
  const narrow = () => page.getByRole('button', { name: 'Filter' }).click();
  const shows = (...listed: { id: string }[]) =>
    expect(rows).toContainText(listed.map(({ id }) => id.slice(-8)));
  await shows(later, bad, good);

  await page.getByLabel('State').selectOption('failed');
  await narrow();
  await expect(page).toHaveURL(/state=failed/);
  await shows(bad);

  await page.getByLabel('State').selectOption('any');
  await page.getByLabel('Search').fill('invoice');
  await narrow();
  await shows(good);
  await page.getByLabel('Search').fill('failed at step 4');
  await page.getByLabel('Search').press('Enter');
  await shows(bad);
  await page.getByLabel('Search').fill(later.id);
  await narrow();
  await shows(later);
  await page.getByLabel('Search').fill('nothing like it');
  await narrow();
  await expect(page.getByText('No task matches.')).toBeVisible();
  await page.getByRole('link', { name: 'Show all' }).click();
  await shows(later, bad, good);
  await expect(page.getByLabel('Search')).toHaveValue('');

  await page.getByRole('textbox', { name: 'Queue' }).fill('night');
  await narrow();
  await shows(later);
  // The address says it all: it can be kept, and sent to somebody.
  await page.reload();
  await hydrated(page);
  await shows(later);
  await expect(page.getByRole('textbox', { name: 'Queue' })).toHaveValue('night');
});

test('what is typed while tasks are on their way stays', async ({ page, tasks }) => {
  await tasks.submitUntil('completed', { seconds: 0 });
  await page.goto('/tasks');
  await hydrated(page);
  let release = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  await page.route('**/fn/tasks?*state*', async (route) => {
    await held;
    await route.continue();
  });
  await page.getByLabel('State').selectOption('failed');
  await page.getByRole('button', { name: 'Filter' }).click();
  await expect(page).toHaveURL(/state=failed/);

  await page.getByLabel('Search').fill('invoice');
  await page.getByLabel('State').selectOption('running');
  release();
  await expect(page.getByText('No task matches.')).toBeVisible();
  await expect(page.getByLabel('Search')).toHaveValue('invoice');
  await expect(page.getByLabel('State')).toHaveValue('running');
});

test('it has pages, and new tasks do not move the older ones', async ({ page, tasks }) => {
  for (let left = 60; left > 0; left -= 20) {
    await Promise.all(Array.from({ length: 20 }, () => tasks.submit({ seconds: 0, steps: 1 })));
  }
  await page.goto('/tasks');
  await hydrated(page);
  const rows = page.locator('.tasks tbody tr');
  await expect(rows).toHaveCount(50);
  const firstPage = await rows.allTextContents();

  await page.getByRole('link', { name: 'Older' }).click();
  await expect(rows).toHaveCount(10);
  await expect(page.getByRole('link', { name: 'Older' })).toHaveCount(0);
  const links = (texts: string[]) => texts.map((text) => /sleep ([0-9a-f]{8})/.exec(text)?.[1]);
  const both = new Set([...links(firstPage), ...links(await rows.allTextContents())]);
  expect(both.size, 'each task is on one page').toBe(60);

  const fresh = await tasks.submitUntil('completed', { seconds: 0, steps: 1 });
  await page.getByRole('link', { name: 'Newest' }).click();
  await expect(rows.first()).toContainText(fresh.id.slice(-8));
  await page.goBack();
  await expect(page.getByRole('link', { name: 'Newest' })).toBeVisible();
  await expect(rows).toHaveCount(10);
});

test('a state that does not exist is said to be none', async ({ page, problems }) => {
  problems.allow(/422/);
  const response = await page.goto('/tasks?state=done');
  expect(response?.status()).toBe(422);
  await hydrated(page);
  await expect(page.getByRole('alert')).toContainText('`done`');
});
