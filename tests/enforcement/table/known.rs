//! What goes another way than the rules promise, as far as it is known: `docs/enforcement.md` tells of it.
//!
//! Each case tells what happens today; when one of these fails, it may have been mended, and belongs to its topic.

use super::regressions::REMOVED;
use super::{Case, passes, play_in_both, refused};

const LET_THROUGH: &[Case] = &[
    // It counts as the branch that made the issue; its push is refused.
    passes(
        "a removed issue brought back on an orphan as it was, and edited",
        r#"git switch -q --orphan x; mkdir -p .jit/issues; cp ../first $FA; git add -A; git commit -q -m x; edit $FA "E""#,
        "commit",
    )
    .within(REMOVED),
    passes(
        "an edit of a new issue that is published, whose tracking ref was hidden meanwhile",
        r#"topic; n=$(git jit issue create --quiet New); git add -A; commit; push topic; git update-ref -d refs/remotes/origin/topic; edit .jit/issues/$n.json "E"; commit; git fetch -q"#,
        "push topic",
    ),
];

const REFUSED_WRONGLY: &[Case] = &[
    // Only the first default branch of the list that exists would have to be asked for: all of them are.
    refused("a setting on top of main, beside an old master", r#"colleague "git switch -q -c master; code old; commit"; echo '# x' >> .jit/config.toml"#, "commit").because("lacks the tip of refs/remotes/origin/master"),
    // Whether an issue was ever published is asked of folders that a partial clone has not fetched.
    refused("a new issue pushed from a clone without trees", r#"git -C "$REMOTE" config uploadpack.allowFilter true; leased $B "1"; push HEAD:main; leased $B "2"; push HEAD:main; git clone -q --filter=tree:0 "file://$REMOTE" ../partial; cd ../partial; git jit hooks install > ../log; git jit issue create New; git add -A; commit"#, "push HEAD:refs/heads/x").primary().because("could not be judged"),
    // Nothing is lost: the same push keeps it all under another name.
    refused("main under another name", "git config jit.defaultBranch trunk", "push origin/main:refs/heads/trunk :main"),
    // The other project's issues are not ours, and are moved along with it.
    refused("another project that is tracked, merged into a folder of its own", r#"git init -q -b main ../lib; (cd ../lib; mkdir -p .jit/issues; n=00000000-0000-4000-8000-000000000001; sed "s/$A/$n/" "$HERE/$FA" > .jit/issues/$n.json; git add -A; git commit -q -m Lib); git remote add lib ../lib; git fetch -q lib; git merge -q -s ours --no-commit --allow-unrelated-histories lib/main > ../log; git read-tree --prefix=lib/ -u lib/main"#, "git commit -q -m x"),
];

#[test]
fn what_is_known_to_be_let_through_still_is() {
    play_in_both(LET_THROUGH);
}

#[test]
fn what_is_known_to_be_refused_wrongly_still_is() {
    play_in_both(REFUSED_WRONGLY);
}
