#compdef git-jit
#description leases for work in Git
# Completion of git jit, for zsh: a file _git-jit in a folder of fpath, or evaluated behind compinit.

# What the last of these words could be.
__git_jit_offer() {
    emulate -L zsh
    setopt extendedglob
    local jit=@JIT@ line
    local -a described from
    [ -x "$jit" ] || jit=git-jit
    from=("$jit")
    # Where git -C leads, by the completion of Git itself.
    [ -z "${opt_args[-C]-}" ] || from=(git -C "${(Q)opt_args[-C]}" jit)
    for line in "${(@f)$(command "${from[@]}" complete -- "$@" 2>/dev/null)}"; do
        [ -n "$line" ] && described+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
    done
    _describe -V 'git jit' described
}

_git-jit() {
    __git_jit_offer git-jit "${(@)words[2,CURRENT]}"
}

if [ "${funcstack[1]-}" = _git-jit ]; then
    _git-jit "$@"
elif (( ${+functions[compdef]} )); then
    compdef _git-jit git-jit
fi
