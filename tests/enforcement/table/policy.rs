//! Which policy is in force, and edits of the policy itself.

use super::{Case, Verdict, case, passes, play, refused};

const LOOSEN: &[Case] = &[
    refused("a variable that says off", r#"edit $FA "E"; export JIT_ENFORCE_LEASES=off"#, "commit"),
    refused("a variable that says nonsense", r#"edit $FA "E"; export JIT_ENFORCE_LEASES=nonsense"#, "commit"),
    refused(
        "an off that is in the file",
        r#"edit $FA "E"; git add -A; sed -i s/strict/off/ .jit/config.toml"#,
        "git commit -q -m x",
    ),
    refused("an off that is staged along", r#"edit $FA "E"; sed -i s/strict/off/ .jit/config.toml"#, "commit"),
    refused(
        "an off that was committed before on this branch",
        r#"topic; sed -i s/strict/off/ .jit/config.toml; commit; edit $FA "E""#,
        "commit",
    ),
    refused(
        "an off that is pushed along",
        r#"topic; sed -i s/strict/off/ .jit/config.toml; commit; edit $FA "E"; sneak"#,
        "push topic",
    ),
    refused("a policy that is removed along", r#"edit $FA "E"; git rm -q .jit/config.toml"#, "commit"),
    refused("a policy that does not parse", r#"edit $FA "E"; echo '[' > .jit/config.toml"#, "commit"),
    refused("a policy that is a link", r#"edit $FA "E"; rm .jit/config.toml; ln -s /dev/null .jit/config.toml"#, "commit"),
    refused(
        "worktree features off in the file",
        r#"edit $FA "E"; git add -A; sed -i 's/^enforce_leases.*/mode = "off"/' .jit/config.toml"#,
        "git commit -q -m x",
    ),
    refused(
        "a default branch elsewhere",
        r#"git branch none $(git rev-list --max-parents=0 HEAD); git config jit.defaultBranch none; edit $FA "E""#,
        "commit",
    ),
    refused("a default branch that is not there", r#"git config jit.defaultBranch nowhere; edit $FA "E""#, "commit"),
    refused(
        "a default branch by a variable",
        r#"git branch none $(git rev-list --max-parents=0 HEAD); export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=jit.defaultBranch GIT_CONFIG_VALUE_0=none; edit $FA "E"; sneak"#,
        "push HEAD:refs/heads/x",
    ),
    refused("a default branch by an option", r#"edit $FA "E""#, "git -c jit.defaultBranch=nowhere commit -q -a -m x"),
    refused(
        "a repository's configuration by a variable",
        r#"edit $FA "E"; sneak; export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=core.bare GIT_CONFIG_VALUE_0=true"#,
        "push HEAD:refs/heads/x",
    ),
    refused(
        "another head of the remote",
        r#"git branch none $(git rev-list --max-parents=0 HEAD); push none; git remote set-head origin none; edit $FA "E""#,
        "commit",
    ),
    refused(
        "a branch from before the policy",
        r#"git switch -q -C old $(git rev-list --max-parents=0 HEAD); git checkout -q origin/main -- .jit/issues; git commit -q -n -m Issues; edit $FA "E""#,
        "commit",
    ),
    refused(
        "a branch from before the policy, pushed",
        r#"git switch -q -C old $(git rev-list --max-parents=0 HEAD); git checkout -q origin/main -- .jit/issues; git commit -q -n -m Issues; edit $FA "E"; sneak"#,
        "push old",
    ),
    refused("no tracking refs at all", r#"git update-ref -d refs/remotes/origin/main; edit $FA "E""#, "commit"),
    refused(
        "a published off while local main is strict",
        r#"git switch -q --detach; colleague "sed -i s/strict/off/ .jit/config.toml; commit"; git merge -q --ff-only origin/main; edit $FA "E""#,
        "commit",
    ),
];

const TIGHTEN: &[Case] = &[
    refused("a variable that says strict", r#"edit $FA "E"; export JIT_ENFORCE_LEASES=strict"#, "commit").under("off"),
    refused("a variable that says Strict", r#"edit $FA "E"; export JIT_ENFORCE_LEASES=Strict"#, "commit").under("warn"),
    refused("a file that says strict", r#"sed -i s/off/strict/ .jit/config.toml; edit $FA "E""#, "git commit -q -m x $FA").under("off"),
    refused("single quotes and capitals", r#"echo "worktree = { enforce_leases = 'STRICT' }" > .jit/config.toml; edit $FA "E""#, "commit").under("off"),
    refused("a dotted key", r#"echo 'worktree.enforce_leases = "strict"' > .jit/config.toml; edit $FA "E""#, "commit").under("off"),
    refused("a value that nobody knows", r#"echo 'worktree.enforce_leases = "sometimes"' > .jit/config.toml; edit $FA "E""#, "commit").under("off"),
    refused("a value that is no text", r#"echo 'worktree.enforce_leases = 7' > .jit/config.toml; edit $FA "E""#, "commit").under("off"),
    case("an edit under warn", r#"edit $FA "E""#, "commit", Verdict::Warns).under("warn"),
    case("a removal under warn", "git rm -q $FA", "commit", Verdict::Warns).under("warn"),
    case("a broken file under warn", "mine $A; echo x > $FA", "commit", Verdict::Warns).under("warn"),
    case("an edit of what another holds under warn", r#"others $A; edit $FA "E""#, "commit", Verdict::Warns).under("warn"),
    case("a merge that keeps ours under warn", r#"theirs $FA "T"; code x; commit"#, "git merge -q -s ours -m x origin/main", Verdict::Warns).under("warn"),
    case("a push around the hook under warn", r#"edit $FA "E"; sneak"#, "push HEAD:refs/heads/x", Verdict::Warns).under("warn"),
    case("a rewind of main under warn", r#"theirs $FA "T""#, "push +HEAD:main", Verdict::Warns).under("warn"),
    passes("an edit with a lease under warn", r#"mine $A; edit $FA "E""#, "commit").under("warn"),
    passes("code under warn", "code x", "commit").under("warn"),
    passes("an edit under off", r#"edit $FA "E""#, "commit").under("off"),
    passes("a broken file under off", "echo x > $FA", "commit").under("off"),
    passes("a push of an edit under off", r#"edit $FA "E"; commit"#, "push HEAD:refs/heads/x").under("off"),
    passes("a rewind of main under off", r#"theirs $FA "T""#, "push +HEAD:main").under("off"),
    passes("what passed under off, pushed under strict", r#"topic; edit $FA "E"; commit; git switch -q --detach origin/main; sed -i s/off/strict/ .jit/config.toml; commit; push HEAD:main"#, "push topic").under("off"),
    refused("an edit under off around the hook, pushed under strict", r#"topic; edit $FA "E"; sneak; git switch -q --detach origin/main; sed -i s/off/strict/ .jit/config.toml; commit; push HEAD:main"#, "push topic").under("off"),
];

const ITSELF: &[Case] = &[
    passes("a setting on top of main", "echo '# x' >> .jit/config.toml", "commit"),
    passes("a stricter policy on top of main, pushed", "echo '# x' >> .jit/config.toml; commit", "push HEAD:main"),
    passes("a looser policy on top of main", "sed -i s/strict/off/ .jit/config.toml", "commit"),
    passes("gates on top of main", "echo '{}' > .jit/gates.json; git add -A", "commit"),
    refused("a setting without the tip of main", "colleague 'code x; commit'; echo '# x' >> .jit/config.toml", "commit")
        .because("lacks the tip of"),
    refused("gates without the tip of main", "colleague 'code x; commit'; echo '{}' > .jit/gates.json; git add -A", "commit")
        .because("lacks the tip of"),
    refused("a removed policy without the tip of main", "colleague 'code x; commit'; git rm -q .jit/config.toml", "commit")
        .because("lacks the tip of"),
    refused(
        "a setting without the tip of main, pushed around the hook",
        r#"topic; colleague "echo '# y' >> .jit/config.toml; commit"; echo '# x' >> .jit/config.toml; sneak"#,
        "push topic",
    ),
    passes(
        "a setting on a topic that has the tip of main",
        "topic; colleague 'code x; commit'; git merge -q --ff-only origin/main; echo '# x' >> .jit/config.toml",
        "commit",
    ),
    passes(
        "a setting on a topic, pushed after main moved on",
        "topic; echo '# x' >> .jit/config.toml; commit; colleague 'code x; commit'",
        "push topic",
    ),
    passes(
        "a merge of main's setting",
        "topic; code 1; commit; colleague \"echo '# y' >> .jit/config.toml; commit\"",
        "git merge -q -m x origin/main",
    ),
    passes(
        "main's setting taken as it is",
        "topic; code 1; commit; colleague \"echo '# y' >> .jit/config.toml; commit\"; git checkout -q origin/main -- .jit/config.toml",
        "git commit -q -m x",
    ),
    passes(
        "a rebase of a setting onto main",
        "topic; echo '# x' >> .jit/config.toml; commit; colleague 'code x; commit'; git rebase -q origin/main",
        "push topic",
    ),
    refused("an edit and a setting", r#"echo '# x' >> .jit/config.toml; edit $FA "E""#, "commit").because("edited without a lease"),
    refused(
        "a setting without the tip of main, which allows that itself",
        "topic; colleague 'code x; commit'; printf '[global_operations]\nrequire_main_history = false\n' >> .jit/config.toml",
        "commit",
    )
    .because("lacks"),
    refused(
        "the same, at the push",
        "topic; printf '[global_operations]\nrequire_main_history = false\n' >> .jit/config.toml; colleague \"echo '# y' >> .jit/config.toml; commit\"; sneak",
        "push topic",
    ),
    passes(
        "a setting without the tip of main, where that is allowed",
        "printf '[global_operations]\\nrequire_main_history = false\\n' >> .jit/config.toml; commit; push HEAD:main; colleague 'code x; commit'; echo '# x' >> .jit/config.toml",
        "commit",
    ),
    passes(
        "a repaired policy",
        "echo '[' > .jit/config.toml; commit; printf '[worktree]\\nenforce_leases = \"strict\"\\n' > .jit/config.toml",
        "commit",
    ),
];

#[test]
fn policies_that_somebody_tries_to_loosen() {
    play(LOOSEN);
}

#[test]
fn policies_that_are_tightened_warn_or_are_off() {
    play(TIGHTEN);
}

#[test]
fn edits_of_the_policy_itself() {
    play(ITSELF);
}
