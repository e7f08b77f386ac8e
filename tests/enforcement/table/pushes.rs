//! Forms of a push.

use super::{Case, passes, play, refused};

const SNEAK: &str = r#"edit $FA "E"; sneak"#;

const REFUSED: &[Case] = &[
    refused("a commit around the hook", SNEAK, "push HEAD:main").because("no lease covered the edit"),
    refused(
        "a commit around the hooks of another path",
        r#"edit $FA "E"; git -c core.hooksPath=/dev/null commit -q -a -m x"#,
        "push HEAD:main",
    ),
    refused("as a new branch", SNEAK, "push HEAD:refs/heads/x"),
    refused("by its id", SNEAK, "push $(git rev-parse HEAD):refs/heads/x"),
    refused("by force", SNEAK, "git push -q --force origin HEAD:main"),
    refused("by a forced refspec", SNEAK, "push +HEAD:main"),
    refused("with a lease of Git's own", SNEAK, "git push -q --force-with-lease origin HEAD:main"),
    refused("all branches", SNEAK, "git push -q --all origin"),
    refused("a mirror", SNEAK, "git push -q --mirror origin"),
    refused(
        "matching branches",
        r#"git switch -q -C main 2> ../log || git switch -q -c x; push HEAD; edit $FA "E"; sneak"#,
        "push :",
    ),
    refused("a tag", r#"edit $FA "E"; sneak; git tag t; git reset -q --hard HEAD~1"#, "push t"),
    refused("an annotated tag", r#"edit $FA "E"; sneak; git tag -a -m x t; git reset -q --hard HEAD~1"#, "push t"),
    refused(
        "a tag of a tag",
        r#"edit $FA "E"; sneak; git tag -a -m x t; git tag -a -m x tt t; git reset -q --hard HEAD~1"#,
        "push tt",
    ),
    refused("all tags", r#"edit $FA "E"; sneak; git tag t; git reset -q --hard HEAD~1"#, "git push -q --tags origin"),
    refused(
        "tags that follow",
        r#"edit $FA "E"; sneak; git tag -a -m x t; code x; commit"#,
        "git push -q --follow-tags origin HEAD:refs/heads/x",
    ),
    refused("a ref of another kind", SNEAK, "push HEAD:refs/review/1"),
    refused("an older commit", r#"edit $FA "E"; sneak; code x; commit"#, "push HEAD~1:refs/heads/x"),
    refused("several of which one is bad", r#"git branch good; edit $FA "E"; sneak"#, "push good HEAD:refs/heads/x"),
    refused(
        "several at once or not at all",
        r#"git branch good; edit $FA "E"; sneak"#,
        "git push -q --atomic origin good HEAD:refs/heads/x",
    ),
    refused("a deletion along with a bad one", r#"push HEAD:refs/heads/old; edit $FA "E"; sneak"#, "push :old HEAD:refs/heads/x"),
    refused("to an address", SNEAK, r#"git push -q "$REMOTE" HEAD:refs/heads/x"#),
    refused("to an address of a file", SNEAK, r#"git push -q "file://$REMOTE" HEAD:refs/heads/x"#),
    refused(
        "to a second remote",
        r#"git init -q --bare ../second.git; git remote add second ../second.git; edit $FA "E"; sneak"#,
        "git push -q second HEAD:refs/heads/x",
    ),
    refused(
        "to a new empty repository without a name",
        r#"git init -q --bare ../second.git; edit $FA "E"; sneak"#,
        "git push -q ../second.git HEAD:refs/heads/main",
    ),
    refused("below harmless commits", r#"edit $FA "E"; sneak; code x; commit"#, "push HEAD:refs/heads/x"),
    refused(
        "a commit that was made without Git's porcelain",
        r#"edit $FA "E"; git add -A; git update-ref refs/heads/evil $(git commit-tree -p HEAD -m x $(git write-tree))"#,
        "push evil",
    ),
    refused(
        "a commit that was imported",
        r"printf 'commit refs/heads/evil\ncommitter T <t@e> 1 +0000\ndata 1\nx\nfrom %s\nD %s\n\n' $(git rev-parse HEAD) $FA | git fast-import --quiet",
        "push evil",
    ),
    refused(
        "a commit without parents",
        r#"edit $FA "E"; git add -A; git update-ref refs/heads/evil $(git commit-tree -m x $(git write-tree))"#,
        "push evil",
    ),
    refused(
        "a patch that was mailed",
        r#"topic; edit $FA "E"; sneak; git format-patch -q -1 -o ../mail; git reset -q --hard HEAD~1; git am -q ../mail/*"#,
        "push topic",
    ),
    refused(
        "a patch that was mailed in parts",
        r#"topic; edit $FA "E"; sneak; git format-patch -q -1 -o ../mail; git reset -q --hard HEAD~1; git am -q -3 ../mail/*"#,
        "push topic",
    ),
    refused(
        "a rebase that edits around the hook",
        "topic; code x; commit Code; export FA",
        r#"git rebase -q -x 'sed -i "s/First/E/" $FA; git commit -q -a -n -m x' HEAD~1; push topic"#,
    ),
    refused(
        "a commit around the hook, amended through it",
        r#"edit $FA "E"; sneak; code x; git commit -q --amend --no-edit"#,
        "push HEAD:refs/heads/x",
    ),
    refused(
        "a commit around the hook, picked",
        r#"topic; edit $FA "E"; sneak; git switch -q -c x HEAD~1; code x; commit; git cherry-pick topic > ../log"#,
        "push x",
    ),
    refused("a step with a lease on top of one without", r#"topic; edit $FA "E"; sneak; leased $A "F""#, "push topic"),
    refused("a step without a lease that is taken back", r#"topic; edit $FA "E"; sneak; edit $FA "First"; sneak"#, "push topic"),
    refused(
        "a merge of a branch with a bad commit",
        r#"topic; edit $FA "E"; sneak; git switch -q -c x HEAD~1; code x; commit; git merge -q -m x topic"#,
        "push x",
    ),
    refused("a stash with an edit", r#"edit $FA "E"; git stash -q"#, "push stash@{0}:refs/heads/x"),
    refused("a removal around the hook", "git rm -q $FA; sneak", "push HEAD:refs/heads/x"),
    refused("a file that may be run, around the hook", "chmod +x $FA; sneak", "push HEAD:refs/heads/x"),
    refused("a broken file around the hook, with a lease", "mine $A; echo '{' > $FA; sneak", "push HEAD:refs/heads/x"),
    refused(
        "a link to .jit around the hook",
        "mine $A $B $C; mv .jit real; ln -s real .jit; git add -A; sneak",
        "push HEAD:refs/heads/x",
    ),
    refused(
        "a submodule as .jit around the hook",
        "mine $A $B $C; git rm -q -r --cached .jit; git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),.jit; git commit -q -n -m x",
        "push HEAD:refs/heads/x",
    ),
    refused("from a folder below", r#"edit $FA "E"; sneak; mkdir -p deep; cd deep"#, "push HEAD:refs/heads/x"),
    refused(
        "from inside the Git directory",
        r#"edit $FA "E"; sneak; cd "$(git rev-parse --absolute-git-dir)""#,
        "push HEAD:refs/heads/x",
    ),
    refused("from the common Git directory", r#"topic; edit $FA "E"; sneak; cd "$TEAM/.git""#, "push topic"),
    refused("from another worktree", r#"topic; edit $FA "E"; sneak; other true; cd ../other"#, "push topic"),
    refused("a rewind of main over an edit", r#"theirs $FA "T""#, "push +HEAD:main").because("undo a published edit"),
    refused("a rewind of main over an edit, by an address", r#"theirs $FA "T""#, r#"git push -q --force "$REMOTE" HEAD:main"#),
    refused(
        "a rewind of main over commits that are not in this clone",
        r#"theirs $FA "T"; git update-ref refs/remotes/origin/main HEAD"#,
        "git push -q --force origin HEAD:main",
    ),
    refused("a deletion of main", "true", "push :main"),
    refused("a mirror without main's edit", r#"theirs $FA "T""#, "git push -q --mirror origin"),
];

const RIGHT: &[Case] = &[
    passes("nothing new", "true", "push origin/main:main"),
    passes("a published commit as a branch", "true", "push HEAD:refs/heads/x"),
    passes("a published commit as a tag", "git tag t", "push t"),
    passes("a published commit as an annotated tag", "git tag -a -m x t", "push t"),
    passes("a published commit of a colleague's", r#"theirs $FA "T""#, "push origin/main:refs/heads/x"),
    passes("the commit below a bad one", r#"edit $FA "E"; sneak"#, "push HEAD~1:refs/heads/x"),
    passes("another branch than the bad one", r#"git branch good; edit $FA "E"; sneak"#, "push good"),
    passes("a tag of a blob and of a tree", "git tag b HEAD:$FA; git tag t HEAD:.jit", "push b t"),
    passes("notes", "git notes add -m x HEAD", "push refs/notes/commits"),
    passes("a branch of another kind of work", "git switch -q --orphan gh-pages; code x; git commit -q -m Pages", "push gh-pages"),
    passes("a deletion of a branch", "push HEAD:refs/heads/x", "push :x"),
    passes("a deletion of a branch with an own edit", r#"topic; leased $A "E"; push topic"#, "push :topic"),
    passes("a branch that is rewound", r#"topic; leased $A "E"; push topic"#, "push +HEAD~1:topic"),
    passes(
        "an amended branch",
        r#"topic; leased $A "E"; push topic; git commit -q --amend -m Better"#,
        "git push -q --force-with-lease origin topic",
    ),
    passes("main rewound over code", "code x; commit; push HEAD:main; git reset -q --hard HEAD~1", "push +HEAD:main"),
    passes(
        "main rewound over an own edit, with a lease",
        r#"mine $A; edit $FA "E"; commit; push HEAD:main; git reset -q --hard HEAD~1"#,
        "push +HEAD:main",
    ),
    passes(
        "main replaced by the same edit in another commit",
        r#"leased $A "E"; push HEAD:main; git commit -q --amend -m Better"#,
        "push +HEAD:main",
    ),
    passes("a mirror", "code x; commit", "git push -q --mirror origin"),
    passes(
        "all branches and tags that follow",
        r#"topic; leased $A "E"; git tag -a -m x t"#,
        "git push -q --all --follow-tags origin",
    ),
    passes("at once or not at all", r#"topic; leased $A "E"; git branch more"#, "git push -q --atomic origin topic more"),
    passes("an own edit", r#"mine $A; edit $FA "E"; commit"#, "push HEAD:main"),
    passes("an own edit after the release", r#"leased $A "E""#, "push HEAD:main"),
    passes("an own edit to an address", r#"leased $A "E""#, r#"git push -q "$REMOTE" HEAD:refs/heads/x"#),
    passes(
        "an own edit to a second remote",
        r#"git init -q --bare ../second.git; git remote add second ../second.git; leased $A "E""#,
        "git push -q second HEAD:refs/heads/x",
    ),
    passes(
        "an own edit where no tracking ref is left",
        r#"leased $A "E"; git update-ref -d refs/remotes/origin/main"#,
        "push HEAD:main",
    ),
    passes(
        "an own edit from inside the Git directory",
        r#"leased $A "E"; cd "$(git rev-parse --absolute-git-dir)""#,
        "push HEAD:refs/heads/x",
    ),
    passes("an own edit from another worktree", r#"topic; leased $A "E"; other true; cd ../other"#, "push topic"),
    passes(
        "an own edit from another worktree by its live lease",
        r#"topic; mine $A; edit $FA "E"; commit; other true; cd ../other; export JIT_AGENT_ID=agent:other"#,
        "push topic",
    ),
    passes("an edit around the hook, with a live lease", r#"mine $A; edit $FA "E"; sneak"#, "push HEAD:refs/heads/x"),
    passes("nothing but a removal, with a lease", "mine $A; git rm -q $FA; commit; give_back $A", "push HEAD:refs/heads/x"),
    passes("a dry run of nothing", "true", "git push -q --dry-run origin HEAD:refs/heads/x"),
];

#[test]
fn pushes_of_what_went_around_the_hook() {
    play(REFUSED);
}

#[test]
fn pushes_that_are_right() {
    play(RIGHT);
}
