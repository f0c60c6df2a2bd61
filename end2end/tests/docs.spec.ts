// The API's documentation: readable as it is, and with scripts each operation can be tried.
import type { Locator, Page } from '@playwright/test';
import { record } from '../support/record';
import { expect, hydrated, test } from '../support/test';

/** One operation on the page, by its id. */
class Operation {
  readonly section: Locator;
  readonly status: Locator;
  readonly body: Locator;

  constructor(page: Page, id: string) {
    this.section = page.locator(`#${id}`);
    this.status = this.section.getByRole('status');
    this.body = this.section.getByRole('log');
  }

  field(name: string): Locator {
    return this.section.getByLabel(name, { exact: true });
  }

  async press(name: string): Promise<void> {
    await this.section.getByRole('button', { name, exact: true }).click();
  }
}

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });
  test.beforeEach(({ problems }) => problems.allow(/^request failed: GET \S+\.js: csp$/));

  test('it can be read, and led to', async ({ page }) => {
    await page.goto('/');
    await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'API' }).click();
    await expect(page).toHaveURL(/\/docs$/);
    await page.getByRole('navigation', { name: 'Operations' }).getByText('/api/tasks/{id}/cancel').click();
    const cancel = new Operation(page, 'cancel_task');
    await expect(cancel.section).toBeInViewport();
    await expect(cancel.section).toContainText('One that waits is cancelled at once.');
    await expect(cancel.section).toContainText(/curl -X POST http:\/\/127\.0\.0\.1:\d+\/api\/tasks\/\$id\/cancel/);
    const submit = new Operation(page, 'submit_task');
    await expect(submit.section).toContainText('0 (first) to 9 (last); 5 when absent.');
    await expect(page.getByRole('button')).toHaveCount(0);

    await page.getByRole('link', { name: /Coming from FastAPI/ }).click();
    await expect(page.getByRole('heading', { level: 1 })).toContainText('Coming from FastAPI');
  });
});

test('a request is sent as the form says, and shown with its answer', async ({ page, tasks }) => {
  await page.goto('/docs');
  await hydrated(page);
  const submit = new Operation(page, 'submit_task');
  await submit.field('Body').fill('{"kind": "sleep", "payload": {"seconds": 0, "steps": 2}}');
  await expect(submit.section.getByRole('region', { name: /As a command/ })).toContainText(
    `/api/tasks --json '{"kind": "sleep", "payload": {"seconds": 0, "steps": 2}}'`,
  );
  await submit.press('Send');
  await expect(submit.status).toContainText(/^202 Accepted, complete after \d+ ms$/);
  await expect(submit.body).toContainText('"state": "queued"');

  // The other forms are about the new task now.
  const get = new Operation(page, 'get_task');
  const id = await get.field('id').inputValue();
  await tasks.reach(id, 'completed');
  await get.press('Send');
  await expect(get.status).toContainText('200 OK');
  await expect(get.body).toContainText(`"id": "${id}"`);
});

test('an answer is set out without losing a digit', async ({ page }) => {
  await page.goto('/docs');
  await hydrated(page);
  const submit = new Operation(page, 'submit_task');
  const body = '{"zeta":3544790567247868102,"alpha":[0.12345678901234567890]}';
  const payload = `{"url": "https://example.com/", "method": "POST", "body": ${body}}`;
  await submit.field('Body').fill(`{"kind": "http", "payload": ${payload}, "delay_ms": 3600000}`);
  await submit.press('Send');
  await expect(submit.body).toContainText('"zeta": 3544790567247868102,\n');
  await expect(submit.body).toContainText('0.12345678901234567890\n');
});

test('a refusal is shown with what is wrong', async ({ page, problems }) => {
  problems.allow(/422/);
  await page.goto('/docs');
  await hydrated(page);
  const submit = new Operation(page, 'submit_task');
  await submit.field('Body').fill('{"kind": "sleep"}');
  await submit.press('Send');
  await expect(submit.status).toContainText('422');
  await expect(submit.body).toContainText('"pointer": "/payload"');
});

test('a stream is shown as it arrives, until it is stopped', async ({ page, tasks }) => {
  const { id } = await tasks.submitUntil('running', { seconds: 600, steps: 6000 });
  await page.goto('/docs');
  await hydrated(page);
  const output = new Operation(page, 'task_output');
  await output.field('id').fill(id);
  await output.field('follow').selectOption('true');
  await expect(output.section.getByRole('region', { name: /As a command/ })).toContainText('curl -N');
  const shown = await record(page, '#task_output [role="log"]');
  await output.press('Send');
  await expect(output.body).toContainText('step 3 of 6000');
  await expect(output.status).toContainText(/^200 OK, after/);
  expect((await shown.jsonValue()).length).toBeGreaterThan(1);
  await output.press('Stop');
  await expect(output.status).toContainText('Stopped after');
  await expect(output.section.getByRole('button', { name: 'Send' })).toBeEnabled();
});

test('server-sent events arrive one by one', async ({ page, tasks }) => {
  const { id } = await tasks.submit({ seconds: 1, steps: 4 });
  await page.goto('/docs');
  await hydrated(page);
  const events = new Operation(page, 'task_events');
  await events.field('id').fill(id);
  await events.field('Accept').selectOption('text/event-stream');
  await events.press('Send');
  await expect(events.body).toContainText('event: output');
  await expect(events.status).toContainText('complete');
  await expect(events.body).toContainText('event: end');
});

test('the WebSocket answers what it is told', async ({ page }) => {
  await page.goto('/docs');
  await hydrated(page);
  const socket = new Operation(page, 'live_socket');
  await socket.press('Connect');
  await expect(socket.status).toHaveText('Connected');
  await expect(socket.body).toContainText('"type":"hello"');
  await socket.press('Send message');
  await expect(socket.body).toContainText('"type":"stats","sub":1');
  await socket.press('Close');
  await expect(socket.status).toContainText('Closed: 1000');
});

test('a task is followed over a socket of its own', async ({ page, tasks }) => {
  const { id } = await tasks.submit({ seconds: 0.5, steps: 2 });
  await page.goto('/docs');
  await hydrated(page);
  const socket = new Operation(page, 'task_socket');
  await socket.field('id').fill(id);
  await socket.press('Connect');
  await expect(socket.body).toContainText('"text":"step 2 of 2\\n"');
  await expect(socket.status).toContainText('Closed: 1000 (over)');
});
