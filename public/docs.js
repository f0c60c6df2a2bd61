// Makes the forms on /docs work: sends what they say, shows what comes back as it comes, and keeps
// the command beside each form in step with it. The page can be read without.

// Text that a page keeps of one stream. What is older makes room.
const MOST_TEXT = 256 * 1024;

// The fields that name a task.
const ABOUT_A_TASK = '.operation[data-path^="/api/tasks/{id}"] [data-in="path"]';

for (const section of document.querySelectorAll('.operation')) start(section);
if (document.querySelector(ABOUT_A_TASK)) offerNewest();
document.documentElement.setAttribute('data-hydrated', '');

/** Brings one operation's form to life. */
function start(section) {
  const form = section.querySelector('form.try');
  const { method, path } = section.dataset;
  const part = (selector) => section.querySelector(selector);
  const answer = {
    box: part('.trial-answer'),
    status: part('.trial-status'),
    headers: part('.trial-headers'),
    body: part('.trial-body'),
  };
  const curl = part('.curl code');
  const websocket = 'websocket' in form.dataset;
  const request = () => read(form, method, path);
  const show = () => {
    curl.textContent = websocket ? `websocat ${address(request())}` : command(request());
  };
  part('select.sample')?.addEventListener('change', (event) => {
    part('textarea.body').value = event.target.value;
    show();
  });
  form.addEventListener('input', show);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const buttons = { send: part('.send'), say: part('.say'), stop: part('.stop') };
    answer.box.hidden = false;
    if (websocket) talk(request(), buttons, answer, () => part('textarea.body').value);
    else send(request(), buttons, answer);
  });
  form.hidden = false;
  show();
}

/** What the form asks for. */
function read(form, method, path) {
  const query = new URLSearchParams();
  const headers = {};
  let target = path;
  for (const control of form.querySelectorAll('[data-in]')) {
    const value = control.value.trim();
    const { name } = control;
    if (control.dataset.in === 'path') {
      target = target.replace(`{${name}}`, value ? encodeURIComponent(value) : `$${name}`);
    } else if (value !== '' && control.dataset.in === 'query') {
      query.set(name, value);
    } else if (value !== '') {
      headers[name] = value;
    }
  }
  const text = form.querySelector('textarea.body')?.value.trim();
  const body = text && method !== 'GET' ? text : undefined;
  if (body) headers['Content-Type'] = 'application/json';
  const search = query.size > 0 ? `?${query}` : '';
  return { method, url: target + search, headers, body };
}

/** The request as a line for a shell. */
function command({ method, url, headers, body }) {
  const words = ['curl'];
  const streams = /[?&](follow=true|interval_ms=)/.test(url) || /stream|ndjson/.test(headers.Accept ?? '');
  if (streams) words.push('-N');
  if (method !== 'GET' && !(method === 'POST' && body)) words.push('-X', method);
  words.push(quoted(location.origin + url));
  for (const [name, value] of Object.entries(headers)) {
    if (name !== 'Content-Type' && value !== 'application/json') words.push('-H', quoted(`${name}: ${value}`));
  }
  if (body) words.push('--json', `'${body.replaceAll("'", "'\\''")}'`);
  return words.join(' ');
}

/** A word for a shell; a variable for what has not been filled in stays one. */
function quoted(text) {
  return /^[\w:/.$-]+$/.test(text) ? text : `"${text.replace(/["\\`]/g, '\\$&')}"`;
}

/** Sends the request, and shows the answer as it arrives. */
async function send({ method, url, headers, body }, { send, stop }, answer) {
  const abort = new AbortController();
  const stopping = () => abort.abort();
  send.disabled = true;
  stop.disabled = false;
  stop.addEventListener('click', stopping);
  clear(answer);
  const started = performance.now();
  const took = () => `${Math.round(performance.now() - started)} ms`;
  answer.status.textContent = 'Waiting for the answer…';
  try {
    const response = await fetch(url, { method, headers, body, signal: abort.signal });
    const head = `${response.status} ${response.statusText}`.trim();
    answer.status.textContent = `${head}, after ${took()}`;
    answer.status.dataset.good = response.ok;
    answer.headers.textContent = [...response.headers].map(([name, value]) => `${name}: ${value}`).join('\n');
    await receive(response, answer);
    answer.status.textContent = `${head}, complete after ${took()}`;
    if (method === 'POST' && response.ok) remember(answer.body.textContent);
  } catch (error) {
    answer.status.textContent = abort.signal.aborted ? `Stopped after ${took()}` : `No answer: ${error.message}`;
    answer.status.dataset.good = abort.signal.aborted;
  } finally {
    stop.removeEventListener('click', stopping);
    send.disabled = false;
    stop.disabled = true;
  }
}

/** Appends a body's text as it comes, and sets JSON out once it is complete. */
async function receive(response, answer) {
  if (!response.body) return;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    append(answer.body, next.value);
  }
  if (!/json$/.test((response.headers.get('content-type') ?? '').split(';')[0])) return;
  try {
    JSON.parse(answer.body.textContent);
  } catch {
    // Cut off by the limit above: it stays as it came.
    return;
  }
  answer.body.textContent = pretty(answer.body.textContent);
}

/** JSON with a line for each member and item. The rest stays as it is: numbers keep their digits. */
function pretty(json) {
  let depth = 0;
  const line = () => `\n${'  '.repeat(Math.min(depth, 40))}`;
  // A string, an empty list or object, a mark, room between, or what else there is.
  return json.replace(/"(?:[^"\\]|\\.)*"|[[{]\s*[\]}]|[[\]{},:]|\s+|[^\s"[\]{},:]+/g, (part) => {
    if (part === ',') return part + line();
    if (part === ':') return ': ';
    if (part === '{' || part === '[') {
      depth += 1;
      return part + line();
    }
    if (part === '}' || part === ']') {
      depth -= 1;
      return line() + part;
    }
    return /^[[{]/.test(part) ? part[0] + part.at(-1) : part.trim();
  });
}

/** Talks over a WebSocket: shows what is said by either side, a line each. */
function talk(request, { send, say, stop }, answer, message) {
  const socket = new WebSocket(address(request));
  const ends = new AbortController();
  const { signal } = ends;
  send.disabled = true;
  clear(answer);
  answer.status.textContent = 'Connecting…';
  socket.addEventListener('open', () => {
    answer.status.textContent = 'Connected';
    answer.status.dataset.good = true;
    stop.disabled = false;
    if (say) say.disabled = false;
  });
  socket.addEventListener('message', ({ data }) => append(answer.body, `← ${data}\n`));
  socket.addEventListener('close', ({ code, reason }) => {
    answer.status.textContent = `Closed: ${code}${reason && ` (${reason})`}`;
    answer.status.dataset.good = code === 1000 || code === 1001;
    send.disabled = false;
    stop.disabled = true;
    if (say) say.disabled = true;
    ends.abort();
  });
  say?.addEventListener(
    'click',
    () => {
      const text = message().replace(/\s*\n\s*/g, ' ');
      append(answer.body, `→ ${text}\n`);
      socket.send(text);
    },
    { signal },
  );
  stop.addEventListener('click', () => socket.close(1000), { signal });
}

/** A request's path as a WebSocket's address. */
function address({ url }) {
  return location.origin.replace(/^http/, 'ws') + url;
}

function clear({ status, headers, body }) {
  delete status.dataset.good;
  headers.textContent = '';
  body.replaceChildren();
}

/** Adds text at the end, and follows it for who reads there. */
function append(box, text) {
  const follows = box.scrollHeight - box.scrollTop - box.clientHeight < 24;
  // One text node for all of it, whose length is known.
  if (!box.firstChild) box.append('');
  const shown = box.firstChild;
  shown.appendData(text);
  if (shown.length > MOST_TEXT) shown.deleteData(0, shown.length - MOST_TEXT / 2);
  if (follows) box.scrollTop = box.scrollHeight;
}

/** Fills in the newest task's id, so that there is something to try on. */
async function offerNewest() {
  const response = await fetch('/api/tasks?limit=1');
  const newest = response.ok && (await response.json()).tasks[0];
  if (newest) fillIn(newest.id, (field) => field.value === '' && field !== document.activeElement);
}

/** After a submission, the other forms are about the new task. */
function remember(text) {
  let task;
  try {
    task = JSON.parse(text);
  } catch {
    return;
  }
  if (task.id && task.kind) fillIn(task.id, () => true);
}

/** Writes a task's id into the fields for one. */
function fillIn(id, wanted) {
  for (const field of document.querySelectorAll(ABOUT_A_TASK)) {
    if (!wanted(field)) continue;
    field.value = id;
    field.dispatchEvent(new Event('input', { bubbles: true }));
  }
}
