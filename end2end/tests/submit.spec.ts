// The way of a task from the form to its end, as the person who submits it sees it.
import { record } from '../support/record';
import { TaskPage } from '../support/task-page';
import { expect, hydrated, test } from '../support/test';

test('a submitted task is watched from its start to its end', async ({ page, tasks }) => {
  await page.goto('/submit?kind=sleep');
  await hydrated(page);
  await page.getByLabel('seconds', { exact: true }).fill('3');
  await page.getByLabel(/^steps/).fill('30');
  const states = await record(page, `${TaskPage.STATE} [data-state]`, 'data-state');
  const fractions = await record(page, TaskPage.PROGRESS, 'value');
  await page.getByRole('button', { name: 'Submit', exact: true }).click();

  await page.waitForURL(/\/tasks\/[0-9a-f-]{36}$/);
  const id = page.url().split('/').pop() ?? '';
  const task = new TaskPage(page);
  await expect(task.connection).toHaveText('live');
  await expect(task.output).toContainText('step 2 of 30');
  await expect(task.state).toHaveText('running');
  await expect(task.attempts).toContainText(['Attempt 1 running']);

  await expect(task.state).toHaveText('completed');
  await expect(task.progress).toHaveAttribute('value', '1');
  await expect(task.attempts).toContainText(['Attempt 1 completed']);
  await expect(page.getByRole('region', { name: 'result as JSON' })).toContainText('"steps": 30');
  expect(await task.output.textContent()).toBe(await tasks.output(id));

  // The document was never loaded again, or these would have been lost on the way.
  expect((await states.jsonValue()).slice(-2)).toEqual(['running', 'completed']);
  const values = (await fractions.jsonValue()).map(Number);
  expect(values.length, `progress moved: ${values}`).toBeGreaterThan(5);
  expect(values, 'and never back').toEqual([...values].sort((one, other) => one - other));
});

test('the form says what is wrong, where, and keeps what was typed', async ({ page, problems }) => {
  problems.allow(/422/);
  await page.goto('/submit?kind=sleep');
  await hydrated(page);
  await page.getByLabel(/^steps/).fill('7');
  const wrong = page.getByLabel(/^fail_at_step/);
  await wrong.fill('9');
  await page.getByRole('button', { name: 'Submit', exact: true }).click();

  await expect(page.getByRole('alert')).toContainText('Nothing was submitted');
  await expect(wrong).toHaveAttribute('aria-invalid', 'true');
  await expect(wrong).toHaveAccessibleDescription(/expected a step from 1 to 7/);
  await expect(wrong).toHaveValue('9');

  await wrong.fill('');
  await page.getByLabel('seconds', { exact: true }).fill('0');
  await page.getByRole('button', { name: 'Submit', exact: true }).click();
  await expect(new TaskPage(page).state).toHaveText('completed');
});

test('the form asks first for what is needed most', async ({ page }) => {
  await page.goto('/submit?kind=sleep');
  await hydrated(page);
  const payload = page.getByRole('group', { name: 'Payload' });
  await expect(payload.getByRole('spinbutton').nth(0)).toHaveAccessibleName('seconds');
  await expect(payload.getByRole('spinbutton').nth(1)).toHaveAccessibleName(/^steps/);
  await expect(page.getByRole('group', { name: 'Options' })).toBeHidden();
});

test('the command beside the form submits what is typed', async ({ page, request }) => {
  await page.goto('/submit?kind=sleep');
  await hydrated(page);
  await page.getByLabel('seconds', { exact: true }).fill('0.25');
  await page.getByText('Options', { exact: true }).first().click();
  await page.getByLabel('Tags').fill("night, it's late");
  const command = page.getByRole('region', { name: 'command that submits this task' });
  await expect(command).toContainText('0.25');
  await expect(command).toContainText(new URL(page.url()).origin);

  const body = /-d '(.*)'$/s.exec((await command.textContent()) ?? '')?.[1] ?? '';
  const answer = await request.post('/api/tasks', {
    headers: { 'content-type': 'application/json' },
    data: body.replaceAll(String.raw`'\''`, "'"),
  });
  expect(answer.status()).toBe(202);
  expect(await answer.json()).toMatchObject({
    kind: 'sleep',
    payload: { seconds: 0.25 },
    tags: ['night', "it's late"],
  });
});

test('however often it is pressed, one task is submitted', async ({ page }) => {
  await page.goto('/submit?kind=sleep');
  await hydrated(page);
  const queue = `thrice-${Date.now()}`;
  await page.locator('summary', { hasText: 'Options' }).click();
  await page.getByLabel(/^queue/i).fill(queue);
  const submit = page.getByRole('button', { name: 'Submit', exact: true });
  await submit.evaluate((button: HTMLButtonElement) => {
    for (let press = 0; press < 3; press += 1) button.click();
  });
  await page.waitForURL(/\/tasks\/[0-9a-f-]{36}$/);
  const list = await page.request.get(`/api/tasks?queue=${queue}`);
  expect((await list.json()).tasks).toHaveLength(1);
});
