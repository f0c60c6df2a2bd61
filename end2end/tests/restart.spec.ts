// The server dies under an open page, comes back, and the page misses nothing.
import type { Page, WebSocket } from '@playwright/test';
import { TaskPage } from '../support/task-page';
import { expect, hydrated, test } from '../support/test';
import type { Event } from '../support/tasks';

// What a browser says of its own accord about a server that is not there.
const NOBODY_THERE = /WebSocket connection to .* failed|ERR_CONNECTION_(REFUSED|RESET)/;

/** What goes over the page's WebSockets, in order: where it asks to go on, and each event. */
function overheard(page: Page): { after: number[]; seqs: number[] } {
  const heard = { after: [] as number[], seqs: [] as number[] };
  page.on('websocket', (socket: WebSocket) => {
    socket.on('framesent', ({ payload }) => {
      const message = JSON.parse(payload.toString());
      if (message.op === 'watch_task') heard.after.push(message.after);
    });
    socket.on('framereceived', ({ payload }) => {
      const message = JSON.parse(payload.toString());
      if (message.type !== 'events') return;
      heard.seqs.push(...message.events.map((event: Event) => event.seq));
    });
  });
  return heard;
}

test('a page outlives a killed server and misses nothing', async ({
  page,
  problems,
  server,
  tasks,
}) => {
  problems.allow(NOBODY_THERE);
  const heard = overheard(page);
  const { id } = await tasks.submitUntil('running', { seconds: 6, steps: 60 });
  const task = new TaskPage(page);
  await task.open(id);
  await hydrated(page);
  await expect(task.output).toContainText('step 10 of 60');
  await page.evaluate(() => document.documentElement.setAttribute('data-same-document', ''));

  await server.kill9();
  await expect(task.connection).toHaveText('reconnecting…');
  await expect(task.output, 'what was seen stays').toContainText('step 10 of 60');
  await server.restart();

  await expect(task.connection).toHaveText('live');
  await expect(task.attempts).toContainText(['Attempt 2 running', 'Attempt 1 lost']);
  await expect(task.state).toHaveText('running');
  await expect(task.state).toHaveText('completed');
  await expect(task.attempts).toContainText(['Attempt 2 completed', 'Attempt 1 lost']);
  expect((await tasks.get(id)).attempt).toBe(2);
  await expect(page.locator('html')).toHaveAttribute('data-same-document');

  // The whole text: what was printed before the page was opened, before the kill, and after it.
  const printed = await tasks.output(id);
  expect(await task.output.textContent()).toBe(printed);
  expect(printed.match(/step 1 of 60\n/g), 'both attempts have printed').toHaveLength(2);

  const events = await tasks.events(id);
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
  // Each event once and in order, over both connections; the page asked for no other.
  const [first = 0, second = 0, ...more] = heard.after;
  expect(more, 'times that the page had to ask again').toEqual([]);
  expect(heard.seqs).toEqual(events.slice(first).map(({ seq }) => seq));
  expect(second, 'it went on where it had stopped').toBeGreaterThan(first);
  expect(heard.seqs).toContain(second);
});

test('lists that were cut off show what they missed', async ({
  page,
  problems,
  server,
  tasks,
}) => {
  problems.allow(NOBODY_THERE);
  const lost = await tasks.submitUntil('running', { seconds: 600 });
  await page.goto('/tasks');
  await hydrated(page);
  const rows = page.locator('.tasks tbody tr');
  await expect(rows).toHaveCount(1);

  await server.kill9();
  await expect(page.getByRole('status', { name: 'Connection' })).toHaveText('reconnecting…');
  await server.restart();
  const late = await tasks.submit({ seconds: 0 });
  await expect(rows).toContainText([
    new RegExp(`completed.*${late.id.slice(-8)}.*1 of 5`),
    new RegExp(`running.*${lost.id.slice(-8)}.*2 of 5`),
  ]);
  await expect(page.getByRole('status', { name: 'Connection' })).toHaveText('live');
});

test('a server that is told to stop lets go of its pages', async ({ page, problems, server }) => {
  problems.allow(NOBODY_THERE);
  await page.goto('/');
  await hydrated(page);
  const connection = page.getByRole('status', { name: 'Connection' });
  await expect(connection).toHaveText('live');
  await server.stop();
  await expect(connection).toHaveText('reconnecting…');
  await server.restart();
  await expect(connection).toHaveText('live');
});
