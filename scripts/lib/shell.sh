# shellcheck shell=bash
# Words that every script here uses, and the places it may write to.

# The repository, and what may outlive it: a second clone finds everything in the cache.
# shellcheck disable=SC2034 # the files beside this one use it
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/glassworks

say() { printf '==> %s\n' "$*" >&2; }

die() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# A new directory in the cache. Things are made there and moved into place when they are complete,
# so that an interrupted run never looks like a finished one.
staging() {
    mkdir -p "$CACHE"
    mktemp -d "$CACHE/partial.XXXXXX"
}
