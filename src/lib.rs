//! git jit: leases for work in Git.
//!
//! The layers, lowest first. A module uses only modules of lower layers; `tests/layering` checks it.
//!
//! | layer | modules |
//! |---|---|
//! | pure rules | `text`, `domain`, `exit` |
//! | this process, other processes | `context`, `process` |
//! | Git and the forge | `git`, `forge` |
//! | bytes on disk | `store` |
//! | leases, and the handle of a repository | `lease`, `repo`, `actor` |
//! | enforcement | `enforce` |
//! | hook programs, worktrees | `hooks`, `worktree` |
//! | commands | `error`, `output`, `commands` |
//!
//! The three programs (`src/main.rs`, `hooks/*.rs`) only call one function of this file each.

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

/// Runs `git-jit` with the arguments of this process.
pub fn run() -> ExitCode {
    process::outlive_limits();
    let arguments: Vec<std::ffi::OsString> = std::env::args_os().collect();
    ExitCode::from(commands::run(&arguments))
}

/// Runs `jit-pre-commit`; its first argument is the name of the hook.
pub fn pre_commit() -> ExitCode {
    let is_merge_hook = std::env::args_os().nth(1).is_some_and(|hook| hook == "pre-merge-commit");
    guard("commit", |cx, layout, leases| Ok(pre_commit::run(cx, layout, leases, is_merge_hook)?))
}

/// Runs `jit-pre-push` with the lines that Git writes to its stdin.
pub fn pre_push() -> ExitCode {
    let mut input = Vec::new();
    let read = std::io::stdin().read_to_end(&mut input);
    guard("push", |cx, layout, leases| {
        read.map_err(|error| hooks::Error::Input(error.to_string()))?;
        Ok(pre_push::run(cx, layout, leases, &pre_push::parse(&input)?)?)
    })
}
