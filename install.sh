#!/bin/sh
# Builds git jit from this checkout and installs it: binaries, manual pages and completion. With --repo it also sets up a repository.
#
#   ./install.sh [--prefix DIR] [--repo DIR [--enforce warn|strict] [--agent-files[=AGENTS]]] [--from DIR] [--demo]
#                [--check | --uninstall] [--dry-run]
#
# Needs git, and a Rust toolchain unless --from names a folder with the binaries. Changes nothing outside the prefix, the repository and
# this checkout's target folder. share/git-jit/manifest below the prefix lists every installed file with its checksum; --uninstall
# removes the files that it lists.
set -eu

least_git=2.31
least_cargo=1.89
binaries="git-jit jit-pre-commit jit-pre-push"

usage() {
    cat <<'TEXT'
usage: ./install.sh [--prefix DIR] [--repo DIR [--enforce warn|strict] [--agent-files[=AGENTS]]] [--from DIR] [--demo]
       ./install.sh --check | --uninstall [--prefix DIR] [--repo DIR] [--dry-run]

  --prefix DIR     install below DIR: bin, share/man/man1, and completion for bash, zsh and fish [~/.local]
  --repo DIR       also set up that repository with git jit setup
  --enforce POLICY warn or strict: the policy of that repository
  --agent-files    add instructions for coding agents to AGENTS.md there; =claude,gemini to their own files too
  --from DIR       install the binaries in DIR instead of building them
  --demo           afterwards run git jit demo, which uses a scratch repository
  --check          report what is missing or changed; exit 1 if anything is
  --uninstall      remove what was installed below the prefix, and with --repo what was set up there
  --dry-run        report what would be done, and change nothing
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

# absolute PATH: the same path, whatever the current directory.
absolute() {
    case $1 in
        /*) printf '%s\n' "$1" ;;
        *) printf '%s\n' "$(pwd)/$1" ;;
    esac
}

prefix=${HOME:-/usr/local}/.local
repo='' enforce='' agent_files='' from='' demo=no action=install dry_run=no
while [ $# -gt 0 ]; do
    case $1 in
        --prefix | --repo | --enforce | --from)
            [ $# -ge 2 ] || fail "$1 requires a value" "For example: ./install.sh --prefix /usr/local --repo . --enforce strict"
            option=$1 value=$2
            shift
            ;;
        --prefix=* | --repo=* | --enforce=* | --from=*) option=${1%%=*} value=${1#*=} ;;
        --agent-files | --agent-files=*) agent_files=$1 option='' ;;
        --demo) demo=yes option='' ;;
        --check) action=check option='' ;;
        --uninstall) action=uninstall option='' ;;
        --dry-run) dry_run=yes option='' ;;
        -h | --help) usage && exit 0 ;;
        *) usage >&2 && fail "unknown option: $1" ;;
    esac
    [ -z "$option" ] || [ -n "$value" ] || fail "$option requires a value"
    case $option in
        --prefix) prefix=$(absolute "$value") ;;
        --repo) repo=$(absolute "$value") ;;
        --enforce) enforce=$value ;;
        --from) from=$(absolute "$value") ;;
    esac
    shift
done
case $enforce in
    '' | warn | strict) ;;
    *) fail "invalid --enforce '$enforce': use warn or strict" ;;
esac
[ -z "$enforce" ] || [ -n "$repo" ] || fail "--enforce requires --repo" "For example: ./install.sh --repo . --enforce $enforce"
[ -z "$agent_files" ] || [ -n "$repo" ] || fail "--agent-files requires --repo" "For example: ./install.sh --repo . --agent-files"
if [ -n "$repo" ]; then
    [ -d "$repo" ] || fail "--repo: no such directory: $repo"
    repo=$(CDPATH='' cd -- "$repo" && pwd)
fi
manifest=$prefix/share/git-jit/manifest

# jit PROGRAM [OPTION]: runs git jit setup in the repository, with --enforce and --agent-files if they were given.
jit() {
    program=$1
    shift
    [ -z "$enforce" ] || set -- "$@" --enforce "$enforce"
    [ -z "$agent_files" ] || set -- "$@" "$agent_files"
    "$program" -C "$repo" setup "$@"
}

# sum FILE: prints the checksum and the size.
sum() {
    cksum <"$1" | tr '\t' ' '
}

# listed KIND: prints the manifest's entries of this kind, one per line.
listed() {
    [ ! -f "$manifest" ] || sed -n "s/^$1 //p" "$manifest"
}

# is_unchanged SUM SIZE PATH: whether a file is as it was installed.
is_unchanged() {
    [ -f "$prefix/$3" ] && [ "$(sum "$prefix/$3")" = "$1 $2" ]
}

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
trap 'exit 1' HUP INT TERM
listed file >"$stage/installed"

if [ "$action" = check ]; then
    wrong=0
    [ -f "$manifest" ] || { echo "missing: nothing is installed below $prefix" && wrong=1; }
    while read -r check size path; do
        is_unchanged "$check" "$size" "$path" && continue
        if [ -e "$prefix/$path" ]; then echo "changed: $prefix/$path"; else echo "missing: $prefix/$path"; fi
        wrong=1
    done <"$stage/installed"
    found=$(command -v git-jit || true)
    [ "$found" = "$prefix/bin/git-jit" ] || { echo "not on PATH: $prefix/bin/git-jit${found:+, but $found}" && wrong=1; }
    [ "$wrong" = 1 ] || echo "installed below $prefix, unchanged"
    if [ -n "$repo" ] && [ -x "$prefix/bin/git-jit" ]; then
        jit "$prefix/bin/git-jit" --check || wrong=1
    fi
    exit "$wrong"
fi

if [ "$action" = uninstall ]; then
    if [ -n "$repo" ]; then
        [ -x "$prefix/bin/git-jit" ] || fail "cannot undo the setup of $repo: $prefix/bin/git-jit is missing" "Install it again first"
        echo "In $repo:"
        set -- "$prefix/bin/git-jit" -C "$repo" setup --remove
        if [ "$dry_run" = yes ]; then "$@" --dry-run; else "$@"; fi
    fi
    if [ ! -f "$manifest" ]; then
        echo "git jit is not installed below $prefix"
        exit 0
    fi
    kept=0
    while read -r check size path; do
        if ! is_unchanged "$check" "$size" "$path"; then
            [ ! -e "$prefix/$path" ] || { echo "kept: $prefix/$path was changed since it was installed" && kept=1; }
        elif [ "$dry_run" = yes ]; then
            echo "would remove $prefix/$path"
        else
            rm -f "$prefix/$path" && echo "removed $prefix/$path"
        fi
    done <"$stage/installed"
    listed before | while read -r path; do
        if [ -e "$prefix/$path" ] || [ ! -e "$prefix/$path.before-git-jit" ]; then
            continue
        elif [ "$dry_run" = yes ]; then
            echo "would restore $prefix/$path"
        else
            mv "$prefix/$path.before-git-jit" "$prefix/$path" && echo "restored $prefix/$path"
        fi
    done
    if [ "$dry_run" = no ]; then
        listed dir | LC_ALL=C sort -r >"$stage/dirs"
        rm -f "$manifest"
        while read -r path; do
            # A folder with other files in it stays.
            if rmdir "$path" 2>/dev/null; then echo "removed $path"; fi
        done <"$stage/dirs"
    fi
    [ -n "$repo" ] || echo "Hooks stay in the repositories that have them. To remove them, run --uninstall --repo DIR before this."
    exit "$kept"
fi

cd "$(dirname "$0")"

command -v git >/dev/null 2>&1 ||
    fail "git is missing" "Debian and Ubuntu: apt install git" "Fedora: dnf install git" "macOS: xcode-select --install"
git_version=$(git --version | sed 's/^git version //; s/ .*//')
at_least "$git_version" "$least_git" || fail "git $git_version is too old: $least_git or newer is needed" "See https://git-scm.com/downloads"
if [ -z "$from" ]; then
    if ! command -v cargo >/dev/null 2>&1 && [ -x "${CARGO_HOME:-$HOME/.cargo}/bin/cargo" ]; then
        PATH=${CARGO_HOME:-$HOME/.cargo}/bin:$PATH
    fi
    command -v cargo >/dev/null 2>&1 || fail "cargo is missing" "Install Rust $least_cargo or newer: https://rustup.rs"
    cargo_version=$(cargo --version | sed 's/^cargo //; s/ .*//')
    at_least "$cargo_version" "$least_cargo" ||
        fail "cargo $cargo_version is too old: $least_cargo or newer is needed" "To get it: rustup update stable"
    echo "git $git_version, cargo $cargo_version"
else
    for binary in $binaries; do
        [ -x "$from/$binary" ] || fail "--from: no such program: $from/$binary"
    done
    echo "git $git_version, binaries from $from"
fi

if [ "$dry_run" = yes ]; then
    [ -n "$from" ] || echo "would build the binaries: cargo build --release"
    for binary in $binaries; do
        if [ -n "$from" ] && cmp -s "$from/$binary" "$prefix/bin/$binary"; then
            echo "unchanged: $prefix/bin/$binary"
        else
            echo "would install $prefix/bin/$binary"
        fi
    done
    echo "would update the manual pages in $prefix/share/man/man1, and completion in"
    for path in bash-completion/completions zsh/site-functions fish/vendor_completions.d fish/vendor_conf.d; do
        echo "  $prefix/share/$path"
    done
    if [ -n "$repo" ]; then
        program=${from:-$prefix/bin}/git-jit
        echo "In $repo:"
        if [ ! -x "$program" ]; then
            echo "would run git jit setup${enforce:+ --enforce $enforce}${agent_files:+ $agent_files}"
        else
            jit "$program" --dry-run
        fi
    fi
    exit 0
fi

if [ -z "$from" ]; then
    echo "Building: the first time takes some minutes"
    from=${CARGO_TARGET_DIR:-target}
    # With the feature mcp, which needs further libraries. Without it, if those cannot be built.
    cargo build --release --locked --bins --target-dir "$from" ||
        { echo "Building again without git jit mcp" && cargo build --release --locked --bins --target-dir "$from" --no-default-features; }
    from=$from/release
fi

# Everything is prepared in one place, and then compared with the installed files, one by one.
mkdir -p "$stage/new/bin" "$stage/new/share/man/man1" "$stage/new/share/bash-completion/completions" \
    "$stage/new/share/zsh/site-functions" "$stage/new/share/fish/vendor_completions.d" "$stage/new/share/fish/vendor_conf.d"
for binary in $binaries; do cp "$from/$binary" "$stage/new/bin/$binary"; done
"$from/git-jit" man "$stage/new/share/man/man1" >/dev/null
"$from/git-jit" completions bash >"$stage/new/share/bash-completion/completions/git-jit"
"$from/git-jit" completions zsh >"$stage/new/share/zsh/site-functions/_git-jit"
"$from/git-jit" completions fish >"$stage/new/share/fish/vendor_completions.d/git-jit.fish"
cat >"$stage/new/share/fish/vendor_conf.d/git-jit.fish" <<'TEXT'
# Some versions of fish do not use the completion of git-jit when git jit is completed.
set -g __git_jit_with_git
complete -c git -f -n '__fish_git_using_command jit' -a '(complete -C "git-jit " >/dev/null; __git_jit_complete)'
TEXT
(cd "$stage/new" && find . -type f) | sed 's|^\./||' | LC_ALL=C sort >"$stage/files"

sed 's/^[0-9]* [0-9]* //' "$stage/installed" >"$stage/old-files"
listed before >"$stage/before"
: >"$stage/theirs"
listed dir >"$stage/dirs"
# Folders that do not exist yet are ours: --uninstall removes them when they are empty.
{ echo share/git-jit/manifest && cat "$stage/files"; } | while read -r path; do
    path=$prefix/${path%/*}
    while [ -n "$path" ] && [ ! -d "$path" ]; do
        grep -qxF "$path" "$stage/dirs" || echo "$path" >>"$stage/dirs"
        path=${path%/*}
    done
done
while read -r path; do
    # An existing file that is not ours is kept beside ours.
    if [ ! -e "$prefix/$path" ] || grep -qxF "$path" "$stage/old-files"; then continue; fi
    # A file that already has our text stays with its owner: it is not in the manifest.
    if cmp -s "$stage/new/$path" "$prefix/$path"; then echo "$path" >>"$stage/theirs"; else echo "$path" >>"$stage/before"; fi
done <"$stage/files"
{
    echo "# The files that install.sh of git jit has installed below this folder; --uninstall removes them."
    sed 's/^/dir /' "$stage/dirs"
    sed 's/^/before /' "$stage/before"
    while read -r path; do
        grep -qxF "$path" "$stage/theirs" || echo "file $(sum "$stage/new/$path") $path"
    done <"$stage/files"
} >"$stage/manifest"

# put FILE PATH: copies to a temporary name and renames, so that a running program is never half replaced.
put() {
    cp "$1" "$prefix/$2.new-git-jit" || fail "cannot write to $prefix"
    mv -f "$prefix/$2.new-git-jit" "$prefix/$2"
}

mkdir -p "$prefix/share/git-jit" 2>/dev/null || fail "cannot write to $prefix" "Choose another folder: ./install.sh --prefix DIR"
# The manifest is written first, so that it lists every installed file even if this script is killed.
cmp -s "$stage/manifest" "$manifest" || put "$stage/manifest" share/git-jit/manifest
same=0
while read -r path; do
    if cmp -s "$stage/new/$path" "$prefix/$path"; then
        same=$((same + 1))
        continue
    fi
    mkdir -p "$prefix/${path%/*}" || fail "cannot write to $prefix"
    if [ -e "$prefix/$path" ] && grep -qxF "$path" "$stage/before" && [ ! -e "$prefix/$path.before-git-jit" ]; then
        mv "$prefix/$path" "$prefix/$path.before-git-jit"
        echo "kept existing file: $prefix/$path.before-git-jit"
    fi
    put "$stage/new/$path" "$path"
    echo "installed $prefix/$path"
done <"$stage/files"
[ "$same" = 0 ] || echo "unchanged: $same files below $prefix"
while read -r path; do
    # A page of a verb that no longer exists.
    grep -qxF "$path" "$stage/files" || { rm -f "$prefix/$path" && echo "removed $prefix/$path"; }
done <"$stage/old-files"

case :$PATH: in
    *:"$prefix/bin":*) ;;
    *)
        echo "$prefix/bin is not on your PATH. To add it, put this line in your shell's startup file:"
        echo "  export PATH=\"$prefix/bin:\$PATH\""
        ;;
esac
case ${SHELL:-} in
    */zsh) echo "For completion in zsh, add before compinit in ~/.zshrc: fpath=(\"$prefix/share/zsh/site-functions\" \$fpath)" ;;
esac

if [ -n "$repo" ]; then
    echo "In $repo:"
    jit "$prefix/bin/git-jit"
fi
if [ "$demo" = yes ]; then
    "$prefix/bin/git-jit" demo
fi
[ -n "$repo" ] || echo "Next, in a repository: git jit setup"
