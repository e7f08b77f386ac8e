# The function wt, for bash and zsh.
wt() {
    local jit=@JIT@ file dir code=0
    [ -x "$jit" ] || jit=git-jit
    if ! file=$(command mktemp "${TMPDIR:-/tmp}/git-jit.XXXXXXXX" 2>/dev/null); then
        # The new directory is read from the file. Without one, do nothing rather than half of it.
        builtin printf 'wt: cannot create a temporary file in %s: set TMPDIR to a writable directory\n' "${TMPDIR:-/tmp}" >&2
        return 7
    fi
    case $file in /*) ;; *) file=$PWD/$file ;; esac
    GIT_JIT_CD_FILE=$file command "$jit" worktree "$@" || code=$?
    if [ -s "$file" ]; then
        # A name may end with a newline, which $(…) would strip.
        dir=$(command cat -- "$file" && builtin printf .) && builtin cd -- "${dir%.}" || code=$?
    fi
    command rm -f -- "$file"
    return "$code"
}
