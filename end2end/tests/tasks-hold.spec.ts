// Nothing in the list moves under the pointer, and Back leads to where somebody was.
import type { Page } from '@playwright/test';
import { expect, hydrated, test } from '../support/test';

const LATER = { delay_ms: 3_600_000 };
const rows = (page: Page) => page.locator('.tasks tbody tr');
const live = (page: Page) =>
  expect(page.getByRole('status', { name: 'Connection' })).toHaveText('live');
const ends = (...listed: { id: string }[]) => listed.map(({ id }) => id.slice(-8));

test('new tasks wait while the pointer is among the rows', async ({ page, tasks }) => {
  const first = await tasks.submit({ seconds: 1 }, LATER);
  await page.goto('/tasks');
  await hydrated(page);
  await live(page);
  await rows(page).first().hover();
  const second = await tasks.submit({ seconds: 1 }, LATER);
  const third = await tasks.submit({ seconds: 1 }, LATER);
  const news = page.getByRole('button', { name: '2 new' });
  await expect(news).toBeVisible();
  await expect(rows(page)).toContainText(ends(first));
  await news.click();
  await expect(rows(page)).toContainText(ends(third, second, first));
  await expect(page.locator('.news')).toHaveCount(0);
  // Nobody points at them now: the next comes at once.
  const fourth = await tasks.submit({ seconds: 1 }, LATER);
  await expect(rows(page)).toContainText(ends(fourth, third, second, first));
});

test('what leaves the list stays in its place until nobody is there', async ({ page, tasks }) => {
  const one = await tasks.submit({ seconds: 1 }, LATER);
  const two = await tasks.submit({ seconds: 1 }, LATER);
  await page.goto('/tasks?state=scheduled');
  await hydrated(page);
  await live(page);
  await rows(page).first().hover();
  await tasks.cancel(two.id);
  await expect(rows(page).first()).toContainText('not in this list any more');
  await expect(rows(page)).toContainText(ends(two, one));
  await page.mouse.move(0, 0);
  await expect(rows(page)).toContainText(ends(one));
});

test('the keyboard holds the rows as the pointer does, and keeps its place', async ({ page, tasks }) => {
  const task = await tasks.submit({ seconds: 2, steps: 20 });
  await page.goto('/tasks');
  await hydrated(page);
  await live(page);
  const link = rows(page).getByRole('link');
  await link.focus();
  const next = await tasks.submit({ seconds: 1 }, LATER);
  await expect(page.getByRole('button', { name: '1 new' })).toBeVisible();
  // The row has changed under the focus, and is the same row.
  await tasks.reach(task.id, 'completed');
  await expect(rows(page).first()).toContainText('completed');
  await expect(link).toBeFocused();
  await page.locator('h1').click();
  await expect(rows(page)).toContainText(ends(next, task));
});

test('a row that is ticked stays ticked while it changes', async ({ page, tasks }) => {
  const task = await tasks.submit({ seconds: 2, steps: 20 });
  await page.goto('/tasks');
  await hydrated(page);
  await live(page);
  await rows(page).getByRole('checkbox').check();
  await page.mouse.move(0, 0);
  await tasks.reach(task.id, 'completed');
  await expect(rows(page).first()).toContainText('completed');
  await expect(rows(page).getByRole('checkbox')).toBeChecked();
  await expect(page.locator('.bulk-bar')).toContainText('1 selected');
});

test('the page after the first goes on where the first ends', async ({ page, tasks }) => {
  // Fifty that run, then many that are over, newer than all of them.
  await Promise.all(Array.from({ length: 60 }, () => tasks.submit({ seconds: 600 })));
  await expect
    .poll(async () => (await (await page.request.get('/api/stats')).json()).tasks.running)
    .toBe(60);
  await page.goto('/tasks?state=running');
  await hydrated(page);
  await live(page);
  await expect(rows(page)).toHaveCount(50);
  const ids = () =>
    page.locator('.tasks .task-link').evaluateAll((links) =>
      links.map((link) => link.getAttribute('href')?.split('/').pop() ?? ''),
    );
  const shown = await ids();
  // One of the next page changes: it does not join this one.
  const all = (await (await page.request.get('/api/tasks?state=running&limit=100')).json()).tasks;
  const last = all.at(-1).id as string;
  await tasks.cancel(all[0].id);
  await expect(rows(page).filter({ hasText: all[0].id.slice(-8) })).toHaveCount(0);
  await expect(rows(page)).toHaveCount(50);
  const then = await ids();
  expect(then).not.toContain(last);
  await page.getByRole('link', { name: 'Older' }).click();
  await expect(rows(page)).toHaveCount(9);
  const both = new Set([...shown, ...then, ...(await ids())]);
  expect(both.size, 'no task is missing between the pages').toBe(60);
});

test('Back restores the place in the list', async ({ page, tasks }) => {
  for (let left = 48; left > 0; left -= 16) {
    await Promise.all(Array.from({ length: 16 }, () => tasks.submit({ seconds: 1 }, LATER)));
  }
  await page.setViewportSize({ width: 1280, height: 600 });
  await page.goto('/tasks');
  await hydrated(page);
  await live(page);
  const link = rows(page).nth(40).getByRole('link');
  await link.scrollIntoViewIfNeeded();
  const before = await link.evaluate((element) => element.getBoundingClientRect().top);
  const name = await link.textContent();
  await link.click();
  await expect(page).toHaveURL(/\/tasks\/[0-9a-f-]{36}$/);
  // What has come meanwhile does not push the place away.
  await tasks.submit({ seconds: 1 }, LATER);
  await page.goBack();
  const again = page.locator('.tasks .task-link', { hasText: (name ?? '').trim().slice(-8) });
  await expect
    .poll(() => again.evaluate((element) => Math.round(element.getBoundingClientRect().top)))
    .toBe(Math.round(before));
});
