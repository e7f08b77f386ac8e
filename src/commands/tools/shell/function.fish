# The function wt and its completion, for fish.
function wt --description 'Worktrees for issues'
    set -l jit @JIT@
    test -x $jit; or set jit git-jit
    set -l folder /tmp
    set -q TMPDIR; and set folder $TMPDIR
    set -l file (command mktemp $folder/git-jit.XXXXXXXX 2>/dev/null)
    or begin
        # The new directory is read from the file. Without one, do nothing rather than half of it.
        echo "wt: cannot create a temporary file in $folder: set TMPDIR to a writable directory" >&2
        return 7
    end
    string match -q '/*' -- $file; or set file $PWD/$file
    GIT_JIT_CD_FILE=$file command $jit worktree $argv
    set -l code $status
    if test -s $file
        set -l dir (command cat -- $file | string collect --no-trim-newlines)
        builtin cd -- $dir; or set code $status
    end
    command rm -f -- $file
    return $code
end

function __wt_complete
    set -l jit @JIT@
    test -x $jit; or set jit git-jit
    set -l word (commandline -ct)
    command $jit complete -- (commandline -opc) "$word" 2>/dev/null
end
complete -c wt -f -a '(__wt_complete)'
