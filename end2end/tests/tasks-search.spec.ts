// The search box, the tabs and the menus of the list of tasks, which say the same three times.
import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { expect, hydrated, test } from '../support/test';

const box = (page: Page) => page.getByRole('searchbox', { name: 'Search' });
const tab = (page: Page, name: string) =>
  page.getByRole('navigation', { name: 'Where tasks stand' }).getByRole('link', { name });
const rows = (page: Page) => page.locator('.tasks tbody tr');
const shows = (page: Page, ...listed: { id: string }[]) =>
  expect(rows(page)).toContainText(listed.map(({ id }) => id.slice(-8)));

test('the box understands words, and says what it does not understand', async ({ page, tasks }) => {
  const mail = await tasks.submitUntil('completed', { seconds: 0 }, { queue: 'mail', tags: ['nightly'] });
  const later = await tasks.submit({ seconds: 7 }, { delay_ms: 3_600_000, queue: 'mail' });
  const other = await tasks.submit({ seconds: 7 }, { delay_ms: 3_600_000 });
  await page.goto('/tasks');
  await hydrated(page);
  await shows(page, other, later, mail);

  await box(page).fill('kind:sleep queue:mail state:scheduled,completed since:1h');
  await box(page).press('Enter');
  await shows(page, later, mail);
  await expect(page).toHaveURL(/state=scheduled%2Ccompleted/);
  await expect(page).toHaveURL(/since=1h/);
  // What was understood is in the menus now, and the address can be kept.
  await expect(page.getByRole('textbox', { name: 'Queue' })).toHaveValue('mail');
  await page.reload();
  await hydrated(page);
  await shows(page, later, mail);
  await expect(tab(page, 'scheduled')).toHaveAttribute('aria-current');
  await expect(tab(page, 'completed')).toHaveAttribute('aria-current');

  await box(page).fill('tag:nightly');
  await box(page).press('Enter');
  await shows(page, mail);

  await page.goto('/tasks');
  await hydrated(page);
  await box(page).fill('state:done tagg:x');
  await box(page).press('Enter');
  await expect(page.getByText('`done` is not a state')).toBeVisible();
  await expect(page.getByText('`tagg:x` is looked for as text')).toBeVisible();
  await expect(box(page)).toHaveValue('state:done tagg:x');
  await expect(box(page)).toHaveAccessibleDescription(/is left out/);
  // Nothing that was not understood becomes a change of everything.
  await expect(page.getByLabel(/all .*that match/)).toHaveCount(0);
});

test('the tabs count, and lead to the tasks of their state', async ({ page, tasks }) => {
  const done = await tasks.submitUntil('completed', { seconds: 0 }, { queue: 'mail' });
  await page.goto('/tasks?queue=mail');
  await hydrated(page);
  await expect(tab(page, 'completed')).toContainText('1');
  await expect(tab(page, 'scheduled')).toContainText('0');
  await tasks.submit({ seconds: 1 }, { delay_ms: 3_600_000, queue: 'mail' });
  await tasks.submit({ seconds: 1 }, { delay_ms: 3_600_000 });
  await expect(tab(page, 'scheduled')).toContainText('1');
  await expect(tab(page, 'all')).toContainText('2');
  await tab(page, 'completed').click();
  await expect(page).toHaveURL('/tasks?state=completed&queue=mail');
  await shows(page, done);
  await expect(tab(page, 'completed')).toHaveAttribute('aria-current');
  await expect(tab(page, 'scheduled')).toContainText('1');
  await tab(page, 'all').click();
  await expect(rows(page)).toHaveCount(2);
});

test('it can begin with the oldest, page by page', async ({ page, tasks }) => {
  const first = await tasks.submit({ seconds: 1 }, { delay_ms: 3_600_000 });
  for (let left = 54; left > 0; left -= 18) {
    await Promise.all(
      Array.from({ length: 18 }, () => tasks.submit({ seconds: 1 }, { delay_ms: 3_600_000 })),
    );
  }
  await page.goto('/tasks');
  await hydrated(page);
  await page.getByLabel('Order').selectOption('oldest first');
  await page.getByRole('button', { name: 'Filter' }).click();
  await expect(rows(page)).toHaveCount(50);
  await expect(rows(page).first()).toContainText(first.id.slice(-8));
  await page.getByRole('link', { name: 'Newer' }).click();
  await expect(rows(page)).toHaveCount(5);
  await page.getByRole('link', { name: 'Older', exact: true }).click();
  await expect(rows(page).first()).toContainText(first.id.slice(-8));
});

test('a line tells the payload and the end of an error, whatever is in them', async ({
  page,
  request,
  tasks,
}) => {
  const hostile = '</script><img src=x onerror=alert(1)>';
  const upstream = `https://nowhere.invalid/${'x'.repeat(300)}?${encodeURIComponent(hostile)}`;
  const data = {
    kind: 'http',
    payload: { url: upstream, headers: { 'x-note': hostile } },
    max_attempts: 1,
    tags: [hostile],
  };
  const answer = await request.post('/api/tasks', { data });
  const { id } = await answer.json();
  await tasks.reach(id, 'failed');
  await tasks.submitUntil('completed', { seconds: 0, steps: 2 });
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.goto('/tasks');
  await hydrated(page);
  await expect(rows(page).first()).toContainText('seconds: 0, steps: 2');
  const failed = rows(page).last();
  await expect(failed).toContainText(`url: ${upstream.slice(0, 60)}`);
  await expect(failed).toContainText(hostile);
  const message = (await (await request.get(`/api/tasks/${id}`)).json()).error.message as string;
  const end = (await failed.locator('.error-end').textContent()) ?? '';
  expect(end.length).toBeGreaterThan(10);
  expect(message.endsWith(end)).toBe(true);
  for (const row of await rows(page).all()) {
    expect((await row.boundingBox())?.height, 'one line').toBeLessThanOrEqual(37);
  }
  expect(await page.locator('.tasks img').count()).toBe(0);
});

test('the whole line leads to the task, and the keyboard gets there, too', async ({ page, tasks }) => {
  const { id } = await tasks.submitUntil('completed', { seconds: 0, steps: 1 });
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.goto('/tasks');
  await hydrated(page);
  // Where there is no text either.
  const line = await rows(page).boundingBox();
  if (!line) throw new Error('there is no line');
  await page.mouse.click(line.x + line.width - 20, line.y + line.height / 2);
  await expect(page).toHaveURL(new RegExp(`/tasks/${id}$`));
  await page.goBack();
  await rows(page).getByRole('checkbox').focus();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(new RegExp(`/tasks/${id}$`));
});

test('on the narrowest phone nothing is cut off or too small', async ({ page, tasks }) => {
  await page.setViewportSize({ width: 320, height: 640 });
  await tasks.submitUntil('failed', { seconds: 0, fail_at_step: 1 }, { max_attempts: 1, tags: ['nightly'] });
  await tasks.submit({ seconds: 1 }, { delay_ms: 3_600_000 });
  for (const path of ['/tasks', '/tasks?q=state:odd', '/tasks/change?action=cancel&all=1']) {
    await page.goto(path);
    await hydrated(page);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(wide, path).toBeLessThanOrEqual(320);
    const { violations } = await new AxeBuilder({ page }).setLegacyMode().analyze();
    expect(violations.map(({ id }) => id), path).toEqual([]);
  }
  await page.goto('/tasks');
  for (const target of [
    rows(page).locator('.tick-area').first(),
    page.getByRole('button', { name: 'Cancel' }),
    tab(page, 'failed'),
  ]) {
    expect((await target.boundingBox())?.height).toBeGreaterThanOrEqual(44);
  }
});

test.describe('far away', () => {
  test.use({ timezoneId: 'Asia/Kathmandu', locale: 'de-DE' });

  test('times are in one zone, which is named', async ({ page, tasks }) => {
    await tasks.submit({ seconds: 1 }, { delay_ms: 3_600_000 });
    await page.goto('/tasks');
    await hydrated(page);
    await expect(rows(page).locator('.moment-cell time')).toHaveAttribute('title', / UTC$/);
  });
});

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });
  test.beforeEach(({ problems }) => problems.allow(/^request failed: GET \S+\.js: csp$/));

  test('the box is read by the server', async ({ page, tasks }) => {
    const mail = await tasks.submitUntil('completed', { seconds: 0 }, { queue: 'mail' });
    await tasks.submit({ seconds: 1 }, { delay_ms: 3_600_000 });
    await page.goto('/tasks');
    await expect(tab(page, 'all')).toContainText('2');
    await box(page).fill('queue:mail state:completed,failed odd:word');
    await page.getByRole('button', { name: 'Filter' }).click();
    await expect(page.getByText('`odd:word` is looked for as text')).toBeVisible();
    await box(page).fill('queue:mail state:completed,failed');
    await page.getByRole('button', { name: 'Filter' }).click();
    await shows(page, mail);
    await tab(page, 'failed').click();
    await expect(page.getByText('No task matches.')).toBeVisible();
  });
});
