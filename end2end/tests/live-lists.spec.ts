// The board and the list follow what happens, without being loaded again.
import { record } from '../support/record';
import { expect, hydrated, test } from '../support/test';

test('the board shows a task that runs, and then no more', async ({ page, tasks }) => {
  await page.goto('/');
  await hydrated(page);
  const running = page.getByRole('list', { name: 'Running tasks' }).getByRole('listitem');
  const count = (state: string) => page.locator('.counts li').filter({ hasText: state });
  await expect(page.getByText('Nothing is running.')).toBeVisible();
  const fractions = await record(page, '.running-list progress', 'value');

  const { id } = await tasks.submit({ seconds: 3, steps: 30 });
  await expect(running).toContainText([id.slice(-8)]);
  await expect(count('running')).toContainText('1');
  await expect(page.getByText('1 of 100 workers busy')).toBeVisible();

  await expect(running).toHaveCount(0);
  await expect(count('completed')).toContainText('1');
  await expect(page.getByText('Nothing is running.')).toBeVisible();
  expect((await fractions.jsonValue()).length, 'progress moved').toBeGreaterThan(2);
});

test('the board says what failed, and why', async ({ page, tasks }) => {
  await page.goto('/');
  await hydrated(page);
  await expect(page.getByText('Nothing has failed.')).toBeVisible();
  const { id } = await tasks.submit(
    { seconds: 0, steps: 3, panic_at_step: 2 },
    { max_attempts: 1 },
  );
  const failed = page.getByRole('list', { name: 'Failed tasks' }).getByRole('listitem');
  await expect(failed).toHaveCount(1);
  await expect(failed).toContainText('panicked at step 2 of 3, as asked');
  await failed.getByRole('link').click();
  await expect(page).toHaveURL(new RegExp(`/tasks/${id}$`));
  await expect(page.getByLabel('Error', { exact: true })).toContainText('panicked at step 2');
});

test('the list shows new tasks, and each change of theirs', async ({ page, tasks }) => {
  await page.goto('/tasks');
  await hydrated(page);
  await expect(page.getByText('No tasks yet.')).toBeVisible();
  await expect(page.getByRole('status', { name: 'Connection' })).toHaveText('live');
  const states = await record(page, '.tasks [data-state]', 'data-state');

  const first = await tasks.submit({ seconds: 2, steps: 20 });
  const rows = page.locator('.tasks tbody tr');
  await expect(rows).toHaveCount(1);
  await expect(rows).toContainText('running');
  await expect(rows.getByRole('progressbar')).toHaveAttribute('value', /0\.\d+/);
  await expect(rows).toContainText('completed');
  expect((await states.jsonValue()).slice(-2)).toEqual(['running', 'completed']);

  const second = await tasks.submit({ seconds: 0 }, { tags: ['second'] });
  await expect(rows).toContainText([second.id.slice(-8), first.id.slice(-8)]);
  await expect(rows.first()).toContainText('second');
});

test('a filtered list lets go of what no longer belongs to it', async ({ page, tasks }) => {
  const stays = await tasks.submitUntil('running', { seconds: 600 });
  await page.goto('/tasks?state=running');
  await hydrated(page);
  const rows = page.locator('.tasks tbody tr');
  await expect(rows).toHaveCount(1);
  const goes = await tasks.submit({ seconds: 600 });
  await expect(rows).toContainText([goes.id.slice(-8), stays.id.slice(-8)]);
  await tasks.cancel(goes.id);
  await expect(rows).toContainText([stays.id.slice(-8)]);
});
