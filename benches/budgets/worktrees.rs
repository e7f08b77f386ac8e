//! The rows of worktrees: made and listed, beside what Git needs for the same.

use std::path::PathBuf;
use std::process::Command;

use super::measure::{self, Case};
use super::options::Options;
use super::peers::Peers;
use super::repository::Repository;
use super::run::Row;

const SPAWN_SMALL: &str = "worktree spawn, small, against git worktree add";
const SPAWN_LARGE: &str = "worktree spawn, large, against git worktree add";
const LIST: &str = "worktree list of 50, against git's own";
/// Thousands of files are written in each of these: few runs tell enough.
const LARGE_RUNS: usize = 3;
const LISTED: usize = 50;

/// The rows of [`small`].
pub(crate) const OF_SMALL: [&str; 2] = [SPAWN_SMALL, LIST];
/// The rows of [`large`].
pub(crate) const OF_LARGE: [&str; 1] = [SPAWN_LARGE];

/// Those in a small repository.
pub(crate) fn small(repository: &Repository, options: &Options) -> Vec<Row> {
    let mut rows = spawn(repository, SPAWN_SMALL, options.runs, options, &options.peers);
    if options.wants(LIST) {
        rows.extend(list(repository, options));
    }
    rows
}

/// Those in a large repository.
pub(crate) fn large(repository: &Repository, options: &Options) -> Vec<Row> {
    spawn(repository, SPAWN_LARGE, options.runs.min(LARGE_RUNS), options, &Peers::default())
}

fn spawn(repository: &Repository, name: &str, runs: usize, options: &Options, peers: &Peers) -> Vec<Row> {
    if !options.wants(name) {
        return Vec::new();
    }
    repository.use_leases("spawned");
    let id = repository.issues()[7].clone();
    let added: PathBuf = repository.path("added");
    let added = added.to_str().expect("a path of our own").to_owned();
    let git = |arguments: &[&str]| {
        let mut command = repository.command("git");
        command.args(arguments);
        command
    };
    let by_git = |round: usize| {
        if round > 0 {
            repository.git(&["worktree", "remove", "--force", &added]);
            repository.git(&["branch", "-q", "-D", "added"]);
        }
        repository.settle();
        git(&["worktree", "add", "-q", "--no-track", "-b", "added", &added, "main"])
    };
    let by_us = |round: usize| -> Command {
        if round > 0 {
            repository.jit(&["worktree", "remove", &id, "--delete-branch"]);
        }
        repository.settle();
        repository.jit_command(&["worktree", "spawn", &id, "--no-agent"])
    };
    let ours = [Case::prepared(repository, "git worktree add", by_git), Case::prepared(repository, name, by_us)];
    let samples = measure::in_turn(ours.into_iter().chain(peers.add_worktree(repository)).collect(), runs);
    peers.remove_worktree(repository);
    repository.git(&["worktree", "remove", "--force", &added]);
    repository.git(&["branch", "-q", "-D", "added"]);
    repository.jit(&["worktree", "remove", &id, "--delete-branch"]);
    let beside = samples[2..].iter().map(|other| other.beside_against(name, &samples[0]));
    [samples[1].against(&samples[0], name, 1.5)].into_iter().chain(beside).collect()
}

fn list(repository: &Repository, options: &Options) -> Vec<Row> {
    repository.use_leases("listed");
    for id in &repository.issues()[..LISTED] {
        repository.jit(&["worktree", "spawn", id, "--no-agent"]);
    }
    let by_git = || {
        let mut command = repository.command("git");
        command.args(["worktree", "list"]);
        command
    };
    let by_us = || repository.jit_command(&["worktree", "list"]);
    let ours = [Case::new(repository, "git worktree list", by_git), Case::new(repository, LIST, by_us)];
    let samples = measure::in_turn(ours.into_iter().chain(options.peers.list_worktrees(repository)).collect(), options.runs);
    for id in &repository.issues()[..LISTED] {
        repository.jit(&["worktree", "remove", id, "--delete-branch"]);
    }
    let beside = samples[2..].iter().map(|other| other.beside_against(LIST, &samples[0]));
    [samples[1].against(&samples[0], LIST, 2.0)].into_iter().chain(beside).collect()
}
