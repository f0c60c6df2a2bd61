// What leads nowhere says so: in words, and in the status.
import { expect, hydrated, test } from '../support/test';

const PATHS = {
  'a task that does not exist': '/tasks/01890a5d-ac96-774b-bcce-b302099a8057',
  'an id that is none': '/tasks/42',
  'a path that no page has': '/nowhere/at/all',
};

for (const [what, path] of Object.entries(PATHS)) {
  test(`${what} gets a page that says so`, async ({ page, problems }) => {
    problems.allow(/404/);
    const response = await page.goto(path);
    expect(response?.status()).toBe(404);
    await hydrated(page);
    await expect(page.getByRole('heading', { name: 'There is nothing here' })).toBeVisible();
    await expect(page).toHaveTitle(/Not found/);
    await page.getByRole('link', { name: 'Go to the board' }).click();
    await expect(page.getByText('Nothing is running.')).toBeVisible();
    await expect(page).toHaveTitle(/Board/);
  });
}
