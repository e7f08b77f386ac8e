_wt() {
    __git_jit_offer "${(@)words[1,CURRENT]}"
}
(( ! ${+functions[compdef]} )) || compdef _wt wt
