// The pictures in docs/screenshots: `npm run screenshots`, and look at them before they are kept.
import path from 'node:path';
import type { Page } from '@playwright/test';
import { TaskPage } from '../support/task-page';
import { expect, hydrated, test } from '../support/test';

test.use({ viewport: { width: 1280, height: 800 } });

async function take(page: Page, name: string): Promise<void> {
  await expect(page.getByRole('status', { name: 'Connection' })).toHaveText('live');
  await page.mouse.move(0, 0);
  await page.screenshot({
    path: path.join(__dirname, '../../docs/screenshots', `${name}.png`),
    // What moves is in the picture, but not where chance would have it.
    animations: 'disabled',
  });
}

test('the board of a busy server', async ({ page, tasks }) => {
  for (let batch = 0; batch < 8; batch += 1) {
    await Promise.all(
      Array.from({ length: 16 }, () => tasks.submit({ seconds: 0.1, steps: 2 }, { tags: ['mail'] })),
    );
  }
  const once = { max_attempts: 1 };
  await tasks.submit({ seconds: 0.4, steps: 12, panic_at_step: 9 }, { ...once, tags: ['import'] });
  await tasks.submit({ seconds: 0.2, steps: 20, fail_at_step: 3 }, { ...once, tags: ['report'] });
  await tasks.submit({ seconds: 0, steps: 5, fail_at_step: 5 }, { ...once, tags: ['backup'] });
  for (const delay_ms of [60_000, 300_000, 900_000]) {
    await tasks.submit({ seconds: 5 }, { delay_ms, tags: ['nightly'] });
  }
  await tasks.submit({ seconds: 1, fail_at_step: 1 }, { tags: ['webhook'] });
  const steps = [90, 48, 240, 30, 64, 25, 120];
  const [first] = await Promise.all(
    steps.map((steps, index) => tasks.submit({ seconds: 9 + 8 * index, steps })),
  );
  await page.goto('/');
  await hydrated(page);
  const furthest = page.locator('.running-list li').filter({ hasText: first?.id.slice(-8) });
  await expect(furthest.getByRole('progressbar')).toHaveAttribute('value', /0\.8\d*/);
  await take(page, 'board');
});

test('a task that failed once and runs again', async ({ page, tasks }) => {
  const { id } = await tasks.submit(
    { seconds: 12, steps: 60, fail_at_step: 14, fail_attempts: 1 },
    { tags: ['import', 'customers'] },
  );
  const task = new TaskPage(page);
  await task.open(id);
  await hydrated(page);
  await expect(task.attempts).toContainText(['Attempt 2 running', 'Attempt 1 failed'], {
    timeout: 20_000,
  });
  await expect(task.progress).toHaveAttribute('value', /0\.6\d*/, { timeout: 20_000 });
  await take(page, 'task');
  await page.emulateMedia({ colorScheme: 'dark' });
  await take(page, 'task-dark');
});
