//! What to do about a hindrance: the word that takes the risk, or the way around it.

use std::path::Path;

use crate::worktree::blocker::Blocker;

impl Blocker {
    /// What to do next.
    pub(crate) fn hints(&self) -> Vec<String> {
        match self {
            Self::Several { all } => all.iter().flat_map(Self::hints).collect(),
            Self::Ambiguous { paths, .. } => {
                let paths = paths.iter().map(|path| format!("  {}", path.display()));
                std::iter::once("Give the path of one of these:".to_owned()).chain(paths).collect()
            }
            Self::BranchTaken { branch } => {
                vec![
                    "To go on with it: --resume".to_owned(),
                    format!("To delete it, if nothing on it is missed: git branch -d {branch}"),
                ]
            }
            Self::Missing { .. } | Self::MayComeBack { .. } => vec![
                "If it was moved: git worktree repair NEW-PATH".to_owned(),
                "If it is gone for good: git jit worktree remove, with --discard-changes".to_owned(),
            ],
            Self::NoGit { .. } => vec![
                "To put it back: git worktree repair".to_owned(),
                "To give up what is left of it: git jit worktree remove, with --discard-changes".to_owned(),
            ],
            Self::Primary { is_linked: false, .. } => vec!["Only linked worktrees can be removed".to_owned()],
            Self::Unmerged { has_branch: true, .. } => vec![
                "To keep them on their branch: --keep-branch".to_owned(),
                "To give them up: --delete-branch --delete-unmerged".to_owned(),
            ],
            Self::Unmerged { .. } => {
                vec!["To give them a branch: git switch -c NAME".to_owned(), "To give them up: --delete-unmerged".to_owned()]
            }
            Self::AtWork { path, .. } => {
                vec![
                    "To end it: git jit worktree remove, with --stop-agent".to_owned(),
                    format!("To go there: cd {}", quoted(path)),
                ]
            }
            one => vec![one.hint()],
        }
    }

    /// The one thing to do next, where it is one.
    fn hint(&self) -> String {
        match self {
            Self::NoSuchWorktree { .. } => "To see them: git jit worktree list",
            Self::NoSuchBase { .. } => "To name another: --base REVISION, or for good: git config jit.defaultBranch NAME; a new repository needs a first commit",
            Self::NoSuchBranch { .. } => "To begin: leave --resume out",
            Self::SeveralBranches { .. } => "Delete those that are not needed: git branch -d NAME",
            Self::BadTemplate { .. } => "It is worktree.path_template: see git jit help config",
            Self::NoCheckout { .. } => "To see the hooks that Git ran: git rev-parse --git-path hooks",
            Self::NotPrepared { .. } => "It is worktree.post_spawn: see git jit config show; to do without: --no-setup",
            Self::NotOurs { .. } => "If nothing in it is missed: git jit worktree remove, with --discard-changes",
            Self::PathTaken { .. } => "Move it away, or remove it with what made it",
            Self::Primary { .. } => "To remove it all the same: --remove-primary",
            Self::Moved { to } => return format!("To tell Git: git worktree repair {}", quoted(to)),
            Self::BranchInUse { .. } => "To remove the worktree alone: leave --delete-branch out",
            Self::DefaultBranch { .. } => {
                "To remove the worktree alone: leave --delete-branch out. To delete it: --delete-default-branch"
            }
            Self::Inside { .. } => "Go elsewhere first, or leave it with its removal: --leave",
            Self::Locked { path, .. } => return format!("To unlock it: git worktree unlock {}, or --unlock", quoted(path)),
            Self::Changed { .. } => "Commit them, or give them up: --discard-changes",
            Self::Untracked { .. } => "Commit them, or give them up: --discard-untracked, or --discard-changes with all changes",
            Self::Listed { .. } => "Copy what is needed, or give them up: --discard-ignored",
            Self::Submodules { .. } => "Push what is in them, then: --discard-submodules",
            Self::Nested { inner, .. } => return format!("Remove that one first: git jit worktree remove {}", quoted(inner)),
            Self::UnderWay { .. } => "Finish it or abort it there, or give it up: --discard-operation",
            Self::Stashed { .. } => "Apply them there, or leave them in git stash list: --leave-stashes",
            Self::InUse { .. } => "To end their lease: --end-lease",
            Self::BeingMade { .. } => "Try again in a moment",
            Self::JustMade { .. } => "To go on in it: give the command again",
            _ => "See git jit help worktree",
        }
        .to_owned()
    }
}

/// A path as a shell takes it.
pub(crate) fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "/._-+@%:,=".contains(c));
    if is_plain { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}
