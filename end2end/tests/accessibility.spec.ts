// No page has a fault that axe can find, in light or dark.
import { faults } from '../support/faults';
import { DOCUMENTATION, everyPage, unfold } from '../support/pages';
import { expect, hydrated, test } from '../support/test';

const SCHEMES = [
  { colorScheme: 'light', rules: undefined },
  // Nothing but the colours differs.
  { colorScheme: 'dark', rules: ['color-contrast'] },
] as const;

for (const { colorScheme, rules } of SCHEMES) {
  test.describe(colorScheme, () => {
    // Colours on their way from one to another are nobody's to read.
    test.use({ colorScheme, contextOptions: { reducedMotion: 'reduce' } });

    test('every page', async ({ page, problems, tasks }) => {
      problems.allow(/404/);
      for (const [name, path] of Object.entries(await everyPage(tasks))) {
        await page.goto(path);
        await hydrated(page);
        await expect(page.getByRole('status', { name: 'Connection' })).toHaveText('live');
        expect.soft(await faults(page, rules && [...rules]), name).toEqual([]);
      }
    });

    // Each by itself: they are long, and more of them are written.
    for (const [name, path] of Object.entries(DOCUMENTATION)) {
      test(`the documentation: ${name}`, async ({ page }) => {
        // The API's page is thousands of elements, and axe looks at each.
        test.slow();
        await page.goto(path);
        await hydrated(page);
        await unfold(page);
        expect(await faults(page, rules && [...rules])).toEqual([]);
      });
    }

    test('a form with a mistake', async ({ page, problems }) => {
      problems.allow(/422/);
      await page.goto('/submit?kind=sleep');
      await hydrated(page);
      await page.getByText('Options', { exact: true }).first().click();
      await page.getByLabel(/^fail_at_step/).fill('99');
      await page.getByRole('button', { name: 'Submit', exact: true }).click();
      await expect(page.getByRole('alert')).toBeVisible();
      expect(await faults(page, rules && [...rules])).toEqual([]);
    });
  });
}
