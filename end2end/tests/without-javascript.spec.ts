// Everything that matters works in a browser that runs no scripts.
import { TaskPage } from '../support/task-page';
import { expect, test } from '../support/test';

test.use({ javaScriptEnabled: false });

// The browser's word for a script that it was told not to load.
test.beforeEach(({ problems }) => problems.allow(/^request failed: GET \S+\.js: csp$/));

test('the pages are readable', async ({ page, tasks }) => {
  const done = await tasks.submitUntil('completed', { seconds: 0, steps: 3 }, { tags: ['short'] });
  const failed = await tasks.submitUntil(
    'failed',
    { seconds: 0, fail_at_step: 1 },
    { max_attempts: 1 },
  );

  await page.goto('/');
  await expect(page.locator('.static-hint')).toContainText('reload it for the next');
  await expect(page.getByRole('status', { name: 'Connection' })).toBeHidden();
  await expect(page.locator('.counts li').filter({ hasText: 'completed' })).toContainText('1');
  await expect(page.getByRole('list', { name: 'Failed tasks' })).toContainText('as asked');

  await page.getByRole('link', { name: 'Tasks', exact: true }).click();
  await expect(page.locator('.tasks tbody tr')).toContainText([
    failed.id.slice(-8),
    done.id.slice(-8),
  ]);
  await page.getByLabel('Search').fill('short');
  await page.getByRole('button', { name: 'Filter' }).click();
  await expect(page.locator('.tasks tbody tr')).toContainText([done.id.slice(-8)]);

  await page.locator('.tasks').getByRole('link').click();
  const task = new TaskPage(page);
  await expect(task.state).toHaveText('completed');
  expect(await task.output.textContent()).toBe('step 1 of 3\nstep 2 of 3\nstep 3 of 3\n');
  await expect(task.attempts).toContainText(['Attempt 1 completed']);
  await expect(page.getByRole('button', { name: /Follow|Pause|Copy/ })).toHaveCount(0);
});

test('the form submits, and leads to the task', async ({ page, tasks }) => {
  await page.goto('/submit');
  await page.getByRole('navigation', { name: 'Kinds' }).getByRole('link', { name: 'sleep' }).click();
  await page.getByLabel('seconds', { exact: true }).fill('0');
  await page.getByLabel(/^steps/).fill('2');
  await page.getByText('Options', { exact: true }).first().click();
  await page.getByLabel('Tags').fill('plain, form');
  await page.getByRole('button', { name: 'Submit', exact: true }).click();

  await expect(page).toHaveURL(/\/tasks\/[0-9a-f-]{36}$/);
  const id = page.url().split('/').pop() ?? '';
  await tasks.reach(id, 'completed');
  await page.reload();
  await expect(new TaskPage(page).output).toHaveText('step 1 of 2 step 2 of 2');
  await expect(page.getByText('plain, form')).toBeVisible();
});

test('a form with a mistake comes back as it was, and says what is wrong', async ({ page }) => {
  await page.goto('/submit?kind=sleep');
  await page.getByLabel('seconds', { exact: true }).fill('12.5');
  const wrong = page.getByLabel(/^fail_at_step/);
  await wrong.fill('99');
  await page.getByText('Options', { exact: true }).first().click();
  await page.getByLabel('Tags').fill('kept & safe');
  await page.getByRole('button', { name: 'Submit', exact: true }).click();

  await expect(page).toHaveURL(/\/submit\?/);
  await expect(page.getByRole('alert')).toContainText('Nothing was submitted');
  await expect(wrong).toHaveAccessibleDescription(/expected a step from 1 to 10/);
  await expect(wrong).toHaveValue('99');
  await expect(page.getByLabel('seconds', { exact: true })).toHaveValue('12.5');
  await expect(page.getByLabel('Tags')).toHaveValue('kept & safe');

  await wrong.fill('');
  await page.getByLabel('seconds', { exact: true }).fill('0');
  await page.getByRole('button', { name: 'Submit', exact: true }).click();
  await expect(page).toHaveURL(/\/tasks\/[0-9a-f-]{36}$/);
});

test('a task can be cancelled, retried and deleted', async ({ page, tasks }) => {
  const { id } = await tasks.submitUntil('running', { seconds: 600 });
  const task = new TaskPage(page);
  await task.open(id);
  await task.button('Cancel').click();
  await expect(page).toHaveURL(new RegExp(`/tasks/${id}`));
  await tasks.reach(id, 'cancelled');
  await page.reload();
  await expect(task.state).toHaveText('cancelled');

  await task.button('Retry').click();
  await expect(page).toHaveURL(new RegExp(`/tasks/${id}`));
  await tasks.reach(id, 'running');
  await tasks.cancel(id);
  await tasks.reach(id, 'cancelled');
  await page.reload();
  await task.button('Delete').click();
  await expect(page).toHaveURL(/\/tasks$/);
  await expect(page.getByText('No tasks yet.')).toBeVisible();
});
