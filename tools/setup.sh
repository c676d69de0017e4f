#!/bin/sh
# Sets up what the course needs, each part once:   sh tools/setup.sh [venv] [bubblewrap] [chromium]
#   venv        .venv with the locked packages and this project   (PYTHON=python3.12 chooses the interpreter)
#   bubblewrap  the walls around a hand-in that is being graded   (through apt where it may)
#   chromium    the browser of the tests                          (through apt where it may)
# Every failure is one line on stderr: what is wrong, and what to do.
set -eu
cd "$(dirname "$0")/.."
PYTHON=${PYTHON:-python3}

say() { printf '%s\n' "$*"; }
stop() { printf '%s\n' "$*" >&2; exit 1; }

# Install a Debian package if we may (root, or sudo that asks for no password); false if we may not.
apt_install() {
    command -v apt-get >/dev/null || return 1
    if [ "$(id -u)" = 0 ]; then sudo=
    elif sudo -n true 2>/dev/null; then sudo=sudo
    else return 1; fi
    say "Installing $1 (apt-get install $1) ..."
    log=$(mktemp)
    install="DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $1"
    # The package lists of a new machine are empty or old: fetch them only if the first try finds nothing.
    $sudo sh -c "$install" </dev/null >"$log" 2>&1 ||
        $sudo sh -c "apt-get update && $install" </dev/null >"$log" 2>&1 || {
        tail -n 3 "$log" >&2
        rm -f "$log"
        return 1
    }
    rm -f "$log"
}

check_python() {
    version=$("$PYTHON" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || version=
    cure="install Python 3.11 or newer, or name the one to use: make PYTHON=python3.12 ..."
    [ -n "$version" ] || stop "'$PYTHON' is no Python that runs here: $cure"
    "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        stop "'$PYTHON' is Python $version, and the course needs 3.11 or newer: $cure"
    "$PYTHON" -c 'import venv, ensurepip' 2>/dev/null || apt_install "python$version-venv" ||
        stop "Python $version has no venv module: on Debian and Ubuntu, sudo apt-get install python$version-venv"
}

# What .venv was made from. Another folder, interpreter, lock or pyproject.toml: it is made anew, or brought up to date.
recipe() {
    pwd
    .venv/bin/python -V 2>&1
    cat requirements.lock pyproject.toml
}

venv() {
    stamp=.venv/.made-from
    if [ -f $stamp ] && recipe 2>/dev/null | cmp -s - $stamp; then return; fi
    [ -w . ] || stop "No permission to write into $(pwd): clone the course into a folder of your own."
    check_python
    say "Setting up .venv with $("$PYTHON" -V): about 2 minutes and 2 GB ..."
    if [ -f $stamp ] && { [ "$(head -n 1 $stamp)" != "$(pwd)" ] || ! .venv/bin/python -c '' 2>/dev/null; }; then
        clear=--clear # moved, copied, or its interpreter is gone: its scripts point nowhere
    else
        clear=
    fi
    "$PYTHON" -m venv $clear .venv ||
        stop "No virtual environment could be made in $(pwd)/.venv: remove that folder, see that the disk is not full, and try again."
    rm -f $stamp
    recipe >.venv/.making
    # Setuptools comes with the lock, so the second step needs no network and no build environment.
    .venv/bin/python -m pip install --disable-pip-version-check --retries 2 -r requirements.lock &&
        .venv/bin/python -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation -e . ||
        stop "The locked packages could not be installed (pip says why above): most often there is no network or no disk left; mend that and run the same command again, it goes on where it stopped."
    mv .venv/.making $stamp
}

bubblewrap() {
    if command -v bwrap >/dev/null || apt_install bubblewrap; then return; fi
    [ "$(uname)" = Linux ] ||
        stop "bubblewrap, the walls around a hand-in, exists on Linux only: grade other people's work there (a virtual machine or WSL 2 will do); your own needs no walls: .venv/bin/autograder check a2_layers"
    stop "bubblewrap, the walls around a hand-in, is missing and may not be installed from here: sudo apt-get install bubblewrap (or: dnf, pacman, zypper, apk with the same package name), then run the same command again."
}

chromium() {
    for browser in chromium chromium-browser google-chrome; do
        if command -v $browser >/dev/null; then return; fi
    done
    apt_install chromium ||
        stop "Chromium, the browser of the tests, is missing and may not be installed from here: sudo apt-get install chromium, then run the same command again."
}

for part in "$@"; do
    case $part in
        venv | bubblewrap | chromium) $part ;;
        *) stop "tools/setup.sh knows venv, bubblewrap and chromium, not '$part'." ;;
    esac
done
