#!/bin/sh
# Puts uv, pinned by hash, into .tools/ without touching the system's own packages.
# Usage: tools/uv.sh [PYTHON]; prints nothing when all is well.
set -eu
cd "$(dirname "$0")/.."
python=${1:-python3}
wanted=$(sed -n 's/^uv==\([^ ]*\).*/\1/p' requirements/uv.txt)

has_uv() { [ -x .tools/bin/uv ] && [ "$(.tools/bin/uv --version | cut -d' ' -f2)" = "$wanted" ]; }
pip_flags="--quiet --root-user-action=ignore --disable-pip-version-check --require-hashes --only-binary :all: -r requirements/uv.txt"

has_uv && exit 0
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "Ostler needs Python 3.11 or newer; '$python' is older. Try: make PYTHON=/path/to/python3.11 ..." >&2
    exit 1
fi
rm -rf .tools
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null && ! "$python" -m pip --version >/dev/null 2>&1; then
    # Debian takes both out of its Python; either package brings one back.
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        apt-get update -qq && apt-get install -qq -y --no-install-recommends python3-venv >/dev/null
    else
        echo "This Python has neither venv nor pip. Install one of them: sudo apt-get install python3-venv" >&2
        exit 1
    fi
fi
if "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    "$python" -m venv .tools
    # shellcheck disable=SC2086 # the flags are words
    .tools/bin/python -m pip install $pip_flags
else
    # shellcheck disable=SC2086
    "$python" -m pip install --target .tools $pip_flags
fi
has_uv || { echo "uv could not be installed into .tools/; see the messages above." >&2; exit 1; }
