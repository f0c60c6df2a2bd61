// What a first visit costs, what a second one costs, and what the page may do.
import type { Page } from '@playwright/test';
import { expect, hydrated, test } from '../support/test';

// Script and wasm together, as they travel, headers included.
const BUDGET = 262 * 1024;

/** What was loaded for the document, by path. `wire` counts the bytes that came over the network. */
async function loaded(page: Page): Promise<{ path: string; wire: number; body: number }[]> {
  return page.evaluate(() => {
    const entries = performance.getEntriesByType('resource') as PerformanceResourceTiming[];
    return entries.map(({ name, transferSize, encodedBodySize }) => ({
      path: new URL(name).pathname,
      wire: transferSize,
      body: encodedBodySize,
    }));
  });
}

const isBuilt = ({ path }: { path: string }) => /\.(wasm|js|css)$/.test(path);

test('a first visit loads each piece of wasm once, in brotli, within the budget', async ({ page }) => {
  const wasm: Promise<Record<string, string>>[] = [];
  page.on('response', (response) => {
    if (response.url().endsWith('.wasm')) wasm.push(response.allHeaders());
  });
  const document = await page.goto('/');
  await hydrated(page);

  const linked = document?.headers()['link']?.match(/<[^>]+\.wasm>/g) ?? [];
  expect(linked.length, 'pieces that the page asks for').toBeGreaterThan(0);
  const all = await Promise.all(wasm);
  expect(all.length, 'the main module and the pieces').toBe(linked.length + 1);
  for (const headers of all) {
    expect(headers).toMatchObject({
      'content-type': 'application/wasm',
      'content-encoding': 'br',
      'cache-control': expect.stringContaining('immutable'),
    });
  }

  const built = (await loaded(page)).filter(isBuilt);
  const paths = built.map(({ path }) => path);
  expect(paths.length, 'each file once').toBe(new Set(paths).size);
  const counted = built.filter(({ path }) => !path.endsWith('.css'));
  const bytes = counted.reduce((sum, { wire }) => sum + wire, 0);
  expect(bytes, 'all of them came over the network').toBeGreaterThan(50 * 1024);
  expect(bytes, 'bytes of wasm and js on the wire').toBeLessThanOrEqual(BUDGET);
});

test('a second visit loads nothing that it has', async ({ page, request }) => {
  await page.goto('/');
  await hydrated(page);
  const board = (await loaded(page)).filter(isBuilt).map(({ path }) => path);

  await page.goto('/tasks');
  await hydrated(page);
  const tasks = (await loaded(page)).filter(isBuilt);
  const again = tasks.filter(({ path, wire }) => wire > 0 && board.includes(path));
  expect(again, 'loaded again').toEqual([]);
  await page.goto('/');
  await hydrated(page);
  const second = (await loaded(page)).filter(isBuilt);
  expect(second.map(({ path }) => path).sort()).toEqual([...board].sort());
  expect(second.filter(({ wire }) => wire > 0), 'loaded again').toEqual([]);

  // What has no name of its own for each content is asked for again, and not sent again.
  const icon = await request.get('/favicon.svg');
  const unchanged = await request.get('/favicon.svg', {
    headers: { 'if-none-match': icon.headers()['etag'] ?? '' },
  });
  expect(unchanged.status()).toBe(304);
  expect(await unchanged.body()).toHaveLength(0);
});

test('a link that is pointed at fetches its page ahead', async ({ page }) => {
  await page.goto('/');
  await hydrated(page);
  const before = (await loaded(page)).filter(isBuilt).map(({ path }) => path);
  const link = page.getByRole('link', { name: 'Submit', exact: true });
  await link.hover();
  const fetched = async () => {
    const built = (await loaded(page)).filter(isBuilt).map(({ path }) => path);
    return built.filter((path) => !before.includes(path)).length;
  };
  await expect.poll(fetched).toBeGreaterThan(0);
  const ahead = await fetched();
  await link.click();
  await expect(page.getByRole('heading', { name: 'Submit a task' })).toBeVisible();
  expect(await fetched(), 'fetched for the click').toBe(ahead);
});

test('a page that outlived its release loads the next page as a whole', async ({ page, problems }) => {
  problems.allow(/\.wasm|wasm streaming compile|HTTP status code is not ok/i);
  await page.goto('/');
  await hydrated(page);
  // What a server of another release answers for the pieces of this one.
  const board = (await loaded(page)).map(({ path }) => path);
  let gone = 0;
  await page.route(/\.wasm$/, (route) => {
    const path = new URL(route.request().url()).pathname;
    if (board.includes(path) || route.request().headers()['referer']?.endsWith('/tasks')) {
      return route.continue();
    }
    gone += 1;
    return route.fulfill({ status: 404 });
  });
  const documents: string[] = [];
  page.on('request', (request) => {
    if (request.isNavigationRequest()) documents.push(new URL(request.url()).pathname);
  });
  await page.getByRole('link', { name: 'Tasks', exact: true }).click();
  await expect(page.getByRole('heading', { name: 'Tasks' })).toBeVisible();
  await hydrated(page);
  expect(gone).toBeGreaterThan(0);
  expect(documents).toEqual(['/tasks']);
  // And it can be left again as ever.
  await page.unroute(/\.wasm$/);
  await page.getByRole('link', { name: 'Submit', exact: true }).click();
  await expect(page.getByRole('heading', { name: 'Submit a task' })).toBeVisible();
  expect(documents).toEqual(['/tasks']);
});

test('each page allows its own scripts only', async ({ page, problems }) => {
  problems.allow(/inline event handler violates/);
  const nonces = [];
  for (const path of ['/', '/tasks', '/submit']) {
    const response = await page.goto(path);
    await hydrated(page);
    const policy = response?.headers()['content-security-policy'] ?? '';
    expect(policy.match(/'(wasm-)?unsafe-[a-z-]+'/g), path).toEqual(["'wasm-unsafe-eval'"]);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    nonces.push(/'nonce-([^']{16,})'/.exec(policy)?.[1]);
  }
  expect(new Set(nonces).size, 'nonces are used once').toBe(3);

  // What somebody smuggles into the page does not run.
  const ran = await page.evaluate(async () => {
    const refused = new Promise<string>((resolve) => {
      document.addEventListener('securitypolicyviolation', (event) =>
        resolve(event.effectiveDirective),
      );
    });
    document.body.insertAdjacentHTML('beforeend', '<img src="data:," onerror="document.title = 1">');
    return refused;
  });
  expect(ran).toBe('script-src-attr');
  await expect(page).toHaveTitle(/Submit/);
});
