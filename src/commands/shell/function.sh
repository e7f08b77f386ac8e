# The function wt, for bash and zsh.
wt() {
    local jit=@JIT@ file dir code=0
    [ -x "$jit" ] || jit=git-jit
    if ! file=$(command mktemp "${TMPDIR:-/tmp}/git-jit.XXXXXXXX"); then
        command "$jit" worktree "$@"
        return
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
