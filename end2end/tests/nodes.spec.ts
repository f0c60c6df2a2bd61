// Nodes and workers: who runs what, and draining one worker.
import type { APIRequestContext } from '@playwright/test';
import { faults } from '../support/faults';
import { sideways } from '../support/sideways';
import { expect, hydrated, test } from '../support/test';

/** Has a worker ask for tasks, and says whether it is to end. */
async function asks(request: APIRequestContext): Promise<boolean> {
  const claim = { worker: 'resizer-1', kinds: [{ kind: 'resize' }], limit: 1 };
  return (await (await request.post('/api/claims', { data: claim })).json()).drain;
}

test('a node is seen at work, and a worker is drained and let go on', async ({ page, tasks }) => {
  await page.goto('/nodes');
  await hydrated(page);
  const node = page.getByRole('list', { name: 'Nodes' }).getByRole('listitem').first();
  await expect(node).toContainText('0 of 100 workers busy');
  await expect(node).toContainText(/Lag\s*\d+ ms/);
  await expect(page.getByText('None has asked for tasks')).toBeVisible();

  const { id } = await tasks.submit({ seconds: 600 });
  await expect(node).toContainText('1 of 100 workers busy', { timeout: 15_000 });
  await expect(node.getByRole('link', { name: id.slice(-8) })).toBeVisible();

  expect(await asks(page.request)).toBe(false);
  const worker = page.getByRole('list', { name: 'Workers' }).getByRole('listitem').first();
  await expect(worker).toContainText('resizer-1', { timeout: 15_000 });
  await expect(worker).toContainText('127.0.0.1');
  const drain = page.getByRole('button', { name: 'Drain: resizer-1' });
  await drain.click();
  await expect(worker).toContainText('drained');
  await expect(drain).toBeDisabled();
  expect(await asks(page.request)).toBe(true);
  await page.getByRole('button', { name: 'Resume: resizer-1' }).click();
  await expect(drain).toBeEnabled();
  expect(await asks(page.request)).toBe(false);
});

test('the page holds what axe and a narrow screen ask for', async ({ page, tasks }) => {
  await tasks.submitUntil('running', { seconds: 600 });
  await asks(page.request);
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await page.setViewportSize({ width: 320, height: 640 });
    await page.goto('/nodes');
    await hydrated(page);
    expect.soft(await sideways(page)).toEqual({ by: 0, elements: [] });
    await page.setViewportSize({ width: 1280, height: 720 });
    expect.soft(await faults(page)).toEqual([]);
  }
});

test.describe('without scripts', () => {
  test.use({ javaScriptEnabled: false });

  test.beforeEach(({ problems }) => problems.allow(/^request failed: GET \S+\.js: csp$/));

  test('a worker is drained', async ({ page }) => {
    await asks(page.request);
    await page.goto('/nodes');
    await page.getByRole('button', { name: 'Drain: resizer-1' }).click();
    await expect(page.getByText('drained: it is given no more tasks')).toBeVisible();
    expect(await asks(page.request)).toBe(true);
  });
});
