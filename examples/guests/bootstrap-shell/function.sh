# Answers with the event it was given; fails when the event says so.
handler() {
    echo "shell got $1" >&2
    case "$1" in *fail*) return 1 ;; esac
    printf '{"shell":true,"event":%s}' "$1"
}
