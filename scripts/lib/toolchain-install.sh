# shellcheck shell=bash
# Gets a complete Rust toolchain where there is none. The user's rustup is asked for the wasm
# target at most, and not even that when RUSTUP_AUTO_INSTALL=0 says to install nothing.

# What rustup_add has added to the user's toolchain.
RUSTUP_LIST=$CACHE/installed/rustup

may_use_rustup() { have rustup && [[ ${RUSTUP_AUTO_INSTALL:-1} != 0 ]]; }

# rustup_add target|component NAME...: adds them, and notes that it did.
rustup_add() {
    local what=$1 name
    shift
    rustup "$what" add "$@" >&2 || return 1
    mkdir -p "${RUSTUP_LIST%/*}"
    for name in "$@"; do printf '%s %s\n' "$what" "$name" >>"$RUSTUP_LIST"; done
}

toolchain_install() {
    linker_install
    toolchain_use && return 0
    if may_use_rustup && new_enough; then
        say "Adding the standard library for $WASM with rustup (about 10 s)"
        rustup_add target "$WASM" && toolchain_use && return 0
        say "rustup could not add it"
    fi
    # Not in a condition: there, bash would go on after a failed step.
    if is_debian; then debian_install; fi
    toolchain_use && return 0
    die "no Rust toolchain of at least $(oldest_rust) with the target $WASM." \
        "Install one from https://rustup.rs, or update yours with: rustup update stable"
}

# Rust links with a C compiler, and SQLite is compiled by one.
linker_install() {
    have cc && return 0
    is_debian || die "no C compiler (cc): install gcc or clang"
    apt_install "C compiler (about 20 s)" gcc libc6-dev
}

debian_install() {
    apt_install "Debian's Rust toolchain (about 30 s)" ca-certificates \
        rustc-web cargo-web rust-web-src rust-web-llvm libstd-rust-web-dev lld-22
    toolchain_use || wasm_std_build
}

# Debian has the source of the wasm standard library, not its binary. It is built into the cache,
# in a sysroot beside links to the rest, and a `rustc` that looks there stands before Debian's.
wasm_std_build() {
    local home staging built tool
    home=$(debian_toolchain)
    say "Building the standard library for $WASM from Debian's source (about 1 min)"
    staging=$(staging)
    mkdir -p "$staging/empty/src" "$staging/bin" "$staging/sysroot/lib/rustlib/$WASM/lib"
    : >"$staging/empty/src/lib.rs"
    cat >"$staging/empty/Cargo.toml" <<'END'
[workspace]
[package]
name = "empty"
edition = "2024"
END
    # RUSTC_BOOTSTRAP unlocks build-std, for the standard library and nothing else.
    (
        cd "$staging/empty" || exit
        unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS RUSTC_WRAPPER
        RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc RUSTDOC=/usr/bin/rustdoc CARGO_TARGET_DIR=target \
            /usr/bin/cargo build --quiet --release --target "$WASM" \
            -Z build-std=std,panic_abort >&2
    )
    built=$staging/empty/target/$WASM/release/deps
    rm -f "$built"/libempty-*
    cp "$built"/*.rlib "$staging/sysroot/lib/rustlib/$WASM/lib"
    rm -r "$staging/empty"

    for tool in /usr/lib/rustlib/*; do
        [[ ${tool##*/} == "$WASM" ]] || ln -s "$tool" "$staging/sysroot/lib/rustlib/"
    done
    # Later packages may bring the last four: links to what is not there yet do no harm.
    for tool in cargo rustdoc rustfmt cargo-fmt cargo-clippy clippy-driver; do
        ln -s "/usr/bin/$tool" "$staging/bin/$tool"
    done
    printf '#!/bin/sh\nexec /usr/bin/rustc --sysroot "%s" "$@"\n' "$home/sysroot" \
        >"$staging/bin/rustc"
    chmod +x "$staging/bin/rustc"
    rm -rf "$home"
    mv "$staging" "$home"
}

# Proves that the toolchain compiles and links, natively and for wasm, once per compiler.
toolchain_prove() {
    local proof staging
    proof=$CACHE/proved-$(rustc -vV | cksum | cut -d ' ' -f 1)
    [[ -e $proof ]] && return 0
    staging=$(staging)
    printf 'fn main() { println!("works"); }\n' >"$staging/main.rs"
    printf '#[unsafe(no_mangle)] pub extern "C" fn f() -> usize { vec![1].len() }\n' \
        >"$staging/lib.rs"
    if rustc --edition 2024 -o "$staging/main" "$staging/main.rs" &&
        [[ $("$staging/main") == works ]] &&
        rustc --edition 2024 --crate-type cdylib --target "$WASM" \
            -o "$staging/lib.wasm" "$staging/lib.rs"; then
        rm -r "$staging"
        : >"$proof"
    else
        die "the Rust toolchain ($(command -v rustc)) does not compile a small program"
    fi
}

# Whether the formatter and the linter that would run belong to the compiler that would: clippy
# reads the standard library, and refuses that of another version.
have_linters() {
    local clippy
    cargo fmt --version >/dev/null 2>&1 || return 1
    clippy=$(cargo clippy --version 2>/dev/null) || return 1
    # clippy 0.1.96 is that of rustc 1.96; what may follow is its commit.
    [[ "$clippy " == "clippy 0.$(rust_version | cut -d . -f 1,2) "* ]]
}

# The formatter and the linter, for the tests.
linters_install() {
    have_linters && return 0
    if [[ $(command -v rustc) == "$CACHE"/* || $(command -v rustc) == /usr/bin/rustc ]] &&
        is_debian && installed rustc-web; then
        apt_install "Formatter and linter (about 10 s)" rustfmt-web rust-web-clippy
    elif may_use_rustup; then
        say "Adding rustfmt and clippy with rustup (about 10 s)"
        rustup_add component rustfmt clippy
    fi
    have_linters || die "no rustfmt or clippy for $(command -v rustc) $(rust_version):" \
        "cargo fmt says '$(cargo fmt --version 2>&1)', cargo clippy '$(cargo clippy --version 2>&1)'"
}

# Proves that they read a small program, once per compiler: what they say of themselves proves less.
linters_prove() {
    local proof staging
    proof=$CACHE/proved-linters-$(rustc -vV | cksum | cut -d ' ' -f 1)
    [[ -e $proof ]] && return 0
    staging=$(staging)
    mkdir "$staging/src"
    printf 'fn main() {\n    println!("works");\n}\n' >"$staging/src/main.rs"
    printf '[workspace]\n[package]\nname = "empty"\nedition = "2024"\n' >"$staging/Cargo.toml"
    (
        cd "$staging" || exit
        export CARGO_TARGET_DIR=target
        cargo fmt --check >&2 && cargo clippy --quiet -- -D warnings >&2
    ) || die "rustfmt or clippy of $(command -v cargo) does not read a small program"
    rm -r "$staging"
    : >"$proof"
}
