// Keeps the figures on /about up to date while somebody looks at the page. It can be read without.

const EVERY_MS = 5000;

let underWay = false;

setInterval(look, EVERY_MS);
document.addEventListener('visibilitychange', look);
document.documentElement.setAttribute('data-hydrated', '');

/** Asks for the figures, unless nobody looks or the last answer is still on its way. */
async function look() {
  if (document.hidden || underWay) return;
  underWay = true;
  try {
    const answer = await fetch('/api/stats');
    if (answer.ok) show((await answer.json()).store);
  } catch {
    // The server is away: what was told last stands until it is back.
  } finally {
    underWay = false;
  }
}

function show(store) {
  for (const figure of document.querySelectorAll('[data-bytes]')) {
    figure.textContent = bytes(store[figure.dataset.bytes]);
  }
}

/** A number of bytes in the words that the server uses. */
function bytes(count) {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  while (count >= 1024 && unit + 1 < units.length) {
    count /= 1024;
    unit += 1;
  }
  return unit === 0 ? `${count} bytes` : `${(Math.floor(count * 10) / 10).toFixed(1)} ${units[unit]}`;
}
