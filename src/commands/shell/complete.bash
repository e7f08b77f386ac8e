_wt() {
    local jit=@JIT@ line
    [ -x "$jit" ] || jit=git-jit
    COMPREPLY=()
    while IFS= read -r line; do
        COMPREPLY+=("$(builtin printf '%q' "${line%%$'\t'*}")")
    done < <(command "$jit" complete -- "${COMP_WORDS[@]:0:COMP_CWORD+1}" 2>/dev/null)
}
complete -F _wt wt
