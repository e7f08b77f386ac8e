//! The text of a verdict: what was found and why, who holds the issue and until when, and the next command.
//!
//! Each finding is one block. No text names a way around the hook.

use std::fmt::Write;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use crate::domain::id::IssueId;
use crate::domain::policy::{Because, Finding};
use crate::enforce::Verdict;
use crate::exit::{Diagnose, Diagnosis, ExitStatus};

/// The text of a finding.
pub(crate) struct Block {
    /// What was found.
    pub what: String,
    /// The next commands, one a line.
    pub next: Vec<String>,
}

/// A finding as a member of a JSON document.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Finding")]
pub(crate) struct FindingView {
    code: &'static str,
    issue_id: Option<IssueId>,
    what: String,
    next: Vec<String>,
    /// The commit, if the finding is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<String>,
}

impl From<&Finding> for FindingView {
    fn from(finding: &Finding) -> Self {
        let Block { what, next } = block(finding);
        let commit = match finding {
            Finding::Unauthorised { commit, .. } | Finding::Invalid { commit: Some(commit), .. } => Some(commit.clone()),
            _ => None,
        };
        Self { code: finding.code(), issue_id: finding.issue(), what, next, commit }
    }
}

/// A verdict as one line of JSON, `{"schema_version":1,"hook":{…}}`; empty if nothing was found.
pub(crate) fn verdict_json(verdict: &Verdict, action: &str) -> String {
    if verdict.refused.is_empty() && verdict.reported.is_empty() {
        return String::new();
    }
    let all = |findings: &[Finding]| findings.iter().map(FindingView::from).collect::<Vec<_>>();
    let hook = json!({
        "action": action, "ok": verdict.refused.is_empty(), "refused": all(&verdict.refused), "reported": all(&verdict.reported),
        "policy_unreadable": verdict.unreadable.iter().map(|(place, why)| format!("{place}: {why}")).collect::<Vec<_>>(),
    });
    format!("{}\n", json!({ "schema_version": 1, "hook": hook }))
}

/// The report of a verdict for people; `action` is "commit", "push" or "check".
pub(crate) fn verdict(verdict: &Verdict, action: &str) -> String {
    let mut text = String::new();
    for (findings, is_refusal, head) in [
        (&verdict.reported, false, format!("warning: this {action} would be refused under strict")),
        (&verdict.refused, true, format!("{action} refused")),
    ] {
        if findings.is_empty() {
            continue;
        }
        let _ = writeln!(text, "git jit: {head}");
        for (place, why) in verdict.unreadable.iter().filter(|_| is_refusal) {
            let _ = writeln!(text, "\n  the policy counts as strict because {place} cannot be read: {}", why.escape_debug());
        }
        for finding in findings {
            let block = block(finding);
            let _ = writeln!(text, "\n  {}", block.what);
            for next in block.next {
                let _ = writeln!(text, "    {next}");
            }
        }
        text.push('\n');
    }
    text
}

fn acquire(issue: IssueId) -> String {
    format!("To take it: git jit claim acquire {}", issue.short())
}

/// The text of one finding.
pub(crate) fn block(finding: &Finding) -> Block {
    let short = finding.issue().map(|issue| issue.short()).unwrap_or_default();
    match finding {
        Finding::Unleased { issue } => {
            Block { what: format!("issue {short}: edited without a lease, and not held by anyone"), next: vec![acquire(*issue)] }
        }
        Finding::Lapsed { issue, lease_id } => {
            Block { what: format!("issue {short}: your lease {lease_id} has lapsed or is about to"), next: vec![acquire(*issue)] }
        }
        Finding::Stale { issue, lease_id } => {
            Block { what: format!("issue {short}: your lease {lease_id} is stale"), next: vec![acquire(*issue)] }
        }
        Finding::HeldByOther { holder, lease_status, branch, .. } => Block {
            what: format!(
                "issue {short}: held by {holder}{} {}",
                branch.as_ref().map(|branch| format!(" on {branch}")).unwrap_or_default(),
                lease_status.until()
            ),
            next: vec![format!("To see when it ends: git jit claim status --issue {short}")],
        },
        Finding::HeldUnderOtherName { holder, me, .. } => Block {
            what: format!("issue {short}: held in this worktree by {holder}, and you are {me}"),
            next: vec![format!("To act as its holder: export JIT_AGENT_ID={holder}")],
        },
        Finding::Unauthorised { issue, commit, because, now, by } => unauthorised(*issue, commit, because, now, by.as_deref()),
        Finding::Invalid { path, why, commit } => Block {
            what: format!("{}: {}", path.escape_debug(), why.escape_debug()),
            next: vec![match commit {
                Some(commit) => format!("To see where it came from: git show {} -- .jit", &commit[..commit.len().min(10)]),
                None => "To see what is staged: git diff --cached -- .jit".to_owned(),
            }],
        },
        Finding::OffBase { path, branch } => Block {
            what: format!(".jit/{path}: edited on a branch that lacks the tip of {branch}"),
            next: vec![format!("To catch up: git merge {branch}")],
        },
        Finding::CreatedElsewhere { .. } => Block {
            what: format!("issue {short}: new issues may be created only in the primary worktree"),
            next: vec!["To find it: git jit worktree list".to_owned()],
        },
        Finding::Rewinds { branch, why } => Block {
            what: format!("{branch}: {why}"),
            next: vec!["To build on what is published: git fetch, then git rebase".to_owned()],
        },
        Finding::NoLedger { .. } | Finding::Unreadable { .. } | Finding::Inconsistent { .. } => broken(finding),
    }
}

/// The text of a finding about what cannot be read or is inconsistent.
fn broken(finding: &Finding) -> Block {
    let (what, next) = match finding {
        Finding::NoLedger { why } => {
            (format!("the lease log cannot be read: {why}"), "To see what can be recovered: git jit recover --dry-run")
        }
        Finding::Unreadable { what, why } => (format!("{what}: {why}"), "To find what is broken: git fsck, and git jit doctor"),
        Finding::Inconsistent { what } => (what.escape_debug().to_string(), "To see all problems: git jit doctor"),
        other => (other.code().to_owned(), ""),
    };
    Block { what, next: vec![next.to_owned()] }
}

fn unauthorised(issue: IssueId, commit: &str, because: &Because, now: &Finding, by: Option<&str>) -> Block {
    let short = issue.short();
    let commit = &commit[..commit.len().min(10)];
    let why = match because {
        Because::NeverRecorded => "no lease covered the edit when it was committed".to_owned(),
        Because::LeaseLapsed { lease_id } => format!("its lease {lease_id} lapsed before it was released"),
        Because::LeaseEvicted { lease_id, by, reason } => {
            format!("its lease {lease_id} was evicted by {by}: {}", reason.escape_debug())
        }
    };
    let mut next = match now {
        Finding::Unleased { .. } | Finding::Lapsed { .. } | Finding::Stale { .. } => {
            vec![format!("To take responsibility: git jit claim acquire {short}, then push again")]
        }
        held => {
            let block = block(held);
            [vec![block.what], block.next].concat()
        }
    };
    if let Some(by) = by {
        let by = by.escape_debug();
        next.push(format!("To take responsibility for the edit by {by}: git jit adopt {commit}^! --reason \"…\""));
    }
    Block { what: format!("issue {short}: commit {commit}: {why}"), next }
}

impl Diagnose for Finding {
    fn diagnosis(&self) -> Diagnosis {
        let status = match self {
            Self::HeldByOther { .. } => ExitStatus::Held,
            Self::Unleased { .. } | Self::Lapsed { .. } | Self::Stale { .. } | Self::HeldUnderOtherName { .. } => {
                ExitStatus::NoLease
            }
            Self::Invalid { .. } => ExitStatus::Invalid,
            Self::NoLedger { .. } | Self::Unreadable { .. } => ExitStatus::Broken,
            Self::Unauthorised { .. }
            | Self::Inconsistent { .. }
            | Self::OffBase { .. }
            | Self::CreatedElsewhere { .. }
            | Self::Rewinds { .. } => ExitStatus::Refused,
        };
        Diagnosis::new(self.code(), status).hints(block(self).next).data(json!({ "issue_id": self.issue() }))
    }
}
