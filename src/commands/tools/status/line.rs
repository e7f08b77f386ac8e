//! `git jit status --line`: one line for a prompt, without characters that a shell interprets.
//!
//! A prompt must not fail, wait or write. What cannot be read is left out, nothing is listed, and no process is started. The
//! session does not learn of the repository, so no lease is renewed and no warning is printed.

use schemars::JsonSchema;
use serde::Serialize;

use crate::actor;
use crate::commands::shared::session::Session;
use crate::domain::id::{Holder, IssueId};
use crate::domain::issue;
use crate::domain::lease::{Lease, LeaseFilter, LeaseStatus, Ledger};
use crate::domain::time::in_words;
use crate::enforce::policy::EffectivePolicy;
use crate::output::Report;
use crate::output::text::Styles;
use crate::store::identity::Identity;
use crate::store::issue_sources::IssueSources;
use crate::store::layout::Layout;
use crate::worktree::name;

/// The maximum length of a title and of a branch, in characters.
const SLUG: usize = 30;
const BRANCH: usize = 40;

#[derive(Debug, Default, Serialize, JsonSchema)]
pub(crate) struct PromptReport {
    line: String,
    issue_id: Option<IssueId>,
    short_id: Option<String>,
    number: Option<String>,
    slug: Option<String>,
    lease: PromptLease,
    remaining_secs: Option<u64>,
    branch: Option<String>,
}

/// The state of the lease on the issue.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "snake_case")]
enum PromptLease {
    Held,
    /// It ends with the next commit of the issue.
    Closing,
    Stale,
    #[default]
    None,
    /// Leases are switched off.
    Unused,
    /// The log cannot be read.
    Unknown,
}

/// Prints the line, which may be empty.
pub(crate) fn run(session: &Session) -> Box<dyn Report> {
    Box::new(prompt(session).unwrap_or_default())
}

/// The current issue of a worktree, with the lease on it among `mine`. It is the issue that the worktree was created for, if that
/// is held or nothing else is; otherwise the issue that was acquired last.
pub(crate) fn current_issue<'l>(identity: &Identity, mine: &[&'l Lease]) -> Option<(IssueId, Option<&'l Lease>)> {
    let on = |issue: IssueId| mine.iter().copied().find(|lease| lease.issue_id == issue);
    let own = identity.issue_id.and_then(on);
    let lease = own.or_else(|| mine.iter().copied().max_by_key(|lease| lease.token));
    lease.map(|lease| (lease.issue_id, Some(lease))).or_else(|| Some((identity.issue_id?, None)))
}

fn prompt(session: &Session) -> Option<PromptReport> {
    if session.cx.has_lost_cwd {
        return None;
    }
    let layout = Layout::discover(&session.cx.cwd, session.cx.git_dir.as_deref()).ok()?;
    layout.worktree_root.as_ref()?;
    // A worktree in which nothing was ever written has no id, and holds nothing.
    let identity = Identity::of(&layout).ok()??;
    let policy = EffectivePolicy::of_worktree(&session.cx, &layout).policy;
    let agent = actor::agent(&session.cx, &layout, session.agent_flag.as_deref()).ok();
    let holder = agent.map(|(agent_id, _)| Holder::here(agent_id, identity.worktree_id.clone()));
    let ledger = session.leases(&layout).view(&LeaseFilter::Worktree(&identity.worktree_id)).ok().map(|view| view.ledger);
    let now = session.cx.clock().now();
    let lease_status = |lease: &Lease| lease.lease_status(&now, policy.limits.stale_after_secs);
    let leases = ledger.iter().filter(|_| policy.worktrees).flat_map(Ledger::leases);
    let mine: Vec<&Lease> =
        leases.filter(|lease| Some(&lease.holder) == holder.as_ref() && lease_status(lease).excludes()).collect();
    let (issue_id, lease) = current_issue(&identity, &mine)?;
    let (lease, remaining, words) = match lease {
        Some(lease) if lease.closing => (PromptLease::Closing, None, Some("closing".to_owned())),
        Some(lease) => {
            let status = lease_status(lease);
            let state = if status == LeaseStatus::Stale { PromptLease::Stale } else { PromptLease::Held };
            (state, status.left_ms(), Some(remaining_time(status)))
        }
        None if !policy.worktrees => (PromptLease::Unused, None, None),
        None if ledger.is_none() => (PromptLease::Unknown, None, Some("lease unknown".to_owned())),
        None => (PromptLease::None, None, Some("no lease".to_owned())),
    };
    let document = read(&layout, issue_id, policy.worktrees);
    let issue = document.as_ref().map(issue::Document::issue);
    let number = issue.and_then(name::github_number);
    let slug = issue.map(|issue| name::slug(&issue.title, SLUG)).filter(|slug| !slug.is_empty());
    let branch = layout.branch().map(|branch| sanitized(&branch, BRANCH));
    let name = number.clone().unwrap_or_else(|| issue_id.short());
    let name = slug.iter().fold(name, |name, slug| format!("{name} {slug}"));
    let parts = [Some(name), words, Some(branch.clone().unwrap_or_else(|| "detached".to_owned()))];
    Some(PromptReport {
        line: parts.into_iter().flatten().collect::<Vec<_>>().join(", "),
        issue_id: Some(issue_id),
        short_id: Some(issue_id.short()),
        number,
        slug,
        lease,
        remaining_secs: remaining.map(|ms| ms.div_ceil(1000)),
        branch,
    })
}

fn remaining_time(status: LeaseStatus) -> String {
    match status {
        LeaseStatus::Lapsed => "no lease".to_owned(),
        LeaseStatus::Stale => "stale".to_owned(),
        LeaseStatus::Indefinite => "no end".to_owned(),
        LeaseStatus::Live { left_ms } | LeaseStatus::Ending { left_ms } => in_words(left_ms),
        LeaseStatus::Unobserved { at_most_ms } => format!("at most {}", in_words(at_most_ms)),
    }
}

/// Reads the issue from the first source that has it.
fn read(layout: &Layout, issue: IssueId, everywhere: bool) -> Option<issue::Document> {
    let (bytes, ..) = IssueSources::of(layout, everywhere).read(&format!("issues/{}", issue.file_name())).ok()??;
    issue::Document::parse(&bytes, issue).ok()
}

/// A branch without characters that a shell, a prompt or tmux interprets, and at most `longest` characters long.
fn sanitized(text: &str, longest: usize) -> String {
    let safe = |c: char| if c.is_alphanumeric() || "-_./+@".contains(c) { c } else { '_' };
    let all: String = text.chars().map(safe).take(longest + 1).collect();
    if all.chars().count() <= longest { all } else { all.chars().take(longest - 2).collect::<String>() + ".." }
}

impl Report for PromptReport {
    fn human(&self, _: &Styles) -> String {
        if self.line.is_empty() { String::new() } else { format!("{}\n", self.line) }
    }

    fn quiet(&self) -> Option<String> {
        Some(self.line.clone()).filter(|line| !line.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_branch_has_no_special_characters() {
        for (branch, shown) in [
            ("issue-42-fix", "issue-42-fix"),
            ("feature/ümlaut_1.0+x@y", "feature/ümlaut_1.0+x@y"),
            ("$(reboot)`id`%n#[fg=red]\\u'\"!;&|<>(){}", "__reboot__id__n__fg_red__u____________"),
            ("a\u{1b}]0;x\u{7}\u{202e}b", "a__0_x__b"),
            (&"x".repeat(41), &("x".repeat(38) + "..")),
        ] {
            assert_eq!(sanitized(branch, BRANCH), shown, "{branch}");
        }
    }
}
