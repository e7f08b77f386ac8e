//! `git jit resolve`: what a merge has left of issues, shown and decided.
//!
//! Works from the three versions that Git keeps of a file in conflict, not from what stands in the file: so it can be asked
//! again, and it merges what Git merged by lines where no driver was set up. A file is written, and marked as resolved, once
//! nothing in it is left; before that nothing is touched.

mod choice;
mod hand_edits;
mod report;
mod write;

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
use crate::git::tree;
use crate::git::{self, merge::Unmerged};
use crate::store;
use crate::store::issues;

// Arguments of `resolve`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Our side is what is merged into: HEAD, and in a rebase or a cherry-pick what it is replayed onto.\n\
                        Deciding is an edit, and wants a lease where the policy says so; what merges by itself wants none.\n\n\
                        git jit resolve 1a2b --field title=\"Fix login\" --ours")]
pub(crate) struct Args {
    /// The issues [default: all that are in conflict]
    #[arg(value_name = "ISSUE")]
    issues: Vec<String>,
    /// Take our side of these fields, or of all that are not named otherwise
    #[arg(long, value_name = "FIELDS", num_args = 0..=1, require_equals = true, default_missing_value = choice::ALL, value_delimiter = ',')]
    ours: Option<Vec<String>>,
    /// Take their side of these fields, or of all that are not named otherwise
    #[arg(long, value_name = "FIELDS", num_args = 0..=1, require_equals = true, default_missing_value = choice::ALL, value_delimiter = ',')]
    theirs: Option<Vec<String>>,
    /// Give a field another value; assignee= is nobody
    #[arg(long, value_name = "NAME=VALUE")]
    field: Vec<String>,
    /// Decide from the three versions also where the file has been edited since, which goes
    #[arg(long)]
    discard_edits: bool,
}

/// A file in conflict.
struct ConflictedFile {
    /// The issue that it is named for.
    issue: IssueId,
    unmerged: Unmerged,
    texts: [Option<Vec<u8>>; 3],
}

/// What a file in conflict becomes.
enum ResolvedFile {
    /// An issue's file is this; `other`, where rename detection took another issue for this one, is that or nothing.
    Is { document: Box<Document>, other: Option<(IssueId, Option<Box<Document>>)> },
    /// It goes.
    Gone,
}

impl ResolvedFile {
    fn is(document: Document) -> Self {
        Self::Is { document: Box::new(document), other: None }
    }
}

/// Shows or decides what is left.
pub(crate) fn run(session: &Session, args: Args) -> CommandResult {
    let Args { issues, ours, theirs, field, discard_edits } = args;
    let choice = FieldChoices::of(ours, theirs, &field)?;
    let layout = session.layout()?;
    let root = layout.require_worktree()?;
    let left = git::merge::unmerged(root, &format!("{}/issues", tree::DATA))?;
    let mut all = Vec::new();
    for unmerged in left {
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
        all.push(ConflictedFile { issue, unmerged, texts });
    }
    let wanted = issues.iter().map(|typed| of(&all, typed)).collect::<Result<Vec<IssueId>, Error>>()?;
    all.retain(|left| wanted.is_empty() || wanted.contains(&left.issue));
    let edit = EditSession::open(session, layout)?;
    // All of it is worked out before the first file is written.
    let planned = all.iter().map(|left| plan(&edit, left, &choice)).collect::<Result<Vec<_>, _>>()?;
    choice.require_known(planned.iter().map(|(resolution, _)| resolution))?;
    let mut plans: Vec<(&ConflictedFile, Resolution, Option<ResolvedFile>)> =
        all.iter().zip(planned).map(|(left, (resolution, end))| (left, resolution, end)).collect();
    for (left, resolution, end) in &mut plans {
        if end.is_some() && !discard_edits && hand_edits::is_edited(session, root, left)? {
            (resolution.reason, *end) = (Some(hand_edits::REASON.to_owned()), None);
        }
        if let Some(end) = end {
            require_right(&edit, left, resolution, end)?;
        }
    }
    let mut resolutions = Vec::new();
    for (left, mut resolution, end) in plans {
        if let Some(end) = end {
            write(&edit, root, left, &end)?;
            edit.tell("resolved", left.issue, Vec::new());
            resolution.is_resolved = true;
        }
        resolutions.push(resolution);
    }
    Ok(Box::new(ResolveReport { resolutions, is_asked: choice.decides() }))
}

/// The file in conflict that is meant, by an issue that is in it.
fn of(all: &[ConflictedFile], typed: &str) -> Result<IssueId, Error> {
    let meant = IssueRef::parse(typed)?;
    let is_in = |left: &&ConflictedFile| {
        let inside = left.texts.iter().flatten().filter_map(|text| Document::read(text).ok()).map(|document| document.issue().id);
        inside.chain([left.issue]).any(|id| meant.matches(&id))
    };
    let found: Vec<IssueId> = all.iter().filter(is_in).map(|left| left.issue).collect();
    match found.as_slice() {
        [] => Err(Error::NotThere {
            what: "conflict in issue",
            name: typed.trim().to_owned(),
            hint: "To see what is left of a merge: git jit resolve, and git status".to_owned(),
        }),
        // Two files may hold one issue; then its own is meant.
        [one] => Ok(*one),
        many => Ok(meant.resolve(many.iter().copied())?),
    }
}

/// What a file comes to, and what is left of it if it comes to nothing yet.
fn plan(edit: &EditSession<'_>, left: &ConflictedFile, choice: &FieldChoices) -> Result<(Resolution, Option<ResolvedFile>), Error> {
    let [base, ours, theirs] = left.texts.each_ref().map(Option::as_deref);
    // What rename detection took for the base may be another issue: then there is none.
    let base = base.filter(|base| Document::read(base).map_or(true, |document| document.issue().id == left.issue));
    let mut resolution = Resolution::of(left.issue, &left.unmerged.path);
    let end = match (ours, theirs) {
        (Some(ours), Some(theirs)) => by_field(edit, Versions { base, ours, theirs }, choice, &mut resolution)?,
        // Both removed it, for which nobody has to be asked; nor for what one side alone has.
        (None, None) => Some(ResolvedFile::Gone),
        (Some(only), None) | (None, Some(only)) if base.is_none() => Some(ResolvedFile::is(read(left.issue, only)?)),
        (ours, theirs) => {
            let without = if ours.is_none() { "our side" } else { "their side" };
            resolution.reason = Some(format!("{without} removed its file, and the other side changed it"));
            whole(left.issue, if choice.rest == Some(MergeSide::Ours) { ours } else { theirs }, choice)?
        }
    };
    Ok((resolution, end))
}

/// An issue's version, whose error names the file.
fn read(issue: IssueId, text: &[u8]) -> Result<Document, Error> {
    let path = issues::path_of(issue);
    Ok(Document::parse(text, issue).map_err(|error| store::Error::Corrupt { path, line: None, why: error.to_string() })?)
}

/// Refuses what the policy does not let this editor decide. What merges by itself is nobody's edit.
fn require_right(edit: &EditSession<'_>, left: &ConflictedFile, resolution: &Resolution, end: &ResolvedFile) -> Result<(), Error> {
    if resolution.merges_by_itself() {
        return Ok(());
    }
    let edited = if let ResolvedFile::Is { other: Some((other, _)), .. } = end { *other } else { left.issue };
    edit.session.is_at_work_on(edited);
    edit.require_right(edited)
}

/// The end of a file that is taken whole, or not at all, from a side; nothing where no side was chosen.
fn whole(issue: IssueId, text: Option<&[u8]>, choice: &FieldChoices) -> Result<Option<ResolvedFile>, Error> {
    if choice.rest.is_none() {
        return Ok(None);
    }
    let Some(text) = text else { return Ok(Some(ResolvedFile::Gone)) };
    Ok(Some(ResolvedFile::is(read(issue, text)?)))
}

/// The end of a file that both sides have; nothing while something is left.
fn by_field(
    edit: &EditSession<'_>,
    versions: Versions<'_>,
    choice: &FieldChoices,
    resolution: &mut Resolution,
) -> Result<Option<ResolvedFile>, Error> {
    let lines = git::merge::by_lines(&edit.session.cx.scratch);
    let issue = resolution.issue;
    let mut merge = match IssueMerge::of(versions, &lines) {
        Ok(merge) => merge,
        Err(refusal @ MergeError::DifferentIssues { .. }) => {
            resolution.reason = Some(refusal.to_string());
            return two_issues(issue, versions, choice);
        }
        Err(refusal) => {
            resolution.reason = Some(refusal.to_string());
            let text = if choice.rest == Some(MergeSide::Ours) { versions.ours } else { versions.theirs };
            return whole(issue, Some(text), choice);
        }
    };
    resolution.conflicts = merge.conflicts();
    resolution.rulings.clone_from(&merge.rulings);
    for conflict in &resolution.conflicts {
        choice.decide(edit, &mut merge, conflict)?;
    }
    if !merge.conflicts().is_empty() {
        return Ok(None);
    }
    Ok(Some(ResolvedFile::is(read(issue, merge.text(&Markers::default()).as_bytes())?)))
}

/// Rename detection took two issues for one: this file's own issue stays as it is, and of the other one, which one side has
/// deleted and the other has changed, the chosen side counts.
fn two_issues(issue: IssueId, versions: Versions<'_>, choice: &FieldChoices) -> Result<Option<ResolvedFile>, Error> {
    let Some(side) = choice.rest else { return Ok(None) };
    let (ours, theirs) = (Document::read(versions.ours)?, Document::read(versions.theirs)?);
    let (chosen, rest) = if side == MergeSide::Ours { (ours, theirs) } else { (theirs, ours) };
    let (is_chosen, is_rest) = (chosen.issue().id == issue, rest.issue().id == issue);
    Ok(match (is_chosen, is_rest) {
        (true, true) => Some(ResolvedFile::is(chosen)),
        (true, false) => Some(ResolvedFile::Is { document: Box::new(chosen), other: Some((rest.issue().id, None)) }),
        (false, true) => {
            let other = (chosen.issue().id, Some(Box::new(chosen)));
            Some(ResolvedFile::Is { document: Box::new(rest), other: Some(other) })
        }
        (false, false) => None,
    })
}
