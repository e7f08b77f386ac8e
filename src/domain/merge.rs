//! Merges the files of one issue field by field: three-way first, then by a rule of the field if both sides changed it differently.
//!
//! The result does not depend on which side is ours, and merging it again changes nothing. No value is dropped silently: the decisions
//! of rules are reported, and a conflict without a rule keeps both values in the text. Files that are not issues, or not the same issue,
//! are refused; a person must decide.

mod json_equality;
mod rules;
#[cfg(test)]
mod tests;
mod texts;
mod write;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::domain::id::IssueId;
use crate::domain::issue::Document;
use crate::domain::merge::rules::{FieldOutcome, Item, Weighing};
use crate::domain::merge::texts::Texts;
pub(crate) use crate::domain::merge::write::Markers;
use crate::text::json_edit;

/// The newest supported `schema_version` of an issue file. Files without one have version 1.
const NEWEST: u64 = 1;

/// A text merge by lines: base, ours, theirs give the clean merge, if there is one.
pub(crate) type Lines<'a> = &'a dyn Fn(&str, &str, &str) -> Option<String>;

/// One of the two sides of a merge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MergeSide {
    /// The side that is merged into.
    Ours,
    /// The side that is merged.
    Theirs,
}

/// The three versions of a file; `base` is `None` without a common ancestor.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Versions<'a> {
    pub base: Option<&'a [u8]>,
    pub ours: &'a [u8],
    pub theirs: &'a [u8],
}

/// Why a file is left to a person.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MergeError {
    /// Git's rename detection paired two different issues.
    #[error("rename detection paired two different issues: {}", short(issues))]
    DifferentIssues { issues: Vec<IssueId> },
    /// A side is not a valid issue.
    #[error("{} cannot be read: {why}", side.name())]
    Unreadable { side: MergeSide, why: String },
    /// A version has an unknown schema version.
    #[error("it has schema_version {version}, but this program supports up to {NEWEST}")]
    Newer {
        /// The schema version, as JSON.
        version: String,
    },
}

/// The decision of a rule, so that the dropped value can be reported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Ruling {
    /// The field, with the keys below it.
    pub field: String,
    /// The value that is kept, as JSON.
    pub kept: String,
    /// The value that is dropped, as JSON.
    pub dropped: String,
}

/// A field that both sides changed differently and that has no rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Conflict {
    /// The field and the keys below it.
    #[serde(rename = "field", serialize_with = "joined")]
    #[schemars(with = "String")]
    pub path: Vec<String>,
    /// The JSON text on our side; `None` if it is absent.
    pub ours: Option<String>,
    /// The JSON text on their side; `None` if it is absent.
    pub theirs: Option<String>,
}

fn joined<S: Serializer>(path: &[String], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&path.join("."))
}

impl Conflict {
    /// The name of the field on a command line.
    pub(crate) fn field(&self) -> String {
        self.path.join(".")
    }
}

/// A computed merge that has not been written yet.
#[derive(Debug, Clone)]
pub(crate) struct IssueMerge {
    pub issue: IssueId,
    /// The decisions of rules.
    pub rulings: Vec<Ruling>,
    start: String,
    ours: String,
    theirs: String,
    items: Vec<Item>,
}

impl MergeSide {
    fn name(self) -> &'static str {
        match self {
            Self::Ours => "our side",
            Self::Theirs => "their side",
        }
    }
}

impl IssueMerge {
    /// Computes the merge.
    pub(crate) fn of(versions: Versions<'_>, lines: Lines<'_>) -> Result<Self, MergeError> {
        let read = |bytes, side| Document::read(bytes).map_err(|error| MergeError::Unreadable { side, why: error.to_string() });
        let (ours, theirs) = (read(versions.ours, MergeSide::Ours)?, read(versions.theirs, MergeSide::Theirs)?);
        // A virtual base may contain conflict markers. It counts as no base.
        let base = versions.base.and_then(|bytes| Document::read(bytes).ok());
        let mut issues: Vec<IssueId> = base.iter().chain([&ours, &theirs]).map(|document| document.issue().id).collect();
        issues.sort_unstable();
        issues.dedup();
        if issues.len() > 1 {
            return Err(MergeError::DifferentIssues { issues });
        }
        let versions = base.iter().chain([&ours, &theirs]).filter_map(|it| it.issue().rest.get("schema_version"));
        let is_known = |version: &&Value| version.as_u64().is_some_and(|version| version <= NEWEST);
        if let Some(version) = versions.into_iter().find(|version| !is_known(version)) {
            return Err(MergeError::Newer { version: version.to_string() });
        }
        let texts = Texts { base: base.as_ref().map(Document::text), ours: ours.text(), theirs: theirs.text() };
        let mut weighing = Weighing::new(lines);
        weighing.object(&[], texts.base, texts.ours, texts.theirs);
        weighing.couple(&texts);
        let Weighing { items, rulings, .. } = weighing;
        let start = texts.start().to_owned();
        Ok(Self { issue: ours.issue().id, rulings, start, ours: texts.ours.to_owned(), theirs: texts.theirs.to_owned(), items })
    }

    /// The conflicts that remain.
    pub(crate) fn conflicts(&self) -> Vec<Conflict> {
        let open = self.items.iter().filter(|item| item.outcome == FieldOutcome::Conflict);
        let conflict = |item: &Item| {
            let path = words(&item.path);
            let value = |text: &str| json_edit::raw(text, &path).map(str::to_owned);
            Conflict { path: item.path.clone(), ours: value(&self.ours), theirs: value(&self.theirs) }
        };
        open.map(conflict).collect()
    }

    /// Resolves a conflict with the value of one side.
    pub(crate) fn take(&mut self, path: &[String], side: MergeSide) {
        self.decide(path, FieldOutcome::Take(side));
    }

    /// Resolves a conflict with a new value.
    pub(crate) fn make(&mut self, path: &[String], value: Value) {
        self.decide(path, FieldOutcome::Made(value));
    }

    fn decide(&mut self, path: &[String], outcome: FieldOutcome) {
        if let Some(item) = self.items.iter_mut().find(|item| item.path == path) {
            item.outcome = outcome;
        }
    }

    /// The merged text, with conflict markers around the conflicting fields only.
    pub(crate) fn text(&self, markers: &Markers) -> String {
        write::text(&self.start, (&self.ours, &self.theirs), &self.items, markers)
    }

    /// The merged text; `None` while there are conflicts.
    pub(crate) fn clean(&self) -> Option<String> {
        let is_clean = self.items.iter().all(|item| item.outcome != FieldOutcome::Conflict);
        is_clean.then(|| self.text(&Markers::default()))
    }
}

fn short(issues: &[IssueId]) -> String {
    issues.iter().map(IssueId::short).collect::<Vec<_>>().join(", ")
}

/// A path in the form that `json_edit` takes.
fn words(path: &[String]) -> Vec<&str> {
    path.iter().map(String::as_str).collect()
}

/// The members of an object by key, each with its text.
fn by_key(object: &str) -> BTreeMap<String, &str> {
    json_edit::members(object).into_iter().map(|member| (member.key, &object[member.start..member.end])).collect()
}
