//! Reports become text: for people with styles, or as one JSON document. stdout is the answer, stderr the narration.
//!
//! Computes nothing. What came from files is shown without control characters, whoever wrote it.

pub(crate) mod progress;
pub(crate) mod text;
pub(crate) mod watch;

use std::io::Write;
use std::path::Path;

use serde_json::{Value, json};

use crate::context::Terminal;
use crate::error::Error;
use crate::exit::ExitStatus;
use text::Styles;

/// What a command found or did: a value that can say itself in both ways.
pub(crate) trait Report {
    /// The members of the JSON document, beside `schema_version`.
    fn json(&self) -> Value;
    /// The lines for people.
    fn human(&self, styles: &Styles) -> String;
    /// The line that is left of it with `--quiet`; nothing for most.
    fn quiet(&self) -> Option<String> {
        None
    }
    /// What is said beside the answer, on stderr.
    fn aside(&self) -> Option<String> {
        None
    }
    /// Where the user's shell goes now, if it has the function that takes it there.
    fn destination(&self) -> Option<&Path> {
        None
    }
    /// How the command ends that reports it; not well where a part of what was asked for failed.
    fn status(&self) -> ExitStatus {
        ExitStatus::Done
    }
    /// The number it exits with; another one only where it is that of a command that was run.
    fn code(&self) -> u8 {
        self.status().code()
    }
}

/// How the user wants to be answered.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    /// One JSON document on stdout.
    pub json: bool,
    /// No narration, and only what a script wants.
    pub quiet: bool,
    /// Styles of stdout.
    pub out: Styles,
    /// Styles of stderr.
    pub err: Styles,
}

/// When colour is wanted.
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
    /// Styles for what the streams lead to and what was asked for.
    pub(crate) fn new(json: bool, quiet: bool, colour: Colour, terminal: Terminal) -> Self {
        let styles = |by_itself: bool| match colour {
            Colour::Always => Styles::colourful(),
            Colour::Auto if by_itself => Styles::colourful(),
            Colour::Auto | Colour::Never => Styles::plain(),
        };
        Self { json, quiet, out: styles(terminal.colour_out), err: styles(terminal.colour_err) }
    }

    /// Says a part of an answer that comes bit by bit: whether anybody still listens.
    pub(crate) fn stream(text: &str) -> bool {
        let mut out = std::io::stdout().lock();
        out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_ok()
    }

    /// Whether somebody is left at the other end of stdout.
    pub(crate) fn is_heard() -> bool {
        #[cfg(unix)]
        {
            use rustix::event::{PollFd, PollFlags, Timespec, poll};
            let stdout = std::io::stdout();
            let mut polled = [PollFd::new(&stdout, PollFlags::empty())];
            let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
            let is_gone =
                poll(&mut polled, Some(&at_once)).is_ok() && polled[0].revents().intersects(PollFlags::ERR | PollFlags::HUP);
            !is_gone
        }
        #[cfg(not(unix))]
        true
    }

    /// Says a report: whether it could be said.
    pub(crate) fn report(&self, report: &dyn Report) -> bool {
        let text = if self.json {
            match report.json() {
                // It was said bit by bit.
                Value::Null => String::new(),
                members => document(members),
            }
        } else if self.quiet {
            report.quiet().map(|line| line + "\n").unwrap_or_default()
        } else {
            report.human(&self.out)
        };
        if let Some(aside) = report.aside() {
            self.narrate(&aside);
        }
        write(std::io::stdout().lock(), &text)
    }

    /// Says by the way what is under way; not with `--quiet` and not with `--json`.
    pub(crate) fn narrate(&self, text: &str) {
        if !self.quiet && !self.json {
            write(std::io::stderr().lock(), &format!("{} {}\n", self.err.faint("git jit:"), text::plain(text)));
        }
    }

    /// Says, however quiet it should be, that something is not as it ought to be.
    pub(crate) fn warn(&self, text: &str) {
        write(std::io::stderr().lock(), &format!("{} {}\n", self.err.warn("warning:"), text::plain(text)));
    }

    /// Says why there is no answer.
    pub(crate) fn error(&self, error: &Error) {
        if self.json {
            write(std::io::stdout().lock(), &document(json!({ "error": described(error) })));
            return;
        }
        let mut text = format!("{} {}\n", self.err.bad("error:"), text::plain(&error.to_string()));
        for hint in error.hints() {
            text += &format!("  {}\n", text::plain(&hint));
        }
        write(std::io::stderr().lock(), &text);
    }
}

/// An error as programs are told of it.
pub(crate) fn described(error: &Error) -> Value {
    json!({
        "code": error.code(), "message": error.to_string(), "details": error.details(),
        "suggestions": error.hints(), "retryable": error.is_retryable(),
    })
}

/// One document: the version first, then what was said.
pub(crate) fn whole(members: Value) -> Value {
    let mut document = serde_json::Map::from_iter([("schema_version".to_owned(), json!(1))]);
    if let Value::Object(members) = members {
        document.extend(members);
    }
    Value::Object(document)
}

fn document(members: Value) -> String {
    format!("{:#}\n", whole(members))
}

/// Whether it was said. Whoever closed the stream has seen enough: that is no failure, and no panic.
fn write(mut stream: impl Write, text: &str) -> bool {
    match stream.write_all(text.as_bytes()).and_then(|()| stream.flush()) {
        Ok(()) => true,
        Err(error) => error.kind() == std::io::ErrorKind::BrokenPipe,
    }
}
