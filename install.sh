#!/bin/sh
# Builds git jit from this checkout and installs it: three binaries and the manual pages.
#
#   ./install.sh [--prefix DIR] [--demo] [--uninstall]
#
# Needs git and a Rust toolchain; touches nothing outside the prefix and this checkout's target folder.
set -eu

least_git=2.31
least_cargo=1.89
binaries="git-jit jit-pre-commit jit-pre-push"

usage() {
    cat <<'TEXT'
usage: ./install.sh [--prefix DIR] [--demo] [--uninstall]

  --prefix DIR   install below DIR: DIR/bin and DIR/share/man/man1 [~/.local]
  --demo         after that, play the story in a scratch repository: git jit demo
  --uninstall    remove what was installed below the prefix
TEXT
}

fail() {
    echo "install.sh: $1" >&2
    shift
    for line in "$@"; do echo "  $line" >&2; done
    exit 1
}

# at_least HAVE WANT: compares two versions by their first two numbers.
at_least() {
    have_major=${1%%.*} have_rest=${1#*.} want_major=${2%%.*} want_rest=${2#*.}
    have_minor=${have_rest%%[!0-9]*} want_minor=${want_rest%%[!0-9]*}
    [ "$have_major" -gt "$want_major" ] || { [ "$have_major" -eq "$want_major" ] && [ "${have_minor:-0}" -ge "$want_minor" ]; }
}

prefix=${HOME:-/usr/local}/.local
demo=no
action=install
while [ $# -gt 0 ]; do
    case $1 in
        --prefix)
            [ $# -ge 2 ] || fail "--prefix wants a folder" "For example: ./install.sh --prefix /usr/local"
            prefix=$2
            shift
            ;;
        --prefix=*) prefix=${1#--prefix=} ;;
        --demo) demo=yes ;;
        --uninstall) action=uninstall ;;
        -h | --help) usage && exit 0 ;;
        *) usage >&2 && fail "unknown option: $1" ;;
    esac
    shift
done
case $prefix in
    '') fail "--prefix wants a folder" ;;
    /*) ;;
    *) prefix=$(pwd)/$prefix ;;
esac
bin=$prefix/bin
man=$prefix/share/man/man1

if [ "$action" = uninstall ]; then
    removed=0
    for binary in $binaries; do
        [ -e "$bin/$binary" ] && rm -f "$bin/$binary" && echo "removed $bin/$binary" && removed=$((removed + 1))
    done
    for page in "$man"/git-jit.1 "$man"/git-jit-*.1; do
        [ -e "$page" ] && rm -f "$page" && echo "removed $page" && removed=$((removed + 1))
    done
    [ "$removed" -gt 0 ] || echo "nothing of git jit below $prefix"
    echo "Hooks stay in the repositories that have them: git jit hooks uninstall takes them away, before this."
    exit 0
fi

cd "$(dirname "$0")"

command -v git >/dev/null 2>&1 ||
    fail "git is missing" "Debian and Ubuntu: apt install git" "Fedora: dnf install git" "macOS: xcode-select --install"
git_version=$(git --version | sed 's/^git version //; s/ .*//')
at_least "$git_version" "$least_git" || fail "git $git_version is too old: $least_git or newer is needed" "See https://git-scm.com/downloads"
if ! command -v cargo >/dev/null 2>&1 && [ -x "${CARGO_HOME:-$HOME/.cargo}/bin/cargo" ]; then
    PATH=${CARGO_HOME:-$HOME/.cargo}/bin:$PATH
fi
command -v cargo >/dev/null 2>&1 || fail "cargo is missing" "Install Rust $least_cargo or newer: https://rustup.rs"
cargo_version=$(cargo --version | sed 's/^cargo //; s/ .*//')
at_least "$cargo_version" "$least_cargo" || fail "cargo $cargo_version is too old: $least_cargo or newer is needed" "To get it: rustup update stable"
echo "git $git_version, cargo $cargo_version"

echo "Building, some minutes the first time"
target=${CARGO_TARGET_DIR:-target}
cargo build --release --locked --bins --target-dir "$target"

mkdir -p "$bin" "$man" 2>/dev/null || fail "cannot write to $prefix" "Choose another folder: ./install.sh --prefix DIR"
for binary in $binaries; do
    # A name of its own first, then a rename: a running program is never half replaced.
    cp "$target/release/$binary" "$bin/.$binary.new" || fail "cannot write to $bin" "Choose another folder: ./install.sh --prefix DIR"
    mv -f "$bin/.$binary.new" "$bin/$binary"
    echo "installed $bin/$binary"
done
"$bin/git-jit" man "$man" | sed 's/^/installed /'

case :$PATH: in
    *:"$bin":*) ;;
    *)
        echo "$bin is not on your PATH. To put it there, in the file your shell reads at its start:"
        echo "  export PATH=\"$bin:\$PATH\""
        ;;
esac

if [ "$demo" = yes ]; then
    "$bin/git-jit" demo
fi
echo "Next, in a repository: git jit init"
