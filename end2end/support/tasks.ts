// Tasks over the REST API, the way a program makes and reads them.
import { type APIRequestContext, type APIResponse, expect } from '@playwright/test';

export type State =
  | 'scheduled'
  | 'queued'
  | 'running'
  | 'retrying'
  | 'completed'
  | 'failed'
  | 'cancelled';

/** As much of a task as the tests look at. */
export interface Task {
  id: string;
  state: State;
  attempt: number;
  last_seq: number;
}

/** As much of an event as the tests look at. */
export interface Event {
  seq: number;
  attempt: number;
  type: string;
  state?: State;
  reason?: string;
}

/** The payload of kind `sleep`. */
export interface Sleep {
  seconds: number;
  steps?: number;
  fail_at_step?: number;
  panic_at_step?: number;
  fail_attempts?: number;
}

/** What a task may be submitted with, beside kind and payload. */
export interface Options {
  delay_ms?: number;
  max_attempts?: number;
  queue?: string;
  retry?: { initial_ms: number; factor: number; max_ms: number };
  tags?: string[];
}

export class Tasks {
  constructor(private readonly request: APIRequestContext) {}

  /** Submits a task of kind `sleep`. */
  async submit(payload: Sleep, options: Options = {}): Promise<Task> {
    const answer = await this.request.post('/api/tasks', {
      data: { kind: 'sleep', payload, ...options },
    });
    return (await accepted(answer)).json();
  }

  async get(id: string): Promise<Task> {
    return (await accepted(await this.request.get(`/api/tasks/${id}`))).json();
  }

  /** Waits until the task is in `state`. */
  async reach(id: string, state: State): Promise<void> {
    await expect.poll(async () => (await this.get(id)).state, POLL).toBe(state);
  }

  /** Submits a task, and waits until it is in `state`. */
  async submitUntil(state: State, payload: Sleep, options?: Options): Promise<Task> {
    const task = await this.submit(payload, options);
    await this.reach(task.id, state);
    return task;
  }

  async cancel(id: string): Promise<void> {
    await accepted(await this.request.post(`/api/tasks/${id}/cancel`));
  }

  /** All that the task has printed, over all attempts. */
  async output(id: string): Promise<string> {
    return (await accepted(await this.request.get(`/api/tasks/${id}/output`))).text();
  }

  /** The first thousand events. */
  async events(id: string): Promise<Event[]> {
    const answer = await this.request.get(`/api/tasks/${id}/events?limit=1000`);
    return (await (await accepted(answer)).json()).events;
  }
}

const POLL = { intervals: [50] };

async function accepted(answer: APIResponse): Promise<APIResponse> {
  expect(answer.ok(), `${answer.url()}: ${answer.status()}`).toBe(true);
  return answer;
}
