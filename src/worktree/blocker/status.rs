//! What a hindrance means to a program: its exit status and its word.

use crate::exit::ExitStatus;
use crate::worktree::blocker::Blocker;

impl Blocker {
    /// The exit status.
    pub(crate) fn status(&self) -> ExitStatus {
        match self {
            Self::NoSuchWorktree { .. } | Self::NoSuchBase { .. } | Self::NoSuchBranch { .. } => ExitStatus::NotFound,
            Self::Ambiguous { .. } | Self::BadTemplate { .. } => ExitStatus::Usage,
            Self::NoCheckout { .. } => ExitStatus::Broken,
            Self::InUse { .. } | Self::AtWork { .. } => ExitStatus::Held,
            Self::BeingMade { .. } | Self::JustMade { .. } => ExitStatus::Busy,
            Self::Several { all } => ExitStatus::most_specific(all.iter().map(Self::status)),
            _ => ExitStatus::Refused,
        }
    }

    /// A stable word for programs.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::NoSuchWorktree { .. } => "worktree_not_found",
            Self::NoSuchBase { .. } => "base_not_found",
            Self::NoSuchBranch { .. } => "branch_not_found",
            Self::PathTaken { .. } => "path_taken",
            Self::BranchTaken { .. } => "branch_taken",
            Self::SeveralBranches { .. } => "branch_ambiguous",
            Self::BadTemplate { .. } => "bad_path_template",
            Self::Primary { .. } => "primary_worktree",
            Self::Ambiguous { .. } => "worktree_ambiguous",
            Self::Moved { .. } => "worktree_moved",
            Self::Missing { .. } | Self::MayComeBack { .. } => "worktree_missing",
            Self::NoGit { .. } => "worktree_without_git",
            Self::NoCheckout { .. } => "checkout_failed",
            Self::NotPrepared { .. } => "post_spawn_failed",
            Self::NotOurs { .. } => "foreign_files",
            Self::BranchInUse { .. } => "branch_in_use",
            Self::DefaultBranch { .. } => "default_branch",
            Self::Inside { .. } => "inside_worktree",
            Self::Locked { .. } => "worktree_locked",
            Self::Changed { .. } => "uncommitted_changes",
            Self::Untracked { .. } => "untracked_files",
            Self::Listed { .. } => "listed_files",
            Self::Submodules { .. } => "submodules",
            Self::Nested { .. } => "nested_worktree",
            Self::UnderWay { .. } => "under_way",
            Self::Stashed { .. } => "stashes",
            Self::Unmerged { .. } => "unmerged_commits",
            Self::InUse { .. } => "held_by_other",
            Self::AtWork { .. } => "agent_at_work",
            Self::BeingMade { .. } => "being_made",
            Self::JustMade { .. } => "made_meanwhile",
            Self::Several { .. } => "several_risks",
        }
    }
}
