//! What goes another way than section 7 of the design promises, as far as it is known.
//!
//! Each case tells what happens today; when one of these fails, it may have been mended, and belongs to its topic.

use super::{Case, passes, play, refused};

/// A colleague has removed the first issue, and everybody here has followed.
const REMOVED: &str = r#"
cp $FA ../first; colleague "git rm -q $FA; commit"
git switch -q --detach origin/main; git update-ref refs/heads/main origin/main; git -C "$TEAM" reset -q --hard main"#;

const LET_THROUGH: &[Case] = &[
    // The cache-tree tells of folders only, so that a link, a file or a submodule of that name is not seen.
    passes("a link .Jit", "git update-index --add --cacheinfo 120000,$(echo -n code | git hash-object -w --stdin),.Jit", "git commit -q -m x"),
    passes("a submodule .JIT", "git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),.JIT", "git commit -q -m x"),
    // The commit hook takes the issue for one that nobody knows and records that; the push believes the record.
    passes("a removed issue made anew with other content, on a branch from before it", r#"git switch -q -c x $(git rev-list --max-parents=0 HEAD); mkdir -p .jit/issues; cp ../first $FA; edit $FA "E"; git add -A; git commit -q -m x"#, "push x").within(REMOVED),
    passes("a removed issue made anew with other content, on an orphan", r#"git switch -q --orphan x; mkdir -p .jit/issues; cp ../first $FA; edit $FA "E"; git add -A; git commit -q -m x"#, "push x").within(REMOVED),
    // An orphan that has the published first version counts as the branch that made the issue.
    passes("a removed issue brought back on an orphan as it was, and edited", r#"git switch -q --orphan x; mkdir -p .jit/issues; cp ../first $FA; git add -A; git commit -q -m x; edit $FA "E""#, "commit").within(REMOVED),
    passes("a removed issue brought back on an orphan as it was, edited and pushed", r#"git switch -q --orphan x; mkdir -p .jit/issues; cp ../first $FA; git add -A; git commit -q -m x; edit $FA "E"; sneak"#, "push x").within(REMOVED),
    passes("a removed issue brought back on an orphan as it was, merged into an old branch and edited", r#"git switch -q --orphan x; mkdir -p .jit/issues; cp ../first $FA; git add -A; git commit -q -n -m x; git switch -q -c y origin/main~1; git merge -q -n --allow-unrelated-histories -m x x; edit $FA "E"; sneak"#, "push y").within(REMOVED),
    // What passed while no policy was to be seen is recorded as adopted, and the strict policy believes that.
    passes("an edit under a policy that is off because its branches were hidden meanwhile", r#"topic; sed -i s/strict/off/ .jit/config.toml; commit; tip=$(git rev-parse main); git update-ref -d refs/remotes/origin/main; git update-ref -d refs/heads/main; edit $FA "E"; commit; git update-ref refs/heads/main $tip; git fetch -q"#, "push topic"),
    passes("an edit of a new issue that is published, whose tracking ref was hidden meanwhile", r#"topic; n=$(git jit issue create --quiet New); git add -A; commit; push topic; git update-ref -d refs/remotes/origin/topic; edit .jit/issues/$n.json "E"; commit; git fetch -q"#, "push topic"),
    // The design names `.jit` only; what the link leads to is then out of the hooks' sight.
    passes("a link instead of the folder of the issues, with leases on all of them", "mine $A $B $C; mv .jit/issues real; ln -s ../real .jit/issues; git add -A", "git commit -q -m x"),
    passes("a submodule instead of the folder of the issues, with leases on all of them", "mine $A $B $C; git rm -q -r --cached .jit/issues; git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),.jit/issues", "git commit -q -m x"),
    passes("a new note that is a link", "mkdir -p .jit/notes/$A; ln -s /etc/passwd .jit/notes/$A/1.json; git add -A", "commit"),
    passes("gates that are a link", "ln -s /etc/passwd .jit/gates.json; git add -A", "commit"),
    // Out of reach by `docs/enforcement.md`, and easily seen: a tracking ref that is a symbolic one to a local branch.
    passes("a tracking ref of origin that is a link to a branch", r#"edit $FA "E"; sneak; git branch -q evil; git symbolic-ref refs/remotes/origin/x refs/heads/evil"#, "push HEAD:refs/heads/x"),
];

const REFUSED_WRONGLY: &[Case] = &[
    // The advice is to merge main, which was done.
    refused("a setting on a branch that has merged another setting of main's", r#"topic; echo '# x' >> .jit/config.toml; commit; colleague "sed -i '1s/^/# y\n/' .jit/config.toml; commit"; git merge -q -m x origin/main"#, "push topic").because("To catch up: git merge"),
    refused("a conflict in the settings, resolved and pushed", r#"topic; echo '# x' >> .jit/config.toml; commit; colleague "echo '# y' >> .jit/config.toml; commit"; ! git merge -q origin/main > ../log 2>&1; git checkout -q --theirs .jit/config.toml; echo '# x' >> .jit/config.toml; git add -A; git commit -q -m x"#, "push topic"),
    // Only the first default branch of the list that exists is asked for by the design.
    refused("a setting on top of main, beside an old master", r#"colleague "git switch -q -c master; code old; commit"; echo '# x' >> .jit/config.toml"#, "commit").because("lacks the tip of refs/remotes/origin/master"),
    // The step from their version to ours was recorded, and counts as used since our own side has it.
    refused("a topic that goes on after it was squashed upstream, merged with main and kept", r#"topic; leased $A "1"; leased $A "2"; push topic; colleague "git merge -q --squash origin/topic > ../log; commit Squash"; leased $A "3"; ! git merge -q origin/main > ../log 2>&1; git checkout -q --ours $FA; git add -A"#, "git commit -q -m x"),
    // Whether an issue was ever published is asked of folders that a partial clone has not fetched.
    refused("a new issue pushed from a clone without trees", r#"git -C "$REMOTE" config uploadpack.allowFilter true; leased $B "1"; push HEAD:main; leased $B "2"; push HEAD:main; git clone -q --filter=tree:0 "file://$REMOTE" ../partial; cd ../partial; git jit hooks install > ../log; git jit issue create New; git add -A; commit"#, "push HEAD:refs/heads/x").primary().because("could not be judged"),
    // Nothing is lost: the same push keeps it all under another name.
    refused("main under another name", "git config jit.defaultBranch trunk", "push origin/main:refs/heads/trunk :main"),
    // The other project's issues are not ours, and are moved along with it.
    refused("another project that is tracked, merged into a folder of its own", r#"git init -q -b main ../lib; (cd ../lib; mkdir -p .jit/issues; n=00000000-0000-4000-8000-000000000001; sed "s/$A/$n/" "$HERE/$FA" > .jit/issues/$n.json; git add -A; git commit -q -m Lib); git remote add lib ../lib; git fetch -q lib; git merge -q -s ours --no-commit --allow-unrelated-histories lib/main > ../log; git read-tree --prefix=lib/ -u lib/main"#, "git commit -q -m x"),
];

#[test]
fn what_is_known_to_be_let_through_still_is() {
    play(LET_THROUGH);
}

#[test]
fn what_is_known_to_be_refused_wrongly_still_is() {
    play(REFUSED_WRONGLY);
}
