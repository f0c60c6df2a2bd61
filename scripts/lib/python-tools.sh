# shellcheck shell=bash
# Python and what comes from PyPI, for the tests: what holds the API to its OpenAPI document, what
# makes clients of that, the client that the guide's examples use, and what the project's own client
# is built and checked with.

PYTHON_TOOLS_LIST=$ROOT/scripts/lib/python-tools.txt

# The virtual environment. Its name says what is in it.
python_tools() { printf '%s/python-%s\n' "$CACHE" "$(cksum <"$PYTHON_TOOLS_LIST" | cut -d ' ' -f 1)"; }

# A Python that can make virtual environments.
python_install() {
    python3 -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))' 2>/dev/null &&
        return 0
    is_debian || die "the tests need Python 3.10 or newer with venv: install it"
    apt_install "Python, for the tests of the API (about 10 s)" python3 python3-venv
}

python_tools_install() {
    local home
    home=$(python_tools)
    [[ -e $home/.complete ]] && return 0
    python_install
    say "Fetching schemathesis, mypy, pytest and others (pip, about 40 s)"
    # A virtual environment cannot be moved, so this one is marked when it is complete.
    rm -rf "$home"
    mkdir -p "$CACHE"
    python3 -m venv "$home"
    "$home/bin/pip" install --quiet --disable-pip-version-check --requirement "$PYTHON_TOOLS_LIST" >&2
    "$home/bin/schemathesis" --version >/dev/null
    : >"$home/.complete"
}
