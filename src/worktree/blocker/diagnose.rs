//! What a blocker means to a program, and the flag that takes the risk or the way around it.

#![deny(clippy::wildcard_enum_match_arm)]

use std::path::Path;

use crate::exit::ExitStatus::{Broken, Busy, Held, NotFound, Refused, Usage};
use crate::exit::{Diagnose, Diagnosis, ExitStatus};
use crate::worktree::blocker::Blocker;

const GIVE_UP: &str = "git jit worktree remove, with --discard-changes";

impl Diagnose for Blocker {
    #[expect(clippy::too_many_lines, reason = "one exhaustive match, so that no blocker is forgotten")]
    fn diagnosis(&self) -> Diagnosis {
        let new = Diagnosis::new;
        match self {
            Self::NoSuchWorktree { .. } => new("worktree_not_found", NotFound).hint("To see the worktrees: git jit worktree list"),
            Self::NoSuchBase { .. } => new("base_not_found", NotFound).hint(
                "To name another: --base REVISION, or for good: git config jit.defaultBranch NAME; a new repository needs a first commit",
            ),
            Self::NoSuchBranch { .. } => new("branch_not_found", NotFound).hint("To create one: leave --resume out"),
            Self::PathTaken { .. } => new("path_taken", Refused).hint("Move it away, or remove it with what created it"),
            Self::BranchTaken { branch } => new("branch_taken", Refused)
                .hint("To reuse it: --resume")
                .hint(format!("To delete it, if you do not need it: git branch -d {branch}")),
            Self::SeveralBranches { .. } => {
                new("branch_ambiguous", Refused).hint("Delete those that are not needed: git branch -d NAME")
            }
            Self::BadTemplate { .. } => new("bad_path_template", Usage).hint("It is worktree.path_template: see git jit help config"),
            Self::Primary { is_linked: false, .. } => {
                new("primary_worktree", Refused).hint("Only linked worktrees can be removed")
            }
            Self::Primary { is_linked: true, .. } => {
                new("primary_worktree", Refused).hint("To remove it all the same: --remove-primary")
            }
            Self::Ambiguous { paths, .. } => new("worktree_ambiguous", Usage)
                .hint("Give the path of one of these:")
                .hints(paths.iter().map(|path| format!("  {}", path.display()))),
            Self::Moved { to } => {
                new("worktree_moved", Refused).hint(format!("To tell Git: git worktree repair {}", quoted(to)))
            }
            Self::Missing { .. } | Self::MayComeBack { .. } => new("worktree_missing", Refused)
                .hint("If it was moved: git worktree repair NEW-PATH")
                .hint(format!("If it is gone for good: {GIVE_UP}")),
            Self::NoGit { .. } => new("worktree_without_git", Refused)
                .hint("To restore it: git worktree repair")
                .hint(format!("To give up the rest of it: {GIVE_UP}")),
            Self::NoCheckout { .. } => {
                new("checkout_failed", Broken).hint("To see the hooks that Git ran: git rev-parse --git-path hooks")
            }
            Self::NotPrepared { .. } => new("post_spawn_failed", Refused)
                .hint("It is worktree.post_spawn: see git jit config show; to do without: --no-setup"),
            Self::NotOurs { .. } => new("foreign_files", Refused).hint(format!("If you do not need them: {GIVE_UP}")),
            Self::BranchInUse { .. } => {
                new("branch_in_use", Refused).hint("To remove the worktree alone: leave --delete-branch out")
            }
            Self::DefaultBranch { .. } => new("default_branch", Refused)
                .hint("To remove the worktree alone: leave --delete-branch out. To delete it: --delete-default-branch"),
            Self::Inside { .. } => {
                new("inside_worktree", Refused).hint("Go elsewhere first, or leave it with its removal: --leave")
            }
            Self::Locked { path, .. } => {
                new("worktree_locked", Refused).hint(format!("To unlock it: git worktree unlock {}, or --unlock", quoted(path)))
            }
            Self::Changed { .. } => {
                new("uncommitted_changes", Refused).hint("Commit them, or give them up: --discard-changes")
            }
            Self::Untracked { .. } => new("untracked_files", Refused)
                .hint("Commit them, or give them up: --discard-untracked, or --discard-changes with all changes"),
            Self::Listed { .. } => {
                new("listed_files", Refused).hint("Copy what is needed, or give them up: --discard-ignored")
            }
            Self::Submodules { .. } => {
                new("submodules", Refused).hint("Push what is in them, then: --discard-submodules")
            }
            Self::Nested { inner, .. } => new("nested_worktree", Refused)
                .hint(format!("Remove that one first: git jit worktree remove {}", quoted(inner))),
            Self::UnderWay { .. } => {
                new("under_way", Refused).hint("Finish it or abort it there, or give it up: --discard-operation")
            }
            Self::Stashed { .. } => {
                new("stashes", Refused).hint("Apply them there, or leave them in git stash list: --leave-stashes")
            }
            Self::Unmerged { has_branch: true, .. } => new("unmerged_commits", Refused)
                .hint("To keep them on their branch: --keep-branch")
                .hint("To give them up: --delete-branch --delete-unmerged"),
            Self::Unmerged { has_branch: false, .. } => new("unmerged_commits", Refused)
                .hint("To give them a branch: git switch -c NAME")
                .hint("To give them up: --delete-unmerged"),
            Self::InUse { .. } => new("held_by_other", Held).hint("To end their lease: --end-lease"),
            Self::AtWork { path, .. } => new("agent_at_work", Held)
                .hint("To end it: git jit worktree remove, with --stop-agent")
                .hint(format!("To go there: cd {}", quoted(path))),
            Self::BeingMade { .. } => new("being_made", Busy).hint("Try again in a moment"),
            Self::JustMade { .. } => new("made_meanwhile", Busy).hint("To use it: repeat the command"),
            Self::Several { all } => new("several_risks", ExitStatus::most_specific(all.iter().map(Self::status)))
                .hints(all.iter().flat_map(Self::hints)),
        }
    }
}

/// A path as a shell takes it.
pub(crate) fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "/._-+@%:,=".contains(c));
    if is_plain { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}
