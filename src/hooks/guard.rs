//! Runs a hook: judges, prints the findings, and turns the verdict into an exit status.
//!
//! Fails closed. A failure to judge is a finding like any other. Where even the policy cannot be read, the hook refuses, unless the
//! repository shows no sign of git jit.

use std::io::Write;
use std::process::ExitCode;

use crate::context::Context;
use crate::domain::policy::Finding;
use crate::enforce::Verdict;
use crate::enforce::message;
use crate::enforce::policy::EffectivePolicy;
use crate::exit::ExitStatus;
use crate::git::tree;
use crate::hooks::Result;
use crate::lease;
use crate::lease::Leases;
use crate::store::layout::Layout;

/// Runs a hook; `action` is "commit" or "push".
pub(crate) fn guard(action: &str, judge: impl FnOnce(&Context, &Layout, &dyn Leases) -> Result<Verdict>) -> ExitCode {
    let (verdict, wants_json) = match Context::from_process() {
        Ok(cx) => (verdict(&cx, action, judge), cx.hooks_speak_json),
        Err(error) => (Verdict::refuse(unreadable("the current directory", &error)), false),
    };
    let text = if wants_json { message::verdict_json(&verdict, action) } else { message::verdict(&verdict, action) };
    // A closed stderr must not change the verdict.
    let _ = std::io::stderr().write_all(text.as_bytes());
    let status = if verdict.refused.is_empty() { ExitStatus::Done } else { ExitStatus::Refused };
    ExitCode::from(status.code())
}

fn verdict(cx: &Context, action: &str, judge: impl FnOnce(&Context, &Layout, &dyn Leases) -> Result<Verdict>) -> Verdict {
    match Layout::discover(&cx.cwd, cx.git_dir.as_deref()) {
        Ok(layout) => judge(cx, &layout, &lease::open(cx, &layout)).unwrap_or_else(|error| {
            let finding = unreadable(&format!("this {action} could not be judged"), &error);
            Verdict::of(&EffectivePolicy::of_worktree(cx, &layout).policy, [finding])
        }),
        // A repository without `.jit` must notice nothing, even if it is broken.
        Err(_) if !has_traces(cx) => Verdict::default(),
        Err(error) => Verdict::refuse(unreadable("this repository cannot be read", &error)),
    }
}

fn unreadable(what: &str, error: &dyn std::error::Error) -> Finding {
    Finding::Unreadable { what: what.to_owned(), why: error.to_string() }
}

/// Whether a repository that cannot be opened shows any sign of git jit.
fn has_traces(cx: &Context) -> bool {
    let git_dir = cx.git_dir.as_deref().map_or_else(|| cx.cwd.join(".git"), |named| cx.cwd.join(named));
    let common_dir = std::fs::read_to_string(git_dir.join("commondir")).map(|named| git_dir.join(named.trim()));
    let places = [Some(cx.cwd.join(tree::DATA)), Some(git_dir.join("jit")), common_dir.ok().map(|dir| dir.join("jit"))];
    places.into_iter().flatten().any(|place| place.exists())
}
