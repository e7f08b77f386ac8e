use super::*;

/// Bypasses by an option.
const OPTIONS: &[&str] = &[
    "git commit --no-verify -m x",
    "git commit -m x --no-verify",
    "git commit -m 'a b' -n",
    "git commit -nm x",
    "git commit -anm x",
    "git commit \"--no-verify\" -m x",
    "git commit --no-veri",
    "git commit -m x --no-verify -- file",
    "git -C x commit -n -m y",
    "git --git-dir .git --no-pager commit -n",
    "/usr/bin/git commit -n",
    "git.exe commit -n",
    "git push --no-verify",
    "git push origin HEAD --no-verify",
    "git merge --no-verify topic",
    "git pull --no-verify",
    "git rebase --no-verify main",
    "git am -n patch",
];

/// The same bypasses inside other shell constructs.
const INSIDE: &[&str] = &[
    "cd x && git commit -n -m y",
    "true; git commit -n",
    "make | git commit -n -F -",
    "(git commit -n)",
    "if git commit -n; then true; fi",
    "{ git commit -n; }",
    "! git commit -n",
    "echo \"$(git commit -n)\"",
    "echo `git commit -n`",
    "sh -c 'git commit -n'",
    "bash -lc \"cd x && git commit --no-verify -m 'y z'\"",
    "bash -o pipefail -c 'git commit -n'",
    "sh -c \"sh -c 'git push --no-verify'\"",
    "eval 'git commit -n'",
    "env FOO=1 git commit -n",
    "sudo -u me git commit -n",
    "timeout 10 git commit -n",
    "nohup nice -n 5 git push --no-verify &",
    "printf x | xargs git commit -n -m",
];

/// Bypasses by a setting or a variable.
const SETTINGS: &[&str] = &[
    "git -c core.hooksPath=/dev/null commit -m x",
    "git -c core.hookspath= push",
    "git -c user.name=x -c CORE.HOOKSPATH=y merge z",
    "git --config-env=core.hooksPath=EMPTY commit",
    "git --config-env core.hooksPath=EMPTY commit",
    "git -c core.hooksPath=/dev/null cherry-pick x",
    "HUSKY=0 git commit -m x",
    "A=b HUSKY=0 git push",
    "LEFTHOOK=false git commit",
    "SKIP=jit git commit -m x",
    "env HUSKY=0 git commit",
    "export HUSKY=0; git commit -m x",
    "export HUSKY=0 && git push",
    "HUSKY=0 sh -c 'git commit'",
    "GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=core.hooksPath GIT_CONFIG_VALUE_0=/x git commit",
    "GIT_CONFIG_PARAMETERS=\"'core.hooksPath'='/x'\" git commit",
    "git add -A && git commit -m \"$(cat <<'EOF'\nDon't (worry\nEOF\n)\" --no-verify",
];

#[test]
fn ways_around_the_hooks_are_found() {
    for text in [OPTIONS, INSIDE, SETTINGS].concat() {
        assert!(bypass(text).is_some(), "{text}");
    }
}

#[test]
fn what_only_looks_like_one_is_let_through() {
    for text in [
        "git commit -m \"--no-verify\"",
        "git commit -m --no-verify",
        "git commit --message --no-verify",
        "git commit --mess --no-verify",
        "git commit --message=--no-verify",
        "git commit -am -n",
        "git commit -mn",
        "git commit -F notes.txt",
        "git commit -uno -m x",
        "git commit -Sname -m x",
        "git commit -m x -- -n",
        "git commit -m 'never use git commit --no-verify'",
        "git commit --no-verbose -m x",
        "git commit --verify -m x",
        "git commit --author 'n <n@n>' -m x",
        "git push -n",
        "git push -o --no-verify",
        "git merge -n topic",
        "git cherry-pick -n x",
        "git log -n 5",
        "git status",
        "git -c user.name=core.hooksPath commit -m x",
        "git -c core.hooksPath=/x status",
        "git config core.hooksPath .husky",
        "HUSKY=0 npm ci",
        "HUSKY=1 git commit -m x",
        "SKIP= git commit -m x",
        "HUSKY=0; git commit -m x",
        "echo git commit -n",
        "echo 'git commit --no-verify'",
        "grep -rn -- --no-verify .",
        "# git commit -n",
        "cat > doc <<EOF\ngit commit --no-verify\nEOF",
        "git commit -m \"$(cat <<'EOF'\nsays --no-verify, and it's not one\nEOF\n)\"",
        "git commit -n 'unfinished",
        "git",
        "",
        "git ci -n",
        "notgit commit -n",
        "FLAG=--no-verify; git commit $FLAG",
    ] {
        assert_eq!(bypass(text), None, "{text}");
    }
}

#[test]
fn the_sentence_names_what_was_found() {
    let sentence = |text: &str| bypass(text).expect("a bypass").sentence();
    assert!(sentence("git commit -nm x").starts_with("git commit with -nm bypasses the hooks"));
    assert!(sentence("git -c core.hooksPath=x commit").starts_with("another core.hooksPath bypasses"));
    assert!(sentence("HUSKY=0 git commit").starts_with("the variable HUSKY bypasses"));
}

#[test]
fn nesting_has_an_end() {
    let mut text = "git commit -n".to_owned();
    for _ in 0..6 {
        text = format!("eval {text}");
    }
    assert!(bypass(&text).is_some());
    assert_eq!(bypass(&format!("{}git commit -n", "eval ".repeat(20))), None);
}
