// The lab as its readers meet it: foretell, run, compare, replay, share.
import type { Page } from '@playwright/test';
import { faults } from '../support/faults';
import { unfold } from '../support/pages';
import { sideways } from '../support/sideways';
import { expect, hydrated, test } from '../support/test';

/** Answers what is asked before the first run of `blocking`. */
async function foretell(page: Page): Promise<void> {
  await page.getByLabel('None: the server is async').check();
  const bar = page.getByRole('slider', { name: /the slowest ping/ });
  await bar.focus();
  await page.keyboard.press('ArrowRight');
  await page.getByLabel('certain').check();
}

const runButton = (page: Page) => page.getByRole('button', { name: /run it/i });
const comparison = (page: Page) => page.getByRole('region', { name: 'Comparison' });
const picture = (page: Page) => page.getByRole('figure', { name: 'Time line of all variants' });
// A busy machine may be silent elsewhere too: the first is that of the server that is broken.
const silence = (page: Page) => picture(page).getByText('silent for').first();
const state = (page: Page) => page.getByRole('status', { name: 'Run', exact: true });

/** From the experiment's page to a finished run. */
async function run(page: Page): Promise<void> {
  await page.goto('/lab/blocking');
  await hydrated(page);
  await foretell(page);
  await runButton(page).click();
  await expect(state(page)).toContainText('completed', { timeout: 30_000 });
}

test('somebody new finds the first experiment, and finishes it', async ({ page }) => {
  await page.goto('/');
  await hydrated(page);
  await page.getByRole('link', { name: 'Break a server on purpose' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('One handler blocks');

  // Nothing is run before something is foretold.
  await expect(runButton(page)).toBeDisabled();
  await foretell(page);
  await expect(runButton(page)).toBeEnabled();
  await runButton(page).click();

  await expect(page).toHaveURL(/\/lab\/blocking\?run=[0-9a-f-]{36}$/);
  await expect(page.locator('#happened')).toBeFocused();
  await expect(silence(page)).toBeVisible({ timeout: 30_000 });
  await expect(state(page)).toContainText('While the blocking handler worked');
  const rows = comparison(page).getByRole('row');
  await expect(rows).toHaveCount(3);
  await expect(rows.nth(1)).toContainText('None: the server is async');
  await expect(rows.nth(1)).toContainText('Not so. It was: Nearly all.');
  await expect(page.getByText(/You were certain\./)).toBeVisible();

  await page.getByLabel('Explain to a colleague').fill('A blocked thread serves nobody.');
  await page.getByRole('link', { name: 'The lab', exact: true }).click();
  const first = page.getByRole('listitem').filter({ hasText: 'One handler blocks' });
  await expect(first).toContainText('done');
  await expect(page.getByText('1 of 10 done.')).toBeVisible();
});

test('what was foretold stays, and is compared with the next run too', async ({ page }) => {
  await run(page);
  await page.goto('/lab/blocking');
  await hydrated(page);
  await expect(page.getByText('You were certain when you said so.')).toBeVisible();
  await expect(page.getByLabel('None: the server is async')).toHaveCount(0);
  await page.getByRole('button', { name: 'Run it again' }).click();
  await expect(comparison(page)).toBeVisible({ timeout: 30_000 });
});

test('a run can be replayed, step by step', async ({ page }) => {
  await run(page);
  const replay = page.getByRole('group', { name: 'Replay' });
  const moment = replay.getByRole('slider', { name: 'Moment' });
  await expect(replay.getByText(/^all of /)).toBeVisible();

  await replay.getByRole('button', { name: 'Step →' }).click();
  await expect(replay.getByRole('status')).toContainText('GET /ping is sent');
  await expect(picture(page).getByText('silent for')).toHaveCount(0);
  await expect(picture(page).locator('.chart-head').first()).toBeAttached();

  await moment.fill('700');
  await expect(replay.getByText(/^700 ms of /)).toBeVisible();
  await replay.getByRole('button', { name: '← Step' }).click();
  await expect(replay.getByRole('status')).not.toBeEmpty();

  await replay.getByRole('combobox', { name: 'Speed' }).selectOption('as it was');
  await replay.getByRole('button', { name: 'Play again' }).click();
  await expect(replay.getByRole('button', { name: 'Pause' })).toBeVisible();
  await expect(replay.getByText(/^all of /)).toBeVisible();
});

test('an address shows the run to somebody else, who has foretold nothing', async ({
  page,
  browser,
  baseURL,
}) => {
  await run(page);
  const context = await browser.newContext({ baseURL });
  const other = await context.newPage();
  await other.goto(page.url());
  await hydrated(other);
  await expect(silence(other)).toBeVisible();
  await expect(other.getByText('You have foretold nothing of this')).toBeVisible();
  await expect(runButton(other)).toBeDisabled();
  await context.close();
});

test('a run can be taken away as JSON', async ({ page }) => {
  await run(page);
  const started = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Download it as JSON' }).click();
  const download = await started;
  expect(download.suggestedFilename()).toMatch(/^blocking-[0-9a-f-]{36}\.json$/);
  const stream = await download.createReadStream();
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  const taken = JSON.parse(Buffer.concat(chunks).toString());
  expect(taken.task.state).toBe('completed');
  expect(taken.servers.map((it: { variant: string }) => it.variant)).toContain('fixed');
  expect(taken.spans.length).toBeGreaterThan(20);
});

test('a client that goes away stops nothing that others watch', async ({ page, context }) => {
  await page.goto('/lab/blocking');
  await hydrated(page);
  await foretell(page);
  await runButton(page).click();
  await expect(page).toHaveURL(/run=/);
  const address = page.url();
  const other = await context.newPage();
  await other.goto(address);
  await page.close();
  await expect(state(other)).toContainText('completed', { timeout: 30_000 });
  await expect(silence(other)).toBeVisible();
});

test('the conditions can be changed, and what is wrong is said where it is', async ({
  page,
  problems,
}) => {
  problems.allow(/422/);
  await page.goto('/lab/blocking');
  await hydrated(page);
  await foretell(page);
  await page.getByText('Under which conditions').click();
  await page.getByLabel('work_ms').fill('300');
  await expect(page.getByRole('region', { name: /command that runs/ })).toContainText(
    '"work_ms":300',
  );
  await page.getByLabel('workers_busy').fill('16');
  await page.getByLabel('work_ms').fill('2000');
  await runButton(page).click();
  await expect(page.getByLabel('workers_busy')).toHaveAccessibleDescription(/makes more than/);
  await page.getByLabel('workers_busy').fill('1');
  await page.getByLabel('work_ms').fill('300');
  await runButton(page).click();
  await expect(state(page)).toContainText('worked for 300 ms', { timeout: 30_000 });
});

test('what was chosen before the scripts came stays', async ({ page }) => {
  // The page is there, and its scripts are still on their way.
  let go: () => void = () => undefined;
  const scripts = new Promise<void>((resolve) => {
    go = resolve;
  });
  await page.route(/\.wasm/, async (route) => {
    await scripts;
    await route.continue();
  });
  await page.goto('/lab/blocking', { waitUntil: 'commit' });
  await foretell(page);
  await page.getByText('Under which conditions').click();
  await page.getByLabel('work_ms').fill('300');
  await page.getByLabel('Explain to a colleague').fill('A blocked thread serves nobody.');
  go();
  await hydrated(page);

  await expect(page.getByLabel('None: the server is async')).toBeChecked();
  await expect(page.getByLabel('work_ms')).toHaveValue('300');
  await expect(page.getByRole('region', { name: /command that runs/ })).toContainText(
    '"work_ms":300',
  );
  await runButton(page).click();
  await expect(state(page)).toContainText('worked for 300 ms', { timeout: 30_000 });
  await expect(comparison(page)).toContainText('None: the server is async');
  // The run came while the page stood: nothing of it was drawn anew.
  await expect(page.getByLabel('work_ms')).toHaveValue('300');
  await page.reload();
  await hydrated(page);
  await expect(page.getByLabel('Explain to a colleague')).toHaveValue(
    'A blocked thread serves nobody.',
  );
});

test('another experiment starts afresh', async ({ page }) => {
  await page.goto('/lab/blocking');
  await hydrated(page);
  await foretell(page);
  await page.getByText('Under which conditions').click();
  const conditions = page.locator('.lab-conditions input');
  await conditions.first().fill('7');
  await page.getByLabel('Explain to a colleague').fill('Of the first.');
  await page.getByRole('link', { name: /→$/ }).click();
  await expect(page.getByRole('heading', { level: 1 })).not.toHaveText('One handler blocks');
  await expect(page.locator('.foretell :checked')).toHaveCount(0);
  await expect(runButton(page)).toBeDisabled();
  await expect(conditions.first()).not.toHaveValue('7');
  await expect(page.locator('#own-words')).toHaveValue('');
  await page.goBack();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('One handler blocks');
  await expect(page.locator('#own-words')).toHaveValue('Of the first.');
});

test('another run is shown when the address names another', async ({ page }) => {
  await run(page);
  const first = page.url();
  await page.getByRole('link', { name: 'The lab', exact: true }).click();
  await page.getByRole('link', { name: 'One handler blocks' }).click();
  await expect(page.getByText('Nothing yet.')).toBeVisible();
  await page.getByRole('link', { name: /^Run of / }).click();
  await expect(page).toHaveURL(first);
  await expect(silence(page)).toBeVisible();
  await page.goBack();
  await expect(page.getByText('Nothing yet.')).toBeVisible();
});

test('the keyboard is enough', async ({ page }) => {
  await page.goto('/lab/blocking');
  await hydrated(page);
  await page.getByLabel('None: the server is async').focus();
  await page.keyboard.press('Space');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Tab');
  // It stands where it is meant to: the key that leads there says so.
  await page.keyboard.press('Home');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Space');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  await expect(runButton(page)).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(comparison(page)).toBeVisible({ timeout: 30_000 });
  await expect(comparison(page)).toContainText('0 ms');
  const step = page.getByRole('button', { name: 'Step →' });
  await step.focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('group', { name: 'Replay' }).getByRole('status')).not.toBeEmpty();
});

test.describe('for those who want no motion', () => {
  test.use({ contextOptions: { reducedMotion: 'reduce' } });

  test('there is a still picture, a table, and steps', async ({ page }) => {
    await run(page);
    await expect(picture(page)).toBeVisible();
    const replay = page.getByRole('group', { name: 'Replay' });
    await expect(replay.getByRole('button', { name: 'Play again' })).toBeHidden();
    await expect(replay.getByRole('button', { name: 'Step →' })).toBeVisible();
    await expect(page.getByRole('region', { name: 'What was measured' })).toContainText('stalled');
    await page.getByText('The picture as a table').click();
    await expect(page.getByRole('region', { name: 'The picture as a table' })).toContainText(
      /silent for \d/,
    );
  });
});

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });
  test.beforeEach(({ problems }) => problems.allow(/^request failed: GET \S+\.js: csp$/));

  test('an experiment can be read, run, and seen', async ({ page, tasks }) => {
    await page.goto('/lab');
    await page.getByRole('link', { name: 'One handler blocks' }).click();
    await expect(page.getByText('How many of about 20 pings stall?')).toBeVisible();
    await expect(page.getByRole('region', { name: 'How fixed differs from broken' })).toContainText(
      'tokio::time::sleep(wait).await;',
    );
    await runButton(page).click();
    await expect(page).toHaveURL(/\/lab\/blocking\?run=/);
    await tasks.reach(page.url().split('=').pop() ?? '', 'completed');
    await page.reload();
    await expect(picture(page)).toBeVisible();
    await expect(page.getByRole('region', { name: 'What was measured' }).first()).toContainText(
      'of them stalled',
    );
    await page.goto('/lab/blocking');
    await page.getByText('What the last run showed').click();
    await expect(page.getByRole('region', { name: 'What was measured' })).toContainText(
      'of them stalled',
    );
  });
});

for (const colorScheme of ['light', 'dark'] as const) {
  test.describe(colorScheme, () => {
    test.use({ colorScheme, contextOptions: { reducedMotion: 'reduce' } });

    test('axe finds nothing when a run is over', async ({ page }) => {
      test.slow();
      await run(page);
      await unfold(page);
      expect(await faults(page)).toEqual([]);
    });
  });
}

test.describe('on a phone', () => {
  test.use({ viewport: { width: 360, height: 740 }, hasTouch: true });

  test('nothing is wider than the screen', async ({ page }) => {
    await run(page);
    await unfold(page);
    expect(await sideways(page)).toEqual({ by: 0, elements: [] });
  });
});
