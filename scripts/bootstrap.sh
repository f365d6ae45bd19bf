#!/usr/bin/env bash
# Make or refresh the virtual environment: bootstrap.sh VENV WHAT [TORCH]
#   VENV   its folder          WHAT   "." or ".[test]"
#   TORCH  another torch version than the pinned one, the path of a wheel, or "system": the one of the system's own Python
#          (Debian and Ubuntu: apt-get install python3-torch, a tenth of PyPI's), which a new environment then sees
set -euo pipefail
cd "$(dirname "$0")/.."
venv=$1 what=$2 torch=${3:-}

fail() { printf 'error: %s\n' "$*" >&2; exit 1; }

version_within() { # PYTHON LOWEST [BEYOND]: does it start, and is its version in between?
    "$1" -c 'import sys
low, *beyond = [tuple(map(int, text.split("."))) for text in sys.argv[1:]]
sys.exit(not (low <= sys.version_info and all(sys.version_info < high for high in beyond)))' "${@:2}" 2>/dev/null
}
supported() { version_within "$1" 3.11; }
tried() { version_within "$1" 3.11 3.15; } # newer ones may do: whether there are wheels for them, pip finds out

find_python() {
    local candidate candidates=(python3 python3.14 python3.13 python3.12 python3.11 python)
    if [ -n "${PYTHON:-}" ]; then
        supported "$PYTHON" || fail "PYTHON=$PYTHON is not a Python 3.11 or newer that starts"
        printf '%s\n' "$PYTHON"
        return
    fi
    for candidate in "${candidates[@]}"; do
        if tried "$candidate"; then printf '%s\n' "$candidate"; return; fi
    done
    for candidate in "${candidates[@]}"; do
        if supported "$candidate"; then
            echo "note: $("$candidate" --version) is newer than what was tried (3.11 to 3.14); should a package" \
                "have no wheel for it, name another: make setup PYTHON=/path/to/python3.14" >&2
            printf '%s\n' "$candidate"
            return
        fi
    done
    fail "Python 3.11 or newer is needed, and none is on the PATH. Install one:
  Debian, Ubuntu   apt-get install python3 python3-venv
  Fedora           dnf install python3
  macOS            brew install python
or name one that lies elsewhere: make setup PYTHON=/path/to/python3.13"
}

# Modules are compiled when they are first imported: most never are, and compiling all takes as long as installing them.
install() { "$venv/bin/python" -m pip install --no-compile -c "$constraints" "$@"; }

if [ ! -x "$venv/bin/python" ]; then
    python=$(find_python)
    echo "virtual environment: $venv ($("$python" --version))"
    options=()
    [ "$torch" != system ] || options=(--system-site-packages)
    existed=$([ -e "$venv" ] && echo yes || true)
    if ! "$python" -m venv "${options[@]}" "$venv"; then
        [ -n "$existed" ] || rm -rf "$venv" # half of one would pass for whole the next time
        fail "'$python -m venv' failed: on Debian and Ubuntu it needs a package of its own, apt-get install python3-venv"
    fi
fi
supported "$venv/bin/python" ||
    fail "$venv has a Python older than 3.11, or one that does not start: remove it (rm -r $venv) and run again"

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
        system)
            seen=$("$venv/bin/python" -c 'import torch, importlib.metadata as m; print(m.version("torch"))') ||
                fail "TORCH=system, but $venv sees no torch: apt-get install python3-torch, rm -r $venv and run again"
            { grep -v '^sympy==' "$constraints"; echo "torch==$seen"; } >"$constraints.new" # it names its own sympy
            mv "$constraints.new" "$constraints"
            ;;
        */* | *.whl) install "$torch" ;;
        *) install "torch==$torch" ;;
        esac
    fi
    install -e "$what"
    printf '%s' "$wanted" >"$stamp"
fi

"$venv/bin/python" scripts/check_system.py
"$venv/bin/python" -m talkface.features.fetch_bundle
