// What axe finds wrong with a page.
import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';

/** The faults of the page as it stands, one line for each element; all rules, or just those. */
export async function faults(page: Page, rules?: string[]): Promise<string[]> {
  // Legacy: within the page. Otherwise axe opens a second one to gather what frames say; we have none.
  const axe = new AxeBuilder({ page }).setLegacyMode();
  if (rules) axe.withRules(rules);
  const { violations } = await axe.analyze();
  return violations.flatMap(({ id, impact, nodes }) =>
    nodes.map((node) => `${impact} ${id}: ${node.target} ${node.failureSummary}`),
  );
}
