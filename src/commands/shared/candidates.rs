//! Completion candidates for values on the command line: issues, leases, agents, gates, settings, worktrees.
//!
//! The name of a value in help decides its candidates, in one place for all verbs. Nothing is written, and errors lead to no
//! candidates.

use std::collections::BTreeSet;

use clap::{Arg, Command};
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};

use crate::actor;
use crate::commands::shared::session::{issues as issues_of, viewpoint};
use crate::context::Context;
use crate::domain::agent_command::BUILT_IN;
use crate::domain::lease::Lease;
use crate::enforce::policy::EffectivePolicy;
use crate::lease::{self, Leases as _};
use crate::output::text::plain_line;
use crate::store::config::edit::KEYS;
use crate::store::gates;
use crate::store::issues::IssueStore;
use crate::store::layout::Layout;
use crate::store::worktrees;
use crate::worktree::name;

/// The most issues that are offered.
const MOST: usize = 200;

/// Adds candidates to the values of a command; `noun` is its parent command.
pub(crate) fn dress(noun: &str, command: Command) -> Command {
    let own = command.get_name().to_owned();
    command
        .mut_args(|arg| match of(&own, noun, &arg) {
            Some(candidates) => arg.add(candidates),
            None => arg,
        })
        .mut_subcommands(|verb| dress(&own, verb))
}

fn of(verb: &str, noun: &str, arg: &Arg) -> Option<ArgValueCandidates> {
    let value = arg.get_value_names()?.first()?.as_str();
    match value {
        "ISSUE" | "ISSUES" | "DEPENDENCY" => Some(issues()),
        "LEASE" => Some(leases()),
        "TYPE:NAME" => Some(agents()),
        "KEY" if noun == "config" => Some(settings()),
        // A gate that is being defined has no name yet.
        "KEY" if verb == "define" => None,
        "KEY" | "GATE" => Some(gates()),
        "NAME" if arg.get_id() == "agent" => Some(programs()),
        _ => None,
    }
}

/// The open issues.
fn issues() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        with_store(|_, store| {
            let listing = store.scan_summaries().ok()?;
            let open = listing.issues.into_iter().map(|(summary, _)| summary).filter(|summary| !summary.state.is_closed());
            Some(open.take(MOST).map(|summary| candidate(summary.id.short(), &summary.title)).collect())
        })
    })
}

/// The worktrees: the number of the issue, or the branch.
pub(crate) fn worktrees() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        with_store(|layout, store| {
            let one = |worktree: worktrees::Worktree| {
                if worktree.is_primary {
                    return Some(candidate("main".to_owned(), "the primary worktree"));
                }
                let issue = worktree.identity.as_ref().and_then(|identity| identity.issue_id);
                let document = issue.and_then(|id| store.load(id, store.locate(id).ok()??).ok());
                let branch = worktree.branch.clone();
                let by_name = || branch.as_deref().and_then(name::number).map(str::to_owned);
                let number = document.as_ref().map(|document| name::number_of(document.issue())).or_else(by_name);
                let title = document.map(|document| document.issue().title.clone()).or_else(|| branch.clone());
                Some(candidate(number.or(branch)?, &title.unwrap_or_default()))
            };
            Some(worktrees::list(layout).ok()?.into_iter().filter_map(one).collect())
        })
    })
}

/// The ids of the leases.
fn leases() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        with_store(|layout, store| {
            let ledger = lease::open(&Context::from_process().ok()?, layout).ledger().ok()?;
            let one = |lease: &Lease| {
                let document =
                    store.locate(lease.issue_id).ok().flatten().and_then(|source| store.load(lease.issue_id, source).ok());
                let title = document.map(|document| document.issue().title.clone()).unwrap_or_default();
                candidate(lease.lease_id.to_string(), &format!("{} {title}, {}", lease.issue_id.short(), lease.holder.agent_id))
            };
            Some(ledger.leases().map(one).collect())
        })
    })
}

/// The agents: the current one, holders of leases, and assignees.
fn agents() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        with_store(|layout, store| {
            let cx = Context::from_process().ok()?;
            let me = actor::agent(&cx, layout, None).ok().map(|(agent, _)| agent.to_string());
            let mut all: BTreeSet<String> = me.into_iter().collect();
            all.extend(lease::open(&cx, layout).ledger().ok()?.leases().map(|lease| lease.holder.agent_id.to_string()));
            all.extend(store.scan_summaries().ok()?.issues.into_iter().filter_map(|(summary, _)| summary.assignee));
            Some(all.into_iter().map(|agent| candidate(agent, "")).collect())
        })
    })
}

fn gates() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        with_store(|_, store| {
            let registry = gates::registry(store.sources()).ok()?;
            Some(registry.gates().map(|gate| candidate(gate.key.clone(), &gate.title)).collect())
        })
    })
}

fn settings() -> ArgValueCandidates {
    ArgValueCandidates::new(|| KEYS.iter().map(|key| candidate(key.name.to_owned(), key.about)).collect())
}

/// The built-in agents that can be started; those of the configuration are not offered.
fn programs() -> ArgValueCandidates {
    ArgValueCandidates::new(|| BUILT_IN.iter().map(|name| candidate((*name).to_owned(), "")).collect())
}

fn candidate(value: String, help: &str) -> CompletionCandidate {
    CompletionCandidate::new(value).help(Some(plain_line(help).into()))
}

/// Runs `find` in the current repository; an error leads to no candidates.
fn with_store(look: impl FnOnce(&Layout, &IssueStore<'_>) -> Option<Vec<CompletionCandidate>>) -> Vec<CompletionCandidate> {
    let found = || {
        let cx = Context::from_process().ok()?;
        let layout = Layout::discover(&cx.cwd, cx.git_dir.as_deref()).ok()?;
        let view = viewpoint(&layout).ok()?;
        let view = view.as_ref().unwrap_or(&layout);
        let policy = EffectivePolicy::of_worktree(&cx, view).policy;
        look(&layout, &issues_of(view, &policy).ok()?)
    };
    found().unwrap_or_default()
}
