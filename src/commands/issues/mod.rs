//! Issues and what is about them: gates, labels, notes, documents, dependencies, queries, merges.

pub(crate) mod dep;
pub(crate) mod doc;
pub(crate) mod events;
pub(crate) mod gate;
pub(crate) mod graph;
pub(crate) mod issue;
pub(crate) mod label;
pub(crate) mod merge_driver;
pub(crate) mod note;
pub(crate) mod query;
pub(crate) mod report;
pub(crate) mod resolve;
pub(crate) mod validate;

use crate::commands::shared::issue_list::IssueList;
use crate::output::schema::Answer;

/// What the verbs of this group answer with `--json`.
pub(crate) const ANSWERS: &[Answer] = &[
    Answer::of::<IssueList>("issue list"),
    Answer::of::<IssueList>("query all"),
    Answer::of::<IssueList>("query available"),
    Answer::of::<IssueList>("query blocked"),
    Answer::of::<IssueList>("query ready"),
    Answer::of::<IssueList>("query mine"),
    Answer::of::<IssueList>("query closed"),
    Answer::of::<IssueList>("search"),
];
