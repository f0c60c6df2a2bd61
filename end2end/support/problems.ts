// What must not happen in a browser while a test runs: console errors and warnings, exceptions,
// requests that fail, responses of 400 and above.
//
// A request that ends because its page is left has not failed: nobody wants its answer any more.
import { type BrowserContext, expect } from '@playwright/test';

export class Problems {
  private readonly seen: string[] = [];
  private readonly allowed: RegExp[] = [];

  constructor(context: BrowserContext) {
    context.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') {
        this.seen.push(`console ${message.type()}: ${message.text()} (${message.location().url})`);
      }
    });
    context.on('weberror', (problem) => {
      this.seen.push(`exception: ${problem.error().stack ?? problem.error().message}`);
    });
    context.on('requestfailed', (request) => {
      const reason = request.failure()?.errorText ?? 'unknown reason';
      if (reason === 'net::ERR_ABORTED') return;
      this.seen.push(`request failed: ${request.method()} ${request.url()}: ${reason}`);
    });
    context.on('response', (response) => {
      if (response.status() >= 400) {
        this.seen.push(`response ${response.status()}: ${response.url()}`);
      }
    });
  }

  /** Says that a problem whose description matches `pattern` is part of what is being tested. */
  allow(pattern: RegExp): void {
    this.allowed.push(pattern);
  }

  /** Fails when anything happened that was not allowed. */
  expectNone(): void {
    const left = this.seen.filter((text) => !this.allowed.some((pattern) => pattern.test(text)));
    expect(left, 'problems in the browser').toEqual([]);
  }
}
