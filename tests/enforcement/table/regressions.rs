//! What slipped through once, or was refused and right: found by playing, and mended.

use super::{Case, passes, play, refused};

/// A colleague has removed the first issue, and everybody here has followed.
pub(super) const REMOVED: &str = r#"
cp $FA ../first; colleague "git rm -q $FA; commit"
git switch -q --detach origin/main; git update-ref refs/heads/main origin/main; git -C "$TEAM" reset -q --hard main"#;

const SLIPS: &[Case] = &[
    // What is pushed beside a commit does not answer for it.
    refused("a setting from before another of main's, pushed along with main itself", r#"topic; echo '# x' >> .jit/config.toml; commit; colleague "sed -i '1s/^/# y\\n/' .jit/config.toml; commit""#, "push topic origin/main:refs/heads/keep").because("lacks the tip"),
    // The cache-tree tells of folders only: the tree itself is asked for what else bears that name.
    refused("a link .Jit", "git update-index --add --cacheinfo 120000,$(echo -n code | git hash-object -w --stdin),.Jit", "git commit -q -m x"),
    refused("a submodule .JIT", "git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),.JIT", "git commit -q -m x"),
    // The commit hook takes the issue for one that nobody knows and records that; the push knows that it was removed.
    refused("a removed issue made anew with other content, on a branch from before it", r#"git switch -q -c x $(git rev-list --max-parents=0 HEAD); mkdir -p .jit/issues; cp ../first $FA; edit $FA "E"; git add -A; git commit -q -m x"#, "push x").within(REMOVED),
    refused("a removed issue made anew with other content, on an orphan", r#"git switch -q --orphan x; mkdir -p .jit/issues; cp ../first $FA; edit $FA "E"; git add -A; git commit -q -m x"#, "push x").within(REMOVED),
    refused("a removed issue brought back on an orphan as it was, edited and pushed", r#"git switch -q --orphan x; mkdir -p .jit/issues; cp ../first $FA; git add -A; git commit -q -m x; edit $FA "E"; sneak"#, "push x").within(REMOVED),
    refused("a removed issue brought back on an orphan as it was, merged into an old branch and edited", r#"git switch -q --orphan x; mkdir -p .jit/issues; cp ../first $FA; git add -A; git commit -q -n -m x; git switch -q -c y origin/main~1; git merge -q -n --allow-unrelated-histories -m x x; edit $FA "E"; sneak"#, "push y").within(REMOVED),
    // What passed while no policy was to be seen is recorded as tolerated, on top of a commit that was under a strict one.
    refused("an edit under a policy that is off because its branches were hidden meanwhile", r#"topic; sed -i s/strict/off/ .jit/config.toml; commit; tip=$(git rev-parse main); git update-ref -d refs/remotes/origin/main; git update-ref -d refs/heads/main; edit $FA "E"; commit; git update-ref refs/heads/main $tip; git fetch -q"#, "push topic"),
    // What a link leads to is out of the hooks' sight.
    refused("a link instead of the folder of the issues, with leases on all of them", "mine $A $B $C; mv .jit/issues real; ln -s ../real .jit/issues; git add -A", "git commit -q -m x"),
    refused("a submodule instead of the folder of the issues, with leases on all of them", "mine $A $B $C; git rm -q -r --cached .jit/issues; git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),.jit/issues", "git commit -q -m x"),
    refused("a new note that is a link", "mkdir -p .jit/notes/$A; ln -s /etc/passwd .jit/notes/$A/1.json; git add -A", "commit"),
    refused("gates that are a link", "ln -s /etc/passwd .jit/gates.json; git add -A", "commit"),
    // Local work moves what such a ref leads to.
    refused("a tracking ref of origin that is a link to a branch", r#"edit $FA "E"; sneak; git branch -q evil; git symbolic-ref refs/remotes/origin/x refs/heads/evil"#, "push HEAD:refs/heads/x"),
];

const RIGHT: &[Case] = &[
    // The step from their version to ours was recorded, and their side has not used it.
    passes(
        "a topic that goes on after it was squashed upstream, merged with main and kept",
        r#"topic; leased $A "1"; leased $A "2"; push topic; colleague "git merge -q --squash origin/topic > ../log; commit Squash"; leased $A "3"; ! git merge -q origin/main > ../log 2>&1; git checkout -q --ours $FA; git add -A"#,
        "git commit -q -m x",
    ),
    passes(
        "a setting on a branch that has merged another setting of main's",
        r#"topic; echo '# x' >> .jit/config.toml; commit; colleague "sed -i '1s/^/# y\n/' .jit/config.toml; commit"; git merge -q -m x origin/main"#,
        "push topic",
    ),
    passes(
        "a conflict in the settings, resolved and pushed",
        r#"topic; echo '# x' >> .jit/config.toml; commit; colleague "echo '# y' >> .jit/config.toml; commit"; ! git merge -q origin/main > ../log 2>&1; git checkout -q --theirs .jit/config.toml; echo '# x' >> .jit/config.toml; git add -A; git commit -q -m x"#,
        "push topic",
    ),
];

#[test]
fn what_slipped_through_once_does_not_any_more() {
    play(SLIPS);
}

#[test]
fn what_was_refused_wrongly_once_passes() {
    play(RIGHT);
}
