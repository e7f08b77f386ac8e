//! `git jit resolve`: shows and resolves the conflicts that a merge left in issue files.
//!
//! It reads the three versions that Git keeps of a file in conflict, not the file itself. Thus it can be repeated, and it also
//! merges what Git merged by lines without the driver. A file is written and marked as resolved once all its conflicts are
//! decided; before that it is not changed.

mod choice;
mod hand_edits;
pub(crate) mod report;
mod write;

use std::path::Path;

use gix::ObjectId;

use crate::commands::issues::resolve::choice::FieldChoices;
use crate::commands::issues::resolve::report::{Resolution, ResolveReport};
use crate::commands::issues::resolve::write::write;
use crate::commands::shared::edit_session::EditSession;
use crate::commands::shared::session::{CommandResult, Session};
use crate::domain::id::{IssueId, IssueRef};
use crate::domain::issue::Document;
use crate::domain::merge::{IssueMerge, Markers, MergeError, MergeSide, Versions};
use crate::error::Error;
use crate::git::merge::{self, Unmerged};
use crate::git::tree;
use crate::store;
use crate::store::issues;
use crate::store::layout::Layout;

// Arguments of `resolve`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Our side is the branch that is merged into: HEAD, or in a rebase or cherry-pick the new base.\n\
                        Deciding a conflict is an edit and requires a lease if the policy says so; what merges without a decision does not.\n\n\
                        git jit resolve 1a2b --field title=\"Fix login\" --ours")]
pub(crate) struct Args {
    /// The issues [default: all issues in conflict]
    #[arg(value_name = "ISSUE")]
    issues: Vec<String>,
    /// Take our side for these fields, or for all fields without another choice
    #[arg(long, value_name = "FIELDS", num_args = 0..=1, require_equals = true, default_missing_value = choice::ALL, value_delimiter = ',')]
    ours: Option<Vec<String>>,
    /// Take their side for these fields, or for all fields without another choice
    #[arg(long, value_name = "FIELDS", num_args = 0..=1, require_equals = true, default_missing_value = choice::ALL, value_delimiter = ',')]
    theirs: Option<Vec<String>>,
    /// Set a field to another value; assignee= removes the assignment
    #[arg(long, value_name = "NAME=VALUE")]
    field: Vec<String>,
    /// Overwrite files that were edited by hand after the merge stopped
    #[arg(long)]
    discard_edits: bool,
}

/// A file in conflict.
struct ConflictedFile {
    /// The issue that the file is named for.
    issue: IssueId,
    unmerged: Unmerged,
    /// The base, our version and their version.
    texts: [Option<Vec<u8>>; 3],
}

/// The result of resolving a file.
enum ResolvedFile {
    /// The file of an issue. If rename detection took another issue for this one, `other` is that issue's file; none removes it.
    Issue { document: Box<Document>, other: Option<(IssueId, Option<Box<Document>>)> },
    /// The file is removed.
    Removed,
}

impl ResolvedFile {
    fn issue(document: Document) -> Self {
        Self::Issue { document: Box::new(document), other: None }
    }
}

/// A file in conflict with its analysis; `result` is none while a decision is missing.
struct ResolvePlan<'a> {
    file: &'a ConflictedFile,
    resolution: Resolution,
    result: Option<ResolvedFile>,
}

/// Shows or resolves conflicts.
pub(crate) fn run(session: &Session, args: Args) -> CommandResult {
    let Args { issues, ours, theirs, field, discard_edits } = args;
    let choices = FieldChoices::new(ours, theirs, &field)?;
    let layout = session.layout()?;
    let root = layout.require_worktree()?;
    let mut files = conflicted_files(layout, root)?;
    let selected = issues.iter().map(|typed| find(&files, typed)).collect::<Result<Vec<IssueId>, Error>>()?;
    files.retain(|file| selected.is_empty() || selected.contains(&file.issue));
    let edit = EditSession::open(session, layout)?;
    // All files are analyzed and checked before the first one is written.
    let mut plans = files.iter().map(|file| plan(&edit, file, &choices)).collect::<Result<Vec<ResolvePlan<'_>>, _>>()?;
    choices.require_known(plans.iter().map(|plan| &plan.resolution))?;
    for plan in &mut plans {
        if plan.result.is_some() && !discard_edits && hand_edits::is_edited(session, root, plan.file)? {
            (plan.resolution.reason, plan.result) = (Some(hand_edits::REASON.to_owned()), None);
        }
        require_right(&edit, plan)?;
    }
    let mut resolutions = Vec::new();
    for ResolvePlan { file, mut resolution, result } in plans {
        if let Some(result) = result {
            write(&edit, root, file, &result)?;
            session.record_event("resolved", file.issue, Vec::new());
            resolution.resolved = true;
        }
        resolutions.push(resolution);
    }
    Ok(Box::new(ResolveReport::new(resolutions, choices.is_decision())))
}

/// The issue files that are in conflict in the worktree at `root`.
fn conflicted_files(layout: &Layout, root: &Path) -> Result<Vec<ConflictedFile>, Error> {
    let mut files = Vec::new();
    for unmerged in merge::unmerged(root, &format!("{}/issues", tree::DATA))? {
        let name = unmerged.path.file_name().unwrap_or_default();
        let Some(issue) = IssueId::from_file_name(name.as_encoded_bytes()) else { continue };
        if unmerged.path != issues::path_of(issue) {
            continue;
        }
        let mut texts = [None, None, None];
        for (text, stage) in texts.iter_mut().zip(&unmerged.stages) {
            let id = stage.as_ref().and_then(|stage| ObjectId::from_hex(stage.as_bytes()).ok());
            *text = id.map(|id| tree::blob(&layout.repo, id)).transpose()?;
        }
        files.push(ConflictedFile { issue, unmerged, texts });
    }
    Ok(files)
}

/// The file in conflict that contains the issue `typed` in any of its versions.
fn find(files: &[ConflictedFile], typed: &str) -> Result<IssueId, Error> {
    let wanted = IssueRef::parse(typed)?;
    let contains = |file: &&ConflictedFile| {
        let inside = file.texts.iter().flatten().filter_map(|text| Document::read(text).ok()).map(|document| document.issue().id);
        inside.chain([file.issue]).any(|id| wanted.matches(&id))
    };
    let found: Vec<IssueId> = files.iter().filter(contains).map(|file| file.issue).collect();
    match found.as_slice() {
        [] => Err(Error::NotThere {
            what: "conflict in issue",
            name: typed.trim().to_owned(),
            hint: "To list the conflicts: git jit resolve, and git status".to_owned(),
        }),
        [one] => Ok(*one),
        // Two files contain the issue: the one that is named for it is meant.
        many => Ok(wanted.resolve(many.iter().copied())?),
    }
}

/// Works out the result of a file, or which decisions are missing.
fn plan<'a>(edit: &EditSession<'_>, file: &'a ConflictedFile, choices: &FieldChoices) -> Result<ResolvePlan<'a>, Error> {
    let issue = file.issue;
    let [base, ours, theirs] = file.texts.each_ref().map(Option::as_deref);
    // Rename detection may have taken the file of another issue for the base.
    let base = base.filter(|base| Document::read(base).map_or(true, |document| document.issue().id == issue));
    let mut resolution = Resolution::new(issue, &file.unmerged.path);
    let result = match (ours, theirs) {
        (Some(ours), Some(theirs)) => merge_fields(edit, Versions { base, ours, theirs }, choices, &mut resolution)?,
        // No decision is needed for a file that both sides removed, or that only one side added.
        (None, None) => Some(ResolvedFile::Removed),
        (Some(only), None) | (None, Some(only)) if base.is_none() => Some(ResolvedFile::issue(read(issue, only)?)),
        (ours, theirs) => {
            let side = if ours.is_none() { "our side" } else { "their side" };
            resolution.reason = Some(format!("{side} removed its file, and the other side changed it"));
            take_side(issue, ours, theirs, choices)?
        }
    };
    Ok(ResolvePlan { file, resolution, result })
}

/// Reads a version of an issue; an error names the file.
fn read(issue: IssueId, text: &[u8]) -> Result<Document, Error> {
    let path = issues::path_of(issue);
    Ok(Document::parse(text, issue).map_err(|error| store::Error::Corrupt { path, line: None, why: error.to_string() })?)
}

/// Checks the right to edit the issue, unless the file merges without a decision.
fn require_right(edit: &EditSession<'_>, plan: &ResolvePlan<'_>) -> Result<(), Error> {
    let edited = match &plan.result {
        None => return Ok(()),
        Some(_) if plan.resolution.is_automatic() => return Ok(()),
        Some(ResolvedFile::Issue { other: Some((other, _)), .. }) => *other,
        Some(_) => plan.file.issue,
    };
    edit.session.is_at_work_on(edited);
    edit.require_right(edited)
}

/// The version of the chosen side, which may have removed the file; none if no side is chosen.
fn take_side(
    issue: IssueId,
    ours: Option<&[u8]>,
    theirs: Option<&[u8]>,
    choices: &FieldChoices,
) -> Result<Option<ResolvedFile>, Error> {
    let text = match choices.rest {
        None => return Ok(None),
        Some(MergeSide::Ours) => ours,
        Some(MergeSide::Theirs) => theirs,
    };
    Ok(Some(text.map_or(Ok(ResolvedFile::Removed), |text| read(issue, text).map(ResolvedFile::issue))?))
}

/// The result of a file that both sides have; none while a decision is missing.
fn merge_fields(
    edit: &EditSession<'_>,
    versions: Versions<'_>,
    choices: &FieldChoices,
    resolution: &mut Resolution,
) -> Result<Option<ResolvedFile>, Error> {
    let lines = merge::by_lines(&edit.session.cx.scratch);
    let issue = resolution.issue_id;
    let mut merge = match IssueMerge::of(versions, &lines) {
        Ok(merge) => merge,
        Err(error) => {
            resolution.reason = Some(error.to_string());
            return match error {
                MergeError::DifferentIssues { .. } => separate_issues(issue, versions, choices),
                MergeError::Unreadable { .. } | MergeError::Newer { .. } => {
                    take_side(issue, Some(versions.ours), Some(versions.theirs), choices)
                }
            };
        }
    };
    resolution.conflicts = merge.conflicts();
    resolution.rulings.clone_from(&merge.rulings);
    for conflict in &resolution.conflicts {
        choices.decide(edit, &mut merge, conflict)?;
    }
    if !merge.conflicts().is_empty() {
        return Ok(None);
    }
    Ok(Some(ResolvedFile::issue(read(issue, merge.text(&Markers::default()).as_bytes())?)))
}

/// The result of a file for which rename detection took two issues for one. The issue that the file is named for stays
/// unchanged. The other issue, which one side removed and the other side changed, becomes the version of the chosen side.
fn separate_issues(issue: IssueId, versions: Versions<'_>, choices: &FieldChoices) -> Result<Option<ResolvedFile>, Error> {
    let Some(side) = choices.rest else { return Ok(None) };
    let (ours, theirs) = (Document::read(versions.ours)?, Document::read(versions.theirs)?);
    let (chosen, rest) = if side == MergeSide::Ours { (ours, theirs) } else { (theirs, ours) };
    let (is_chosen, is_rest) = (chosen.issue().id == issue, rest.issue().id == issue);
    Ok(match (is_chosen, is_rest) {
        (true, true) => Some(ResolvedFile::issue(chosen)),
        (true, false) => Some(ResolvedFile::Issue { document: Box::new(chosen), other: Some((rest.issue().id, None)) }),
        (false, true) => {
            let other = (chosen.issue().id, Some(Box::new(chosen)));
            Some(ResolvedFile::Issue { document: Box::new(rest), other: Some(other) })
        }
        (false, false) => None,
    })
}
