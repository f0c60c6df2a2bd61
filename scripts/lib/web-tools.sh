# shellcheck shell=bash
# Node and what comes from its registry: wasm-opt for every build, Playwright and the generators of
# clients for the tests.

BINARYEN=132.0.0

wasm_opt_directory() { printf '%s/binaryen-%s/node_modules/.bin\n' "$CACHE" "$BINARYEN"; }

node_install() {
    have node && have npm && return 0
    is_debian || return 1
    apt_install "Node, for wasm-opt and the browser tests (about 1 min)" nodejs npm
}

# wasm-opt only makes the wasm smaller, so a machine without it gets a larger one.
wasm_opt_install() {
    local staging home=$CACHE/binaryen-$BINARYEN
    [[ -d $home ]] && return 0
    if ! node_install; then
        say "No npm: going on without wasm-opt, so the wasm stays larger"
        return 0
    fi
    say "Fetching wasm-opt (npm package binaryen $BINARYEN, about 15 s)"
    staging=$(staging)
    if npm install --silent --no-save --prefix "$staging" "binaryen@$BINARYEN" >&2 &&
        "$staging/node_modules/.bin/wasm-opt" --version >/dev/null; then
        mv "$staging" "$home"
    else
        rm -rf "$staging"
        say "npm could not fetch it: going on without wasm-opt, so the wasm stays larger"
    fi
}

# The packages of the browser tests.
playwright_install() { locked_install end2end "Playwright (npm ci in end2end, about 10 s)"; }

# What checks the OpenAPI document and generates clients from it.
generators_install() {
    locked_install scripts/clients "redocly and openapi-typescript (npm ci in scripts/clients, about 20 s)"
}

# The packages of a folder, exactly as locked. The copy of the lock file is written last.
locked_install() {
    local folder=$ROOT/$1 what=$2
    local lock=$folder/package-lock.json done=$folder/node_modules/.installed-lock
    cmp -s "$lock" "$done" && return 0
    node_install || die "the tests need Node 18 or newer with npm: install it"
    say "Fetching $what"
    (cd "$folder" && npm ci --silent >&2)
    cp "$lock" "$done"
}

# A Chromium: the system's where Debian has one, else the one that Playwright brings.
chromium_install() {
    [[ -x /usr/bin/chromium ]] && return 0
    if is_debian; then
        apt_install "Chromium, for the browser tests (about 1 min)" chromium fonts-dejavu-core
    elif ! playwright_has_chromium; then
        say "Fetching Playwright's Chromium (about 1 min)"
        (cd "$ROOT/end2end" && npx playwright install chromium >&2)
    fi
}

playwright_has_chromium() {
    node -e '
        const { chromium } = require(process.argv[1]);
        process.exit(require("fs").existsSync(chromium.executablePath()) ? 0 : 1);
    ' "$ROOT/end2end/node_modules/@playwright/test"
}
