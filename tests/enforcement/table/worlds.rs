//! Other kinds of repositories, and beginnings of history.

use super::{Case, passes, play, refused};

/// A repository that another one has as its submodule, with hooks.
const SUBMODULE: &str = r#"git init -q ../super; cd ../super; git -c protocol.file.allow=always submodule --quiet add "$REMOTE" sub; cd sub; git jit hooks install > ../../log"#;
/// A clone without a worktree of its own, with worktrees around it.
const BARE: &str = r#"git clone -q --bare "$REMOTE" ../bare/.bare; cd ../bare; echo 'gitdir: .bare' > .git; git config remote.origin.fetch '+refs/heads/*:refs/remotes/origin/*'; git fetch -q; git worktree add -q trees/main main; cd trees/main; git jit hooks install > ../log"#;
const SHALLOW: &str = r#"leased $B "Before"; push HEAD:main; git clone -q --depth 1 "file://$REMOTE" ../shallow; cd ../shallow; git jit hooks install > ../log"#;
const SHA256: &str = r#"git init -q -b main --object-format=sha256 ../long; cd ../long; cp -r "$HERE/.jit" .; git add -A; git commit -q -m Issues; git init -q --bare -b main --object-format=sha256 ../long.git; git remote add origin ../long.git; git push -q -u origin main; git jit hooks install > ../log"#;
const BLANK: &str = "git init -q -b main ../blank; cd ../blank; git jit hooks install > ../log; git init -q --bare ../blank.git; git remote add origin ../blank.git";

macro_rules! in_world {
    ($verdict:ident, $name:literal, $world:ident, $given:literal, $when:literal) => {
        $verdict($name, $given, $when).within($world).primary()
    };
}

const CASES: &[Case] = &[
    in_world!(refused, "an edit in a submodule", SUBMODULE, r#"edit $FA "E""#, "commit"),
    in_world!(passes, "an edit in a submodule, with a lease", SUBMODULE, r#"mine $A; edit $FA "E""#, "commit"),
    in_world!(refused, "a push from a submodule", SUBMODULE, r#"edit $FA "E"; sneak"#, "push HEAD:refs/heads/x"),
    in_world!(passes, "a push from a submodule, with a lease", SUBMODULE, r#"leased $A "E""#, "push HEAD:refs/heads/x"),
    in_world!(
        refused,
        "a push from the repository around a submodule",
        SUBMODULE,
        r#"edit $FA "E"; sneak; cd ..; git add -A; git commit -q -m x; git init -q --bare ../super.git; git remote add origin ../super.git"#,
        "git push -q --recurse-submodules=on-demand origin HEAD; git -C sub push -q origin HEAD:refs/heads/x"
    ),
    in_world!(refused, "an edit beside a bare repository", BARE, r#"edit $FA "E""#, "commit"),
    in_world!(passes, "an edit beside a bare repository, with a lease", BARE, r#"mine $A; edit $FA "E""#, "commit"),
    in_world!(refused, "a push from a bare root", BARE, r#"edit $FA "E"; sneak; cd ../.."#, "push main:x"),
    in_world!(passes, "a push from a bare root of a recorded edit", BARE, r#"leased $A "E"; cd ../.."#, "push main:x"),
    in_world!(
        passes,
        "a push from a bare root with the agent's lease",
        BARE,
        r#"mine $A; edit $FA "E"; sneak; cd ../.."#,
        "push main:x"
    ),
    in_world!(
        refused,
        "a push from a bare root by another agent",
        BARE,
        r#"mine $A; edit $FA "E"; sneak; cd ../..; export JIT_AGENT_ID=agent:else"#,
        "push main:x"
    ),
    in_world!(
        passes,
        "a new issue beside a primary worktree whose .git is broken, pushed",
        BARE,
        "git worktree add -q -b side ../side main; echo x > .git; cd ../side; git jit issue create New; git add -A; commit",
        "push HEAD:refs/heads/x"
    ),
    in_world!(
        refused,
        "an edit of what a primary worktree whose .git is broken has committed, pushed",
        BARE,
        r#"topic; n=$(git jit issue create --quiet New); git add -A; commit; git worktree add -q -b side ../side; rm .jit/issues/$n.json; echo x > .git; cd ../side; edit .jit/issues/$n.json "E"; sneak"#,
        "push HEAD:refs/heads/x"
    ),
    in_world!(refused, "an edit in a shallow clone", SHALLOW, r#"edit $FA "E""#, "commit"),
    in_world!(passes, "an edit in a shallow clone, with a lease", SHALLOW, r#"mine $A; edit $FA "E""#, "commit"),
    in_world!(refused, "a push from a shallow clone", SHALLOW, r#"edit $FA "E"; sneak"#, "push HEAD:refs/heads/x"),
    in_world!(passes, "a push from a shallow clone, with a lease", SHALLOW, r#"leased $A "E""#, "push HEAD:refs/heads/x"),
    in_world!(passes, "a push of code from a shallow clone", SHALLOW, "code x; commit", "push HEAD:refs/heads/x"),
    in_world!(
        refused,
        "a push of a commit without parents from a shallow clone",
        SHALLOW,
        r#"edit $FA "E"; git add -A; git update-ref refs/heads/evil $(git commit-tree -m x $(git write-tree))"#,
        "push evil"
    ),
    in_world!(refused, "an edit among long ids", SHA256, r#"edit $FA "E""#, "commit"),
    in_world!(passes, "an edit among long ids, with a lease", SHA256, r#"mine $A; edit $FA "E""#, "commit"),
    in_world!(refused, "a push of long ids", SHA256, r#"edit $FA "E"; sneak"#, "push HEAD:refs/heads/x"),
    in_world!(passes, "a push of long ids, with a lease", SHA256, r#"leased $A "E""#, "push HEAD:refs/heads/x"),
    in_world!(passes, "a deletion of long ids", SHA256, "push HEAD:refs/heads/x", "push :x"),
    in_world!(
        passes,
        "a merge of long ids",
        SHA256,
        r#"git switch -q -c x; leased $A "E"; git switch -q main; code x; commit"#,
        "git merge -q -m x x"
    ),
    in_world!(passes, "a first commit in a blank repository", BLANK, "code x", "commit"),
    in_world!(passes, "a first push from a blank repository", BLANK, "code x; commit", "push main"),
    in_world!(passes, "a deletion from a blank repository", BLANK, "code x; commit; push main HEAD:refs/heads/x", "push :x"),
    in_world!(passes, "an orphan in a blank repository", BLANK, "code x; commit; git switch -q --orphan y; code y", "commit"),
    in_world!(
        passes,
        "an octopus in a blank repository",
        BLANK,
        "code x; commit; for b in 1 2; do git switch -q -c b$b main; echo > f$b; git add -A; commit; done; git switch -q main; echo > m; git add -A; commit",
        "git merge -q -m x b1 b2"
    ),
    in_world!(passes, "a first commit with issues", BLANK, r#"cp -r "$HERE/.jit" .; git add -A"#, "commit"),
    in_world!(passes, "a first push with issues", BLANK, r#"cp -r "$HERE/.jit" .; git add -A; commit"#, "push main"),
    in_world!(
        passes,
        "an edit before anything is pushed",
        BLANK,
        r#"cp -r "$HERE/.jit" .; git add -A; commit; git switch -q -c x; git branch -q -D main; mine $A; edit $FA "E""#,
        "commit"
    ),
    in_world!(refused, "a broken issue in a first commit", BLANK, r#"cp -r "$HERE/.jit" .; echo x > $FA; git add -A"#, "commit"),
    refused(
        "an edit in the first commit of an orphan",
        r#"git switch -q --orphan x; git checkout -q origin/main -- .jit; edit $FA "E""#,
        "commit",
    ),
    passes(
        "the first commit of an orphan with the issues as they are",
        "git switch -q --orphan x; git checkout -q origin/main -- .jit",
        "git commit -q -m x",
    ),
    passes(
        "the first commit of an orphan with the issues as they are, pushed",
        "git switch -q --orphan x; git checkout -q origin/main -- .jit; git commit -q -n -m x",
        "push x",
    ),
    refused(
        "the first commit of an orphan with an edit, pushed",
        r#"git switch -q --orphan x; git checkout -q origin/main -- .jit; edit $FA "E"; sneak"#,
        "push x",
    ),
    passes("the first commit of an orphan without issues", "git switch -q --orphan x; code x", "git commit -q -m x"),
    passes(
        "the first commit of an orphan with an old version, which was published as it is",
        r#"theirs $FA "T"; git merge -q --ff-only origin/main; git switch -q --orphan x; git checkout -q origin/main~1 -- .jit"#,
        "git commit -q -m x",
    ),
];

#[test]
fn repositories_of_other_kinds() {
    play(CASES);
}
