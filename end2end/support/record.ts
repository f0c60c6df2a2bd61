// What a page shows over time: expectations see single moments and miss what lies between them.
import type { JSHandle, Page } from '@playwright/test';

/**
 * Notes what the first element that matches `selector` says from now on, each time that it says
 * something else: its text, or its attribute of that name. Ends with the document.
 */
export async function record(
  page: Page,
  selector: string,
  attribute?: string,
): Promise<JSHandle<string[]>> {
  return page.evaluateHandle(
    ({ selector, attribute }) => {
      const seen: string[] = [];
      const look = () => {
        const element = document.querySelector(selector);
        const says = attribute ? element?.getAttribute(attribute) : element?.textContent?.trim();
        if (says && says !== seen.at(-1)) seen.push(says);
      };
      look();
      new MutationObserver(look).observe(document, {
        subtree: true,
        childList: true,
        characterData: true,
        attributes: true,
      });
      return seen;
    },
    { selector, attribute },
  );
}
