//! `git jit status --line`: what a prompt shows of this worktree, in one line that no shell can take for anything else.
//!
//! A prompt must not break, wait, or write: what cannot be read is left out, there is no way to fail, nothing is listed, no
//! process is started. The session is not told of the repository, so that nothing is beaten or warned of by the way either.

use serde_json::{Value, json};

use crate::actor;
use crate::commands::shared::session::Session;
use crate::domain::id::{Holder, IssueId};
use crate::domain::issue::Document;
use crate::domain::lease::{Lease, LeaseFilter, LeaseStatus, Ledger};
use crate::domain::time::in_words;
use crate::enforce::policy::EffectivePolicy;
use crate::output::Report;
use crate::output::text::Styles;
use crate::store::identity::Identity;
use crate::store::issue_sources::IssueSources;
use crate::store::layout::Layout;
use crate::worktree::name;

/// Characters of a title and of a branch that are shown.
const SLUG: usize = 30;
const BRANCH: usize = 40;

#[derive(Debug, Default)]
struct PromptLine {
    issue: Option<IssueId>,
    number: Option<String>,
    slug: Option<String>,
    lease: Hold,
    branch: Option<String>,
}

/// How the lease stands, for a reader in a hurry.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Hold {
    /// Nobody here has one.
    #[default]
    None,
    /// Leases are not in use.
    Unused,
    /// The log cannot be read.
    Unknown,
    /// It ends with the next commit of the issue.
    Closing,
    /// So it stands.
    Held(LeaseStatus),
}

/// Says the line, which may be empty.
pub(crate) fn run(session: &Session) -> Box<dyn Report> {
    Box::new(look(session).unwrap_or_default())
}

/// What somebody is at work on here: the issue that the worktree was made for, as long as it is held or nothing else is, else
/// the one that was taken last. With the lease on it, one of `mine`.
pub(crate) fn subject<'l>(identity: &Identity, mine: &[&'l Lease]) -> Option<(IssueId, Option<&'l Lease>)> {
    let on = |issue: IssueId| mine.iter().copied().find(|lease| lease.issue_id == issue);
    let own = identity.issue_id.and_then(on);
    let lease = own.or_else(|| mine.iter().copied().max_by_key(|lease| lease.token));
    lease.map(|lease| (lease.issue_id, Some(lease))).or_else(|| Some((identity.issue_id?, None)))
}

fn look(session: &Session) -> Option<PromptLine> {
    if session.cx.has_lost_cwd {
        return None;
    }
    let layout = Layout::discover(&session.cx.cwd, session.cx.git_dir.as_deref()).ok()?;
    layout.worktree_root.as_ref()?;
    // A worktree that has never written anything holds nothing.
    let identity = Identity::of(&layout).ok()??;
    let policy = EffectivePolicy::of_worktree(&session.cx, &layout).policy;
    let agent = actor::agent(&session.cx, &layout, session.agent_flag.as_deref()).ok();
    let holder = agent.map(|(agent_id, _)| Holder { agent_id, worktree_id: identity.worktree_id.clone() });
    let ledger = session.leases(&layout).ledger_about(&LeaseFilter::Worktree(&identity.worktree_id)).ok();
    let now = session.cx.clock().now();
    let lease_status = |lease: &Lease| lease.lease_status(&now, policy.limits.stale_after_secs);
    let leases = ledger.iter().filter(|_| policy.worktrees).flat_map(Ledger::leases);
    let mine: Vec<&Lease> =
        leases.filter(|lease| Some(&lease.holder) == holder.as_ref() && lease_status(lease).excludes()).collect();
    let (issue, lease) = subject(&identity, &mine)?;
    let hold = match lease {
        Some(lease) if lease.closing => Hold::Closing,
        Some(lease) => Hold::Held(lease_status(lease)),
        None if !policy.worktrees => Hold::Unused,
        None if ledger.is_none() => Hold::Unknown,
        None => Hold::None,
    };
    let document = read(&layout, issue, policy.worktrees);
    let told = document.as_ref().map(Document::issue);
    Some(PromptLine {
        issue: Some(issue),
        number: told.and_then(name::github_number),
        slug: told.map(|issue| name::slug(&issue.title, SLUG)).filter(|slug| !slug.is_empty()),
        lease: hold,
        branch: layout.branch().map(|branch| harmless(&branch, BRANCH)),
    })
}

/// The one file, from the first place that has it.
fn read(layout: &Layout, issue: IssueId, everywhere: bool) -> Option<Document> {
    let (bytes, ..) = IssueSources::of(layout, everywhere).read(&format!("issues/{}", issue.file_name())).ok()??;
    Document::parse(&bytes, issue).ok()
}

/// A branch's name without anything that a shell, a prompt or tmux would take for an order; a long one without its end.
fn harmless(text: &str, longest: usize) -> String {
    let safe = |c: char| if c.is_alphanumeric() || "-_./+@".contains(c) { c } else { '_' };
    let all: String = text.chars().map(safe).take(longest + 1).collect();
    if all.chars().count() <= longest { all } else { all.chars().take(longest - 2).collect::<String>() + ".." }
}

impl Hold {
    fn code(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Unused => "unused",
            Self::Unknown => "unknown",
            Self::Closing => "closing",
            Self::Held(LeaseStatus::Stale) => "stale",
            Self::Held(_) => "held",
        }
    }

    fn words(self) -> Option<String> {
        Some(match self {
            Self::None | Self::Held(LeaseStatus::Lapsed) => "no lease".to_owned(),
            Self::Unused => return None,
            Self::Unknown => "lease unknown".to_owned(),
            Self::Closing => "closing".to_owned(),
            Self::Held(LeaseStatus::Stale) => "stale".to_owned(),
            Self::Held(LeaseStatus::Indefinite) => "no end".to_owned(),
            Self::Held(LeaseStatus::Live { left_ms } | LeaseStatus::Ending { left_ms }) => in_words(left_ms),
            Self::Held(LeaseStatus::Unobserved { at_most_ms }) => format!("at most {}", in_words(at_most_ms)),
        })
    }

    fn left_ms(self) -> Option<u64> {
        match self {
            Self::Held(lease_status) => lease_status.left_ms(),
            _ => None,
        }
    }
}

impl PromptLine {
    fn text(&self) -> String {
        let Some(issue) = self.issue else { return String::new() };
        let name = self.number.clone().unwrap_or_else(|| issue.short());
        let name = [Some(name), self.slug.clone()].into_iter().flatten().collect::<Vec<_>>().join(" ");
        let branch = self.branch.clone().unwrap_or_else(|| "detached".to_owned());
        [Some(name), self.lease.words(), Some(branch)].into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

impl Report for PromptLine {
    fn json(&self) -> Value {
        json!({
            "line": self.text(), "issue_id": self.issue, "short_id": self.issue.map(|issue| issue.short()),
            "number": self.number, "slug": self.slug, "lease": self.lease.code(),
            "remaining_secs": self.lease.left_ms().map(|ms| ms.div_ceil(1000)), "branch": self.branch,
        })
    }

    fn human(&self, _: &Styles) -> String {
        Some(self.text()).filter(|text| !text.is_empty()).map(|text| text + "\n").unwrap_or_default()
    }

    fn quiet(&self) -> Option<String> {
        Some(self.text()).filter(|text| !text.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_branch_gives_no_orders() {
        for (branch, shown) in [
            ("issue-42-fix", "issue-42-fix"),
            ("feature/ümlaut_1.0+x@y", "feature/ümlaut_1.0+x@y"),
            ("$(reboot)`id`%n#[fg=red]\\u'\"!;&|<>(){}", "__reboot__id__n__fg_red__u____________"),
            ("a\u{1b}]0;x\u{7}\u{202e}b", "a__0_x__b"),
            (&"x".repeat(41), &("x".repeat(38) + "..")),
        ] {
            assert_eq!(harmless(branch, BRANCH), shown, "{branch}");
        }
    }
}
