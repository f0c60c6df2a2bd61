// Playwright's `test` with a server of its own for each test, that fails on any problem in the
// browser which the test did not allow.
import { type Page, expect, test as base } from '@playwright/test';
import { Problems } from './problems';
import { Server } from './server';

interface Fixtures {
  /** Flags for the server, beside its address and database: `test.use({ flags: [...] })`. */
  flags: string[];
  server: Server;
  problems: Problems;
}

export const test = base.extend<Fixtures>({
  flags: [[], { option: true }],

  server: async ({ flags }, use, info) => {
    const server = await Server.start(flags);
    try {
      await use(server);
      if (server.isRunning) await server.stop();
    } finally {
      await server.discard();
      if (info.status !== info.expectedStatus) {
        await info.attach('server.log', { body: server.log, contentType: 'text/plain' });
      }
    }
  },

  baseURL: async ({ server }, use) => use(server.url),

  problems: [
    async ({ context }, use) => {
      const problems = new Problems(context);
      await use(problems);
      problems.expectNone();
    },
    { auto: true },
  ],
});

/**
 * Waits until the page is alive. Before that, a button from the server passes every check of
 * Playwright's and does nothing when it is clicked.
 */
export async function hydrated(page: Page): Promise<void> {
  await expect(page.locator('html')).toHaveAttribute('data-hydrated');
}

export { expect };
