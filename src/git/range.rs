//! Commits that somebody names: a range as Git spells it, and whose they are.

use gix::bstr::{BString, ByteSlice};
use gix::revision::plumbing::Spec;
use gix::{ObjectId, Repository};

use crate::git::history;
use crate::git::{Error, Result};

/// Commits as `git log` would list them: reachable from `tips`, and not from `hidden`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Range {
    /// As it was typed.
    pub text: String,
    /// The newest ones.
    pub tips: Vec<ObjectId>,
    /// What is not meant, with everything below.
    pub hidden: Vec<ObjectId>,
}

/// Why what was typed is no range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' names no commits: {why}")]
pub(crate) struct NoRange {
    /// As it was typed.
    pub text: String,
    /// In words.
    pub why: String,
}

impl Range {
    /// Reads `A..B`, `A...B`, `^A`, `C^!`, or the name of one commit, which stands for all below it.
    pub(crate) fn parse(repo: &Repository, text: &str) -> std::result::Result<Self, NoRange> {
        let no_range = |why: String| NoRange { text: text.to_owned(), why };
        let unknown = || {
            let remark = if repo.is_shallow().unwrap_or(false) { ", whose history was cut off" } else { "" };
            format!("no such commit is in this clone{remark}")
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
            Spec::Exclude(_) => return Err(no_range("it only leaves out".to_owned())),
        };
        Ok(Self { text: text.to_owned(), tips, hidden })
    }

    /// What HEAD has and no default branch, or else its newest commit alone; nothing on an unborn branch.
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

/// The addresses that this repository's user makes commits under, in lower case.
pub(crate) fn own_addresses(repo: &Repository) -> Vec<BString> {
    let names = [repo.author(), repo.committer()].into_iter().flatten().flatten();
    names.map(|name| name.email.to_ascii_lowercase().into()).filter(|address: &BString| !address.is_empty()).collect()
}

/// Who wrote a commit, if neither that nor who committed it is this repository's user.
pub(crate) fn others(repo: &Repository, commit: ObjectId, own: &[BString]) -> Result<Option<String>> {
    let failed = || Error::unreadable(format!("commit {commit}"));
    let commit = repo.find_commit(commit).map_err(failed())?;
    let (author, committer) = (commit.author().map_err(failed())?, commit.committer().map_err(failed())?);
    let is_own = [author.email, committer.email].iter().any(|email| own.iter().any(|own| email.eq_ignore_ascii_case(own)));
    Ok((!is_own && !own.is_empty()).then(|| author.name.to_str_lossy().into_owned()))
}
