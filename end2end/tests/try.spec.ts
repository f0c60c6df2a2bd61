// The async endpoints, tried from their page: each panel, its stop, and what there is without scripts.
import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import AxeBuilder from '@axe-core/playwright';
import type { Locator, Page } from '@playwright/test';
import { record } from '../support/record';
import { expect, hydrated, test } from '../support/test';

/** A panel by its heading. */
class Panel {
  readonly section: Locator;
  readonly course: Locator;
  readonly words: Locator;

  constructor(
    page: Page,
    heading: string,
    private readonly bodyName: string,
  ) {
    this.section = page.getByRole('region', { name: heading });
    this.course = this.section.locator('.course');
    this.words = this.section.getByRole('status');
  }

  get body(): Locator {
    return this.section.getByRole('region', { name: this.bodyName, exact: true });
  }

  button(name: string): Locator {
    return this.section.getByRole('button', { name, exact: true });
  }

  field(name: string): Locator {
    return this.section.getByLabel(name, { exact: true });
  }

  /** What stands beside `Sent`, `First byte` or `Done`, as milliseconds. */
  async moment(name: string): Promise<number> {
    const row = this.section.locator('.moments div').filter({ hasText: name });
    const text = (await row.locator('dd').textContent()) ?? '';
    return Number(text.replace(/ ms.*/, '').replace(',', ''));
  }

  async stage(stage: string): Promise<void> {
    await expect(this.course).toHaveAttribute('data-stage', stage);
  }
}

const slow = (page: Page) => new Panel(page, 'A wait and its time limit', 'answer to the wait');
const aggregate = (page: Page) =>
  new Panel(page, 'Several services at the same time', 'answers of the services');
const stream = (page: Page) => new Panel(page, 'A stream of text', 'text of the stream');
const socket = (page: Page) =>
  new Panel(page, 'A task over a WebSocket', 'messages of the WebSocket');
const hello = (page: Page) => new Panel(page, 'Hello and health', 'short answer');

async function open(page: Page): Promise<void> {
  await page.goto('/try');
  await hydrated(page);
}

/** How many requests the server has open, beside the one that asks. */
async function openRequests(page: Page): Promise<number> {
  const metrics = await (await page.request.get('/metrics')).text();
  return Number(/^glassworks_http_requests_open (\d+)$/m.exec(metrics)?.[1]) - 1;
}

test('the header leads to the page', async ({ page }) => {
  await page.goto('/');
  await hydrated(page);
  await page.getByRole('link', { name: 'Try', exact: true }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Try the async endpoints');
  await expect(page).toHaveTitle(/Try/);
});

test('a wait is answered after as long as it was to take', async ({ page }) => {
  await open(page);
  const panel = slow(page);
  await panel.field('seconds').fill('0.4');
  await expect(panel.section).toContainText("/api/slow?seconds=0.4'");
  await panel.button('Wait').click();
  await panel.stage('done');
  await expect(panel.words).toHaveText(/^200 after \d+ ms\.$/);
  await expect(panel.body).toContainText('"waited_seconds":0.4');
  const first = await panel.moment('First byte');
  expect(first).toBeGreaterThanOrEqual(400);
  expect(await panel.moment('Done')).toBeGreaterThanOrEqual(first);
});

test('a limit below the wait is a 504, and a wait out of range a 422 that says where', async ({
  page,
  problems,
}) => {
  problems.allow(/504|422/);
  await open(page);
  const panel = slow(page);
  await panel.field('seconds').fill('30');
  await panel.field('timeout').fill('0.2');
  await panel.button('Wait').click();
  await panel.stage('failed');
  await expect(panel.words).toHaveText(/^504 after \d+ ms\.$/);
  await expect(panel.section.getByRole('alert')).toContainText('The work was to take 30 s');

  await panel.field('seconds').fill('61');
  await panel.button('Wait').click();
  await expect(panel.words).toHaveText(/^422 after/);
  await expect(panel.section.getByRole('alert')).toContainText('seconds must be 0 to 60');
});

test('several are under way at the same time, and each can be stopped', async ({ page }) => {
  await open(page);
  await slow(page).field('seconds').fill('60');
  await slow(page).button('Wait').click();
  await stream(page).field('interval_ms').fill('60000');
  await stream(page).button('Stream').click();
  await expect(stream(page).body).toContainText('1: 1');
  await hello(page).button('/api/hello').click();
  await expect(hello(page).body).toContainText('Hello from the async server!');
  await expect.poll(() => openRequests(page)).toBe(2);

  await slow(page).button('Stop').click();
  await expect(slow(page).words).toHaveText(/^Stopped after/);
  await expect.poll(() => openRequests(page), 'the wait has ended on the server').toBe(1);
  await stream(page).button('Stop').click();
  await expect(stream(page).words).toHaveText(/^Stopped after/);
  await expect.poll(() => openRequests(page), 'and so has the stream').toBe(0);
});

test('what is under way stops when the page is left', async ({ page }) => {
  await open(page);
  await slow(page).field('seconds').fill('60');
  await slow(page).button('Wait').click();
  await expect.poll(() => openRequests(page)).toBe(1);
  await page.getByRole('link', { name: 'Tasks', exact: true }).click();
  await expect(page.getByRole('heading', { name: 'Tasks' })).toBeVisible();
  await expect.poll(() => openRequests(page)).toBe(0);

  // And when the browser leaves it for a page that the router does not have.
  await page.getByRole('link', { name: 'Try', exact: true }).click();
  await stream(page).field('interval_ms').fill('60000');
  await stream(page).button('Stream').click();
  await expect.poll(() => openRequests(page)).toBe(1);
  await page.getByRole('link', { name: 'Learn', exact: true }).click();
  await page.waitForURL(/\/learn$/);
  await expect.poll(() => openRequests(page)).toBe(0);
});

test('the bars of the services fill while they answer', async ({ page }) => {
  await open(page);
  const panel = aggregate(page);
  const widths = await record(page, '.waterfall .bar:nth-of-type(2)', 'width');
  const told = await record(page, '.waterfall-table tbody');
  await panel.button('Ask all three').click();
  const rows = panel.section.getByRole('table').getByRole('row');
  await panel.stage('done');
  await expect(rows).toHaveCount(4);
  await expect(rows.filter({ hasText: 'Data from service' })).toHaveCount(3);
  await expect(panel.section.locator('svg .is-answered')).toHaveCount(3);

  const grown = (await widths.jsonValue()).map((width) => Number.parseFloat(width));
  expect(grown.length, `the bar of the slowest grew: ${grown}`).toBeGreaterThan(5);
  expect(grown).toEqual([...grown].sort((one, other) => one - other));
  const partly = (await told.jsonValue()).filter(
    (text) => text.includes('Data from service a') && text.includes('not yet'),
  );
  expect(partly.length, 'the quickest was there while others were not').toBeGreaterThan(0);
  const [first, done] = [await panel.moment('First byte'), await panel.moment('Done')];
  expect(first, 'who is asked is told at once').toBeLessThan(900);
  expect(done).toBeGreaterThanOrEqual(1990);
  await expect(panel.body).toContainText('"total_time":2');
});

test('text is shown as it comes', async ({ page }) => {
  await open(page);
  const panel = stream(page);
  await panel.field('count').fill('4');
  await panel.field('interval_ms').fill('400');
  await panel.button('Stream').click();
  await expect(panel.body).toContainText('1: 1');
  await expect(panel.body).not.toContainText('4: 4');
  await panel.stage('done');
  await expect(panel.body).toHaveText('Číslo № 1: 1\nČíslo № 2: 2\nČíslo № 3: 3\nČíslo № 4: 4');
  expect(await panel.moment('Done')).toBeGreaterThan((await panel.moment('First byte')) + 900);
});

test('characters stay whole when the network cuts every byte from the next', async ({
  page,
  problems,
  server,
}) => {
  // The proxy carries no WebSocket.
  problems.allow(/WebSocket/);
  // What a proxy may do to a stream, at its worst.
  const proxy = createServer((asked, answer) => {
    const target = new URL(asked.url ?? '/', server.url);
    const { method, headers } = asked;
    const onward = httpRequest(target, { method, headers }, async (response) => {
      answer.writeHead(response.statusCode ?? 502, response.headers);
      answer.socket?.setNoDelay(true);
      const isCut = target.pathname === '/fn/try_stream';
      for await (const chunk of response) {
        for (const part of isCut ? Array.from(chunk as Buffer, (byte) => Buffer.of(byte)) : [chunk]) {
          answer.write(part);
          if (isCut) await new Promise((sent) => setTimeout(sent, 3));
        }
      }
      answer.end();
    });
    onward.on('error', () => answer.destroy());
    asked.pipe(onward);
  });
  await new Promise<void>((listening) => proxy.listen(0, '127.0.0.1', listening));
  try {
    const { port } = proxy.address() as AddressInfo;
    await page.goto(`http://127.0.0.1:${port}/try`);
    await hydrated(page);
    const panel = stream(page);
    await panel.field('count').fill('3');
    await panel.field('interval_ms').fill('0');
    await panel.field('word').fill('数字 🔢 ü');
    await panel.button('Stream').click();
    await panel.stage('done');
    await expect(panel.body).toHaveText('数字 🔢 ü 1: 1\n数字 🔢 ü 2: 2\n数字 🔢 ü 3: 3');
  } finally {
    proxy.closeAllConnections();
    proxy.close();
  }
});

test('of a long stream the end is kept', async ({ page }) => {
  await open(page);
  const panel = stream(page);
  await panel.field('count').fill('1200');
  await panel.field('interval_ms').fill('0');
  await panel.field('word').fill('🔢'.repeat(40));
  await panel.button('Stream').click();
  await panel.stage('done');
  await expect(panel.body).toContainText('1200: 1200');
  await expect(panel.section.getByText('This is the end of it')).toBeVisible();
});

test('a task is submitted, watched, left and taken up again', async ({ page, tasks }) => {
  await open(page);
  const panel = socket(page);
  await panel.field('seconds').fill('600');
  await panel.field('steps').fill('6000');
  await panel.button('Submit and watch').click();
  await expect(panel.words).toHaveText('101, a WebSocket. It is coming.');
  await expect(panel.body).toContainText('"text":"step 2 of 6000');
  const id = await panel.field('task').inputValue();
  await panel.button('Stop').click();
  await panel.stage('stopped');
  const seqs = async () => {
    const text = (await panel.body.textContent()) ?? '';
    return [...text.matchAll(/"seq":(\d+)/g)].map(([, seq]) => Number(seq));
  };
  const seen = await seqs();
  expect(seen).toEqual(seen.map((_, place) => place + 1));
  const last = String(seen.at(-1));
  await expect(panel.field('after')).toHaveValue(last);
  await expect(panel.section).toContainText(`/api/tasks/${id}/events?after=${last}`);

  await panel.button('Watch').click();
  await expect.poll(async () => (await seqs())[0]).toBe(Number(last) + 1);
  await tasks.cancel(id);
  await panel.stage('done');
  await expect(panel.body).toContainText('"state":"cancelled"');
  await expect(panel.body).toContainText('closed: 1000');
  await panel.section.getByRole('link', { name: "The task's own page" }).click();
  await expect(page).toHaveURL(new RegExp(`/tasks/${id}`));
});

test('a task that is not there is said not to be', async ({ page, problems }) => {
  problems.allow(/WebSocket|404/);
  await open(page);
  const panel = socket(page);
  await panel.field('task').fill('../../metrics');
  await panel.button('Watch').click();
  await expect(panel.section.getByRole('alert')).toContainText("This is no task's id");
  await panel.field('task').fill('01938aaf-0000-7000-8000-000000000000');
  await panel.button('Watch').click();
  await expect(panel.words).toHaveText(/^No answer after/);
  await expect(panel.section.getByRole('alert')).toContainText('no such task');
});

test('the short ones answer as their routes do', async ({ page, request }) => {
  await open(page);
  const panel = hello(page);
  for (const path of ['/api/health', '/livez', '/readyz']) {
    await panel.button(path).click();
    await expect(panel.body).toHaveText(await (await request.get(path)).text());
    await expect(panel.words).toHaveText(/^200 after/);
    await expect(panel.section.locator('.code-block')).toContainText(`${path}'`);
  }
});

test('the keyboard is enough, and keeps its place', async ({ page }) => {
  await open(page);
  const panel = slow(page);
  await panel.field('seconds').fill('60');
  await page.keyboard.press('Enter');
  await panel.stage('under-way');
  await panel.button('Wait').focus();
  // A second press sends nothing: one is under way.
  await page.keyboard.press('Enter');
  await expect.poll(() => openRequests(page)).toBe(1);
  await page.keyboard.press('Tab');
  await expect(panel.button('Stop')).toBeFocused();
  await page.keyboard.press('Enter');
  await panel.stage('stopped');
  await expect(panel.button('Stop')).toBeFocused();
});

for (const colorScheme of ['light', 'dark'] as const) {
  test.describe(colorScheme, () => {
    test.use({ colorScheme, contextOptions: { reducedMotion: 'reduce' } });

    test('axe finds nothing, whatever has come', async ({ page, problems }) => {
      problems.allow(/422/);
      await open(page);
      await stream(page).field('interval_ms').fill('60000');
      await stream(page).button('Stream').click();
      await slow(page).field('seconds').fill('61');
      await slow(page).button('Wait').click();
      await aggregate(page).button('Ask all three').click();
      await aggregate(page).stage('done');
      await expect(slow(page).section.getByRole('alert')).toBeVisible();
      const { violations } = await new AxeBuilder({ page }).setLegacyMode().analyze();
      expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target)}`)).toEqual([]);
      await stream(page).button('Stop').click();
    });
  });
}

test.describe('on a phone', () => {
  test.use({ viewport: { width: 320, height: 640 } });

  test('nothing is wider than the screen, and a finger hits each button', async ({ page }) => {
    await open(page);
    await aggregate(page).button('Ask all three').click();
    await stream(page).field('count').fill('2');
    await stream(page).button('Stream').click();
    await stream(page).stage('done');
    await aggregate(page).stage('done');
    const sideways = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    expect(sideways).toBe(0);
    const heights = await page
      .locator('.trial-buttons button')
      .evaluateAll((buttons) => buttons.map((button) => button.getBoundingClientRect().height));
    expect(Math.min(...heights)).toBeGreaterThanOrEqual(44);
  });
});

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });

  test('each form asks its route', async ({ page, tasks }) => {
    await page.goto('/try');
    await slow(page).field('seconds').fill('0.1');
    await slow(page).button('Wait').click();
    await expect(page).toHaveURL(/\/api\/slow\?seconds=0\.1&timeout=$/);
    await expect(page.locator('body')).toContainText('"waited_seconds":0.1');

    await page.goto('/try');
    await stream(page).field('count').fill('2');
    await stream(page).field('interval_ms').fill('1');
    await stream(page).button('Stream').click();
    await expect(page.locator('body')).toContainText('Číslo № 2: 2');

    for (const path of ['/api/hello', '/readyz']) {
      await page.goto('/try');
      await hello(page).button(path).click();
      await expect(page).toHaveURL(new RegExp(`${path}\\??$`));
    }
    await page.goto('/try');
    await aggregate(page).button('Ask all three').click();
    await expect(page.locator('body')).toContainText('"total_time"');

    await page.goto('/try');
    await socket(page).field('seconds').fill('0');
    await socket(page).button('Submit and watch').click();
    await expect(page).toHaveURL(/\/tasks\/[0-9a-f-]{36}$/);
    await tasks.reach(page.url().split('/').pop() ?? '', 'completed');
  });
});
