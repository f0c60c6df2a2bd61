/*
 * When a piece cannot be had, the server most likely carries newer files than those that this page
 * began with, and its own pieces are gone. Then the page that somebody asked for is loaded as a
 * whole: two releases are never mixed. A piece that was only fetched ahead waits for that.
 */
let destination;
addEventListener('click', (event) => {
    destination = event.target.closest?.('a[href]')?.href;
}, true);
addEventListener('popstate', () => { destination = ''; }, true);
async function startAnew() {
    while (destination === undefined || destination === location.href) {
        await new Promise((resolve) => addEventListener('click', resolve, { once: true }));
    }
    location.assign(destination || location.href);
    await new Promise(() => {});
}
