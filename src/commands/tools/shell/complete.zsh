#compdef git-jit
#description leases for work in Git
# Completion of git jit, for zsh: a file _git-jit in a directory of fpath, or evaluated after compinit.

# Offers candidates for the last of these words.
__git_jit_offer() {
    emulate -L zsh
    setopt extendedglob
    local jit=@JIT@ line
    local -a described from
    [ -x "$jit" ] || jit=git-jit
    from=("$jit")
    # The directory of git -C, from Git's own completion.
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
