//! The text of the installed hooks: a short shell script that runs the binary.
//!
//! The script first runs the hook that was there before, with the same stdin. Without the binary it fails closed if the policy is
//! strict. A mark with a checksum makes a second install change nothing, and keeps an edited hook from being overwritten.

use std::path::{Path, PathBuf};

use crate::hooks::install::Result;
use crate::store::file;

/// The start of the mark in every version.
const MARK: &str = "# git-jit hook v";
/// The current version of the mark.
const VERSION: &str = "2";
/// The suffix of a hook that was there before.
const BEFORE: &str = ".before-git-jit";
/// The directory beside the hooks in which such a hook has its original name.
const NAMED: &str = "before-git-jit";
/// The suffix that managers give to our hook when they replace it and run it.
pub(crate) const LEGACY: &str = ".legacy";

/// The path at which the hook that was at `hook` before is kept.
pub(crate) fn before(hook: &Path) -> PathBuf {
    let mut name = hook.as_os_str().to_owned();
    name.push(BEFORE);
    name.into()
}

/// The path of the link that gives the hook that was at `hook` before its original name.
pub(crate) fn named(hook: &Path) -> PathBuf {
    let name = hook.file_name().unwrap_or_default();
    hook.parent().unwrap_or(Path::new("")).join(NAMED).join(name)
}

/// Whether a hook depends on its own name: a link to a shared program, or a script that reads its name.
pub(crate) fn goes_by_its_name(path: &Path) -> bool {
    let text = text_of(path).unwrap_or_default();
    path.is_symlink() || ["basename", "${0##", "$PROGRAM_NAME", "argv[0]"].iter().any(|word| text.contains(word))
}

/// The author of a hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HookAuthor {
    /// There is no hook.
    None,
    /// We wrote it.
    Us,
    /// We wrote it, and it was edited since.
    UsEdited,
    /// Someone else.
    Other,
}

/// The author of the hook at `path`.
pub(crate) fn writer(path: &Path) -> Result<HookAuthor> {
    match path.symlink_metadata() {
        Err(_) => return Ok(HookAuthor::None),
        Ok(_) if !path.is_file() => return Ok(HookAuthor::Other),
        Ok(_) => {}
    }
    let text = text_of(path)?;
    let Some((_, crc)) = text.lines().nth(1).and_then(|line| line.strip_prefix(MARK)).and_then(|rest| rest.split_once(' ')) else {
        return Ok(HookAuthor::Other);
    };
    let body = text.split_once('\n').and_then(|(_, rest)| rest.split_once('\n')).map_or("", |(_, body)| body);
    let is_whole = crc.split(' ').next().is_some_and(|crc| crc == checksum(body));
    Ok(if is_whole { HookAuthor::Us } else { HookAuthor::UsEdited })
}

/// The text of a file, empty if it is not a file; invalid UTF-8 is replaced.
pub(crate) fn text_of(path: &Path) -> Result<String> {
    if !path.is_file() {
        return Ok(String::new());
    }
    Ok(String::from_utf8_lossy(&file::read_optional(path)?.unwrap_or_default()).into_owned())
}

/// Whether a script mentions a binary outside its comments.
pub(crate) fn calls(text: &str, binary: &str) -> bool {
    text.lines().any(|line| !line.trim_start().starts_with('#') && line.contains(binary))
}

/// The line with which another hook runs ours.
pub(crate) fn stanza(hook: &str, program: &Path) -> String {
    format!("{} {hook} \"$@\" || exit $?", quoted(program))
}

/// A path quoted for the shell.
pub(crate) fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}

fn checksum(body: &str) -> String {
    format!("{:08x}", crc32fast::hash(body.as_bytes()))
}

/// The text of a hook.
pub(crate) fn text(hook: &str, binary: &str, program: &Path) -> String {
    let (chain, without) = if hook == "pre-push" { (CHAIN_PUSH, WITHOUT_PUSH) } else { (CHAIN_COMMIT, WITHOUT_COMMIT) };
    marked(&format!(
        "{}hook={hook}\n{BEFORE_PATH}{chain}[ -n \"$bin\" ] && exec \"$bin\" \"$hook\" \"$@\"\n{IS_STRICT}{without}",
        finding(binary, program),
    ))
}

/// The text of the post-merge hook, whose exit status Git ignores.
pub(crate) fn advice(binary: &str, program: &Path) -> String {
    marked(&format!("{}[ -n \"$bin\" ] && exec \"$bin\" validate --after-merge\nexit 0\n", finding(binary, program)))
}

/// The lines that find the binary: at its path, else on `PATH`.
fn finding(binary: &str, program: &Path) -> String {
    format!("bin={}\n[ -x \"$bin\" ] || bin=$(command -v {binary})\n", quoted(program))
}

fn marked(body: &str) -> String {
    let crc = checksum(body);
    format!("#!/bin/sh\n{MARK}{VERSION} {crc} made by `git jit hooks install`, removed by `git jit hooks uninstall`\n{body}")
}

/// The path of the hook that was here before; through a link, if it depends on its name.
const BEFORE_PATH: &str = r#"before="$0.before-git-jit"
[ -x "${0%/*}/before-git-jit/$hook" ] && before="${0%/*}/before-git-jit/$hook"
"#;

/// Runs the hook that was here before and passes its failure on; not when `git jit hooks status` tests ours.
const CHAIN_COMMIT: &str = r#"if [ -x "$before" ] && [ -z "$GIT_JIT_CANARY" ]; then
    "$before" "$@" || exit $?
fi
"#;

/// The same with Git's stdin for both. If that cannot be read, the push is refused.
const CHAIN_PUSH: &str = r#"if [ -x "$before" ] && [ -z "$GIT_JIT_CANARY" ]; then
    input=$(cat && echo .) || exit 1
    input=${input%.}
    printf '%s' "$input" | "$before" "$@" || exit $?
    if [ -n "$bin" ]; then
        printf '%s' "$input" | "$bin" "$hook" "$@"
        exit $?
    fi
fi
"#;

/// Uses only the shell and Git, since PATH may have nothing else.
const IS_STRICT: &str = r#"# The binary is gone. Is this repository strict?
is_strict() {
    for rev in HEAD refs/remotes/origin/HEAD refs/remotes/origin/main refs/remotes/origin/master refs/heads/main refs/heads/master; do
        git show "$rev:.jit/config.toml" 2>/dev/null
    done | while read -r line; do
        case $line in
            \#*) ;;
            *enforce_leases*=*[Ss][Tt][Rr][Ii][Cc][Tt]*) exit 42 ;;
        esac
    done
    [ $? -eq 42 ]
}
"#;

const WITHOUT_COMMIT: &str = r#"git diff-index --cached --quiet HEAD -- .jit 2>/dev/null && exit 0
is_strict || exit 0
echo "git jit: this commit changes .jit in a strict repository, and git jit is not installed." >&2
echo "  Install it, or take its hooks away: see https://crates.io/crates/git-jit" >&2
exit 1
"#;

const WITHOUT_PUSH: &str = r#"is_strict && echo "git jit: not installed, so this push was not checked." >&2
exit 0
"#;
