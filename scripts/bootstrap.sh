#!/usr/bin/env bash
# Make or refresh the virtual environment: bootstrap.sh VENV WHAT [TORCH]
#   VENV   its folder          WHAT   "." or ".[test]"
#   TORCH  another torch version than the pinned one, or the path of a wheel
set -euo pipefail
cd "$(dirname "$0")/.."
venv=$1 what=$2 torch=${3:-}

fail() { printf 'error: %s\n' "$*" >&2; exit 1; }

supported() { "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))' 2>/dev/null; }

find_python() {
    local candidate
    if [ -n "${PYTHON:-}" ]; then
        supported "$PYTHON" || fail "PYTHON=$PYTHON is not a Python 3.11 or 3.12 that starts"
        printf '%s\n' "$PYTHON"
        return
    fi
    for candidate in python3.11 python3.12 python3 python; do
        if supported "$candidate"; then printf '%s\n' "$candidate"; return; fi
    done
    fail "Python 3.11 or 3.12 is needed (mediapipe 0.10.21 has no wheels for others). Install one, for example" \
        "'apt-get install python3.11 python3.11-venv', and name it if it is not on the PATH: make demo PYTHON=/path/to/python3.11"
}

if [ ! -x "$venv/bin/python" ]; then
    python=$(find_python)
    echo "virtual environment: $venv ($("$python" --version))"
    "$python" -m venv "$venv" || fail "'$python -m venv' failed: on Debian and Ubuntu install the package python3-venv"
fi
supported "$venv/bin/python" || fail "$venv has an unsupported Python: remove it (rm -r $venv) and run again"

# Reinstalled only when what is installed could have changed.
wanted=$(cat pyproject.toml envs/constraints.txt; printf '%s|%s' "$what" "$torch")
stamp=$venv/.talkface-installed
if [ "$(cat "$stamp" 2>/dev/null || true)" != "$wanted" ]; then
    rm -f "$stamp"
    constraints=envs/constraints.txt
    if [ -n "$torch" ]; then
        constraints=$venv/constraints.txt
        grep -v '^torch==' envs/constraints.txt >"$constraints"
        case $torch in
        */* | *.whl) "$venv/bin/python" -m pip install "$torch" -c "$constraints" ;;
        *) "$venv/bin/python" -m pip install "torch==$torch" -c "$constraints" ;;
        esac
    fi
    "$venv/bin/python" -m pip install -c "$constraints" -e "$what"
    printf '%s' "$wanted" >"$stamp"
fi

"$venv/bin/python" scripts/check_system.py
