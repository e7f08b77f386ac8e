//! Merges.

use super::{Case, passes, play, refused};

const CASES: &[Case] = &[
    passes("a fast-forward", r#"theirs $FA "T""#, "git merge -q --ff-only origin/main"),
    passes("a merge of a published edit", r#"theirs $FA "T"; code x; commit"#, "git merge -q -m Merge origin/main"),
    passes("a merge with --no-ff", r#"theirs $FA "T""#, "git merge -q --no-ff -m Merge origin/main"),
    passes("a squash of a published edit", r#"theirs $FA "T"; git merge -q --squash origin/main"#, "git commit -q -m Squash"),
    passes(
        "a squash of several published edits",
        r#"theirs $FA "1"; theirs $FB "2"; theirs $FA "3"; git merge -q --squash origin/main"#,
        "git commit -q -m Squash",
    ),
    refused(
        "a squash of what went around the hook",
        r#"topic; edit $FA "E"; sneak; git switch -q --detach HEAD~1; git merge -q --squash topic"#,
        "git commit -q -m Squash",
    ),
    passes(
        "a squash of another agent's edit",
        r#"other "mine $A; edit $FA E; commit; give_back $A"; git merge -q --squash other"#,
        "git commit -q -m Squash",
    ),
    passes(
        "an octopus",
        r#"colleague "git switch -q -c one; edit $FA 1; commit"; colleague "git switch -q -c two origin/main; edit $FB 2; commit"; topic; code x; commit"#,
        "git merge -q -m Octopus origin/one origin/two",
    ),
    refused("a merge that keeps ours", r#"theirs $FA "T"; code x; commit"#, "git merge -q -s ours -m x origin/main"),
    refused(
        "an octopus that keeps ours",
        r#"colleague "git switch -q -c one; edit $FA 1; commit"; colleague "git switch -q -c two origin/main; edit $FB 2; commit"; topic; code x; commit"#,
        "git merge -q -s ours -m x origin/one origin/two",
    ),
    passes(
        "a merge that keeps ours, where nothing differs",
        "colleague 'code x; commit'; git commit -q --allow-empty -m y",
        "git merge -q -s ours -m x origin/main",
    ),
    passes("-X ours without a conflict", r#"theirs $FA "T"; code x; commit"#, "git merge -q -X ours -m x origin/main"),
    refused("-X ours in a conflict", r#"no_driver; theirs $FA "T"; leased $A "O""#, "git merge -q -X ours -m x origin/main"),
    refused("-X theirs in a conflict", r#"no_driver; theirs $FA "T"; leased $A "O""#, "git merge -q -X theirs -m x origin/main"),
    passes(
        "-X ours in a conflict, with a lease",
        r#"no_driver; theirs $FA "T"; leased $A "O"; mine $A"#,
        "git merge -q -X ours -m x origin/main",
    ),
    passes(
        "a clean merge of two fields",
        r#"theirs $FA "T"; mine $A; date_of $FA 2020; commit; give_back $A"#,
        "git merge -q -m x origin/main",
    ),
    passes(
        "a clean merge of two fields, with another algorithm",
        r#"theirs $FA "T"; mine $A; date_of $FA 2020; commit; give_back $A"#,
        "git -c diff.algorithm=patience merge -q -X patience -m x origin/main",
    ),
    passes(
        "a clean merge of two fields, with markers of another style",
        r#"git config merge.conflictStyle zdiff3; theirs $FA "T"; mine $A; date_of $FA 2020; commit; give_back $A"#,
        "git merge -q -m x origin/main",
    ),
    passes(
        "the same edit on both sides",
        r#"theirs $FA "Same"; leased $A "Same"; code x; commit"#,
        "git merge -q -m x origin/main",
    ),
    refused(
        "a conflict resolved without a lease",
        r#"theirs $FA "T"; leased $A "O"; ! git merge -q origin/main > ../log 2>&1; git checkout -q --ours $FA; edit $FA "Both"; git add -A"#,
        "git commit -q -m x",
    ),
    refused(
        "a conflict resolved to our side without a lease",
        r#"theirs $FA "T"; leased $A "O"; ! git merge -q origin/main > ../log 2>&1; git checkout -q --ours $FA; git add -A"#,
        "git commit -q -m x",
    ),
    passes(
        "a conflict resolved with a lease",
        r#"theirs $FA "T"; leased $A "O"; ! git merge -q origin/main > ../log 2>&1; mine $A; git checkout -q --ours $FA; edit $FA "Both"; git add -A"#,
        "git commit -q -m x",
    ),
    passes(
        "a conflict resolved with a lease, by git merge --continue",
        r#"theirs $FA "T"; leased $A "O"; ! git merge -q origin/main > ../log 2>&1; mine $A; git checkout -q --theirs $FA; git add -A"#,
        "git merge --continue > ../log",
    ),
    passes(
        "a conflict in code resolved, and a published edit merged",
        r#"colleague "code 1; edit $FA T; commit"; code 2; commit; ! git merge -q origin/main > ../log 2>&1; code 3"#,
        "git commit -q -m x",
    ),
    refused(
        "an edit added to a merge",
        r#"theirs $FA "T"; code x; commit; git merge -q --no-commit origin/main > ../log; edit $FB "E"; git add -A"#,
        "git commit -q -m x",
    ),
    refused(
        "an edit added to a merge, of the file that it changes",
        r#"theirs $FA "T"; code x; commit; git merge -q --no-commit origin/main > ../log; describe $FA "E"; git add -A"#,
        "git commit -q -m x",
    ),
    passes(
        "an edit added to a merge, with a lease",
        r#"theirs $FA "T"; code x; commit; git merge -q --no-commit origin/main > ../log; mine $B; edit $FB "E"; git add -A"#,
        "git commit -q -m x",
    ),
    passes(
        "a merge that is committed by hand",
        r#"theirs $FA "T"; code x; commit; git merge -q --no-commit origin/main > ../log"#,
        "git commit -q -m x",
    ),
    refused(
        "a merge whose issues are put back",
        r#"theirs $FA "T"; code x; commit; git merge -q --no-commit origin/main > ../log; git checkout -q HEAD -- .jit"#,
        "git commit -q -m x",
    ),
    refused(
        "a merge that takes their issues whole",
        r#"topic; leased $B "O"; colleague "code x; commit"; git merge -q --no-commit origin/main > ../log; git checkout -q origin/main -- .jit"#,
        "git commit -q -m x",
    ),
    passes(
        "a merge whose message is amended",
        r#"theirs $FA "T"; code x; commit; git merge -q -m x origin/main"#,
        "git commit -q --amend -m Better",
    ),
    refused(
        "a merge that an edit is amended to",
        r#"theirs $FA "T"; code x; commit; git merge -q -m x origin/main; edit $FB "E""#,
        "git commit -q -a --amend --no-edit",
    ),
    passes("a merge of a removal", r#"colleague "git rm -q $FA; commit"; code x; commit"#, "git merge -q -m x origin/main"),
    refused(
        "a merge that keeps what they removed",
        r#"colleague "git rm -q $FA; commit"; code x; commit; git merge -q --no-commit origin/main > ../log; git checkout -q HEAD -- $FA"#,
        "git commit -q -m x",
    ),
    refused(
        "an edit of ours that Git moves to another issue, since theirs was removed",
        r#"n=00000000-0000-4000-8000-000000000001; colleague "sed s/$A/$n/ $FA > .jit/issues/$n.json; git rm -q $FA; git add -A; commit"; leased $A "O"; git merge -q origin/main > ../log 2>&1 || true; rm -f $FA; git add -A"#,
        "git commit -q -m x",
    ),
    refused(
        "a driver that keeps ours",
        r#"theirs $FA "T"; mine $A; date_of $FA 2020; commit; give_back $A; git config merge.keep.driver true; echo '*.json merge=keep' > "$(git rev-parse --git-common-dir)/info/attributes""#,
        "git merge -q -m x origin/main",
    ),
    refused(
        "a driver that keeps the lines of both",
        r#"theirs $FA "T"; leased $A "O"; echo '*.json merge=union' > "$(git rev-parse --git-common-dir)/info/attributes""#,
        "git merge -q -m x origin/main",
    ),
    passes("a pull", r#"theirs $FA "T"; git branch -q -u origin/main; code x; commit"#, "git pull -q --no-rebase"),
    passes("a pull with a rebase", r#"theirs $FA "T"; git branch -q -u origin/main; leased $B "E""#, "git pull -q --rebase"),
    passes(
        "a pull with a rebase of a file that both edited",
        r#"theirs $FA "T"; git branch -q -u origin/main; mine $A; date_of $FA 2020; commit; give_back $A"#,
        "git pull -q --rebase",
    ),
    passes(
        "a merge of a branch with an edit of mine",
        r#"topic; leased $A "E"; git switch -q --detach HEAD~1; code x; commit"#,
        "git merge -q -m x topic",
    ),
    passes(
        "a merge of another agent's branch",
        r#"other "mine $A; edit $FA E; commit"; code x; commit"#,
        "git merge -q -m x other",
    ),
    refused(
        "another commit named as one that is merged",
        r#"edit $FA "E"; git add -A; e=$(git commit-tree -p HEAD -m x $(git write-tree)); export GITHEAD_$e=x"#,
        "git commit -q -m x",
    ),
    refused(
        "a forged MERGE_HEAD that is pushed",
        r#"edit $FA "E"; git add -A; git commit-tree -p HEAD -m x $(git write-tree) > "$(git rev-parse --git-path MERGE_HEAD)"; git commit -q -m x"#,
        "push HEAD:topic",
    ),
    refused(
        "a forged name of what is merged, that is pushed",
        r#"theirs $FA "T"; code x; commit; e=$(git commit-tree -p origin/main -m x HEAD^{tree}); export GITHEAD_$e=x; git merge -q -s ours -m x origin/main || git merge -q --no-verify -s ours -m x origin/main"#,
        "push HEAD:topic",
    ),
    refused(
        "a merge that keeps ours around the hook, that is pushed",
        r#"theirs $FA "T"; code x; commit; git merge -q -s ours --no-verify -m x origin/main"#,
        "push HEAD:topic",
    ),
    refused(
        "a merge with an edit around the hook, that is pushed",
        r#"theirs $FA "T"; code x; commit; git merge -q --no-commit origin/main > ../log; edit $FB "E"; git add -A; sneak"#,
        "push HEAD:topic",
    ),
    passes(
        "a clean merge that is pushed",
        r#"theirs $FA "T"; mine $A; date_of $FA 2020; commit; give_back $A; git merge -q -m x origin/main"#,
        "push HEAD:topic",
    ),
    passes(
        "a resolution that is pushed after the release",
        r#"theirs $FA "T"; leased $A "O"; ! git merge -q origin/main > ../log 2>&1; mine $A; git checkout -q --ours $FA; edit $FA "Both"; git add -A; git commit -q -m x; give_back $A"#,
        "push HEAD:topic",
    ),
    passes(
        "a published topic merged back",
        r#"topic; leased $A "E"; push topic; git switch -q --detach origin/main; git merge -q --no-ff -m x topic"#,
        "push HEAD:main",
    ),
    passes(
        "a merge of unrelated work",
        "git switch -q --orphan gh-pages; code x; git commit -q -m Pages; git switch -q --detach origin/main",
        "git merge -q --allow-unrelated-histories -m x gh-pages",
    ),
    refused(
        "a merge of unrelated work that keeps none of the issues",
        "git switch -q --orphan gh-pages; code x; git commit -q -m Pages",
        "git merge -q -s ours --allow-unrelated-histories -m x origin/main",
    ),
    passes(
        "criss-cross merges of published edits",
        r#"topic; code x; commit; colleague "git switch -q -c one; edit $FA 1; commit"; colleague "git switch -q -c two origin/main; edit $FB 2; commit"; git switch -q -c left origin/one; git merge -q -m left origin/two; git switch -q -c right origin/two; git merge -q -m right origin/one"#,
        "git merge -q --no-ff -m cross left",
    ),
    refused(
        "an edit added to a criss-cross merge",
        r#"topic; code x; commit; colleague "git switch -q -c one; edit $FA 1; commit"; colleague "git switch -q -c two origin/main; edit $FB 2; commit"; git switch -q -c left origin/one; git merge -q -m left origin/two; git switch -q -c right origin/two; git merge -q -m right origin/one; git merge -q --no-ff --no-commit left; git checkout -q origin/main -- $FA"#,
        "git commit -q -m x",
    ),
];

#[test]
fn merges() {
    play(CASES);
}
