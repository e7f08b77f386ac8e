//! Verbs about the program, its agents and the repository as a whole: `status`, `watch`, `check`, `mcp`, `schema`, `help`, …

pub(crate) mod adopt;
pub(crate) mod check;
pub(crate) mod demo;
pub(crate) mod help;
pub(crate) mod man;
#[cfg(feature = "mcp")]
pub(crate) mod mcp;
pub(crate) mod prime;
pub(crate) mod schema;
pub(crate) mod shell;
pub(crate) mod status;
pub(crate) mod watch;
pub(crate) mod whoami;

use crate::output::schema::Answer;

/// What the verbs of this group answer with `--json`.
pub(crate) const ANSWERS: &[Answer] = &[
    Answer::of::<status::StatusReport>("status"),
    Answer::of::<status::PromptReport>("status --line"),
    Answer::of::<prime::PrimeReport>("prime"),
    Answer::of::<watch::FrameReport>("watch"),
    Answer::of::<whoami::WhoamiReport>("whoami"),
    Answer::of::<check::CheckReport>("check"),
    Answer::of::<adopt::AdoptReport>("adopt"),
    Answer::of::<schema::SchemaReport>("schema"),
    Answer::of::<demo::DemoReport>("demo"),
    Answer::of::<shell::ScriptReport>("shell-init"),
    Answer::of::<shell::ScriptReport>("completions"),
    Answer::of::<help::HelpReport>("help"),
    Answer::of::<help::ExitCodesReport>("help exit-codes"),
    Answer::of::<help::VersionReport>("version"),
];
