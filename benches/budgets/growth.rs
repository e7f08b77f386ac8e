//! How costs grow: with the issues, the worktrees, the history of the leases, the processes at once.
//!
//! All sizes of a curve are measured in turn, so that a machine which slows down bends none of them.

use std::process::Command;

use super::leases::{several, times};
use super::measure::{self, Case, Samples};
use super::options::Options;
use super::repository::Repositories;
use super::run::{Curve, Growth, Point};
use super::site::Site;

const FILES: usize = 1_000;
/// Leases that are live whatever the length of the log.
const LIVE: usize = 100;

/// What is run at each size: the name of the curve, how it may grow, the command of a round.
type Kind = (&'static str, Option<Growth>, fn(&Site, usize) -> Command);

const WITH_ISSUES: &[Kind] = &[
    ("pre-commit, nothing of ours staged", Some(Growth::Flat), |site, _| site.commit()),
    ("pre-commit, one leased issue staged", Some(Growth::Linear), |site, _| site.commit_of_issue()),
    ("claim acquire", Some(Growth::Flat), Site::acquire),
    ("issue show, full id", Some(Growth::Flat), |site, _| site.jit(&["issue", "show", site.held()])),
    ("issue show, 8 digits", Some(Growth::Linear), |site, _| site.jit(&["issue", "show", &site.held()[..8]])),
    ("status --line", Some(Growth::Flat), |site, _| site.jit(&["status", "--line"])),
    ("query available", Some(Growth::Linear), |site, _| site.jit(&["query", "available"])),
    ("git status", None, |site, _| site.git(&["status", "--porcelain"])),
];

const WITH_WORKTREES: &[Kind] = &[
    ("pre-commit in a linked worktree", Some(Growth::Flat), |site, _| site.commit()),
    ("claim acquire, a lease in each", Some(Growth::Linear), Site::acquire),
    ("status", Some(Growth::Linear), |site, _| site.jit(&["status"])),
    ("worktree list", Some(Growth::Linear), |site, _| site.jit(&["worktree", "list"])),
    ("git worktree list", None, |site, _| site.git(&["worktree", "list"])),
    ("worktree list --status", Some(Growth::Linear), |site, _| site.jit(&["worktree", "list", "--status"])),
];

/// What writes a thousand files and what it is compared with, which are measured in turn: a disk may take ten times as long for a while.
const ONE_WORKTREE_MORE: &[Kind] =
    &[("worktree spawn of one more", Some(Growth::Linear), Site::spawn), ("git worktree add of one more", None, Site::add)];

const WITH_HISTORY: &[Kind] = &[
    ("claim acquire", Some(Growth::Flat), Site::acquire),
    ("claim renew", Some(Growth::Flat), |site, _| site.jit(&["claim", "renew", site.held()])),
    ("claim heartbeat", Some(Growth::Flat), |site, _| site.jit(&["claim", "heartbeat", site.held()])),
    ("claim release", Some(Growth::Flat), Site::release),
    ("claim status", Some(Growth::Flat), |site, _| site.jit(&["claim", "status", "--issue", site.held()])),
    ("claim list", Some(Growth::Flat), |site, _| site.jit(&["claim", "list"])),
    ("pre-commit, one leased issue staged", Some(Growth::Flat), |site, _| site.commit_of_issue()),
];

/// Which issue a process of a crowd wants, by its number.
type Wanted = fn(usize) -> usize;

/// Measures every curve that was asked for.
pub(crate) fn all(repositories: &Repositories, options: &Options) -> Vec<Curve> {
    [with_issues, with_worktrees, with_history, with_processes].into_iter().flat_map(|some| some(repositories, options)).collect()
}

fn wants(options: &Options, name: &str, over: &str) -> bool {
    options.wants(&format!("growth with {over}: {name}"))
}

fn with_issues(repositories: &Repositories, options: &Options) -> Vec<Curve> {
    let sizes: &[usize] = if options.quick { &[60, 100, 200] } else { &[100, 1_000, 10_000, 100_000] };
    measured(&each_alone(WITH_ISSUES), "issues", options, || {
        sizes.iter().map(|size| Site::new(*size, repositories.get(*size, FILES), "growth", 0, 0)).collect()
    })
}

fn with_worktrees(repositories: &Repositories, options: &Options) -> Vec<Curve> {
    let sizes: &[usize] = if options.quick { &[1, 2, 4] } else { &[1, 10, 100, 1_000] };
    let most = sizes.last().expect("there are some");
    let groups: Vec<&[Kind]> = each_alone(WITH_WORKTREES).into_iter().chain([ONE_WORKTREE_MORE]).collect();
    measured(&groups, "worktrees", options, || {
        let repository = |size: &usize| repositories.another(&format!("trees-{size}"), most + 100, 10);
        sizes.iter().map(|size| Site::with_worktrees(*size, repository(size).into())).collect()
    })
}

fn with_history(repositories: &Repositories, options: &Options) -> Vec<Curve> {
    let sizes: &[usize] = if options.quick { &[0, 1_000, 2_000] } else { &[0, 1_000, 10_000, 100_000, 1_000_000] };
    measured(&each_alone(WITH_HISTORY), "operations in the log", options, || {
        let repository = || repositories.get(1_000, FILES);
        sizes.iter().map(|size| Site::new(*size, repository(), &format!("after-{size}"), *size, LIVE)).collect()
    })
}

fn each_alone(kinds: &'static [Kind]) -> Vec<&'static [Kind]> {
    kinds.chunks(1).collect()
}

/// Of each group all kinds at all sizes in turn; the groups one after the other.
fn measured(groups: &[&[Kind]], over: &str, options: &Options, sites: impl FnOnce() -> Vec<Site>) -> Vec<Curve> {
    let wanted = |group: &&[Kind]| group.iter().filter(|(name, ..)| wants(options, name, over)).copied().collect::<Vec<Kind>>();
    let groups: Vec<Vec<Kind>> = groups.iter().map(wanted).filter(|group| !group.is_empty()).collect();
    if groups.is_empty() {
        return Vec::new();
    }
    let sites = sites();
    let curves = |group: Vec<Kind>| {
        let case = |(name, _, run): Kind, site| Case::prepared(Site::repository(site), name, move |round| run(site, round));
        let cases = group.iter().flat_map(|kind| sites.iter().map(|site| case(*kind, site))).collect();
        let samples = measure::in_turn(cases, options.runs);
        let curve = |((name, allowed, _), samples): (Kind, &[Samples])| {
            let points = samples.iter().zip(&sites).map(|(samples, site)| samples.point(site.size())).collect();
            measure::curve(name, over, allowed, points)
        };
        group.into_iter().zip(samples.chunks(sites.len())).map(curve).collect::<Vec<_>>()
    };
    groups.into_iter().flat_map(curves).collect()
}

/// A crowd for one issue has one winner, and one for as many issues no loser; a run that has it otherwise ends here.
fn with_processes(repositories: &Repositories, options: &Options) -> Vec<Curve> {
    const OVER: &str = "processes at once";
    let sizes: &[usize] = if options.quick { &[1, 2, 4] } else { &[1, 2, 4, 8, 16, 32, 64, 128] };
    let kinds: [(&str, Wanted); 2] = [("claim acquire, one issue", |_| 0), ("claim acquire, an issue each", |number| number)];
    let mut curves = Vec::new();
    for (name, wanted) in kinds.into_iter().filter(|(name, _)| wants(options, name, OVER)) {
        let repository = repositories.get(1_000, FILES);
        let point = |size: &usize| {
            let crowds = several(&repository, options, &format!("crowd-{size}-{}", wanted(1)), *size, wanted);
            let winners = if wanted(1) == 0 { 1 } else { *size };
            assert!(crowds.iter().all(|(_, won)| *won == winners), "{name}: {crowds:?}");
            let floor_ms = measure::median((0..=crowds.len()).map(|_| measure::time(repository.floor())).collect());
            Point { size: *size, ms: measure::median(times(&crowds)), floor_ms, runs: crowds.len() }
        };
        curves.push(measure::curve(name, OVER, Some(Growth::Linear), sizes.iter().map(point).collect()));
    }
    curves
}
