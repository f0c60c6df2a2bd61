// Queues: how they stand and went, their limits, pauses that end, and draining.
import { faults } from '../support/faults';
import { sideways } from '../support/sideways';
import { expect, hydrated, test } from '../support/test';

test('a queue is set up, limited, paused, resumed and drained', async ({ page, problems, tasks }) => {
  problems.allow(/422/);
  await page.goto('/queues');
  await hydrated(page);
  await page.getByLabel('Limit a queue that nobody uses yet').fill('mail');
  await page.getByRole('button', { name: 'Set up' }).click();
  await expect(page.getByRole('heading', { name: 'Queue mail' })).toBeVisible();

  await page.getByLabel('At a time on each node').fill('3');
  await page.getByLabel(/^Starts/).fill('10');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('alert')).toBeVisible();
  await page.getByLabel('In a span of seconds').fill('0.5');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('alert')).toBeHidden();

  const pause = page.getByRole('button', { name: 'Pause: mail' });
  const resume = page.getByRole('button', { name: 'Resume: mail' });
  await page.getByLabel('For how long').selectOption('for an hour');
  await pause.click();
  await expect(page.getByRole('status', { name: 'State' })).toContainText('paused until 20');
  await expect(pause).toBeDisabled();

  const waiting = await tasks.submit({ seconds: 0 }, { queue: 'mail' });
  await expect(page.getByText('1 tasks wait in it.')).toBeVisible({ timeout: 15_000 });
  // A destructive action asks first.
  await expect(page.getByRole('button', { name: 'Cancel all that wait' })).toBeHidden();
  await page.getByText('Drain…').click();
  await page.getByRole('button', { name: 'Cancel all that wait' }).click();
  await tasks.reach(waiting.id, 'cancelled');
  await expect(page.getByText('0 tasks wait in it.')).toBeVisible();
  await resume.click();
  await expect(pause).toBeEnabled();
  await expect(page.getByRole('status', { name: 'State' })).toBeEmpty();

  await page.getByRole('link', { name: 'All queues' }).click();
  const card = page.getByRole('listitem').filter({ hasText: 'mail' });
  await expect(card).toContainText('3 at a time on each node, 10 starts in 500 ms');
});

test('the list follows what happens', async ({ page, tasks }) => {
  await page.goto('/queues');
  await hydrated(page);
  await tasks.submit({ seconds: 600 }, { queue: 'night-shift' });
  const card = page.getByRole('listitem').filter({ hasText: 'night-shift' });
  await expect(card).toContainText('1 running', { timeout: 15_000 });
});

test('pages hold what axe and a narrow screen ask for', async ({ page, tasks }) => {
  await tasks.submit({ seconds: 600 }, { queue: 'a-queue-with-a-name-that-is-rather-long-but-allowed' });
  await page.request.post('/api/queues/mail/pause?until=2100-01-01T00:00:00Z');
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    for (const path of ['/queues', '/queues/mail']) {
      await page.setViewportSize({ width: 320, height: 640 });
      await page.goto(path);
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

  test('a queue is limited, paused and drained', async ({ page, tasks }) => {
    await page.goto('/queues');
    await page.getByLabel('Limit a queue that nobody uses yet').fill('mail');
    await page.getByRole('button', { name: 'Set up' }).click();
    await expect(page.getByRole('heading', { name: 'Queue mail' })).toBeVisible();
    await page.getByLabel('At a time on all nodes').fill('2');
    await page.getByRole('button', { name: 'Save' }).click();
    await expect(page.getByLabel('At a time on all nodes')).toHaveValue('2');
    await page.getByRole('button', { name: 'Pause: mail' }).click();
    await expect(page.getByRole('status', { name: 'State' })).toHaveText('paused');
    const waiting = await tasks.submit({ seconds: 0 }, { queue: 'mail' });
    await page.getByText('Drain…').click();
    await page.getByRole('button', { name: 'Cancel all that wait' }).click();
    await tasks.reach(waiting.id, 'cancelled');
    await page.getByRole('button', { name: 'Resume: mail' }).click();
    await expect(page.getByRole('button', { name: 'Pause: mail' })).toBeEnabled();
  });
});
