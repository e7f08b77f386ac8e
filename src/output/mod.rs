//! Reports: text with styles for people, or one JSON document for programs. stdout has the answer, stderr the narration.
//!
//! Nothing is computed here. Text that came from files is printed without control characters.
//!
//! # How to write a report
//!
//! 1. One struct with the members of the document, named and ordered as `docs/json.md` lists them:
//!    `#[derive(Serialize, JsonSchema)] struct Released { changed: bool, lease_id: LeaseId, issue_id: Option<IssueId> }`.
//! 2. What only people see is a member too, with `#[serde(skip)]`. Every other member is printed, also when it is `null`.
//! 3. A type that several documents share has a name of its own: `#[schemars(rename = "Lease")]` if it differs from Rust's.
//!    `#[schemars(inline)]` keeps a small one out of the list of names.
//! 4. `impl Report for Released { fn human(&self, styles: &Styles) -> String { … } }`.
//! 5. Its verb is in the `ANSWERS` of its group: `Answer::of::<Released>("claim release")`.
//! 6. `docs/json.md` is made from that; a test compares it and says how to renew it.

pub(crate) mod progress;
pub(crate) mod schema;
pub(crate) mod text;
pub(crate) mod watch;
pub(crate) mod width;

use std::io::{self, BufWriter, Write};
use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::context::Terminal;
use crate::error::Error;
use crate::exit::{Diagnose, Diagnosis, ExitStatus};
use text::Styles;

/// What can be printed as one JSON document: every `Serialize` whose members follow `schema_version`.
pub(crate) trait JsonDocument {
    /// Writes the document and a final newline, member by member.
    fn write(&self, out: &mut dyn Write) -> io::Result<()>;
    /// The document as a value.
    fn value(&self) -> Value;
}

#[derive(Serialize)]
struct Envelope<'a, T: ?Sized> {
    schema_version: u32,
    #[serde(flatten)]
    members: &'a T,
}

fn envelope<T: Serialize + ?Sized>(members: &T) -> Envelope<'_, T> {
    Envelope { schema_version: 1, members }
}

impl<T: Serialize> JsonDocument for T {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut out = BufWriter::with_capacity(1 << 16, out);
        serde_json::to_writer_pretty(&mut out, &envelope(self))?;
        out.write_all(b"\n")?;
        out.flush()
    }

    fn value(&self) -> Value {
        serde_json::to_value(envelope(self)).expect("a report has names for keys")
    }
}

/// What a command found or did.
pub(crate) trait Report: JsonDocument {
    /// Whether the answer was printed already, so that no document follows.
    fn is_streamed(&self) -> bool {
        false
    }
    /// The lines for people.
    fn human(&self, styles: &Styles) -> String;
    /// The output with `--quiet`; most reports have none.
    fn quiet(&self) -> Option<String> {
        None
    }
    /// A message for stderr, beside the answer.
    fn aside(&self) -> Option<String> {
        None
    }
    /// The directory to which the shell function `wt` changes.
    fn destination(&self) -> Option<&Path> {
        None
    }
    /// The exit status of the command; an error if a part of the request failed.
    fn status(&self) -> ExitStatus {
        ExitStatus::Done
    }
    /// The number to exit with; overridden if it is that of a command that was run.
    fn code(&self) -> u8 {
        self.status().code()
    }
}

/// The answer was printed already, piece by piece.
#[derive(Serialize)]
pub(crate) struct Streamed;

impl Report for Streamed {
    fn is_streamed(&self) -> bool {
        true
    }

    fn human(&self, _: &Styles) -> String {
        String::new()
    }
}

/// How to print.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    /// One JSON document on stdout.
    pub json: bool,
    /// No narration, and only what a script needs.
    pub quiet: bool,
    /// Styles of stdout.
    pub out: Styles,
    /// Styles of stderr.
    pub err: Styles,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum Colour {
    /// On a terminal.
    #[default]
    Auto,
    /// Everywhere.
    Always,
    /// Nowhere.
    Never,
}

impl Output {
    /// Chooses the styles by the options and by what the streams are connected to.
    pub(crate) fn new(json: bool, quiet: bool, colour: Colour, terminal: Terminal) -> Self {
        let styles = |by_itself: bool| match colour {
            Colour::Always => Styles::colourful(),
            Colour::Auto if by_itself => Styles::colourful(),
            Colour::Auto | Colour::Never => Styles::plain(),
        };
        Self { json, quiet, out: styles(terminal.colour_out), err: styles(terminal.colour_err) }
    }

    /// Prints a part of a streamed answer. Returns whether the reader is still there.
    pub(crate) fn stream(text: &str) -> bool {
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_ok()
    }

    /// Whether the reader of stdout is still there.
    pub(crate) fn is_heard() -> bool {
        #[cfg(unix)]
        {
            use rustix::event::{PollFd, PollFlags, Timespec, poll};
            let stdout = io::stdout();
            let mut polled = [PollFd::new(&stdout, PollFlags::empty())];
            let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
            let is_gone =
                poll(&mut polled, Some(&at_once)).is_ok() && polled[0].revents().intersects(PollFlags::ERR | PollFlags::HUP);
            !is_gone
        }
        #[cfg(not(unix))]
        true
    }

    /// Prints a report. Returns whether that succeeded.
    pub(crate) fn report(&self, report: &dyn Report) -> bool {
        if let Some(aside) = report.aside() {
            self.narrate(&aside);
        }
        let mut stdout = io::stdout().lock();
        if self.json {
            return report.is_streamed() || was_read(report.write(&mut stdout));
        }
        let text = if self.quiet { report.quiet().map(|line| line + "\n").unwrap_or_default() } else { report.human(&self.out) };
        write(stdout, &text)
    }

    /// Prints progress to stderr; not with `--quiet` and not with `--json`.
    pub(crate) fn narrate(&self, text: &str) {
        if !self.quiet && !self.json {
            write(io::stderr().lock(), &format!("{} {}\n", self.err.faint("git jit:"), text::plain(text)));
        }
    }

    /// Prints a warning to stderr, also with `--quiet`.
    pub(crate) fn warn(&self, text: &str) {
        write(io::stderr().lock(), &format!("{} {}\n", self.err.warn("warning:"), text::plain(text)));
    }

    /// Prints an error.
    pub(crate) fn error(&self, error: &Error) {
        if self.json {
            let _ = Failure::from(error).write(&mut io::stdout().lock());
            return;
        }
        let mut text = format!("{} {}\n", self.err.bad("error:"), text::plain(&error.to_string()));
        for hint in error.hints() {
            text += &format!("  {}\n", text::plain(&hint));
        }
        write(io::stderr().lock(), &text);
    }
}

/// The document of an error.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Failure {
    error: ErrorReport,
}

/// What programs need of an error.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "Error")]
pub(crate) struct ErrorReport {
    code: &'static str,
    pub message: String,
    #[schemars(with = "serde_json::Map<String, Value>")]
    details: Value,
    suggestions: Vec<String>,
    retryable: bool,
}

impl From<&Error> for ErrorReport {
    fn from(error: &Error) -> Self {
        let Diagnosis { code, hints, data, is_retryable, status: _ } = error.diagnosis();
        Self { code, message: error.to_string(), details: data, suggestions: hints, retryable: is_retryable }
    }
}

impl From<&Error> for Failure {
    fn from(error: &Error) -> Self {
        Self { error: error.into() }
    }
}

fn write(mut stream: impl Write, text: &str) -> bool {
    was_read(stream.write_all(text.as_bytes()).and_then(|()| stream.flush()))
}

/// Whether it was printed. A reader that closed the stream has read enough: no failure, and no panic.
fn was_read(written: io::Result<()>) -> bool {
    written.map_or_else(|error| error.kind() == io::ErrorKind::BrokenPipe, |()| true)
}
