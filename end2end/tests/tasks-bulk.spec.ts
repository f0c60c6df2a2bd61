// Changing many tasks from the list: choose, confirm with a count, follow.
import type { Page } from '@playwright/test';
import { expect, hydrated, test } from '../support/test';
import type { Tasks } from '../support/tasks';

const LATER = { delay_ms: 3_600_000 };
const rows = (page: Page) => page.locator('.tasks tbody tr');
const bar = (page: Page) => page.locator('.bulk-bar');
const progress = (page: Page) => page.getByRole('status', { name: 'Progress' });

const later = (tasks: Tasks, tag = 'some') => tasks.submit({ seconds: 1 }, { ...LATER, tags: [tag] });

test('those that are ticked are cancelled, after a question that counts', async ({ page, tasks }) => {
  const [one, two, three] = await Promise.all([later(tasks), later(tasks), later(tasks)]);
  const done = await tasks.submitUntil('completed', { seconds: 0 });
  await page.goto('/tasks');
  await hydrated(page);
  const cancel = bar(page).getByRole('button', { name: 'Cancel' });
  await expect(cancel).toBeDisabled();
  for (const { id } of [one, two, done]) {
    await page.getByRole('checkbox', { name: new RegExp(id) }).check();
  }
  await expect(bar(page)).toContainText('3 selected');
  await cancel.click();
  await expect(page.getByRole('heading', { name: 'Cancel tasks?' })).toBeVisible();
  await expect(page.getByText('3 tasks selected:')).toBeVisible();
  await expect(page.getByRole('listitem').filter({ hasText: 'scheduled' })).toContainText('2');
  await expect(page.getByRole('listitem').filter({ hasText: 'completed' })).toContainText('passed over');
  await page.getByRole('button', { name: 'Cancel 2 tasks' }).click();
  await expect(progress(page)).toHaveText(
    '2 tasks are cancelled or asked to stop; 1 passed over, as their state forbade it.',
  );
  await tasks.reach(one.id, 'cancelled');
  await tasks.reach(two.id, 'cancelled');
  expect((await tasks.get(three.id)).state).toBe('scheduled');
  await page.getByRole('link', { name: 'Back to the list' }).click();
  await expect(rows(page)).toHaveCount(4);
});

test('all that match are deleted, beyond the page, and nothing else', async ({ page, tasks }) => {
  const some = await Promise.all(Array.from({ length: 60 }, () => later(tasks)));
  await Promise.all(some.map(({ id }) => tasks.cancel(id)));
  const kept = await later(tasks, 'kept');
  await tasks.cancel(kept.id);
  await page.goto('/tasks?tag=some');
  await hydrated(page);
  await expect(rows(page)).toHaveCount(50);
  await page.getByLabel('Select all on this page').check();
  await expect(bar(page)).toContainText('50 selected');
  await page.getByLabel('all 60 that match').check();
  await expect(bar(page)).toContainText('all selected');
  await bar(page).getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByText('60 tasks that match:')).toBeVisible();
  await expect(page.getByText('What is deleted is gone')).toBeVisible();
  await page.getByRole('button', { name: 'Delete 60 tasks' }).click();
  await expect(progress(page)).toHaveText('60 tasks are deleted.');
  await page.getByRole('link', { name: 'Back to the list' }).click();
  await expect(page).toHaveURL('/tasks?tag=some');
  await expect(page.getByText('No task matches.')).toBeVisible();
  expect((await tasks.get(kept.id)).state).toBe('cancelled');
});

test('a question can be answered with no', async ({ page, tasks }) => {
  const one = await later(tasks);
  await page.goto('/tasks?state=scheduled');
  await hydrated(page);
  await rows(page).getByRole('checkbox').check();
  await bar(page).getByRole('button', { name: 'Retry' }).click();
  await expect(page.getByRole('button', { name: 'Retry 1 task' })).toBeVisible();
  await page.getByRole('link', { name: 'Change nothing' }).click();
  await expect(page).toHaveURL('/tasks?state=scheduled');
  expect((await tasks.get(one.id)).state).toBe('scheduled');
});

test('confirmed three times, it is done once', async ({ page, tasks }) => {
  const one = await later(tasks);
  await page.goto(`/tasks/change?action=retry&id=${one.id}`);
  await hydrated(page);
  await page.getByRole('button', { name: 'Retry 1 task' }).click({ clickCount: 3 });
  await expect(progress(page)).toHaveText('1 task is due now.');
  await tasks.reach(one.id, 'completed');
  const states = (await tasks.events(one.id)).filter(({ reason }) => reason === 'retry_requested');
  expect(states).toHaveLength(1);
});

test('where nothing can be done, no button offers it', async ({ page, tasks }) => {
  const done = await tasks.submitUntil('completed', { seconds: 0 });
  await page.goto(`/tasks/change?action=cancel&id=${done.id}`);
  await hydrated(page);
  await expect(page.getByText('passed over: their state forbids it')).toBeVisible();
  await expect(page.locator('main').getByRole('button')).toHaveCount(0);
  await page.goto('/tasks/change?run=01234567-89ab-4def-8123-456789abcdef');
  await expect(page.getByText('Nothing is known here of this change')).toBeVisible();
});

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });
  test.beforeEach(({ problems }) => problems.allow(/^request failed: GET \S+\.js: csp$/));

  test('a form and a page that asks do the same', async ({ page, tasks }) => {
    const [one, two] = await Promise.all([later(tasks), later(tasks)]);
    await page.goto('/tasks?tag=some');
    await page.getByRole('checkbox', { name: new RegExp(one.id) }).check();
    await bar(page).getByRole('button', { name: 'Cancel' }).click();
    await expect(page).toHaveURL(/\/tasks\/change\?/);
    await page.getByRole('button', { name: 'Cancel 1 task' }).click();
    await expect(page).toHaveURL(/\/tasks\/change\?run=/);
    await tasks.reach(one.id, 'cancelled');
    await page.reload();
    await expect(progress(page)).toHaveText('1 task is cancelled or asked to stop.');
    await page.getByRole('link', { name: 'Back to the list' }).click();
    await expect(page).toHaveURL('/tasks?tag=some');

    await page.getByLabel('all 2 that match').check();
    await bar(page).getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('button', { name: 'Cancel 1 task' }).click();
    await tasks.reach(two.id, 'cancelled');
  });
});
