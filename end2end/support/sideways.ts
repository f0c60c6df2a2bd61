// Whether a page is wider than its screen.
import type { Page } from '@playwright/test';

/** By how much it scrolls sideways, and because of which elements. */
export async function sideways(page: Page): Promise<{ by: number; elements: string[] }> {
  return page.evaluate(() => {
    const limit = document.documentElement.clientWidth;
    // What scrolls by itself may hold more than it shows.
    const scrolls = (element: Element | null): boolean =>
      element !== null &&
      element !== document.body &&
      (getComputedStyle(element).overflowX !== 'visible' || scrolls(element.parentElement));
    const elements = [...document.body.querySelectorAll('*')]
      .filter((element) => element.getBoundingClientRect().right > limit + 1 && !scrolls(element))
      .map((element) => `${element.tagName} ${element.className}`);
    return { by: document.documentElement.scrollWidth - limit, elements };
  });
}
