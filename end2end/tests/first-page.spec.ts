// What a first visit costs, what a second one costs, and what the page may do.
import type { Page } from '@playwright/test';
import { expect, hydrated, test } from '../support/test';

// Script, wasm and style together, as they travel, headers included.
const BUDGET = 300 * 1024;

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

test('a first visit loads one wasm file, in brotli, within the budget', async ({ page }) => {
  const wasm: Promise<Record<string, string>>[] = [];
  page.on('response', (response) => {
    if (response.url().endsWith('.wasm')) wasm.push(response.allHeaders());
  });
  await page.goto('/');
  await hydrated(page);

  const [headers, ...more] = await Promise.all(wasm);
  expect(more, 'further requests for wasm').toEqual([]);
  expect(headers).toMatchObject({
    'content-type': 'application/wasm',
    'content-encoding': 'br',
    'cache-control': expect.stringContaining('immutable'),
  });

  const built = (await loaded(page)).filter(isBuilt);
  const kinds = built.map(({ path }) => path.split('.').pop());
  expect(kinds.sort()).toEqual(['css', 'js', 'wasm']);
  const bytes = built.reduce((sum, { wire }) => sum + wire, 0);
  expect(bytes, 'all of them came over the network').toBeGreaterThan(50 * 1024);
  expect(bytes, 'bytes of wasm, js and css on the wire').toBeLessThanOrEqual(BUDGET);
});

test('a second visit loads nothing that it has', async ({ page, request }) => {
  await page.goto('/');
  await hydrated(page);
  const first = (await loaded(page)).filter(isBuilt);

  await page.goto('/tasks');
  await hydrated(page);
  const second = (await loaded(page)).filter(isBuilt);
  const paths = (entries: typeof first) => entries.map(({ path }) => path).sort();
  expect(paths(second)).toEqual(paths(first));
  expect(second.filter(({ wire }) => wire > 0), 'loaded again').toEqual([]);

  // What has no name of its own for each content is asked for again, and not sent again.
  const icon = await request.get('/favicon.svg');
  const again = await request.get('/favicon.svg', {
    headers: { 'if-none-match': icon.headers()['etag'] ?? '' },
  });
  expect(again.status()).toBe(304);
  expect(await again.body()).toHaveLength(0);
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
