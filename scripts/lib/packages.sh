# shellcheck shell=bash
# Packages of the operating system, where that is Debian or a relative.

# What apt_install has added to this machine, one package a line.
PACKAGES_LIST=$CACHE/installed/packages

is_debian() {
    have apt-get && [[ -r /etc/os-release ]] && grep -q '^ID=debian$' /etc/os-release
}

as_root() {
    if [[ $(id -u) == 0 ]]; then
        "$@"
    elif have sudo; then
        sudo "$@"
    else
        die "this needs root and there is no sudo; run as root: $*"
    fi
}

installed() {
    [[ $(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

# apt_install WHY PACKAGE...: installs what is missing of the packages. It never removes one.
apt_install() {
    local why=$1 package missing=()
    shift
    for package in "$@"; do
        installed "$package" || missing+=("$package")
    done
    [[ ${#missing[@]} -gt 0 ]] || return 0
    say "$why: apt-get install ${missing[*]}"
    # The lists of a fresh image are empty, those of an old one point to what is gone.
    if apt_knows "${missing[@]}" && apt_try "${missing[@]}"; then return 0; fi
    as_root apt-get update -qq && apt_try "${missing[@]}"
}

# Whether the lists have every one of the packages.
apt_knows() {
    local package
    for package in "$@"; do
        apt-cache show "$package" >/dev/null 2>&1 || return 1
    done
}

apt_try() {
    local before
    before=$(apt_all)
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -qq -o Dpkg::Use-Pty=0 --no-install-recommends --no-remove "$@" >/dev/null ||
        return 1
    # What came along is noted too: it goes when these go.
    mkdir -p "${PACKAGES_LIST%/*}"
    comm -13 <(printf '%s\n' "$before") <(apt_all) >>"$PACKAGES_LIST"
}

# Every installed package, one a line.
apt_all() {
    dpkg-query -W -f='${db:Status-Status} ${binary:Package}\n' | sed -n 's/^installed //p' | sort
}

# What some tests call: strace shows when the disk was asked to sync, curl runs the README's lines,
# and PostgreSQL's server keeps what the tests of its store store, in clusters of their own.
test_programs_install() {
    if ! have strace || ! have curl; then
        is_debian || die "the tests call strace and curl: install them"
        apt_install "strace and curl, for the tests (a few seconds)" strace curl
    fi
    postgres_programs && return 0
    is_debian || die "the tests start PostgreSQL servers: install initdb and postgres, at least of version 15"
    postgres_install
}

# Where the tests look for them.
postgres_programs() {
    compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || have initdb
}

# Debian's package would start a cluster of the system, which nothing here needs.
postgres_install() {
    local settings=/etc/postgresql-common/createcluster.conf
    apt_install "what a PostgreSQL server needs, for the tests (a few seconds)" postgresql-common
    if [[ -w /etc/postgresql-common ]] && ! grep -qs '^create_main_cluster' "$settings"; then
        echo 'create_main_cluster = false' >>"$settings"
    fi
    apt_install "PostgreSQL's server, for the tests (a few seconds)" postgresql
}
