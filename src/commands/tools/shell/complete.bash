# Completion of git jit, for bash.

# Offers candidates for the last word. Arguments: -C DIR for each -C of Git, --, and the words of the line.
__git_jit_offer() {
    local jit=@JIT@ line word='' raw='' glue=no prefix value help
    local -a words=() dirs=() values=() helps=()
    [ -x "$jit" ] || jit=git-jit
    while [ "$1" != -- ]; do
        dirs+=("$1")
        shift
    done
    shift
    # Readline splits words at : and =, and expects only the part after the last of them.
    for raw; do
        if [ "${#words[@]}" -gt 0 ] && { [ "$glue" = yes ] || { [ -n "$raw" ] && [ -z "${raw//[:=]/}" ]; }; }; then
            word=$word$raw
            words[${#words[@]} - 1]=$word
        else
            word=$raw
            words+=("$word")
        fi
        glue=no
        [ -n "$raw" ] && [ -z "${raw//[:=]/}" ] && glue=yes
    done
    prefix=$word
    [ "$glue" = yes ] || prefix=${word%"$raw"}
    while IFS= read -r line; do
        value=${line%%$'\t'*} help=${line#*$'\t'}
        builtin printf -v value '%q' "${value#"$prefix"}"
        values+=("$value") helps+=("$help")
    done < <(
        if [ "${#dirs[@]}" -gt 0 ]; then
            command git "${dirs[@]}" jit complete -- "${words[@]}" 2>/dev/null
        else
            command "$jit" complete -- "${words[@]}" 2>/dev/null
        fi
    )
    COMPREPLY=(${values[@]+"${values[@]}"})
    # If several candidates are only listed, and none is inserted, their descriptions are listed too.
    [ "${COMP_TYPE:-}" = 63 ] && [ "${#values[@]}" -gt 1 ] || return 0
    local at
    for at in "${!values[@]}"; do
        [ -z "${helps[at]}" ] || COMPREPLY[at]="${values[at]}  (${helps[at]:0:60})"
    done
}

# Completes git-jit, and git jit when Git's own completion calls it.
_git_jit() {
    local at=0
    local -a dirs=()
    COMPREPLY=()
    if [ "${COMP_WORDS[0]##*/}" != git-jit ]; then
        at=1
        while [ "$at" -lt "$COMP_CWORD" ]; do
            case ${COMP_WORDS[at]} in
                -C) dirs+=(-C "${COMP_WORDS[at + 1]}") at=$((at + 2)) ;;
                -c | --git-dir | --work-tree | --namespace | --config-env) at=$((at + 2)) ;;
                [:=]*) at=$((at + 2)) ;;
                -*) at=$((at + 1)) ;;
                *) break ;;
            esac
        done
    fi
    [ "$at" -lt "$COMP_CWORD" ] || return 0
    __git_jit_offer ${dirs[@]+"${dirs[@]}"} -- git-jit "${COMP_WORDS[@]:at+1:COMP_CWORD-at}"
}
complete -F _git_jit git-jit
