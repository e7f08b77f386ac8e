//! Issues and what belongs to them: dependencies, documents, gates, labels, notes, queries, merges.

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

/// The answers of this group's verbs with `--json`.
pub(crate) const ANSWERS: &[Answer] = &[
    Answer::of::<IssueList>("issue list"),
    Answer::of::<IssueList>("query all"),
    Answer::of::<IssueList>("query available"),
    Answer::of::<IssueList>("query blocked"),
    Answer::of::<IssueList>("query ready"),
    Answer::of::<IssueList>("query mine"),
    Answer::of::<IssueList>("query closed"),
    Answer::of::<IssueList>("search"),
    Answer::of::<query::explain::Explanation>("query available --explain"),
    Answer::of::<issue::create::CreateReport>("issue create"),
    Answer::of::<report::IssueDetailsReport>("issue show"),
    Answer::of::<issue::update::UpdateReport>("issue update"),
    Answer::of::<report::EditReport>("issue assign"),
    Answer::of::<report::EditReport>("issue unassign"),
    Answer::of::<report::EditReport>("issue reject"),
    Answer::of::<report::EditReport>("issue delete"),
    Answer::of::<report::EditReport>("issue restore"),
    Answer::of::<report::EditReport>("dep add"),
    Answer::of::<report::EditReport>("dep rm"),
    Answer::of::<report::EditReport>("label add"),
    Answer::of::<report::EditReport>("label rm"),
    Answer::of::<report::EditReport>("doc add"),
    Answer::of::<report::EditReport>("doc rm"),
    Answer::of::<report::EditReport>("gate add"),
    Answer::of::<report::EditReport>("gate rm"),
    Answer::of::<report::EditReport>("gate pass"),
    Answer::of::<report::EditReport>("gate fail"),
    Answer::of::<report::BulkReport>("issue update --filter"),
    Answer::of::<report::BulkReport>("issue gc"),
    Answer::of::<issue::log::LogReport>("issue log"),
    Answer::of::<issue::import_export::ImportReport>("issue import"),
    Answer::of::<issue::import_export::ExportReport>("issue export"),
    Answer::of::<dep::DependencyReport>("dep show"),
    Answer::of::<graph::report::TreeReport>("graph show"),
    Answer::of::<graph::report::TreeReport>("graph deps"),
    Answer::of::<graph::report::TreeReport>("graph downstream"),
    Answer::of::<graph::report::RootsReport>("graph roots"),
    Answer::of::<graph::report::GraphExport>("graph export"),
    Answer::of::<label::LabelReport>("label list"),
    Answer::of::<note::NoteAdded>("note add"),
    Answer::of::<note::NoteListReport>("note list"),
    Answer::of::<doc::DocumentReport>("doc list"),
    Answer::of::<events::EventReport>("events"),
    Answer::of::<gate::report::GateReport>("gate define"),
    Answer::of::<gate::report::GateReport>("gate remove"),
    Answer::of::<gate::report::GateReport>("gate show"),
    Answer::of::<gate::report::GateListReport>("gate list"),
    Answer::of::<gate::report::GateStatusReport>("gate check"),
    Answer::of::<gate::report::GateStatusReport>("gate check-all"),
    Answer::of::<gate::report::GateStatusReport>("gate status"),
    Answer::of::<merge_driver::MergeReport>("merge-driver"),
    Answer::of::<resolve::report::ResolveReport>("resolve"),
    Answer::of::<validate::ValidateReport>("validate"),
];
