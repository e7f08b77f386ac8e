//! Corners: clones that lack objects, clocks that lie, trees made by hand, and merges of uncommon things.

use super::{Case, passes, play, refused};

/// A clone that fetches contents only when they are asked for.
const WITHOUT_BLOBS: &str = r#"
git -C "$REMOTE" config uploadpack.allowFilter true
leased $B "Before"; push HEAD:main; leased $B "Again"; push HEAD:main
git clone -q --filter=blob:none "file://$REMOTE" ../partial; cd ../partial; git jit hooks install > ../log"#;
/// The same without the folders of older commits.
const WITHOUT_TREES: &str = r#"
git -C "$REMOTE" config uploadpack.allowFilter true
leased $B "Before"; push HEAD:main; leased $B "Again"; push HEAD:main
git clone -q --filter=tree:0 "file://$REMOTE" ../partial; cd ../partial; git jit hooks install > ../log"#;
const FUTURE: &str = "export GIT_COMMITTER_DATE='4000000000 +0000'";
const PAST: &str = "export GIT_COMMITTER_DATE='100000000 +0000'";

const PARTIAL: &[Case] = &[
    passes("a new issue pushed, without blobs", "git jit issue create New; git add -A; commit", "push HEAD:x").within(WITHOUT_BLOBS).primary(),
    passes("an own edit pushed, without blobs", r#"leased $A "E""#, "push HEAD:refs/heads/x").within(WITHOUT_BLOBS).primary(),
    passes("a clean merge of two fields, without blobs", r#"mine $A; date_of $FA 2020; commit; give_back $A; theirs $FA "T""#, "git merge -q -m x origin/main").within(WITHOUT_BLOBS).primary(),
    passes("an old version restored with a lease, without blobs", "mine $B; git checkout -q HEAD~2 -- $FB", "git commit -q -m x").within(WITHOUT_BLOBS).primary(),
    refused("an edit, without trees", r#"edit $FA "E""#, "commit").within(WITHOUT_TREES).primary(),
    refused("an edit pushed, without trees", r#"edit $FA "E"; sneak"#, "push HEAD:refs/heads/x").within(WITHOUT_TREES).primary(),
    passes("an edit with a lease, without trees", r#"mine $A; edit $FA "E""#, "commit").within(WITHOUT_TREES).primary(),
    passes("an own edit pushed, without trees", r#"leased $A "E""#, "push HEAD:refs/heads/x").within(WITHOUT_TREES).primary(),
    passes("code pushed, without trees", "code x; commit", "push HEAD:refs/heads/x").within(WITHOUT_TREES).primary(),
    passes("an own edit in a clone that shares its objects", r#"git clone -q --shared "$TEAM" ../shared; cd ../shared; git remote set-url origin "$REMOTE"; git fetch -q; git jit hooks install > ../log; leased $A "E""#, "push HEAD:refs/heads/x").primary(),
    passes("an own edit with an index over several packs", r#"leased $A "E"; git repack -q -a -d --write-midx --write-bitmap-index"#, "push HEAD:refs/heads/x"),
];

const CLOCKS: &[Case] = &[
    refused("a commit that is older than what it is built on", r#"edit $FA "E"; git add -A; git commit -q -n -m x"#, "push HEAD:refs/heads/x").within(PAST),
    refused("a commit from the future below older ones", r#"edit $FA "E"; GIT_COMMITTER_DATE='4000000000 +0000' sneak; code x; commit; code y; commit"#, "push HEAD:refs/heads/x").within(PAST),
    refused("a commit beside a published one that is older than its parent", r#"code a; commit; export GIT_COMMITTER_DATE='100000000 +0000'; code b; commit; push HEAD:main; git switch -q -c y HEAD~1; edit $FA "E"; sneak"#, "push y").within(FUTURE),
    passes("an own edit on a published one from the future", r#"theirs $FA "T"; git merge -q --ff-only origin/main; export GIT_COMMITTER_DATE='100000000 +0000'; leased $B "E""#, "push HEAD:refs/heads/x").within(FUTURE),
    passes("a merge of published edits that are older than what they are built on", r#"theirs $FA "1"; theirs $FA "2"; theirs $FB "3"; export GIT_COMMITTER_DATE='4000000000 +0000'; git switch -q -c y origin/main~2; leased $C "E"; git merge -q -m x origin/main~1"#, "push y").within(PAST),
    passes("picks of edits whose dates are in disorder", r#"topic; leased $A "E"; export GIT_COMMITTER_DATE='4000000000 +0000'; leased $A "F"; git switch -q -c z origin/main; git cherry-pick topic~1 topic > ../log"#, "push z").within(PAST),
];

/// Writes the tree of HEAD anew with what is staged below `.jit`, whose mode is this.
const BY_HAND: &str = r#"
by_hand() {
  edit $FA "E"; git add -A
  printf "$1 .jit\0$(git write-tree --prefix=.jit/ | sed 's/../\\x&/g')" > ../tree
  git update-ref refs/heads/evil $(git commit-tree -p HEAD -m x $(git hash-object -t tree -w --literally ../tree))
}"#;

const PLUMBING: &[Case] = &[
    refused("a tree that was written by hand", "by_hand 40000", "push evil").within(BY_HAND),
    refused("a tree whose mode has a zero in front", "by_hand 040000", "push evil").within(BY_HAND),
    refused(
        "an edit read from a list into the index",
        r"printf '100644 %s 0\t%s\n' $(sed s/First/E/ $FA | git hash-object -w --stdin) $FA | git update-index --index-info",
        "git commit -q -m x",
    ),
    refused(
        "a file below the name of an issue",
        "git rm -q --cached $FA; git update-index --add --cacheinfo 100644,$(git hash-object -w $FB),$FA/x",
        "git commit -q -m x",
    ),
    refused(
        "an index that is written whole again",
        r#"edit $FA "E"; git add -A; git write-tree > ../log; git update-index --force-write-index"#,
        "git commit -q -m x",
    ),
    refused(
        "a merge of HEAD with its own parent",
        r#"edit $FA "E"; git add -A; git update-ref refs/heads/evil $(git commit-tree -p HEAD -p HEAD~1 -m x $(git write-tree))"#,
        "push evil",
    ),
    refused(
        "a merge whose first parent is the older one",
        r#"edit $FA "E"; git add -A; git update-ref refs/heads/evil $(git commit-tree -p HEAD~1 -p HEAD -m x $(git write-tree))"#,
        "push evil",
    ),
    refused(
        "a merge that takes back what is published",
        r#"theirs $FA "T"; git update-ref refs/heads/evil $(git commit-tree -p HEAD -p origin/main -m x HEAD^{tree})"#,
        "push evil",
    ),
    refused(
        "a merge of an old branch that takes back what is published",
        r#"theirs $FA "T"; git update-ref refs/heads/evil $(git commit-tree -p origin/main -p HEAD -m x HEAD^{tree})"#,
        "push evil",
    ),
    refused(
        "a pick that is none",
        r#"edit $FA "E"; git add -A; git commit-tree -p HEAD -m x $(git write-tree) > "$(git rev-parse --git-path CHERRY_PICK_HEAD)""#,
        "git commit -q -m x",
    ),
    refused(
        "an edit in a merge that was given up",
        r#"theirs $FA "T"; code x; commit; git merge -q --no-commit origin/main > ../log; rm "$(git rev-parse --git-path MERGE_HEAD)"; describe $FA "E"; git add -A"#,
        "git commit -q -m x",
    ),
    refused(
        "refs in a copy of the Git directory",
        r#"edit $FA "E"; git add -A; cp -r "$TEAM/.git" ../common; rm -r ../common/jit; export GIT_COMMON_DIR="$WORLD/common""#,
        "git commit -q -m x",
    ),
    refused(
        "a common directory by a variable",
        r#"edit $FA "E"; sneak; export GIT_COMMON_DIR="$TEAM/.git""#,
        "push HEAD:refs/heads/x",
    ),
    refused(
        "an edit of what another agent holds, taken back five commits later",
        r#"others $A; edit $FA "E"; sneak; for n in 1 2 3 4 5; do code $n; commit; done; edit $FA "First"; sneak"#,
        "push HEAD:refs/heads/x",
    ),
    refused(
        "a removed issue made anew from another one, around the hook",
        r#"colleague "git rm -q $FA; commit"; git switch -q -c x origin/main; sed "s/$B/$A/" $FB > $FA; git add -A; sneak"#,
        "push x",
    ),
    refused(
        "a mode of the policy without the tip of main",
        "colleague 'code x; commit'; git update-index --chmod=+x .jit/config.toml",
        "git commit -q -m x",
    )
    .because("lacks the tip of"),
    refused(
        "an edit beside a conflict in the settings",
        r#"topic; echo '# x' >> .jit/config.toml; commit; colleague "echo '# y' >> .jit/config.toml; commit"; ! git merge -q origin/main > ../log 2>&1; git checkout -q --theirs .jit/config.toml; edit $FA "E"; git add -A"#,
        "git commit -q -m x",
    ),
];

const UNCOMMON: &[Case] = &[
    passes(
        "a merge of an annotated tag",
        r#"theirs $FA "T"; git tag -a -m x v1 origin/main; code x; commit"#,
        "git merge -q -m x v1",
    ),
    passes(
        "a merge of an annotated tag, pushed",
        r#"theirs $FA "T"; git tag -a -m x v1 origin/main; code x; commit; git merge -q -m x v1"#,
        "push HEAD:refs/heads/x",
    ),
    passes(
        "a merge of what a colleague broke",
        r#"colleague "echo x > $FA; commit"; code x; commit"#,
        "git merge -q -m x origin/main",
    ),
    passes(
        "code on top of what a colleague broke",
        r#"colleague "echo x > $FA; commit"; git merge -q --ff-only origin/main; code x"#,
        "commit",
    ),
    passes(
        "a merge into a worktree without the issues",
        r#"theirs $FA "T"; git sparse-checkout set --cone nothing; git commit -q --allow-empty -m x"#,
        "git merge -q -m x origin/main",
    ),
    passes(
        "a merge of notes on one issue",
        r#"git jit note add $A Text; git add -A; commit; colleague "JIT_AGENT_ID=agent:c git jit note add $A Other; git add -A; commit""#,
        "git merge -q -m x origin/main",
    ),
    passes(
        "a merge of code that was moved, and of an edit",
        r#"code x; commit; push HEAD:main; colleague "git mv code elsewhere; edit $FA T; commit"; echo y >> code/file; commit"#,
        "git merge -q -m x origin/main",
    ),
    passes(
        "a merge of gates, pushed",
        r#"colleague "echo '{}' > .jit/gates.json; git add -A; commit"; code x; commit; git merge -q -m x origin/main"#,
        "push HEAD:refs/heads/x",
    ),
    passes(
        "a conflict in the settings, resolved",
        r#"topic; echo '# x' >> .jit/config.toml; commit; colleague "echo '# y' >> .jit/config.toml; commit"; ! git merge -q origin/main > ../log 2>&1; git checkout -q --theirs .jit/config.toml; git add -A"#,
        "git commit -q -m x",
    ),
    passes(
        "line ends that Git converts",
        "git config core.autocrlf true; rm $FA; git checkout -q -- $FA; touch $FA; code x",
        "commit",
    ),
    passes("a file that is missing in the worktree only", "rm $FA; code x", "git commit -q -m x"),
    passes(
        "a pull request's ref",
        r#"colleague "edit $FA T; commit; git push -q origin HEAD:refs/pull/1/head; git reset -q --hard HEAD~1"; git config --add remote.origin.fetch '+refs/pull/*/head:refs/remotes/pull/*'; git fetch -q"#,
        "push refs/remotes/pull/1:refs/heads/x",
    ),
    passes(
        "a published commit out of a bundle",
        r#"colleague "git bundle create -q ../bundle main"; git fetch -q ../bundle main"#,
        "push FETCH_HEAD:refs/heads/x",
    ),
    refused(
        "a bundle of one's own as a remote",
        r#"edit $FA "E"; sneak; git bundle create -q ../bundle HEAD; git remote add b ../bundle; git config remote.b.fetch '+HEAD:refs/remotes/b/x'; git fetch -q b"#,
        "push HEAD:refs/heads/x",
    ),
    passes(
        "a lease that was taken on another way to the worktree",
        r#"mine $A; edit $FA "E"; ln -s "$PWD" ../way; cd ../way"#,
        "commit",
    ),
    passes(
        "edits on two branches under one lease",
        r#"mine $A; edit $FA "E"; git switch -q -c x; commit; git switch -q -c y; describe $FA "F"; commit; give_back $A"#,
        "push x y",
    ),
    passes(
        "a new issue edited by its branch, then squashed onto main and pushed twice",
        r#"topic; n=$(git jit issue create --quiet New); git add -A; commit; edit .jit/issues/$n.json "E"; commit; git switch -q -c s origin/main; git merge -q --squash topic; git commit -q -m x; push HEAD:main"#,
        "push topic",
    ),
    passes(
        "a new issue that is picked to another branch and edited on its own",
        r#"topic; n=$(git jit issue create --quiet New); git add -A; commit; edit .jit/issues/$n.json "E"; commit; git switch -q -c s origin/main; git cherry-pick topic~1 > ../log"#,
        "push topic s",
    ),
    passes(
        "a new issue that was removed again",
        "topic; n=$(git jit issue create --quiet New); git add -A; commit; git rm -q .jit/issues/$n.json; commit",
        "push topic",
    ),
    passes(
        "a new issue that was removed and made again",
        "topic; n=$(git jit issue create --quiet New); git add -A; commit; cp .jit/issues/$n.json ../x; git rm -q .jit/issues/$n.json; commit; cp ../x .jit/issues/$n.json; git add -A; commit",
        "push topic",
    ),
];

#[test]
fn clones_without_all_objects() {
    play(PARTIAL);
}

#[test]
fn clocks_that_lie() {
    play(CLOCKS);
}

#[test]
fn trees_and_merges_by_hand() {
    play(PLUMBING);
}

#[test]
fn uncommon_work_that_is_right() {
    play(UNCOMMON);
}
