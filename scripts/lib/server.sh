# shellcheck shell=bash
# A server of one's own for a check, with a database that is gone afterwards.

# server_start BINARY [FLAGS...]: starts it on a free port, waits until it can be reached, and sets
# SERVER_ADDRESS and SERVER_FOLDER. It ends with the script that calls this.
server_start() {
    local binary=$1 _
    shift
    SERVER_FOLDER=$(mktemp -d)
    # The loop below may look before the server's own shell has made it.
    : >"$SERVER_FOLDER/out"
    "$binary" --listen 127.0.0.1:0 --database "sqlite:$SERVER_FOLDER/tasks.db" "$@" \
        >"$SERVER_FOLDER/out" 2>"$SERVER_FOLDER/log" &
    SERVER=$!
    trap server_stop EXIT
    for _ in $(seq 300); do
        SERVER_ADDRESS=$(sed -n 's|.* running on http://||p' "$SERVER_FOLDER/out")
        [[ -n $SERVER_ADDRESS ]] && return 0
        kill -0 "$SERVER" 2>/dev/null || break
        sleep 0.1
    done
    cat "$SERVER_FOLDER/log" >&2
    die "the server did not start"
}

# Ends it at once: a polite end would wait for the tasks that a check has left running.
server_stop() {
    kill -9 "$SERVER" 2>/dev/null || true
    wait "$SERVER" 2>/dev/null || true
    rm -rf "$SERVER_FOLDER"
}
