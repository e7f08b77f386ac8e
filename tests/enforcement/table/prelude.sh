# The words of the scenarios. HERE is the worktree, TEAM the primary one, REMOTE the bare remote, WORLD the folder of all.
# A, B and C are the published issues, FA, FB and FC their files.
export GIT_EDITOR=true GIT_SEQUENCE_EDITOR=: GIT_MERGE_AUTOEDIT=no GIT_PAGER=cat GIT_TEMPLATE_DIR=
# What is here was copied here, so that its times are others than the index says.
git update-index -q --refresh

# Gives an issue's file another title.
edit() { sed -i "s|^  \"title\": .*|  \"title\": \"$2\",|" "$1"; }
# Gives it another description, two lines below the title; and another creation date, far from both.
describe() { sed -i "s|^  \"description\": .*|  \"description\": \"$2\",|" "$1"; }
date_of() { sed -i "s|^  \"created_at\": .*|  \"created_at\": \"$2\"|" "$1"; }
# Changes a file that is no business of git jit.
code() { mkdir -p code; echo "$*" >> code/file; git add code; }

# Has Git merge issues by lines, as a clone does where nothing was set up; -X means nothing to a driver.
no_driver() { git config --remove-section merge.git-jit; }

# Takes or gives back leases.
mine() { for issue; do git jit claim acquire --quiet "$issue" > /dev/null; done; }
give_back() { for issue; do git jit claim release --quiet "$issue" > /dev/null; done; }
# Runs a command as another agent in a worktree of its own.
other() {
  [ -d "$WORLD/other" ] || git worktree add -q -b other "$WORLD/other" origin/main
  (cd "$WORLD/other" && JIT_AGENT_ID=agent:other bash -euc "$(declare -f); $*")
}
others() { other "mine $1"; }

# Commits all that is tracked: by the rules, or around the hook.
commit() { git commit -q -a -m "${1:-A commit}"; }
sneak() { git commit -q -a --no-verify -m "${1:-Around the hook}"; }
# An edit of an issue under a lease that is given back, committed.
leased() { mine "$1"; edit ".jit/issues/$1.json" "$2"; commit "$2"; give_back "$1"; }
topic() { git switch -q -c "${1:-topic}"; }
push() { git push -q origin "$@"; }

# Runs a script in a hookless clone of a colleague's that is up to date, pushes what came of it, and fetches it here.
colleague() {
  [ -d "$WORLD/colleague" ] || git clone -q "$REMOTE" "$WORLD/colleague"
  (cd "$WORLD/colleague" && git fetch -q && (git merge -q --ff-only '@{u}' 2> /dev/null || true) &&
    bash -euc "$(declare -f); $*" && git push -q origin HEAD)
  git fetch -q
}
# The colleague's edit of an issue, on main.
theirs() { colleague "edit '$1' '$2'; commit '$2'"; }

# A fake clock, in seconds since the boot.
at() { export JIT_TEST_CLOCK="boot:${1}000"; }
