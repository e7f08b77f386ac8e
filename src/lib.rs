//! git jit: leases for work in Git.
//!
//! ```text
//!    hooks/*.rs, src/main.rs              doorways
//!          │ Context
//!          ▼
//!        lib::run ──────────► output      reports → human or JSON
//!          │                    ▲
//!          ▼                    │ Report
//!       commands ───────────────┘ ──► terminal   taken, and given back
//!        │   └──────► worktree, hook, actor, process ───► git, github (spawn)
//!        ▼                  │
//!      store ◄──────────────┘             files and objects
//!        ▼
//!      domain                             the rules, pure
//! ```
//!
//! An arrow points at what may be used; `tests/layering.rs` fails on one that points up.

mod actor;
mod commands;
mod context;
mod domain;
mod enforce;
mod error;
mod exit;
mod forge;
mod git;
mod hooks;
mod lease;
mod output;
mod process;
mod repo;
mod store;
#[doc(hidden)]
pub mod testing;
mod text;
mod worktree;

use std::io::Read;
use std::process::ExitCode;

use hooks::guard::guard;
use hooks::{pre_commit, pre_push};

/// Runs `git-jit` with this process's arguments.
pub fn run() -> ExitCode {
    process::outlive_limits();
    let arguments: Vec<std::ffi::OsString> = std::env::args_os().collect();
    ExitCode::from(commands::run(&arguments))
}

/// Runs `jit-pre-commit`; its first argument names the hook that it serves.
pub fn pre_commit() -> ExitCode {
    let is_merge_hook = std::env::args_os().nth(1).is_some_and(|hook| hook == "pre-merge-commit");
    guard("commit", |cx, layout, leases| Ok(pre_commit::run(cx, layout, leases, is_merge_hook)?))
}

/// Runs `jit-pre-push`, with what Git says on stdin.
pub fn pre_push() -> ExitCode {
    let mut input = Vec::new();
    let read = std::io::stdin().read_to_end(&mut input);
    guard("push", |cx, layout, leases| {
        read.map_err(|error| hooks::Error::Input(error.to_string()))?;
        Ok(pre_push::run(cx, layout, leases, &pre_push::parse(&input)?)?)
    })
}
