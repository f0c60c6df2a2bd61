// Playwright's `test` with a server of its own for each test, that fails on any problem in the
// browser which the test did not allow.
import { type Page, expect, test as base } from '@playwright/test';
import { Problems } from './problems';
import { Server } from './server';
import { Tasks } from './tasks';

interface Fixtures {
  /** Flags for the server, beside its address and database: `test.use({ flags: [...] })`. */
  flags: string[];
  server: Server;
  problems: Problems;
  /** The server's REST API. */
  tasks: Tasks;
}

export const test = base.extend<Fixtures>({
  flags: [[], { option: true }],

  server: async ({ flags }, use, info) => {
    const server = await Server.start(flags);
    try {
      await use(server);
      if (server.isRunning) {
        await cancelRunning(server);
        await server.stop();
      }
    } finally {
      await server.discard();
      if (info.status !== info.expectedStatus) {
        await info.attach('server.log', { body: server.log, contentType: 'text/plain' });
      }
    }
  },

  baseURL: async ({ server }, use) => use(server.url),

  tasks: async ({ request }, use) => use(new Tasks(request)),

  problems: [
    async ({ context }, use) => {
      const problems = new Problems(context);
      await use(problems);
      problems.expectNone();
    },
    { auto: true },
  ],
});

/** A polite stop waits for what is running; most tests have nothing to wait for. */
async function cancelRunning({ url }: Server): Promise<void> {
  const answer = await fetch(`${url}/api/tasks?state=running`);
  const { tasks } = (await answer.json()) as { tasks: { id: string }[] };
  await Promise.all(tasks.map(({ id }) => fetch(`${url}/api/tasks/${id}/cancel`, { method: 'POST' })));
}

/**
 * Waits until the page is alive. Before that, a button from the server passes every check of
 * Playwright's and does nothing when it is clicked.
 */
export async function hydrated(page: Page): Promise<void> {
  await expect(page.locator('html')).toHaveAttribute('data-hydrated');
}

export { expect };
