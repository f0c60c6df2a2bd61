// How the browser tests run: one headless Chromium, a fresh server for each test.
import { existsSync } from 'node:fs';
import { defineConfig } from '@playwright/test';

// Debian's browser where there is one; elsewhere the one that Playwright installed.
const SYSTEM_CHROMIUM = '/usr/bin/chromium';

export default defineConfig({
  projects: [
    { name: 'tests', testDir: './tests' },
    // No test: `npm run screenshots` takes the pictures of the documentation.
    { name: 'screenshots', testDir: './screenshots' },
  ],
  fullyParallel: true,
  workers: 2,
  // A test that passes only sometimes is a failing test.
  retries: 0,
  forbidOnly: !!process.env.CI,
  reporter: [['list'], ['html', { open: 'never' }]],
  timeout: 60_000,
  expect: { timeout: 10_000 },
  use: {
    browserName: 'chromium',
    trace: 'retain-on-failure',
    screenshot: 'only-on-failure',
    launchOptions: {
      ...(existsSync(SYSTEM_CHROMIUM) && { executablePath: SYSTEM_CHROMIUM }),
      // Nothing that goes out by itself, and nothing that needs a screen.
      args: [
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
});
