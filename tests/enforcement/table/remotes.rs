//! What remotes are known to have, and what is only made to look so.

use super::{Case, passes, play, refused};

const CASES: &[Case] = &[
    refused(
        "a tracking ref of no remote",
        r#"edit $FA "E"; sneak; git update-ref refs/remotes/nowhere/x HEAD"#,
        "push HEAD:refs/heads/x",
    ),
    refused(
        "a tracking ref of a remote without an address",
        r#"edit $FA "E"; sneak; git config remote.none.fetch '+refs/heads/*:refs/remotes/none/*'; git update-ref refs/remotes/none/x HEAD"#,
        "push HEAD:refs/heads/x",
    ),
    refused(
        "a tracking ref of a remote that is not there",
        r#"edit $FA "E"; sneak; git remote add none ../none.git; git update-ref refs/remotes/none/x HEAD"#,
        "push HEAD:refs/heads/x",
    ),
    refused(
        "a remote that is this repository",
        r#"edit $FA "E"; sneak; git branch -q evil; git remote add self .; git fetch -q self"#,
        "push HEAD:refs/heads/x",
    ),
    refused(
        "a remote that is this repository, through a link",
        r#"edit $FA "E"; sneak; git branch -q evil; ln -s "$TEAM" ../link; git remote add self ../link; git fetch -q self"#,
        "push HEAD:refs/heads/x",
    ),
    refused(
        "a remote that is another worktree of this repository",
        r#"edit $FA "E"; sneak; git branch -q evil; other true; git remote add self "$WORLD/other"; git fetch -q self"#,
        "push HEAD:refs/heads/x",
    ),
    refused(
        "a remote that is this repository under another name",
        r#"edit $FA "E"; sneak; git branch -q evil; git config "url.$TEAM/.insteadOf" fake:; git remote add self fake:; git fetch -q self"#,
        "push HEAD:refs/heads/x",
    ),
    refused(
        "a remote that is this repository by a variable",
        r#"edit $FA "E"; sneak; git branch -q evil; git remote add self https://example.com/x; export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0="url.$TEAM.insteadOf" GIT_CONFIG_VALUE_0=https://example.com/x; git fetch -q self"#,
        "push HEAD:refs/heads/x",
    ),
    refused(
        "a remote with two addresses, of which one is this repository",
        r#"edit $FA "E"; sneak; git branch -q evil; git remote add self "$TEAM"; git config --add remote.self.url "$REMOTE"; git fetch -q self"#,
        "push HEAD:refs/heads/x",
    ),
    refused(
        "a remote that maps everything to local branches",
        r#"git config --add remote.origin.fetch '+refs/heads/*:refs/heads/*'; edit $FA "E"; sneak"#,
        "push HEAD:refs/heads/x",
    ),
    refused(
        "a remote that maps to tags",
        r#"git config --add remote.origin.fetch '+refs/tags/*:refs/tags/*'; edit $FA "E"; sneak; git tag t"#,
        "push HEAD:refs/heads/x",
    ),
    refused(
        "a mirror's refspec",
        r#"git config --add remote.origin.fetch '+refs/*:refs/*'; edit $FA "E"; sneak; git stash list"#,
        "push HEAD:refs/heads/x",
    ),
    refused(
        "a tracking ref that is a link to a branch",
        r#"edit $FA "E"; sneak; git branch -q evil; git symbolic-ref refs/remotes/self/x refs/heads/evil"#,
        "push HEAD:refs/heads/x",
    ),
    refused("a commit that is fetched by its path", r#"edit $FA "E"; sneak; git fetch -q . HEAD"#, "push FETCH_HEAD:refs/heads/x"),
    refused(
        "a colleague's unpublished edit, fetched by its path",
        "colleague true; (cd ../colleague; edit $FA E; commit); git fetch -q ../colleague HEAD",
        "push FETCH_HEAD:refs/heads/x",
    ),
    passes(
        "a colleague's edit, fetched from a remote of a name",
        "colleague true; (cd ../colleague; edit $FA E; commit); git remote add colleague ../colleague; git fetch -q colleague",
        "push colleague/main:refs/heads/x",
    ),
    passes(
        "a fork brought up to date",
        r#"theirs $FA "T"; git init -q --bare ../fork.git; git remote add fork ../fork.git"#,
        "git push -q fork origin/main:refs/heads/main",
    ),
    passes(
        "a branch that a colleague has rebased",
        r#"topic; leased $A "E"; push topic; colleague "code x; commit; git switch -q -c topic origin/topic; git rebase -q main; git push -q --force origin topic; git switch -q main"; git fetch -q"#,
        "push origin/topic:refs/heads/copy",
    ),
    passes(
        "a colleague's branch, rebased here",
        r#"colleague "git switch -q -c work; edit $FA T; commit"; colleague "git switch -q main; code x; commit"; git switch -q -c work origin/work; git rebase -q origin/main"#,
        "git push -q --force origin work",
    ),
    passes(
        "a colleague's branch, squashed here",
        r#"colleague "git switch -q -c work; edit $FA 1; commit; edit $FA 2; commit"; topic; git merge -q --squash origin/work; git commit -q -m Squash"#,
        "push topic",
    ),
    passes(
        "a colleague's branch, merged here",
        r#"colleague "git switch -q -c work; edit $FA 1; commit"; topic; code x; commit; git merge -q -m x origin/work"#,
        "push topic",
    ),
    passes(
        "a colleague's edit on a release branch",
        r#"git branch release; theirs $FA "T"; git switch -q release; git cherry-pick origin/main > ../log"#,
        "push release",
    ),
    passes(
        "a colleague's edit on a release branch, with its origin named",
        r#"git branch release; theirs $FA "T"; git switch -q release; git cherry-pick -x origin/main > ../log"#,
        "push release",
    ),
    refused(
        "a colleague's edit on a release branch that has another version",
        r#"git switch -q -c release; leased $A "R"; theirs $FB "x"; colleague "date_of $FA 2020; commit"; git cherry-pick origin/main > ../log"#,
        "push release",
    ),
    passes(
        "a colleague's edit on a release branch that has another version, with a lease",
        r#"git switch -q -c release; leased $A "R"; colleague "date_of $FA 2020; commit"; git cherry-pick origin/main > ../log; mine $A"#,
        "push release",
    ),
    passes(
        "a colleague's edit by mail",
        r#"theirs $FA "T"; topic; git format-patch -q -1 --stdout origin/main | git am -q"#,
        "push topic",
    ),
    refused(
        "a colleague's edit by mail, another one",
        r#"theirs $FA "T"; topic; git format-patch -q -1 --stdout origin/main | sed 's/"T"/"U"/' | git am -q"#,
        "push topic",
    ),
    passes(
        "what a colleague deleted upstream and this branch has not seen",
        r#"colleague "git rm -q $FA; commit"; topic; code x; commit"#,
        "push topic",
    ),
    passes(
        "a remote by another name than origin",
        r#"git remote rename origin upstream 2> ../log; leased $A "E""#,
        "git push -q upstream HEAD:refs/heads/x",
    ),
    refused(
        "a remote by another name than origin, around the hook",
        r#"git remote rename origin upstream 2> ../log; edit $FA "E"; sneak"#,
        "git push -q upstream HEAD:refs/heads/x",
    ),
    refused("a shortened history", r#"edit $FA "E"; sneak; git rev-parse HEAD > "$TEAM/.git/shallow""#, "push HEAD:refs/heads/x"),
    refused(
        "a graft that hides",
        r#"edit $FA "E"; sneak; code x; commit; mkdir -p "$TEAM/.git/info"; echo $(git rev-parse HEAD HEAD~2) > "$TEAM/.git/info/grafts""#,
        "push HEAD:refs/heads/x",
    ),
    refused(
        "a graft that makes a bad commit published",
        r#"edit $FA "E"; sneak; mkdir -p "$TEAM/.git/info"; echo $(git rev-parse origin/main HEAD) > "$TEAM/.git/info/grafts""#,
        "push HEAD:refs/heads/x",
    ),
    refused("a replaced commit", r#"edit $FA "E"; sneak; git replace HEAD HEAD~1"#, "push HEAD:refs/heads/x"),
    refused(
        "a replaced parent",
        r#"edit $FA "E"; sneak; code x; commit; git replace --graft HEAD HEAD~2"#,
        "push HEAD:refs/heads/x",
    ),
    refused(
        "a replaced tip of what is published",
        r#"edit $FA "E"; sneak; git replace --graft origin/main HEAD~1^@ HEAD 2> ../log || git replace origin/main HEAD"#,
        "push HEAD:refs/heads/x",
    ),
    refused("a replaced blob", r#"edit $FA "E"; sneak; git replace HEAD:$FA HEAD~1:$FA"#, "push HEAD:refs/heads/x"),
    refused(
        "a graph of commits that was written under a graft",
        r#"edit $FA "E"; sneak; code x; commit; git commit-graph write --reachable 2> ../log"#,
        "push HEAD:refs/heads/x",
    ),
    passes(
        "an own edit with a graph of commits",
        r#"leased $A "E"; git commit-graph write --reachable 2> ../log"#,
        "push HEAD:refs/heads/x",
    ),
    refused("a namespace", r#"edit $FA "E"; sneak; export GIT_NAMESPACE=x"#, "push HEAD:refs/heads/x"),
];

#[test]
fn what_remotes_are_known_to_have() {
    play(CASES);
}
