// A task that waits for its next attempt: what its page says, and that no clock runs for it.
import { TaskPage } from '../support/task-page';
import { expect, hydrated, test } from '../support/test';

test('a task that is to be retried says why and when', async ({ page, tasks }) => {
  const { id } = await tasks.submitUntil(
    'retrying',
    { seconds: 0.5, steps: 5, fail_at_step: 3, fail_attempts: 1 },
    { retry: { initial_ms: 3_600_000, factor: 1, max_ms: 3_600_000 } },
  );
  const task = new TaskPage(page);
  await task.open(id);
  await hydrated(page);
  const facts = page.getByRole('region', { name: 'Facts' });
  await expect(facts).toContainText(/Due ?in (\d\d min|1 h)/);
  await expect(facts).not.toContainText(/Ran for|Running for/);
  await expect(page.getByLabel('Error', { exact: true })).toHaveText('failed at step 3 of 5, as asked');
  await expect(task.attempts).toContainText([/Attempt 1 failed \d+ ms/]);

  await task.button('Run now').click();
  await expect(task.state).toHaveText('completed');
  await expect(facts).toContainText(/Ran for ?\d+ ms/);
  await expect(task.attempts).toContainText(['Attempt 2 completed', 'Attempt 1 failed']);
});
