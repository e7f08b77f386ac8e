_wt() {
    # The completion system has set its own options by now, and _describe needs those.
    local jit=@JIT@ line
    local -a described
    [ -x "$jit" ] || jit=git-jit
    for line in "${(@f)$(command "$jit" complete -- "${(@)words[1,CURRENT]}" 2>/dev/null)}"; do
        [ -n "$line" ] && described+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
    done
    _describe -V 'wt' described
}
(( ! ${+functions[compdef]} )) || compdef _wt wt
