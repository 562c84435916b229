#!/bin/sh
# Installs what the tests need from Debian, where that can be done without asking; else says what is missing.
set -eu
missing=""
for pair in chromium:chromium; do
    command -v "${pair%%:*}" >/dev/null || missing="$missing ${pair##*:}"
done
[ -z "$missing" ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing for the tests:$missing"
    # shellcheck disable=SC2086 # one word per package
    if apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $missing >/dev/null; then
        exit 0
    fi
fi
echo "Some tests will fail until you install what they need: sudo apt-get install$missing" >&2
