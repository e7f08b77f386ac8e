# The function wt and its completion, for fish.
function wt --description 'Worktrees for issues'
    set -l jit @JIT@
    test -x $jit; or set jit git-jit
    set -l folder /tmp
    set -q TMPDIR; and set folder $TMPDIR
    set -l file (command mktemp $folder/git-jit.XXXXXXXX 2>/dev/null)
    or begin
        # Where to go is read from it: without one, nothing is done rather than half of it.
        echo "wt: no temporary file can be made in $folder: set TMPDIR to a folder that can be written" >&2
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
