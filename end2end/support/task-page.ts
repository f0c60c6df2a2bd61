// A task's page, by what a person looks for on it.
import type { Locator, Page } from '@playwright/test';

export class TaskPage {
  static readonly STATE = '.task-state';
  static readonly PROGRESS = '.task-progress progress';

  readonly state: Locator;
  readonly connection: Locator;
  readonly progress: Locator;
  readonly output: Locator;
  readonly attempts: Locator;
  readonly log: Locator;

  constructor(readonly page: Page) {
    this.state = page.getByRole('status', { name: 'State' });
    this.connection = page.getByRole('status', { name: 'Connection' });
    this.progress = page.locator(TaskPage.PROGRESS);
    this.output = page.getByRole('log', { name: 'Output' });
    this.attempts = page.getByRole('region', { name: 'Attempts' }).getByRole('listitem');
    this.log = page.getByRole('region', { name: 'Log' }).getByRole('listitem');
  }

  async open(id: string): Promise<void> {
    await this.page.goto(`/tasks/${id}`);
  }

  /** The button of this name in the page's head. */
  button(name: string): Locator {
    return this.page.locator('.actions').getByRole('button', { name });
  }
}
