_wt() {
    COMPREPLY=()
    __git_jit_offer -- "${COMP_WORDS[@]:0:COMP_CWORD+1}"
}
complete -F _wt wt
