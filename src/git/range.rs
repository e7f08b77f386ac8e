//! Commit ranges in Git's notation, and the authors of commits.

use gix::bstr::{BString, ByteSlice};
use gix::revision::plumbing::Spec;
use gix::{ObjectId, Repository};

use crate::exit::{Diagnose, Diagnosis, ExitStatus};
use crate::git::history;
use crate::git::{Error, Result};

/// The commits that `git log` would list: reachable from `tips` and not from `hidden`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Range {
    /// The range as the user gave it.
    pub text: String,
    /// Commits to start from.
    pub tips: Vec<ObjectId>,
    /// Commits to exclude, with all their ancestors.
    pub hidden: Vec<ObjectId>,
}

/// The error that a text is not a commit range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' names no commits: {why}")]
pub(crate) struct NoRange {
    /// The text that was given.
    pub text: String,
    /// The reason.
    pub why: String,
}

impl Diagnose for NoRange {
    fn diagnosis(&self) -> Diagnosis {
        let hint = "Name commits as git log does: origin/main..HEAD, or HEAD^! for one";
        Diagnosis::new("no_range", ExitStatus::NotFound).hint(hint)
    }
}

impl Range {
    /// Parses `A..B`, `A...B`, `C^@`, `C^!`, or the name of one commit, which includes all its ancestors.
    pub(crate) fn parse(repo: &Repository, text: &str) -> std::result::Result<Self, NoRange> {
        let no_range = |why: String| NoRange { text: text.to_owned(), why };
        let unknown = || {
            let remark = if repo.is_shallow().unwrap_or(false) { ", whose history was cut off" } else { "" };
            format!("no such commit in this clone{remark}")
        };
        let spec = repo.rev_parse(text).map_err(|_| no_range(unknown()))?.detach();
        let commit = |id: ObjectId| history::commit(repo, id).ok_or_else(|| no_range(unknown()));
        let parents = |id: ObjectId| history::parents(repo, id).map_err(|error| no_range(error.to_string()));
        let (tips, hidden) = match spec {
            Spec::Include(id) => (vec![commit(id)?], Vec::new()),
            Spec::Range { from, to } => (vec![commit(to)?], vec![commit(from)?]),
            Spec::Merge { theirs, ours } => {
                let (theirs, ours) = (commit(theirs)?, commit(ours)?);
                let bases = history::merge_bases(repo, theirs, &[ours]).map_err(|error| no_range(error.to_string()))?;
                (vec![theirs, ours], bases)
            }
            Spec::IncludeOnlyParents(id) => (parents(commit(id)?)?, Vec::new()),
            Spec::ExcludeParents(id) => (vec![commit(id)?], parents(commit(id)?)?),
            Spec::Exclude(_) => return Err(no_range("it only excludes commits".to_owned())),
        };
        Ok(Self { text: text.to_owned(), tips, hidden })
    }

    /// The commits of HEAD that no default branch has, or HEAD alone if there are none; `None` on an unborn branch.
    pub(crate) fn usual(repo: &Repository) -> Result<Option<Self>> {
        let Some(head) = crate::git::tree::head_commit(repo)? else { return Ok(None) };
        let branches = history::binding_branches(repo);
        let mut hidden = Vec::new();
        for (_, tip) in &branches {
            if !history::is_ancestor(repo, head, *tip)? {
                hidden.push(*tip);
            }
        }
        Ok(Some(match (branches.first(), hidden.is_empty()) {
            (Some((name, _)), false) => Self { text: format!("{name}..HEAD"), tips: vec![head], hidden },
            _ => Self { text: "HEAD^!".to_owned(), tips: vec![head], hidden: history::parents(repo, head)? },
        }))
    }
}

/// The email addresses of this repository's user, in lower case.
pub(crate) fn own_addresses(repo: &Repository) -> Vec<BString> {
    let names = [repo.author(), repo.committer()].into_iter().flatten().flatten();
    names.map(|name| name.email.to_ascii_lowercase().into()).filter(|address: &BString| !address.is_empty()).collect()
}

/// The author of a commit, if neither the author nor the committer is this repository's user.
pub(crate) fn others(repo: &Repository, commit: ObjectId, own: &[BString]) -> Result<Option<String>> {
    let failed = || Error::unreadable(format!("commit {commit}"));
    let commit = repo.find_commit(commit).map_err(failed())?;
    let (author, committer) = (commit.author().map_err(failed())?, commit.committer().map_err(failed())?);
    let is_own = [author.email, committer.email].iter().any(|email| own.iter().any(|own| email.eq_ignore_ascii_case(own)));
    Ok((!is_own && !own.is_empty()).then(|| author.name.to_str_lossy().into_owned()))
}
