//! Edits of an issue, and how they are committed.

use super::{Case, passes, play, refused};

const EDIT: &str = r#"edit $FA "Edited""#;
const STAGED: &str = r#"edit $FA "Edited"; git add -A"#;

const UNLEASED: &[Case] = &[
    refused("a staged edit", STAGED, "git commit -q -m x").because("edited without a lease"),
    refused("an edit with -a", EDIT, "git commit -q -a -m x").because("edited without a lease"),
    refused("an edit by path", EDIT, "git commit -q -m x $FA"),
    refused("an edit with --only, while something else is staged", r#"edit $FA "Edited"; code x"#, "git commit -q -m x --only $FA"),
    passes(
        "code with --only, while an edit is staged",
        r#"code x; git commit -q -m Code; code y; edit $FA "E"; git add -A"#,
        "git commit -q -m x --only code/file",
    ),
    refused(
        "code with --include, while an edit is staged",
        r#"code x; commit Code; code y; edit $FA "E"; git add $FA"#,
        "git commit -q -m x --include code/file",
    ),
    refused("an edit by pathspec", EDIT, "git commit -q -m x ':(icase).JIT/*'"),
    refused("an edit by a pathspec from a file", EDIT, "echo .jit | git commit -q -m x --pathspec-from-file=-"),
    refused("an edit chosen with -p", EDIT, "printf 'y\\n' | git commit -q -p -m x"),
    passes(
        "an edit not chosen with -p",
        r#"code x; commit Code; echo y > code/file; edit $FA "E""#,
        "printf 'n\\ny\\n' | git commit -q -p -m x 2>&1 | cat",
    ),
    refused("an edit that amends the commit before", STAGED, "git commit -q --amend --no-edit"),
    refused("an edit with an empty message", STAGED, "git commit -q --allow-empty-message -m ''"),
    refused("an edit as a fixup", STAGED, "git commit -q --fixup HEAD"),
    refused("an edit of a description only", r#"describe $FA "More""#, "commit"),
    refused("an edit with the lease on another issue", r#"mine $B; edit $FA "E""#, "commit"),
    refused("two edits with one lease", r#"mine $A; edit $FA "E"; edit $FB "E""#, "commit"),
    refused("an edit of what another agent holds", r#"others $A; edit $FA "E""#, "commit").because("held by agent:other"),
    refused("an edit as another agent than the holder", r#"mine $A; edit $FA "E"; export JIT_AGENT_ID=agent:else"#, "commit")
        .because("export JIT_AGENT_ID=agent:"),
    refused(
        "an edit under a lease that this agent has elsewhere",
        r#"other "JIT_AGENT_ID=$JIT_AGENT_ID mine $A"; edit $FA "E""#,
        "commit",
    ),
    refused("an edit after the lease was released", r#"mine $A; give_back $A; edit $FA "E""#, "commit"),
    refused(
        "an edit after the edit that the release waited for",
        r#"mine $A; edit $FA "E"; git jit claim release $A; commit; edit $FA "F""#,
        "commit",
    ),
    refused(
        "another content for a commit that a lease covered",
        r#"leased $A "E"; edit $FA "F"; git add -A"#,
        "git commit -q --amend --no-edit",
    ),
    refused("an edit from a folder below", r#"mkdir -p deep; cd deep; edit ../$FA "E""#, "commit"),
    refused("an edit from the folder of the issues", r#"cd .jit/issues; edit $A.json "E""#, "git commit -q -m x $A.json"),
    refused("an edit from another repository", r#"edit $FA "E"; cd "$REMOTE""#, r#"git -C "$HERE" commit -q -a -m x"#),
    refused(
        "an edit from elsewhere with --git-dir and --work-tree",
        r#"edit $FA "E"; d=$(git rev-parse --absolute-git-dir); cd "$WORLD""#,
        r#"git --git-dir="$d" --work-tree="$HERE" commit -q -a -m x"#,
    ),
    refused(
        "an edit from inside the Git directory",
        r#"edit $FA "E"; git add -A; cd "$(git rev-parse --absolute-git-dir)""#,
        r#"git --work-tree="$HERE" commit -q -m x"#,
    ),
    refused("an edit on a detached HEAD", r#"git switch -q --detach; edit $FA "E""#, "commit"),
    refused("an edit on a new branch", r#"topic; edit $FA "E""#, "commit"),
    refused(
        "an issue's old version restored",
        r#"theirs $FA "New"; git merge -q --ff-only origin/main; git restore --source=HEAD~1 $FA"#,
        "commit",
    ),
    refused(
        "the whole folder as it once was",
        r#"theirs $FA "New"; git merge -q --ff-only origin/main; git checkout -q HEAD~1 -- .jit"#,
        "git commit -q -m x",
    ),
    refused("a removal", "git rm -q $FA", "commit"),
    refused("a removal from the index only", "git rm -q --cached $FA", "git commit -q -m x"),
    refused("a move out of the folder", "git mv $FA elsewhere.json", "commit"),
    refused("all issues removed with everything else", "git rm -q -r .", "commit"),
    refused("an edit that comes back from a stash", r#"edit $FA "E"; git stash -q; git stash pop -q"#, "commit"),
    refused(
        "an edit that comes back from a stash staged",
        r#"edit $FA "E"; git add -A; git stash -q; git stash pop -q --index"#,
        "git commit -q -m x",
    ),
    refused(
        "a patch applied to the index",
        r#"edit $FA "E"; git diff > ../p; git checkout -q -- .; git apply --index ../p"#,
        "git commit -q -m x",
    ),
    refused(
        "a revert that is not committed by itself",
        r#"theirs $FA "New"; git merge -q --ff-only origin/main; git revert -n HEAD"#,
        "git commit -q -m x",
    ),
    refused(
        "a rebase that edits with --exec",
        "topic; code x; commit Code; export FA",
        r#"git rebase -q -x 'sed -i "s/First/E/" $FA; git commit -q -a -m x' HEAD~1"#,
    ),
];

const RIGHT: &[Case] = &[
    passes("an edit with a lease", r#"mine $A; edit $FA "E""#, "commit"),
    passes("an edit with a lease by a short id", r#"mine ${A:0:8}; edit $FA "E""#, "commit"),
    passes("an edit with a lease on a detached HEAD", r#"git switch -q --detach; mine $A; edit $FA "E""#, "commit"),
    passes(
        "an edit by path with a lease, while another is staged without",
        r#"mine $A; edit $FA "E"; edit $FB "E"; git add -A"#,
        "git commit -q -m x $FA",
    ),
    passes("an edit from a folder below with a lease", r#"mine $A; edit $FA "E"; mkdir -p deep; cd deep"#, "commit"),
    passes(
        "an edit from inside the Git directory with a lease",
        r#"mine $A; edit $FA "E"; git add -A; cd "$(git rev-parse --absolute-git-dir)""#,
        r#"git --work-tree="$HERE" commit -q -m x"#,
    ),
    passes("an edit after a release that waits for it", r#"mine $A; edit $FA "E"; git jit claim release $A"#, "commit"),
    passes("a removal with a lease", "mine $A; git rm -q $FA", "commit"),
    passes("a move out of the folder with a lease", "mine $A; git mv $FA elsewhere.json", "commit"),
    passes("an edit that is there and not staged", r#"edit $FA "E"; code x"#, "git commit -q -m x"),
    passes(
        "an edit that was staged and taken back",
        r#"edit $FA "E"; git add -A; git restore --staged --worktree $FA; code x"#,
        "commit",
    ),
    passes(
        "an edit that was staged and taken back in the index only",
        r#"edit $FA "E"; git add -A; git restore --staged $FA; code x"#,
        "git commit -q -m x",
    ),
    passes("a file that was only touched", "touch $FA; code x", "commit"),
    passes("a stash of an edit", r#"edit $FA "E""#, "git stash -q"),
    passes(
        "an edit that comes back from a stash, with a lease",
        r#"edit $FA "E"; git stash -q; mine $A; git stash pop -q"#,
        "commit",
    ),
    passes("an empty commit", "true", "git commit -q --allow-empty -m x"),
    passes("a commit of everything, with nothing changed", "true", "git commit -q -a --allow-empty -m x"),
    passes("an amended message", r#"leased $A "E""#, "git commit -q --amend -m Better"),
    passes(
        "an amended message of a published edit",
        r#"theirs $FA "New"; git merge -q --ff-only origin/main"#,
        "git commit -q --amend -m Better",
    ),
    passes("code that amends a commit with an edit", r#"leased $A "E"; code x"#, "git commit -q --amend --no-edit"),
    passes(
        "another author of a commit with an edit",
        r#"leased $A "E""#,
        "git commit -q --amend --no-edit --author 'Else <e@example.com>'",
    ),
    passes("an own edit split off by a soft reset", r#"leased $A "E"; git reset -q --soft HEAD~1"#, "git commit -q -m Again"),
    passes("an own edit after a mixed reset", r#"leased $A "E"; git reset -q HEAD~1"#, "commit"),
    passes("two own edits squashed", r#"leased $A "E"; leased $A "F"; git reset -q --soft HEAD~2"#, "git commit -q -m Squashed"),
    passes(
        "two published edits squashed on an older base",
        r#"theirs $FA "1"; theirs $FA "2"; git merge -q --ff-only origin/main; git reset -q --soft HEAD~2"#,
        "git commit -q -m Squashed",
    ),
    passes(
        "a published edit picked without a commit",
        r#"theirs $FA "New"; topic; git cherry-pick -n origin/main"#,
        "git commit -q -m Picked",
    ),
    passes("a published edit by its file", r#"theirs $FA "New"; git checkout -q origin/main -- $FA"#, "git commit -q -m Taken"),
    passes(
        "a published edit as a patch",
        r#"theirs $FA "New"; git diff HEAD origin/main | git apply --index"#,
        "git commit -q -m Patched",
    ),
    passes(
        "a fixup with a lease, squashed by a rebase",
        r#"mine $A; edit $FA "E"; commit; edit $FA "F"; git add -A; git commit -q --fixup HEAD"#,
        "git rebase -q -i --autosquash HEAD~2",
    ),
    passes("a rebase that runs something on each commit", r#"leased $A "E"; leased $B "E""#, "git rebase -q -x true HEAD~2"),
    passes("code moved about", "code x; commit Code; git mv code elsewhere", "commit"),
    passes("a file of code that looks like an issue", "mkdir -p code; cp $FA code/$A.json; git add -A", "commit"),
];

#[test]
fn edits_without_a_lease() {
    play(UNLEASED);
}

#[test]
fn what_no_commit_hook_may_refuse() {
    play(RIGHT);
}
