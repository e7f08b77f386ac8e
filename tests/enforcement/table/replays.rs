//! Steps that were once made under a lease: taken along by the rewriting of history, and not to be used twice.

use super::{Case, passes, play, refused};

const CASES: &[Case] = &[
    passes("a rebase", r#"topic; leased $A "E"; colleague "code x; commit"; git rebase -q origin/main"#, "push topic"),
    passes(
        "a rebase by patches",
        r#"topic; leased $A "E"; colleague "code x; commit"; git rebase -q --apply origin/main"#,
        "push topic",
    ),
    passes(
        "a rebase of several",
        r#"topic; leased $A "1"; leased $B "2"; leased $A "3"; colleague "edit $FC T; commit"; git rebase -q origin/main"#,
        "push topic",
    ),
    passes(
        "a rebase with a squash",
        r#"topic; leased $A "1"; leased $A "2"; export GIT_SEQUENCE_EDITOR='sed -i 2s/pick/fixup/'; git rebase -q -i HEAD~2"#,
        "push topic",
    ),
    passes(
        "a rebase that drops the last edit",
        r#"topic; leased $A "1"; leased $A "2"; export GIT_SEQUENCE_EDITOR='sed -i 2s/pick/drop/'; git rebase -q -i HEAD~2"#,
        "push topic",
    ),
    passes(
        "a rebase that drops another issue's edit",
        r#"topic; leased $A "1"; leased $B "2"; export GIT_SEQUENCE_EDITOR='sed -i 1s/pick/drop/'; git rebase -q -i HEAD~2"#,
        "push topic",
    ),
    passes(
        "a rebase that reorders edits of two issues",
        r#"topic; leased $A "1"; leased $B "2"; export GIT_SEQUENCE_EDITOR='sed -i "1{h;d};2{G}"'; git rebase -q -i HEAD~2"#,
        "push topic",
    ),
    passes(
        "a rebase with merges",
        r#"topic; leased $A "1"; git switch -q -c x origin/main; leased $B "2"; git merge -q -m x topic; colleague "code x; commit"; git rebase -q --rebase-merges origin/main"#,
        "push x",
    ),
    passes(
        "a rebase after which everything is edited on",
        r#"topic; leased $A "1"; colleague "code x; commit"; git rebase -q origin/main; leased $A "2""#,
        "push topic",
    ),
    passes(
        "a rebase with a live lease, of a file that both edited",
        r#"topic; mine $A; date_of $FA 2020; commit; theirs $FA "T"; git rebase -q origin/main"#,
        "push topic",
    ),
    passes(
        "a rebase that stops for an edit with a lease",
        r#"topic; code 1; commit; code 2; commit; export GIT_SEQUENCE_EDITOR='sed -i 1s/pick/edit/'; git rebase -q -i HEAD~2 2> ../log; mine $A; edit $FA "E"; git add -A; git commit -q --amend --no-edit; git rebase --continue > ../log 2>&1; give_back $A"#,
        "push topic",
    ),
    refused(
        "a rebase that stops for an edit without a lease",
        r#"topic; code 1; commit; code 2; commit; export GIT_SEQUENCE_EDITOR='sed -i 1s/pick/edit/'; git rebase -q -i HEAD~2 2> ../log; edit $FA "E"; git add -A"#,
        "git commit -q --amend --no-edit",
    ),
    passes("a pick", r#"topic; leased $A "E"; git switch -q -c x origin/main; git cherry-pick topic > ../log"#, "push x"),
    passes(
        "a pick to two branches",
        r#"topic; leased $A "E"; git switch -q -c x origin/main; code x; commit; git cherry-pick topic > ../log"#,
        "push topic x",
    ),
    passes(
        "a pick of one of two edits",
        r#"topic; leased $A "E"; leased $B "F"; git switch -q -c x origin/main; git cherry-pick topic > ../log"#,
        "push x",
    ),
    passes(
        "a pick by another agent",
        r#"topic; leased $A "E"; other "git cherry-pick topic" > ../log"#,
        r#"other "push HEAD:refs/heads/x""#,
    ),
    passes(
        "a commit that was given up and made again",
        r#"topic; leased $A "E"; git reset -q --hard HEAD~1; git cherry-pick topic@{1} > ../log"#,
        "push topic",
    ),
    passes(
        "a squash of a whole topic onto main",
        r#"topic; leased $A "1"; leased $A "2"; git switch -q --detach origin/main; git merge -q --squash topic; git commit -q -m Squash"#,
        "push HEAD:main",
    ),
    passes(
        "an edit that was stashed and committed elsewhere",
        r#"mine $A; edit $FA "E"; git stash -q; topic; git stash pop -q; commit; give_back $A"#,
        "push topic",
    ),
    passes(
        "code that is reverted",
        r#"code x; commit; leased $A "E"; git revert --no-edit HEAD~1 > ../log"#,
        "push HEAD:refs/heads/x",
    ),
    passes(
        "an own edit that is reverted with a lease",
        r#"leased $A "E"; mine $A; git revert --no-edit HEAD > ../log"#,
        "push HEAD:refs/heads/x",
    ),
    refused(
        "an own published edit that is reverted without a lease",
        r#"leased $A "E"; push HEAD:main; git revert --no-edit HEAD > ../log"#,
        "push HEAD:main",
    ),
    passes(
        "an own published edit that is reverted with a lease",
        r#"leased $A "E"; push HEAD:main; mine $A; git revert --no-edit HEAD > ../log"#,
        "push HEAD:main",
    ),
    refused(
        "another's published edit that is reverted",
        r#"theirs $FA "T"; git merge -q --ff-only origin/main; git revert --no-edit HEAD > ../log"#,
        "push HEAD:refs/heads/x",
    ),
    refused(
        "a merge of an edit that is reverted",
        r#"theirs $FA "T"; code x; commit; git merge -q -m x origin/main; git revert -m 1 --no-edit HEAD > ../log"#,
        "push HEAD:refs/heads/x",
    ),
    refused(
        "a revert that is reverted",
        r#"leased $A "E"; mine $A; git revert --no-edit HEAD > ../log; push HEAD:main; give_back $A; git revert --no-edit HEAD > ../log"#,
        "push HEAD:main",
    ),
    refused(
        "an own edit made a second time after it was taken back",
        r#"leased $A "E"; leased $A "First"; push HEAD:main; edit $FA "E""#,
        "commit",
    ),
    refused(
        "an own edit made a second time, while another holds it",
        r#"leased $A "E"; leased $A "First"; push HEAD:main; others $A; edit $FA "E""#,
        "commit",
    ),
    refused(
        "a colleague's edit made a second time",
        r#"theirs $FA "T"; theirs $FA "First"; git merge -q --ff-only origin/main; edit $FA "T""#,
        "commit",
    ),
    refused(
        "a colleague's edit made a second time around the hook",
        r#"theirs $FA "T"; theirs $FA "First"; git merge -q --ff-only origin/main; edit $FA "T"; sneak"#,
        "push HEAD:refs/heads/x",
    ),
    refused(
        "two steps of a colleague's made in one, backwards",
        r#"theirs $FA "1"; theirs $FA "2"; git merge -q --ff-only origin/main; edit $FA "First""#,
        "commit",
    ),
    refused(
        "a step with the mode of another",
        r#"theirs $FA "T"; topic; git cherry-pick -n origin/main; git update-index --chmod=+x $FA"#,
        "git commit -q -m x",
    ),
    refused("a step of another issue's", r#"theirs $FA "T"; topic; sed "s/$A/$B/" <(git show origin/main:$FA) > $FB"#, "commit"),
    refused("half of a colleague's edit", r#"colleague "edit $FA T; date_of $FA 2020; commit"; topic; edit $FA "T""#, "commit"),
    refused(
        "a removal after a colleague's removal was taken back",
        r#"colleague "cp $FA ../x; git rm -q $FA; commit; cp ../x $FA; git add -A; commit"; git merge -q --ff-only origin/main; git rm -q $FA"#,
        "commit",
    ),
    refused(
        "a step that was evicted, made by a pick",
        r#"topic; mine $A; edit $FA "E"; commit; other "git jit claim force-evict $A --reason x" > ../log; git switch -q -c x origin/main; git cherry-pick topic > ../log"#,
        "push x",
    ),
    refused(
        "a conflict in a pick, resolved without a lease",
        r#"theirs $FA "T"; topic; leased $A "O"; ! git cherry-pick origin/main > ../log 2>&1; git checkout -q --ours $FA; edit $FA "Both"; git add -A"#,
        "git commit -q -m x",
    ),
    passes(
        "a conflict in a pick, resolved with a lease",
        r#"theirs $FA "T"; topic; leased $A "O"; ! git cherry-pick origin/main > ../log 2>&1; mine $A; git checkout -q --ours $FA; edit $FA "Both"; git add -A"#,
        "git commit -q -m x",
    ),
    passes(
        "a conflict in code in a pick, with a published edit",
        r#"colleague "code 1; edit $FA T; commit"; topic; code 2; commit; ! git cherry-pick origin/main > ../log 2>&1; code 3"#,
        "git commit -q -m x",
    ),
    passes(
        "toggles under one lease",
        r#"mine $A; edit $FA "E"; commit; edit $FA "First"; commit; edit $FA "E"; commit; give_back $A"#,
        "push HEAD:refs/heads/x",
    ),
    passes("toggles under several leases", r#"leased $A "E"; leased $A "First"; leased $A "E""#, "push HEAD:refs/heads/x"),
    passes(
        "toggles under several leases, published one by one",
        r#"leased $A "E"; push HEAD:main; leased $A "First"; push HEAD:main; leased $A "E""#,
        "push HEAD:main",
    ),
    passes(
        "toggles under several leases, squashed",
        r#"leased $A "E"; leased $A "First"; leased $A "F"; git reset -q --soft HEAD~3; git commit -q -m x"#,
        "push HEAD:refs/heads/x",
    ),
];

#[test]
fn steps_that_are_taken_along_and_steps_that_are_used_again() {
    play(CASES);
}
