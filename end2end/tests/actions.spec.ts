// What can be done with a task from its page.
import { record } from '../support/record';
import { TaskPage } from '../support/task-page';
import { expect, hydrated, test } from '../support/test';

test('a running task is asked to stop, and then stops', async ({ page, tasks }) => {
  // A handler that listens stops at once. The news of it is held back here, so that the page has
  // time to show what lies between.
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  await page.routeWebSocket('/api/ws', (socket) => {
    const server = socket.connectToServer();
    let order = Promise.resolve();
    server.onMessage((message) => {
      const isLast = message.toString().includes('"state":"cancelled"');
      order = order.then(async () => {
        if (isLast) await released;
        socket.send(message);
      });
    });
  });
  const { id } = await tasks.submitUntil('running', { seconds: 600 });
  const task = new TaskPage(page);
  await task.open(id);
  await hydrated(page);
  await expect(task.connection).toHaveText('live');

  await task.button('Cancel').click();
  await expect(task.state).toHaveText('asked to stop');
  await expect(task.button('Asked to stop')).toBeDisabled();
  release();
  await expect(task.state).toHaveText('cancelled');
  await expect(task.log).toContainText(['queued', 'running', 'running: asked to stop', 'cancelled']);
  await expect(task.attempts).toContainText(['Attempt 1 stopped: it was cancelled']);
  await expect(task.button('Cancel')).toHaveCount(0);
  expect((await tasks.get(id)).state).toBe('cancelled');
});

test('a task that waits is cancelled at once', async ({ page, tasks }) => {
  const { id } = await tasks.submit({ seconds: 0 }, { delay_ms: 3_600_000 });
  const task = new TaskPage(page);
  await task.open(id);
  await hydrated(page);
  await expect(task.state).toHaveText('scheduled');
  const states = await record(page, `${TaskPage.STATE} .state`);
  await task.button('Cancel').click();
  await expect(task.state).toHaveText('cancelled');
  expect(await states.jsonValue()).toEqual(['scheduled', 'cancelled']);
});

test('a failed task is retried, and goes on live', async ({ page, tasks }) => {
  const { id } = await tasks.submitUntil(
    'failed',
    { seconds: 1, steps: 10, fail_at_step: 2, fail_attempts: 1 },
    { max_attempts: 1 },
  );
  const task = new TaskPage(page);
  await task.open(id);
  await hydrated(page);
  await expect(page.getByLabel('Error', { exact: true })).toHaveText(/failed at step 2 of 10/);

  await task.button('Retry').click();
  await expect(task.output).toContainText('step 3 of 10');
  await expect(task.state).toHaveText('completed');
  await expect(task.attempts).toContainText(['Attempt 2 completed', 'Attempt 1 failed']);
  await expect(task.log.filter({ hasText: 'somebody asked for another attempt' })).toHaveCount(1);
  expect(await task.output.textContent()).toBe(await tasks.output(id));
});

test('a task that is due later can be run now', async ({ page, tasks }) => {
  const { id } = await tasks.submit({ seconds: 0, steps: 1 }, { delay_ms: 3_600_000 });
  const task = new TaskPage(page);
  await task.open(id);
  await hydrated(page);
  await task.button('Run now').click();
  await expect(task.state).toHaveText('completed');
  await expect(task.output).toHaveText('step 1 of 1');
});

test('a finished task can be deleted, and is gone', async ({ page, problems, tasks }) => {
  const stays = await tasks.submitUntil('completed', { seconds: 0 });
  const goes = await tasks.submitUntil('completed', { seconds: 0 });
  const task = new TaskPage(page);
  await task.open(goes.id);
  await hydrated(page);
  await task.button('Delete').click();
  await expect(page).toHaveURL(/\/tasks$/);
  await expect(page.locator('.tasks tbody tr')).toContainText([stays.id.slice(-8)]);

  problems.allow(/404/);
  const response = await page.goto(`/tasks/${goes.id}`);
  expect(response?.status()).toBe(404);
});

test('an action that comes too late says why', async ({ page, problems, tasks }) => {
  problems.allow(/409/);
  // A page that hears nothing still offers what is no longer possible.
  await page.routeWebSocket('/api/ws', () => {});
  const { id } = await tasks.submitUntil('running', { seconds: 600 });
  const task = new TaskPage(page);
  await task.open(id);
  await hydrated(page);
  await tasks.cancel(id);
  await tasks.reach(id, 'cancelled');
  await task.button('Cancel').click();
  await expect(page.getByRole('alert')).toContainText('cancelled');
});

test('what is pressed again after its task has ended does nothing else', async ({ page, tasks }) => {
  const { id } = await tasks.submitUntil('running', { seconds: 600, steps: 6000 });
  const task = new TaskPage(page);
  await task.open(id);
  await hydrated(page);
  await task.button('Cancel').focus();
  // Somebody else ends it meanwhile.
  await tasks.cancel(id);
  await expect(task.state).toHaveText('cancelled');
  await expect(task.button('Delete')).toBeVisible();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Enter');
  await expect(task.button('Delete')).not.toBeFocused();
  expect((await tasks.get(id)).state).toBe('cancelled');
});
