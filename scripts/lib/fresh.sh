# shellcheck shell=bash
# Undoes what set-up has done to this machine, and nothing else: so that the next run proves that
# set-up works from nothing. Machines that had the packages already have hidden a missing one before.

# Removes the packages that set-up added, what it made in the cache, and the packages of the browser
# tests. What a person has installed since on top of them keeps what it needs.
fresh() {
    say "Undoing what set-up installed"
    if [[ -s $PACKAGES_LIST ]] && is_debian; then packages_remove; fi
    if [[ -s $RUSTUP_LIST ]] && have rustup; then
        while read -r what name; do rustup "$what" remove "$name" >&2; done <"$RUSTUP_LIST"
        rm -f "$RUSTUP_LIST"
    fi
    rm -rf "$ROOT"/{end2end,scripts/clients}/node_modules
    rm -rf "${CACHE:?}"/{rust,binaryen,python,proved,partial}[-.]*
}

packages_remove() {
    local ours doomed others package
    mapfile -t ours < <(while read -r package; do
        if installed "$package"; then printf '%s\n' "$package"; fi
    done < <(sort -u "$PACKAGES_LIST"))
    if [[ ${#ours[@]} -gt 0 ]]; then
        doomed=$(apt-get -s remove "${ours[@]}" | sed -n 's/^Remv \([^ ]*\).*/\1/p' | sort -u)
        others=$(comm -23 <(printf '%s\n' "$doomed") \
            <(printf '%s\n' "${ours[@]}" | sed 's/:.*//' | sort -u))
        if [[ -n $others ]]; then
            say "Keeping the packages: others need them: $(tr '\n' ' ' <<<"$others")"
            return 0
        fi
        as_root env DEBIAN_FRONTEND=noninteractive \
            apt-get remove -qq -o Dpkg::Use-Pty=0 "${ours[@]}" >/dev/null
    fi
    rm -f "$PACKAGES_LIST"
}
