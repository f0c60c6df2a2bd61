// From page to page and back: each is live again, and nothing is left behind.
import { TaskPage } from '../support/task-page';
import { expect, hydrated, test } from '../support/test';

test('back and forward lead to pages that are live', async ({ page, tasks }) => {
  const first = await tasks.submitUntil('running', { seconds: 600, steps: 6000 });
  await page.goto('/');
  await hydrated(page);
  const sockets: string[] = [];
  page.on('websocket', (socket) => sockets.push(socket.url()));
  const running = page.getByRole('list', { name: 'Running tasks' }).getByRole('listitem');
  const task = new TaskPage(page);

  await running.getByRole('link').click();
  await expect(page).toHaveURL(new RegExp(first.id));
  await expect(task.output).toContainText('step 2 of');
  await page.goBack();
  await expect(page).toHaveTitle(/Board/);
  const second = await tasks.submit({ seconds: 600 });
  await expect(running).toContainText([second.id.slice(-8), first.id.slice(-8)]);

  await page.goForward();
  await expect(page).toHaveURL(new RegExp(first.id));
  const before = Number(await task.progress.getAttribute('value'));
  await expect
    .poll(async () => Number(await task.progress.getAttribute('value')))
    .toBeGreaterThan(before);
  await tasks.cancel(first.id);
  await expect(task.state).toHaveText('cancelled');
  await page.goBack();
  await expect(running).toContainText([second.id.slice(-8)]);
  expect(sockets, 'connections beside the first').toEqual([]);
});

test('a page that was put away and comes back catches up', async ({ page, tasks }) => {
  const { id } = await tasks.submitUntil('running', { seconds: 600, steps: 6000 });
  const closed: string[] = [];
  page.on('websocket', (socket) => socket.on('close', () => closed.push(socket.url())));
  const task = new TaskPage(page);
  await task.open(id);
  await hydrated(page);
  await expect(task.connection).toHaveText('live');

  // What a browser does when it keeps a page for the way back. An open WebSocket would hinder it.
  const happens = (event: string) =>
    page.evaluate(
      (event) => window.dispatchEvent(new PageTransitionEvent(event, { persisted: true })),
      event,
    );
  await happens('pagehide');
  await expect.poll(() => closed).toHaveLength(1);
  await tasks.cancel(id);
  await tasks.reach(id, 'cancelled');
  await expect(task.state).toHaveText('running');
  await happens('pageshow');
  await expect(task.state).toHaveText('cancelled');
  expect(await task.output.textContent()).toBe(await tasks.output(id));
});

test('the pages can be walked with the keyboard', async ({ page, tasks }) => {
  await tasks.submitUntil('completed', { seconds: 0 });
  await page.goto('/');
  await hydrated(page);
  await page.keyboard.press('Tab');
  await expect(page.getByRole('link', { name: 'Skip to the content' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.locator('main')).toBeFocused();

  const link = page.getByRole('link', { name: 'Tasks', exact: true });
  await link.focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Tasks' })).toBeVisible();
  await expect(link).toHaveAttribute('aria-current', 'page');
  await expect(page.locator('main')).toBeFocused();
});

test('a payload is shown as it was sent, whoever writes the page', async ({ page, request }) => {
  // More digits than a float has, in no order, written in another way than programs would.
  const body = '{"zeta":3544790567247868102,"alpha":0.12345678901234567890}';
  const payload = `{"url":"https://example.com/","method":"POST","body":${body}}`;
  const answer = await request.post('/api/tasks', {
    headers: { 'content-type': 'application/json' },
    data: `{"kind":"http","payload":${payload},"delay_ms":3600000}`,
  });
  const { id } = (await answer.json()) as { id: string };
  const shown = page.getByRole('region', { name: 'payload as JSON' });
  const asSent = '    "zeta": 3544790567247868102,\n    "alpha": 0.12345678901234567890\n';
  await page.goto(`/tasks/${id}`);
  await hydrated(page);
  await expect(shown).toContainText(asSent);
  // From the list the browser writes the page itself.
  await page.goto('/tasks');
  await hydrated(page);
  await page.getByRole('link', { name: new RegExp(id.slice(-8)) }).click();
  await expect(page).toHaveURL(new RegExp(id));
  await expect(shown).toContainText(asSent);
});
