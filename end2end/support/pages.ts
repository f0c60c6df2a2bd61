// Every page, with something on it: for what must hold on all of them.
import type { Page } from '@playwright/test';
import type { Tasks } from './tasks';

/** The paths of the documentation, which is there whatever the server holds. */
export const DOCUMENTATION = {
  'the API': '/docs',
  'the problems': '/docs/problems',
  'the guide': '/docs/coming-from-fastapi-and-celery',
  'the guide to FastAPI': '/docs/fastapi',
  'what the server runs with': '/about',
};

const IN_AN_HOUR = { retry: { initial_ms: 3_600_000, factor: 1, max_ms: 3_600_000 } };

/** The paths of all pages by their names, after filling the server with tasks in every state. */
export async function everyPage(tasks: Tasks): Promise<Record<string, string>> {
  const completed = await tasks.submitUntil(
    'completed',
    { seconds: 0, steps: 200 },
    { tags: ['nightly', 'a-tag-that-is-rather-long-but-allowed'] },
  );
  const failed = await tasks.submitUntil(
    'failed',
    { seconds: 0, steps: 8, panic_at_step: 5 },
    { max_attempts: 1 },
  );
  const retrying = await tasks.submitUntil('retrying', { seconds: 0.1, fail_at_step: 2 }, IN_AN_HOUR);
  const cancelled = await tasks.submit({ seconds: 1 }, { delay_ms: 3_600_000 });
  await tasks.cancel(cancelled.id);
  await tasks.submit({ seconds: 1 }, { delay_ms: 3_600_000, queue: 'night-shift' });
  await tasks.submit({ seconds: 600 });
  const running = await tasks.submitUntil('running', { seconds: 600, steps: 6000 });
  return {
    board: '/',
    tasks: '/tasks',
    'running tasks': '/tasks?state=running',
    'no tasks': '/tasks?q=nothing',
    submit: '/submit?kind=sleep',
    try: '/try',
    schedules: '/schedules',
    'a new schedule': '/schedules/new',
    queues: '/queues',
    'a queue': '/queues/night-shift',
    nodes: '/nodes',
    'the lab': '/lab',
    'an experiment': '/lab/blocking',
    'a running task': `/tasks/${running.id}`,
    'a completed task': `/tasks/${completed.id}`,
    'a failed task': `/tasks/${failed.id}`,
    'a task that is retried': `/tasks/${retrying.id}`,
    'a cancelled task': `/tasks/${cancelled.id}`,
    'not found': '/nowhere',
  };
}

/** Opens whatever the page has folded away. There is too much of it to click on each. */
export async function unfold(page: Page): Promise<void> {
  await page.evaluate(() => {
    for (const details of document.querySelectorAll('details')) details.open = true;
  });
}
