//! What is known to go another way than section 7 of the design promises.
//!
//! Each case tells what happens today; when one of these fails, it may have been mended, and belongs to its topic.

use super::{Case, passes, play};

const KNOWN_WRONG: &[Case] = &[
    // The cache-tree tells of folders only, so that a link, a file or a submodule of that name is not seen.
    passes("a link .Jit", "git update-index --add --cacheinfo 120000,$(echo -n code | git hash-object -w --stdin),.Jit", "git commit -q -m x"),
    // Out of reach by `docs/enforcement.md`, and easily seen: a tracking ref that is a symbolic one to a local branch.
    passes("a tracking ref of origin that is a link to a branch", r#"edit $FA "E"; sneak; git branch -q evil; git symbolic-ref refs/remotes/origin/x refs/heads/evil"#, "push HEAD:refs/heads/x"),
];

#[test]
fn what_is_known_to_be_wrong_is_still_so() {
    play(KNOWN_WRONG);
}
