// What a server tells of itself, with and without scripts.
import { faults } from '../support/faults';
import { sideways } from '../support/sideways';
import { expect, hydrated, test } from '../support/test';

test('limits, storage and settings are told, and the way there is short', async ({ page }) => {
  await page.goto('/');
  await hydrated(page);
  await page.getByText('More', { exact: true }).click();
  await page.getByRole('link', { name: 'About' }).click();
  await hydrated(page);
  await expect(page.getByRole('heading', { name: 'About this server' })).toBeVisible();
  await expect(page.getByRole('row', { name: /^database sqlite:/ })).toBeVisible();
  await expect(page.locator('[data-bytes="size_bytes"]')).toHaveText(/^[\d.]+ (KiB|MiB)$/);
});

test('storage is kept up to date', async ({ page, tasks }) => {
  await page.goto('/about');
  await hydrated(page);
  await tasks.submitUntil('completed', { seconds: 0 });
  const answer = await page.waitForResponse('**/api/stats');
  expect(answer.ok()).toBe(true);
  await expect(page.locator('[data-bytes="size_bytes"]')).toHaveText(/^[\d.]+ (KiB|MiB)$/);
});

test('the page holds what axe and a narrow screen ask for', async ({ page }) => {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await page.setViewportSize({ width: 320, height: 640 });
    await page.goto('/about');
    await hydrated(page);
    expect.soft(await sideways(page)).toEqual({ by: 0, elements: [] });
    await page.getByText('More', { exact: true }).click();
    expect.soft(await sideways(page), 'with the menu open').toEqual({ by: 0, elements: [] });
    await page.setViewportSize({ width: 1280, height: 720 });
    expect.soft(await faults(page)).toEqual([]);
  }
});

test.describe('without scripts', () => {
  test.use({ javaScriptEnabled: false });

  test.beforeEach(({ problems }) => problems.allow(/^request failed: GET \S+\.js: csp$/));

  test('it can be read', async ({ page }) => {
    await page.goto('/');
    await page.getByText('More', { exact: true }).click();
    await page.getByRole('link', { name: 'About' }).click();
    await expect(page.getByRole('heading', { name: 'Settings in force' })).toBeVisible();
  });
});
