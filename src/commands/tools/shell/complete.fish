# Completion of git jit, for fish.

# Prints candidates for the word at the cursor, for git-jit, and for git jit after options of Git.
function __git_jit_complete
    set -l jit @JIT@
    test -x $jit; or set jit git-jit
    set -l words (commandline -opc)
    set -l word (commandline -ct)
    set -l dirs
    set -l at 2
    if not string match -qr '(^|/)git-jit$' -- $words[1]
        while test $at -le (count $words)
            switch $words[$at]
                case -C
                    set -a dirs -C $words[(math $at + 1)]
                    set at (math $at + 2)
                case -c --git-dir --work-tree --namespace --config-env
                    set at (math $at + 2)
                case '-*'
                    set at (math $at + 1)
                case '*'
                    break
            end
        end
        set at (math $at + 1)
    end
    if set -q dirs[1]
        command git $dirs jit complete -- git-jit $words[$at..-1] "$word" 2>/dev/null
    else
        command $jit complete -- git-jit $words[$at..-1] "$word" 2>/dev/null
    end
end
complete -c git-jit -f -a '(__git_jit_complete)'
# install.sh has already registered this in a file that fish reads first.
set -q __git_jit_with_git; or complete -c git -f -n '__fish_git_using_command jit' -a '(__git_jit_complete)'
