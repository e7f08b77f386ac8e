//! git jit: leases for work in Git.
//!
//! ```text
//!    hooks/*.rs, src/main.rs              doorways
//!          │ Context
//!          ▼
//!        lib::run ──────────► output      reports → human or JSON
//!          │                    ▲
//!          ▼                    │ Report
//!       commands ───────────────┘
//!        │   └──────► worktree, hook, actor ───► git (spawns)
//!        ▼                  │
//!      store ◄──────────────┘             files and objects
//!        ▼
//!      domain                             the rules, pure
//! ```
//!
//! An arrow points at what may be used; `tests/layering.rs` fails on one that points up.

mod actor;
mod cli;
mod commands;
mod context;
mod domain;
mod error;
mod exit;
mod git;
mod hook;
mod output;
mod store;
#[doc(hidden)]
pub mod testing;
mod worktree;

use std::io::{Read, Write};
use std::process::ExitCode;

use context::Context;
use domain::policy::{Enforcement, Finding, Policy};
use hook::{Verdict, force, pre_commit, pre_push};
use store::layout::Layout;

/// Runs `git-jit` with this process's arguments.
pub fn run() -> ExitCode {
    let arguments: Vec<std::ffi::OsString> = std::env::args_os().collect();
    ExitCode::from(commands::run(&arguments).code())
}

/// Runs `jit-pre-commit`; its first argument names the hook that it serves.
pub fn pre_commit() -> ExitCode {
    let is_merge_hook = std::env::args_os().nth(1).is_some_and(|hook| hook == "pre-merge-commit");
    guard("commit", |cx, layout| pre_commit::run(cx, layout, is_merge_hook))
}

/// Runs `jit-pre-push`, with what Git says on stdin.
pub fn pre_push() -> ExitCode {
    let mut input = Vec::new();
    let read = std::io::stdin().read_to_end(&mut input);
    guard("push", |cx, layout| {
        read.map_err(|error| hook::Error::Input(error.to_string()))?;
        pre_push::run(cx, layout, &pre_push::parse(&input)?)
    })
}

/// Judges, says what was found, and refuses where the policy or a failure under it says so.
fn guard(action: &str, judge: impl FnOnce(&Context, &Layout) -> hook::Result<Verdict>) -> ExitCode {
    let (verdict, text) = match Context::from_process() {
        Err(error) => (None, format!("git jit: {error}\n")),
        Ok(cx) => match Layout::discover(&cx.cwd, cx.git_dir.as_deref()) {
            Ok(layout) => {
                let verdict = judge(&cx, &layout).unwrap_or_else(|error| {
                    let finding =
                        Finding::Unreadable { what: format!("this {action} could not be judged"), why: error.to_string() };
                    Verdict::of(&force::policy(&cx, &layout, None), [finding])
                });
                (Some(verdict.refused.is_empty()), hook::message::verdict(&verdict, action))
            }
            // Nothing of ours here, as far as can be seen: a repository without `.jit` notices nothing.
            Err(_) if !has_traces(&cx) => (Some(true), String::new()),
            Err(error) => {
                let finding = Finding::Unreadable { what: "this repository cannot be read".to_owned(), why: error.to_string() };
                let verdict = Verdict::of(&Policy { enforcement: Enforcement::Strict, ..Policy::strictest(&[]) }, [finding]);
                (None, hook::message::verdict(&verdict, action))
            }
        },
    };
    // Whoever closed stderr has seen enough.
    let _ = std::io::stderr().write_all(text.as_bytes());
    if verdict == Some(true) { ExitCode::SUCCESS } else { ExitCode::from(exit::ExitStatus::Refused.code()) }
}

/// Whether a repository that cannot be opened shows any sign of git jit.
fn has_traces(cx: &Context) -> bool {
    let git_dir = cx.git_dir.as_deref().map_or_else(|| cx.cwd.join(".git"), |named| cx.cwd.join(named));
    let common_dir = std::fs::read_to_string(git_dir.join("commondir")).map(|named| git_dir.join(named.trim()));
    let places = [Some(cx.cwd.join(store::tree::DATA)), Some(git_dir.join("jit")), common_dir.ok().map(|dir| dir.join("jit"))];
    places.into_iter().flatten().any(|place| place.exists())
}
