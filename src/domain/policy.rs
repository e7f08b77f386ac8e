//! What may be committed, pushed or written. Every refusal is a variant with its reason.
//!
//! Two rules: the policy in force is the strictest of all candidates, none of which replaces another; and an edit of an issue needs a
//! live, fresh lease of the editor. Decides from its arguments only; commands and hooks report the result.

mod enforcement;

use crate::domain::id::{AgentId, Holder, IssueId, LeaseId, WorktreeId};
use crate::domain::lease::{LeaseStatus, Ledger, Limits};
use crate::domain::time::Now;

pub(crate) use enforcement::Enforcement;

/// The settings of one `config.toml`; `None` for those that it does not set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct PolicySettings {
    /// `[worktree] enforce_leases`.
    pub enforcement: Option<Enforcement>,
    /// `[worktree] mode`: `false` for `off`.
    pub worktrees: Option<bool>,
    /// `[worktree] allow_issue_creation`: `true` for `main-only`.
    pub create_in_primary_only: Option<bool>,
    /// `[global_operations] require_main_history`.
    pub require_main_history: Option<bool>,
    /// `[coordination] default_ttl_secs`.
    pub default_ttl_secs: Option<u64>,
    /// `[coordination] stale_threshold_secs`.
    pub stale_threshold_secs: Option<u64>,
    /// `[coordination] max_indefinite_leases_per_agent`.
    pub max_indefinite_leases_per_agent: Option<u64>,
    /// `[coordination] max_indefinite_leases_per_repo`.
    pub max_indefinite_leases_per_repo: Option<u64>,
    /// `[coordination] renew_on_activity`.
    pub renew_on_activity: Option<bool>,
    /// `[coordination] lease_renewal_threshold_pct`.
    pub lease_renewal_threshold_pct: Option<u64>,
}

/// One place that can define the policy, and what it contains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Candidate {
    /// The place, for display: a ref, a path or a variable.
    pub place: String,
    /// The settings, or why they cannot be read.
    pub settings: Result<PolicySettings, String>,
}

/// The policy in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Policy {
    /// The strictest value of the readable candidates.
    pub enforcement: Enforcement,
    /// Candidates that cannot be read, with the reason. While there are any, edits of issues count as under `strict`.
    pub unreadable: Vec<(String, String)>,
    /// Whether worktree features and leases are enabled.
    pub worktrees: bool,
    /// Whether new issues may be created only in the primary worktree.
    pub create_in_primary_only: bool,
    /// Whether the policy may change only on top of the default branch. `Some(true)` if any candidate requires it, `Some(false)` if all
    /// decline it, else each default branch decides for itself.
    pub require_main_history: Option<bool>,
    /// The default duration of a lease in seconds.
    pub default_ttl_secs: u64,
    /// The settings about leases.
    pub limits: Limits,
    /// How leases are protected from ending unnoticed.
    pub care: Care,
}

/// How leases are protected from ending unnoticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Care {
    /// Whether work of the holder on the issue counts as a heartbeat.
    pub renews_on_activity: bool,
    /// The percentage of remaining time below which the holder is warned.
    pub warns_below_pct: u64,
}

impl Policy {
    /// The strictest of `candidates`, setting by setting.
    pub(crate) fn strictest(candidates: &[Candidate]) -> Self {
        let read = || candidates.iter().filter_map(|candidate| candidate.settings.as_ref().ok());
        let unreadable = candidates.iter().filter_map(|candidate| {
            let error = candidate.settings.as_ref().err()?;
            Some((candidate.place.clone(), error.clone()))
        });
        let least = |setting: &dyn Fn(&PolicySettings) -> Option<u64>| read().filter_map(setting).min();
        let usual = Limits::default();
        let all_say =
            |setting: &dyn Fn(&PolicySettings) -> Option<bool>| read().count() > 0 && read().all(|it| setting(it) == Some(false));
        Self {
            enforcement: read().filter_map(|settings| settings.enforcement).max().unwrap_or_default(),
            unreadable: unreadable.collect(),
            worktrees: !all_say(&|settings| settings.worktrees),
            create_in_primary_only: read().any(|settings| settings.create_in_primary_only == Some(true)),
            require_main_history: if read().any(|settings| settings.require_main_history == Some(true)) {
                Some(true)
            } else {
                all_say(&|settings| settings.require_main_history).then_some(false)
            },
            default_ttl_secs: read().find_map(|settings| settings.default_ttl_secs).unwrap_or(600),
            limits: Limits {
                stale_after_secs: least(&|settings| settings.stale_threshold_secs).unwrap_or(usual.stale_after_secs),
                indefinite_per_agent: least(&|settings| settings.max_indefinite_leases_per_agent)
                    .unwrap_or(usual.indefinite_per_agent),
                indefinite_per_repo: least(&|settings| settings.max_indefinite_leases_per_repo)
                    .unwrap_or(usual.indefinite_per_repo),
            },
            care: Care {
                renews_on_activity: read().all(|settings| settings.renew_on_activity != Some(false)),
                warns_below_pct: read().find_map(|settings| settings.lease_renewal_threshold_pct).unwrap_or(10),
            },
        }
    }

    /// The consequence of `finding` under this policy.
    pub(crate) fn outcome(&self, finding: &Finding) -> Enforcement {
        if !self.worktrees && self.unreadable.is_empty() {
            Enforcement::Off
        } else if finding.concerns_an_issue() && !self.unreadable.is_empty() {
            Enforcement::Strict
        } else {
            self.enforcement
        }
    }

    /// Whether no finding can have a consequence.
    pub(crate) fn is_silent(&self) -> bool {
        self.unreadable.is_empty() && (self.enforcement == Enforcement::Off || !self.worktrees)
    }
}

/// A violation that the policy decides about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Finding {
    /// An edited issue has no lease.
    Unleased { issue: IssueId },
    /// The editor's own lease on an edited issue has expired or is about to.
    Lapsed { issue: IssueId, lease_id: LeaseId },
    /// The editor's own indefinite lease on an edited issue is stale.
    Stale { issue: IssueId, lease_id: LeaseId },
    /// Another holder has the lease of an edited issue.
    HeldByOther { issue: IssueId, holder: Holder, lease_status: LeaseStatus, branch: Option<String> },
    /// This worktree holds an edited issue under another agent id.
    HeldUnderOtherName { issue: IssueId, holder: AgentId, me: AgentId },
    /// A commit edits an issue without authority: there was no lease, or the lease did not end properly.
    Unauthorised {
        issue: IssueId,
        commit: String,
        because: Box<Because>,
        now: Box<Finding>,
        /// The author of the commit, if it is another person.
        by: Option<String>,
    },
    /// An issue file is invalid, not a plain file, or in the wrong place.
    Invalid {
        path: String,
        why: String,
        /// The commit that contains it, if any.
        commit: Option<String>,
    },
    /// Issues and gates contradict each other.
    Inconsistent { what: String },
    /// The configuration or the gates were edited on a branch without the tip of the default branch.
    OffBase { path: String, branch: String },
    /// An issue was created outside the primary worktree.
    CreatedElsewhere { issue: IssueId },
    /// A push moves the default branch backwards.
    Rewinds { branch: String, why: String },
    /// The lease log cannot be read.
    NoLedger { why: String },
    /// A part of the repository cannot be read.
    Unreadable { what: String, why: String },
}

/// Why a commit has no authority.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Because {
    /// No hook recorded the edit.
    NeverRecorded,
    /// The lease expired before its holder released it.
    LeaseLapsed { lease_id: LeaseId },
    /// The lease was evicted.
    LeaseEvicted { lease_id: LeaseId, by: AgentId, reason: String },
}

impl Finding {
    /// The stable code for programs.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Unleased { .. } => "no_lease",
            Self::Lapsed { .. } => "lease_lapsed",
            Self::Stale { .. } => "lease_stale",
            Self::HeldByOther { .. } => "held_by_other",
            Self::HeldUnderOtherName { .. } => "held_under_other_name",
            Self::Unauthorised { .. } => "unauthorised_commit",
            Self::Invalid { .. } => "invalid_issue_file",
            Self::Inconsistent { .. } => "inconsistent",
            Self::OffBase { .. } => "policy_edit_off_base",
            Self::CreatedElsewhere { .. } => "created_outside_primary",
            Self::Rewinds { .. } => "default_branch_rewound",
            Self::NoLedger { .. } => "lease_log_unreadable",
            Self::Unreadable { .. } => "repository_unreadable",
        }
    }

    /// The same finding, located in a commit.
    pub(crate) fn in_commit(mut self, id: impl ToString) -> Self {
        if let Self::Invalid { commit, .. } = &mut self {
            *commit = Some(id.to_string());
        }
        self
    }

    /// The issue that the finding is about, if any.
    pub(crate) fn issue(&self) -> Option<IssueId> {
        match self {
            Self::Unleased { issue }
            | Self::Lapsed { issue, .. }
            | Self::Stale { issue, .. }
            | Self::HeldByOther { issue, .. }
            | Self::HeldUnderOtherName { issue, .. }
            | Self::Unauthorised { issue, .. }
            | Self::CreatedElsewhere { issue } => Some(*issue),
            _ => None,
        }
    }

    /// Whether an unreadable policy counts as strict for this finding. Edits of the policy itself must stay possible, to repair it.
    fn concerns_an_issue(&self) -> bool {
        self.issue().is_some() || matches!(self, Self::Invalid { .. } | Self::NoLedger { .. } | Self::Unreadable { .. })
    }
}

/// The author of an edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Editor {
    pub agent_id: AgentId,
    /// The worktree; `None` if this worktree has no id yet and so holds nothing.
    pub worktree_id: Option<WorktreeId>,
    /// Whether there is no worktree (a push from a bare repository). Then only the agent must match.
    pub anywhere: bool,
}

impl Editor {
    /// Whether a lease of `holder` belongs to this editor.
    pub(crate) fn is(&self, holder: &Holder) -> bool {
        holder.agent_id == self.agent_id && (self.anywhere || self.worktree_id.as_ref() == Some(&holder.worktree_id))
    }
}

/// The lease under which `editor` may edit `issue` at `now`, or why it may not.
pub(crate) fn lease_for_edit(
    ledger: &Ledger,
    issue: IssueId,
    editor: &Editor,
    now: &Now,
    stale_threshold_secs: u64,
) -> Result<LeaseId, Finding> {
    let Some(lease) = ledger.lease_on(issue) else { return Err(Finding::Unleased { issue }) };
    let lease_status = lease.lease_status(now, stale_threshold_secs);
    let lease_id = lease.lease_id.clone();
    if editor.is(&lease.holder) {
        return match lease_status {
            _ if lease_status.authorises() => Ok(lease_id),
            LeaseStatus::Stale => Err(Finding::Stale { issue, lease_id }),
            _ => Err(Finding::Lapsed { issue, lease_id }),
        };
    }
    if !lease_status.excludes() {
        return Err(Finding::Unleased { issue });
    }
    if editor.worktree_id.as_ref() == Some(&lease.holder.worktree_id) {
        return Err(Finding::HeldUnderOtherName { issue, holder: lease.holder.agent_id.clone(), me: editor.agent_id.clone() });
    }
    Err(Finding::HeldByOther { issue, holder: lease.holder.clone(), lease_status, branch: lease.branch.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::lease::{Grant, LeaseEvent};
    use crate::domain::time::ClockReading;

    fn candidate(enforcement: Option<Enforcement>) -> Candidate {
        Candidate { place: "x".into(), settings: Ok(PolicySettings { enforcement, ..PolicySettings::default() }) }
    }

    fn broken() -> Candidate {
        Candidate { place: "x".into(), settings: Err("bad".into()) }
    }

    fn issue() -> IssueId {
        IssueId::from_uuid(uuid::Uuid::from_u128(1))
    }

    #[test]
    fn a_worktree_can_tighten_the_policy_and_not_loosen_it() {
        use Enforcement::{Off, Strict, Warn};
        for (of, expected) in [
            (vec![], Off),
            (vec![None], Off),
            (vec![Some(Strict), Some(Off)], Strict),
            (vec![Some(Off), None, Some(Warn)], Warn),
            (vec![Some(Warn), Some(Strict)], Strict),
        ] {
            let candidates: Vec<Candidate> = of.iter().copied().map(candidate).collect();
            assert_eq!(Policy::strictest(&candidates).enforcement, expected, "{of:?}");
        }
    }

    #[test]
    fn worktree_features_are_off_only_where_every_candidate_says_so() {
        let with =
            |worktrees| Candidate { place: "x".into(), settings: Ok(PolicySettings { worktrees, ..PolicySettings::default() }) };
        assert!(Policy::strictest(&[]).worktrees);
        assert!(!Policy::strictest(&[with(Some(false)), with(Some(false))]).worktrees);
        assert!(Policy::strictest(&[with(Some(false)), with(None)]).worktrees);
        assert!(Policy::strictest(&[with(Some(false)), with(Some(true))]).worktrees);
    }

    #[test]
    fn a_policy_that_does_not_parse_is_strict_for_issues_and_can_be_repaired() {
        let policy = Policy::strictest(&[candidate(Some(Enforcement::Off)), broken()]);
        assert_eq!(policy.outcome(&Finding::Unleased { issue: issue() }), Enforcement::Strict);
        assert_eq!(policy.outcome(&Finding::OffBase { path: "config.toml".into(), branch: "main".into() }), Enforcement::Off);
        assert!(!policy.is_silent());
    }

    #[test]
    fn an_edit_wants_the_live_lease_of_this_agent_in_this_worktree() {
        let holder = |agent: &str, bits| Holder::here(agent.parse().expect("an id"), WorktreeId::from_bits(bits));
        let editor = |agent: &str, bits: Option<u32>, anywhere| Editor {
            agent_id: agent.parse().expect("an id"),
            worktree_id: bits.map(WorktreeId::from_bits),
            anywhere,
        };
        let at = |millis| Now { clock: ClockReading::new("a", millis), wall: jiff::Timestamp::UNIX_EPOCH };
        let mut ledger = Ledger::default();
        let judge = |ledger: &Ledger, editor: &Editor, ms| {
            lease_for_edit(ledger, issue(), editor, &at(ms), 3600).map_err(|finding| finding.code())
        };
        let alice = editor("agent:alice", Some(1), false);
        assert_eq!(judge(&ledger, &alice, 0), Err("no_lease"));
        let lease_id = LeaseId::new(1);
        let grant = Grant {
            lease_id: lease_id.clone(),
            issue_id: issue(),
            holder: holder("agent:alice", 1),
            branch: None,
            ttl_secs: 10,
            reason: None,
        };
        ledger.apply(1, &LeaseEvent::Acquire(grant), &at(0));
        for (who, ms, expected) in [
            (&alice, 0, Ok(lease_id.clone())),
            (&alice, 8_999, Ok(lease_id.clone())),
            (&alice, 9_000, Err("lease_lapsed")),
            (&alice, 99_000, Err("lease_lapsed")),
            (&editor("agent:alice", Some(2), false), 0, Err("held_by_other")),
            (&editor("agent:alice", None, false), 0, Err("held_by_other")),
            (&editor("agent:alice", None, true), 0, Ok(lease_id.clone())),
            (&editor("agent:bob", None, true), 0, Err("held_by_other")),
            (&editor("agent:bob", Some(1), false), 0, Err("held_under_other_name")),
            (&editor("agent:bob", Some(2), false), 9_500, Err("held_by_other")),
            (&editor("agent:bob", Some(2), false), 10_000, Err("no_lease")),
        ] {
            assert_eq!(judge(&ledger, who, ms), expected, "{who:?} at {ms}");
        }
    }
}
