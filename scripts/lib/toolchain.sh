# shellcheck shell=bash
# One Rust toolchain for everything, native and wasm: the first of these that is complete.
#
#   1. whatever `cargo` and `rustc` mean in the user's own PATH (rustup's, mostly)
#   2. /usr/bin, where Debian puts its own
#   3. Debian's, completed in the cache with a standard library for wasm

WASM=wasm32-unknown-unknown
CARGO_BIN=${CARGO_HOME:-$HOME/.cargo}/bin

oldest_rust() { sed -n 's/^rust-version = "\(.*\)"$/\1/p' "$ROOT/Cargo.toml"; }

# at_least WANTED FOUND: compares dotted versions.
at_least() { [[ $(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1) == "$1" ]]; }

rust_version() { rustc --version 2>/dev/null | cut -d ' ' -f 2; }

new_enough() {
    local version
    version=$(rust_version) && [[ -n $version ]] && at_least "$(oldest_rust)" "$version"
}

has_wasm() {
    local libraries
    libraries=$(rustc --print target-libdir --target "$WASM" 2>/dev/null) || return 1
    compgen -G "$libraries/libstd-*.rlib" >/dev/null
}

complete() { have cargo && new_enough && has_wasm; }

# Where the completed form of Debian's toolchain belongs. Its name says for which compiler it was
# made: the compiler reads no standard library but its own.
debian_toolchain() {
    local id
    id=$(/usr/bin/rustc -vV | cksum | cut -d ' ' -f 1)
    printf '%s/rust-%s-%s\n' "$CACHE" "$(/usr/bin/rustc --version | cut -d ' ' -f 2)" "$id"
}

# Puts the toolchain first in PATH; fails when there is no complete one. Whoever asks what a tool
# is and whoever runs it get it from here, so that both mean the same tool.
#
# cargo looks for its subcommands in its own home first, unless PATH names that directory: then
# rustup's clippy would be run with another toolchain's cargo.
toolchain_use() {
    toolchain_find || return 1
    case :$PATH: in
        *:"$CARGO_BIN":*) ;;
        *) PATH=$PATH:$CARGO_BIN ;;
    esac
}

toolchain_find() {
    local path=$PATH home
    complete && return 0
    [[ -x /usr/bin/rustc && -x /usr/bin/cargo ]] || return 1
    PATH=/usr/bin:$path
    complete && return 0
    home=$(debian_toolchain)
    PATH=$home/bin:$path
    if [[ -d $home ]] && complete; then
        # clippy-driver is not run through the rustc of this PATH, and looks here.
        export SYSROOT=$home/sysroot
        return 0
    fi
    PATH=$path
    return 1
}
