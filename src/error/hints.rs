//! The next step after an error, each a line: exhaustive over what can be mended by typing something.

use crate::actor;
use crate::domain::id::IdError;
use crate::domain::lease::{Lease, LeaseStatus};
use crate::enforce::message;
use crate::error::Error;
use crate::error::storage;
use crate::hooks::install::Obstacle;

impl Error {
    /// What to do next, each a line.
    pub(crate) fn hints(&self) -> Vec<String> {
        match self {
            Self::Usage { hint, .. } | Self::NotYet { hint, .. } | Self::NotThere { hint, .. } | Self::AgentFile { hint, .. } => {
                vec![hint.clone()].into_iter().filter(|hint| !hint.is_empty()).collect()
            }
            Self::Id(IdError::Ambiguous { candidates, .. }) => {
                let mut hints = vec!["Give more digits of one of these:".to_owned()];
                hints.extend(candidates.iter().map(|id| format!("  {id}")));
                hints
            }
            Self::Held { lease, lease_status } => of_holder(lease, *lease_status),
            Self::Gated { issue, .. } => vec![
                format!("To run the automated ones: git jit gate check-all {}", issue.short()),
                format!("To see what each waits for: git jit gate status {}", issue.short()),
            ],
            Self::Deleted { issue } => vec![format!("To bring it back: git jit issue restore {}", issue.short())],
            Self::Cycle { path } => path
                .first()
                .map(|id| format!("To see what waits for what: git jit graph deps {} --depth 0", id.short()))
                .into_iter()
                .collect(),
            Self::NothingAvailable => {
                vec!["To see what is held and what waits: git jit claim list, git jit query blocked".to_owned()]
            }
            Self::Interrupted { .. } => vec!["To go on: give the command again".to_owned()],
            Self::InvalidIssue(_) => vec!["To see what an issue has: git jit help issue create".to_owned()],
            Self::Id(_) => vec!["To see all issues: git jit issue list".to_owned()],
            Self::Unreadable { .. } => vec!["To see all of them: git jit doctor".to_owned()],
            Self::NoSuchGate { key, known } => of_unknown_gate(key, known),
            Self::Plan { problems } => {
                let problems = problems.iter().map(|problem| format!("{}: {}", problem.entry, problem.what));
                problems.chain(["Mend that, and try it with --dry-run".to_owned()]).collect()
            }
            Self::NoSuchLease { .. } => vec!["To see the leases: git jit claim list".to_owned()],
            Self::NotTheHolder { lease, holder } if lease.holder.worktree_id == holder.worktree_id => {
                vec![format!("To act as its holder: export JIT_AGENT_ID={}", lease.holder.agent_id)]
            }
            Self::NotTheHolder { lease, .. } => vec![format!("Its holder works in worktree {}", lease.holder.worktree_id)],
            Self::Over { .. } | Self::NoReason | Self::TooManyIndefinite { .. } | Self::KeptAlive { .. } | Self::Lost { .. } => {
                self.hints_on_leases()
            }
            Self::NoRange(_) | Self::OwnEdits { .. } => self.hints_on_commits(),
            Self::Policy { finding } => message::block(finding).next,
            Self::NotApproved { .. } => vec!["If you trust it: git jit worktree approve".to_owned()],
            Self::LeasesOff => vec!["To use leases: set mode = \"auto\" there, and commit it".to_owned()],
            Self::Hooks(obstacle) => of_obstacle(obstacle),
            Self::Worktree(blocker) => blocker.hints(),
            Self::Github(error) => error.hints(),
            Self::Store(error) | Self::Actor(actor::Error::Store(error)) => storage::hints(error),
            _ => Vec::new(),
        }
    }
}

impl Error {
    fn hints_on_commits(&self) -> Vec<String> {
        match self {
            Self::OwnEdits { issue, .. } => vec![
                format!("To answer for it: git jit claim acquire {}, then push", issue.short()),
                "Only what others made is adopted".to_owned(),
            ],
            _ => vec!["Name commits as git log does: origin/main..HEAD, or HEAD^! for one".to_owned()],
        }
    }

    fn hints_on_leases(&self) -> Vec<String> {
        match self {
            Self::Lost { .. } => vec!["To see what happened: git jit claim log".to_owned()],
            Self::Over { lease } => vec![format!("To have it again: git jit claim renew {}", lease.issue_id.short())],
            Self::NoReason => vec!["Say why it has no end: --reason TEXT".to_owned()],
            Self::TooManyIndefinite { agent, leases, .. } => too_many(agent.is_some(), leases),
            Self::KeptAlive { .. } => vec!["To end that one: git jit claim keepalive --stop, or kill its process".to_owned()],
            _ => Vec::new(),
        }
    }
}

fn of_holder(lease: &Lease, lease_status: LeaseStatus) -> Vec<String> {
    let issue = lease.issue_id.short();
    let first = match lease_status {
        LeaseStatus::Stale => format!("If nobody works on it any more: git jit claim force-evict {issue} --reason TEXT"),
        _ => format!("To see when it ends: git jit claim status --issue {issue}"),
    };
    vec![first, "To find other work: git jit query available".to_owned()]
}

fn too_many(mine: bool, leases: &[Lease]) -> Vec<String> {
    let issues = leases.iter().take(10).map(|lease| format!("  {} of {}", lease.issue_id.short(), lease.holder));
    let key = if mine { "max_indefinite_leases_per_agent" } else { "max_indefinite_leases_per_repo" };
    let more = [format!("Take one with an end (--ttl 2h), have one of them released, or raise coordination.{key}")];
    let head = Some("They are on:".to_owned()).filter(|_| !leases.is_empty());
    head.into_iter().chain(issues).chain(more).collect()
}

fn of_unknown_gate(key: &str, known: &[String]) -> Vec<String> {
    let close = known.iter().filter(|known| strsim::normalized_damerau_levenshtein(known, key) > 0.6);
    let mut hints: Vec<String> = close.map(|known| format!("Did you mean '{known}'?")).collect();
    hints.push("To see the gates: git jit gate list. To define one: git jit gate define".to_owned());
    hints
}

fn of_obstacle(obstacle: &Obstacle) -> Vec<String> {
    match obstacle {
        Obstacle::Managed { manager, hooks } => {
            let mut lines = vec![format!("What {} owns is not written to. Add ours,", manager.name())];
            lines.extend(manager.stanza(hooks));
            lines.push("Then run git jit hooks install again".to_owned());
            lines
        }
        Obstacle::Taken { hook, kept } => vec![
            format!("Remove one of the two: {} is what git runs now", hook.display()),
            format!("Or call ours from it, at its end: {}", Obstacle::line_to_add(&name(hook))),
            format!("{} was put there by an earlier install, if it was not you", kept.display()),
        ],
        Obstacle::Behind { is_ours: true, .. } => {
            vec!["To go over to the configuration: git jit hooks uninstall, then git jit hooks install --mode config".to_owned()]
        }
        Obstacle::Behind { .. } => vec!["To use files for all of them: git jit hooks install".to_owned()],
        Obstacle::OldGit { .. } => vec!["To use files: git jit hooks install".to_owned()],
        Obstacle::Relative { absolute, .. } => {
            vec![format!("To have one place for all worktrees: git config --local core.hooksPath '{}'", absolute.display())]
        }
        Obstacle::Edited { path } => vec![format!("Remove {} by hand once nothing in it is missed", path.display())],
        Obstacle::Shared { .. } => vec![
            "For this repository alone: git config --local core.hooksPath \"$(git rev-parse --path-format=absolute --git-common-dir)/hooks\"".to_owned(),
            "For all of them: call jit-pre-commit and jit-pre-push from the hooks there".to_owned(),
            "Or take the setting away: git config --global --unset core.hooksPath".to_owned(),
        ],
        Obstacle::Reftable => vec!["To use the other form: git refs migrate --ref-format=files".to_owned()],
        Obstacle::NoBinary { binary } => vec![format!("To install it: put {binary} beside git-jit, or run install.sh again")],
    }
}

/// The last name of a path.
fn name(path: &std::path::Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
