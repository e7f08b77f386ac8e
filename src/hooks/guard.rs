//! From a hook's facts to its exit status: judge, say what was found, refuse where the policy says so.
//!
//! Fails closed: a failure to judge is a finding like any other, and where not even the policy can be asked it is
//! refused, unless nothing here shows any sign of git jit.

use std::io::Write;
use std::process::ExitCode;

use crate::context::Context;
use crate::domain::policy::Finding;
use crate::enforce::message;
use crate::enforce::policy;
use crate::enforce::{Result, Verdict};
use crate::exit::ExitStatus;
use crate::git::tree;
use crate::store::layout::Layout;

/// Runs a hook; `action` is "commit" or "push".
pub(crate) fn guard(action: &str, judge: impl FnOnce(&Context, &Layout) -> Result<Verdict>) -> ExitCode {
    let (verdict, wants_json) = match Context::from_process() {
        Ok(cx) => (verdict(&cx, action, judge), cx.hooks_speak_json),
        Err(error) => (Verdict::refuse(unreadable("the current directory", &error)), false),
    };
    let words = if wants_json { message::verdict_json(&verdict, action) } else { message::verdict(&verdict, action) };
    // Whoever closed stderr has seen enough.
    let _ = std::io::stderr().write_all(words.as_bytes());
    let status = if verdict.refused.is_empty() { ExitStatus::Done } else { ExitStatus::Refused };
    ExitCode::from(status.code())
}

fn verdict(cx: &Context, action: &str, judge: impl FnOnce(&Context, &Layout) -> Result<Verdict>) -> Verdict {
    match Layout::discover(&cx.cwd, cx.git_dir.as_deref()) {
        Ok(mut layout) => {
            layout.claim_options.lock = cx.takes_locks;
            judge(cx, &layout).unwrap_or_else(|error| {
                let finding = unreadable(&format!("this {action} could not be judged"), &error);
                Verdict::of(&policy::policy(cx, &layout, None), [finding])
            })
        }
        // A repository without `.jit` notices nothing, whatever is wrong with it.
        Err(_) if !has_traces(cx) => Verdict::pass(),
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
