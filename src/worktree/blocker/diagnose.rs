//! The code and the exit status of each blocker, and the flag that accepts its risk or the way around it.

#![deny(clippy::wildcard_enum_match_arm)]

use std::path::Path;

use crate::exit::ExitStatus::{Broken, Busy, Held, NotFound, Refused, Usage};
use crate::exit::{Diagnose, Diagnosis, ExitStatus};
use crate::worktree::blocker::Blocker;

const DISCARD: &str = "git jit worktree remove, with --discard-changes";

impl Diagnose for Blocker {
    #[expect(clippy::too_many_lines, reason = "one exhaustive match, so that no blocker is forgotten")]
    fn diagnosis(&self) -> Diagnosis {
        let new = Diagnosis::new;
        match self {
            Self::NoSuchWorktree { .. } => new("worktree_not_found", NotFound).hint("To see the worktrees: git jit worktree list"),
            Self::NoSuchBase { .. } => new("base_not_found", NotFound).hint(
                "To name another: --base REVISION. To set it permanently: git config jit.defaultBranch NAME. A new repository needs a first commit",
            ),
            Self::NoSuchBranch { .. } => new("branch_not_found", NotFound).hint("To create one: omit --resume"),
            Self::PathTaken { .. } => new("path_taken", Refused).hint("Move it away, or remove it with what created it"),
            Self::BranchTaken { branch } => new("branch_taken", Refused)
                .hint("To reuse it: --resume")
                .hint(format!("To delete it, if you do not need it: git branch -d {branch}")),
            Self::SeveralBranches { .. } => {
                new("branch_ambiguous", Refused).hint("Delete those that you do not need: git branch -d NAME")
            }
            Self::BadTemplate { .. } => new("bad_path_template", Usage).hint("The setting is worktree.path_template: see git jit help config"),
            Self::Primary { is_linked: false, .. } => {
                new("primary_worktree", Refused).hint("Only linked worktrees can be removed")
            }
            Self::Primary { is_linked: true, .. } => {
                new("primary_worktree", Refused).hint("To remove it anyway: --remove-primary")
            }
            Self::Ambiguous { paths, .. } => new("worktree_ambiguous", Usage)
                .hint("Give the path of one of these:")
                .hints(paths.iter().map(|path| format!("  {}", path.display()))),
            Self::Moved { to } => {
                new("worktree_moved", Refused).hint(format!("To tell Git: git worktree repair {}", quoted(to)))
            }
            Self::Missing { .. } | Self::MayComeBack { .. } => new("worktree_missing", Refused)
                .hint("If it was moved: git worktree repair NEW-PATH")
                .hint(format!("If it is gone for good: {DISCARD}")),
            Self::Unreadable { .. } => new("worktree_unreadable", Broken)
                .hint("To see who holds leases: git jit claim list. To end one: git jit claim force-evict ISSUE --reason TEXT"),
            Self::WithoutGitFile { .. } => new("worktree_without_git", Refused)
                .hint("To restore it: git worktree repair")
                .hint(format!("To discard the rest of it: {DISCARD}")),
            Self::CheckoutFailed { .. } => {
                new("checkout_failed", Broken).hint("To see the hooks that Git ran: git rev-parse --git-path hooks")
            }
            Self::PostSpawnFailed { .. } => new("post_spawn_failed", Refused)
                .hint("The setting is worktree.post_spawn: see git jit config show. To skip it: --no-setup"),
            Self::HasUserWork { .. } => new("foreign_files", Refused).hint(format!("If you do not need them: {DISCARD}")),
            Self::BranchInUse { .. } => {
                new("branch_in_use", Refused).hint("To remove only the worktree: omit --delete-branch")
            }
            Self::DefaultBranch { .. } => new("default_branch", Refused)
                .hint("To remove only the worktree: omit --delete-branch. To delete it: --delete-default-branch"),
            Self::Inside { .. } => {
                new("inside_worktree", Refused).hint("Change to another directory first, or remove it anyway: --leave")
            }
            Self::Locked { path, .. } => {
                new("worktree_locked", Refused).hint(format!("To unlock it: git worktree unlock {}, or --unlock", quoted(path)))
            }
            Self::UncommittedChanges { .. } => {
                new("uncommitted_changes", Refused).hint("Commit them, or discard them: --discard-changes")
            }
            Self::UntrackedFiles { .. } => new("untracked_files", Refused)
                .hint("Commit them, or discard them: --discard-untracked. To discard all changes too: --discard-changes"),
            Self::ListedFiles { .. } => {
                new("listed_files", Refused).hint("Copy what you need, or discard them: --discard-ignored")
            }
            Self::Submodules { .. } => {
                new("submodules", Refused).hint("Push their commits, then discard them: --discard-submodules")
            }
            Self::Nested { inner, .. } => new("nested_worktree", Refused)
                .hint(format!("Remove that one first: git jit worktree remove {}", quoted(inner))),
            Self::OperationInProgress { .. } => {
                new("under_way", Refused).hint("Finish or abort it there, or discard it: --discard-operation")
            }
            Self::Stashes { .. } => {
                new("stashes", Refused).hint("Apply them there, or keep them in git stash list: --leave-stashes")
            }
            Self::UnmergedCommits { has_branch: true, .. } => new("unmerged_commits", Refused)
                .hint("To keep them on their branch: --keep-branch")
                .hint("To discard them: --delete-branch --delete-unmerged"),
            Self::UnmergedCommits { has_branch: false, .. } => new("unmerged_commits", Refused)
                .hint("To give them a branch: git switch -c NAME")
                .hint("To discard them: --delete-unmerged"),
            Self::HeldByOther { .. } => new("held_by_other", Held).hint("To end their lease: --end-lease"),
            Self::AgentRunning { path, .. } => new("agent_at_work", Held)
                .hint("To end it: git jit worktree remove, with --stop-agent")
                .hint(format!("To go there: cd {}", quoted(path))),
            Self::BeingCreated { .. } => new("being_made", Busy).hint("Try again in a moment"),
            Self::JustCreated { .. } => new("made_meanwhile", Busy).hint("To use it: repeat the command"),
            Self::Several { all } => new("several_risks", ExitStatus::most_specific(all.iter().map(Self::status)))
                .hints(all.iter().flat_map(Self::hints)),
        }
    }
}

/// A path, quoted for a POSIX shell if necessary.
pub(crate) fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "/._-+@%:,=".contains(c));
    if is_plain { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}
