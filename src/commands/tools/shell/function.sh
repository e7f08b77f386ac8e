# The function wt, for bash and zsh.
wt() {
    local jit=@JIT@ file dir code=0
    [ -x "$jit" ] || jit=git-jit
    if ! file=$(command mktemp "${TMPDIR:-/tmp}/git-jit.XXXXXXXX" 2>/dev/null); then
        # Where to go is read from it: without one, nothing is done rather than half of it.
        builtin printf 'wt: no temporary file can be made in %s: set TMPDIR to a folder that can be written\n' "${TMPDIR:-/tmp}" >&2
        return 7
    fi
    case $file in /*) ;; *) file=$PWD/$file ;; esac
    GIT_JIT_CD_FILE=$file command "$jit" worktree "$@" || code=$?
    if [ -s "$file" ]; then
        # A name may end with a line end, which $(…) would take away.
        dir=$(command cat -- "$file" && builtin printf .) && builtin cd -- "${dir%.}" || code=$?
    fi
    command rm -f -- "$file"
    return "$code"
}
