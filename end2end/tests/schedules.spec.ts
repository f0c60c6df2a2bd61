// Schedules: made, seen, paused, run, changed and deleted, with and without scripts.
import { faults } from '../support/faults';
import { sideways } from '../support/sideways';
import { expect, hydrated, test } from '../support/test';

const NIGHTLY = {
  cron: '30 2 * * *',
  time_zone: 'Europe/Berlin',
  task: { kind: 'sleep', payload: { seconds: 0 }, tags: ['nightly'] },
};

test.use({ timezoneId: 'America/New_York' });

test('a schedule is made, foretold, run, paused, changed and deleted', async ({ page }) => {
  await page.goto('/');
  await hydrated(page);
  await page.getByText('More', { exact: true }).click();
  await page.getByRole('link', { name: 'Schedules' }).click();
  await expect(page.getByText('There are none.')).toBeVisible();
  await expect(page.getByRole('link', { name: 'Schedules' })).toBeHidden();
  await page.getByRole('link', { name: 'New schedule' }).click();

  await page.getByLabel('Rule').fill('30 2 * * *');
  await page.getByLabel('Time zone').fill('Europe/Berlin');
  // What is typed is foretold before anything is stored.
  await expect(page.getByRole('region', { name: 'Next firings' })).toContainText('02:30:00 +0');
  await page.getByLabel('Kind').selectOption('sleep');
  await page.getByLabel('payload').fill('{"seconds": 0}');
  await page.getByLabel('Overlapping firings').selectOption('submit nothing');
  await page.getByRole('button', { name: 'Save' }).click();

  await expect(page).toHaveURL(/\/schedules\/[0-9a-f-]{36}$/);
  await expect(page.getByRole('heading', { name: 'Schedule of sleep' })).toBeVisible();
  const firings = page.getByRole('region', { name: 'Next firings' });
  await expect(firings).toContainText('America/New_York');
  await expect(firings.locator('tbody tr')).toHaveCount(10);
  await expect(firings.locator('tbody tr').first()).toContainText(/02:30:00 \+0[12]:00/);
  await expect(firings.locator('tbody tr').first()).toContainText(/2[01]:30:00$/);
  await expect(page.getByText('A firing submits nothing while a task')).toBeVisible();

  await page.getByRole('button', { name: 'Run now' }).click();
  await expect(page.locator('.latest-tasks li')).toHaveCount(1);

  const pause = page.getByRole('button', { name: 'Pause' });
  const resume = page.getByRole('button', { name: 'Resume' });
  await expect(resume).toBeDisabled();
  await pause.click();
  await expect(page.getByText('paused', { exact: true })).toBeVisible();
  await expect(pause).toBeDisabled();
  await resume.click();
  await expect(pause).toBeEnabled();

  await page.getByRole('link', { name: 'Edit' }).click();
  await expect(page.getByLabel('Rule')).toHaveValue('30 2 * * *');
  await page.getByLabel('Rule').fill('0 4 * * *');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('0 4 * * *')).toBeVisible();

  await page.getByText('Delete…').click();
  await page.getByRole('button', { name: 'Delete the schedule' }).click();
  await expect(page).toHaveURL(/\/schedules$/);
  await expect(page.getByText('There are none.')).toBeVisible();
});

test('the list follows what others do', async ({ page, request }) => {
  await page.goto('/schedules');
  await hydrated(page);
  const made = await (await request.post('/api/schedules', { data: NIGHTLY })).json();
  const card = page.getByRole('listitem').filter({ hasText: '30 2 * * *' });
  await expect(card).toContainText('fires in', { timeout: 15_000 });
  await request.post(`/api/schedules/${made.id}/pause`);
  await expect(card).toContainText('paused', { timeout: 15_000 });
});

test('a rule that makes no sense is said at its field', async ({ page, problems }) => {
  problems.allow(/422/);
  await page.goto('/schedules/new');
  await hydrated(page);
  await page.getByLabel('Rule').fill('61 * * * *');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('alert')).toContainText('Nothing was saved');
  await expect(page.getByLabel('Rule')).toHaveAttribute('aria-invalid', 'true');
  await expect(page.getByLabel('Rule')).toHaveValue('61 * * * *');
});

test('pages hold what axe and a narrow screen ask for', async ({ page, request }) => {
  const made = await (await request.post('/api/schedules', { data: NIGHTLY })).json();
  await request.post(`/api/schedules/${made.id}/run`);
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    for (const path of ['', '/new', `/${made.id}`, `/${made.id}/edit`]) {
      await page.setViewportSize({ width: 320, height: 640 });
      await page.goto(`/schedules${path}`);
      await hydrated(page);
      expect.soft(await sideways(page), path).toEqual({ by: 0, elements: [] });
      await page.setViewportSize({ width: 1280, height: 720 });
      expect.soft(await faults(page), path).toEqual([]);
    }
  }
});

test.describe('without scripts', () => {
  test.use({ javaScriptEnabled: false });

  test.beforeEach(({ problems }) => problems.allow(/^request failed: GET \S+\.js: csp$/));

  test('a schedule is made, run, paused and deleted', async ({ page }) => {
    await page.goto('/schedules/new');
    await page.getByLabel('Rule').fill('61 * * * *');
    await page.getByLabel('Kind').selectOption('sleep');
    await page.getByLabel('payload').fill('{"seconds": 0}');
    await page.getByRole('button', { name: 'Save' }).click();
    await expect(page.getByRole('alert')).toContainText('Nothing was saved');
    await expect(page.getByLabel('Rule')).toHaveValue('61 * * * *');
    await page.getByLabel('Rule').fill('30 2 * * *');
    await page.getByRole('button', { name: 'Save' }).click();

    await expect(page.getByRole('heading', { name: 'Schedule of sleep' })).toBeVisible();
    await expect(page.getByRole('region', { name: 'Next firings' })).toContainText('UTC');
    await page.getByRole('button', { name: 'Run now' }).click();
    await expect(page.locator('.latest-tasks li')).toHaveCount(1);
    await page.getByRole('button', { name: 'Pause' }).click();
    await expect(page.getByText('paused', { exact: true })).toBeVisible();
    await expect(page.getByRole('button', { name: 'Pause' })).toBeDisabled();
    await page.getByText('Delete…').click();
    await page.getByRole('button', { name: 'Delete the schedule' }).click();
    await expect(page).toHaveURL(/\/schedules$/);
    await expect(page.getByText('There are none.')).toBeVisible();
  });
});
