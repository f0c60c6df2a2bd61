// Submits a task with the client that was generated from the OpenAPI document, and follows it.

import { setTimeout } from 'node:timers/promises';

import createClient from 'openapi-fetch';

import type { components, paths } from './api.js';

type Event = components['schemas']['Event'];

const address = process.argv[2] ?? 'http://127.0.0.1:8000';
const api = createClient<paths>({ baseUrl: address });

const task: components['schemas']['NewSleepTask'] = {
  kind: 'sleep',
  payload: { seconds: 0.2, steps: 2 },
  tags: ['from-typescript'],
};
const submitted = await api.POST('/api/tasks', { body: task });
if (submitted.error) throw new Error(submitted.error.title);
const { id, existing } = submitted.data;
if (existing) throw new Error('it is a new task');

let seen = 0;
let printed = '';
let state = '';
while (!['completed', 'failed', 'cancelled'].includes(state)) {
  const page = await api.GET('/api/tasks/{id}/events', {
    params: { path: { id }, query: { after: seen } },
  });
  if (page.error) throw new Error(page.error.title);
  // A stream that has told all before answers nothing; a page is never nothing.
  if (!page.data || typeof page.data === 'string') throw new Error('asked for a page of events');
  for (const event of page.data.events) {
    hear(event);
    seen = event.seq;
  }
  await setTimeout(20);
}
if (state !== 'completed' || printed !== 'step 1 of 2\nstep 2 of 2\n') {
  throw new Error(`it is ${state} and printed ${JSON.stringify(printed)}`);
}

// The kinds of events are told apart by `type`, and each has its own fields.
function hear(event: Event): void {
  switch (event.type) {
    case 'state':
      state = event.state;
      break;
    case 'output':
      printed += event.text;
      break;
    case 'progress':
      if (event.fraction > 1) throw new Error(`${event.fraction} is no fraction`);
      break;
  }
}

// A refusal is a typed problem.
const refused = await api.POST('/api/tasks', {
  body: { kind: 'sleep', payload: { seconds: -1 } },
});
if (refused.error?.code !== 'invalid' || refused.error.errors?.[0]?.pointer !== '/payload/seconds') {
  throw new Error(`it was refused with ${JSON.stringify(refused.error)}`);
}
