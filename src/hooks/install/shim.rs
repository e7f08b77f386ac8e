//! The hook that is written: a few lines of shell that become the binary.
//!
//! It runs first what stood in its place before, with stdin replayed. Without the binary it fails closed where it must.
//! It carries a mark with a checksum, so that a second install changes nothing and an edited one is not thrown away.

use std::path::{Path, PathBuf};

use crate::hooks::install::Result;
use crate::store::file;

/// What every version of the mark begins with.
const MARK: &str = "# git-jit hook v";
/// The version that is written.
const VERSION: &str = "2";
/// What is put behind the name of a hook that stood there before.
const BEFORE: &str = ".before-git-jit";
/// The folder beside the hooks where such a hook has its name still.
const NAMED: &str = "before-git-jit";
/// What managers put behind the name of a hook of ours when they take its place, and run it.
pub(crate) const LEGACY: &str = ".legacy";

/// Where the hook is kept that stood at `hook` before.
pub(crate) fn before(hook: &Path) -> PathBuf {
    let mut name = hook.as_os_str().to_owned();
    name.push(BEFORE);
    name.into()
}

/// Where a link is to the hook that stood at `hook` before, under its own name.
pub(crate) fn named(hook: &Path) -> PathBuf {
    let name = hook.file_name().unwrap_or_default();
    hook.parent().unwrap_or(Path::new("")).join(NAMED).join(name)
}

/// Whether a hook goes by the name that it is called by: a link to one for many, or a script that asks.
pub(crate) fn goes_by_its_name(path: &Path) -> bool {
    let text = text_of(path).unwrap_or_default();
    path.is_symlink() || ["basename", "${0##", "$PROGRAM_NAME", "argv[0]"].iter().any(|word| text.contains(word))
}

/// What a file is to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HookAuthor {
    /// There is none.
    Nobody,
    /// We, and it is as it was written.
    We,
    /// We, and it has been edited since.
    WeAndSomebody,
    /// Somebody else.
    Somebody,
}

/// Who wrote the hook at `path`.
pub(crate) fn writer(path: &Path) -> Result<HookAuthor> {
    match path.symlink_metadata() {
        Err(_) => return Ok(HookAuthor::Nobody),
        Ok(_) if !path.is_file() => return Ok(HookAuthor::Somebody),
        Ok(_) => {}
    }
    let text = text_of(path)?;
    let Some((_, crc)) = text.lines().nth(1).and_then(|line| line.strip_prefix(MARK)).and_then(|rest| rest.split_once(' ')) else {
        return Ok(HookAuthor::Somebody);
    };
    let body = text.split_once('\n').and_then(|(_, rest)| rest.split_once('\n')).map_or("", |(_, body)| body);
    let is_whole = crc.split(' ').next().is_some_and(|crc| crc == checksum(body));
    Ok(if is_whole { HookAuthor::We } else { HookAuthor::WeAndSomebody })
}

/// The text of a file that may not be text.
pub(crate) fn text_of(path: &Path) -> Result<String> {
    if !path.is_file() {
        return Ok(String::new());
    }
    Ok(String::from_utf8_lossy(&file::read_optional(path)?.unwrap_or_default()).into_owned())
}

/// Whether a text names a binary of ours outside its comments.
pub(crate) fn calls(text: &str, binary: &str) -> bool {
    text.lines().any(|line| !line.trim_start().starts_with('#') && line.contains(binary))
}

/// What somebody else's hook has to run.
pub(crate) fn stanza(hook: &str, program: &Path) -> String {
    format!("{} {hook} \"$@\" || exit $?", quoted(program))
}

/// A path as one word of the shell.
pub(crate) fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}

fn checksum(body: &str) -> String {
    format!("{:08x}", crc32fast::hash(body.as_bytes()))
}

/// The hook's text.
pub(crate) fn text(hook: &str, binary: &str, program: &Path) -> String {
    let (chain, without) = if hook == "pre-push" { (CHAIN_PUSH, WITHOUT_PUSH) } else { (CHAIN_COMMIT, WITHOUT_COMMIT) };
    marked(&format!(
        "{}hook={hook}\n{WHAT_STOOD_HERE}{chain}[ -n \"$bin\" ] && exec \"$bin\" \"$hook\" \"$@\"\n{IS_STRICT}{without}",
        finding(binary, program),
    ))
}

/// The text of the hook after a merge, which Git waits for and does not ask how it ended.
pub(crate) fn advice(binary: &str, program: &Path) -> String {
    marked(&format!("{}[ -n \"$bin\" ] && exec \"$bin\" validate --after-merge\nexit 0\n", finding(binary, program)))
}

/// The lines that find the binary: by its path, else by `PATH`.
fn finding(binary: &str, program: &Path) -> String {
    format!("bin={}\n[ -x \"$bin\" ] || bin=$(command -v {binary})\n", quoted(program))
}

fn marked(body: &str) -> String {
    let crc = checksum(body);
    format!("#!/bin/sh\n{MARK}{VERSION} {crc} made by `git jit hooks install`, removed by `git jit hooks uninstall`\n{body}")
}

/// Where what stood here before is; one that goes by its own name is run under a link that has it.
const WHAT_STOOD_HERE: &str = r#"before="$0.before-git-jit"
[ -x "${0%/*}/before-git-jit/$hook" ] && before="${0%/*}/before-git-jit/$hook"
"#;

/// What stood here before runs first, and its failure is passed on; not when `git jit hooks status` tries ours.
const CHAIN_COMMIT: &str = r#"if [ -x "$before" ] && [ -z "$GIT_JIT_CANARY" ]; then
    "$before" "$@" || exit $?
fi
"#;

/// The same, with what Git says on stdin for both. What cannot be read is refused.
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

/// Nothing but the shell and Git: a PATH may hold no more.
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
