# git jit: worktrees for issues, and going there. Made by: git jit shell-init zsh
wt() {
    local jit=@JIT@ file dir code=0
    [ -x "$jit" ] || jit=git-jit
    if ! file=$(command mktemp "${TMPDIR:-/tmp}/git-jit.XXXXXXXX"); then
        command "$jit" worktree "$@"
        return
    fi
    GIT_JIT_CD_FILE=$file command "$jit" worktree "$@" || code=$?
    if [ -s "$file" ]; then
        # A name may end with a line end, which $(…) would take away.
        dir=$(command cat -- "$file" && printf .) && builtin cd -- "${dir%.}" || code=$?
    fi
    command rm -f -- "$file"
    return "$code"
}

_wt() {
    emulate -L zsh
    local jit=@JIT@ line
    local -a described
    [ -x "$jit" ] || jit=git-jit
    for line in "${(@f)$(command "$jit" complete -- "${(@)words[1,CURRENT]}" 2>/dev/null)}"; do
        [ -n "$line" ] && described+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
    done
    _describe -V 'wt' described
}
(( ! ${+functions[compdef]} )) || compdef _wt wt
