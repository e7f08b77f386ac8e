//! `git jit man DIR`: the manual pages, made from the command line's own description; `--markdown FILE`: the page of the reference.

mod markdown;

use std::path::{Path, PathBuf};

use clap::{Command, CommandFactory};
use serde_json::{Value, json};

use crate::commands::cli::Cli;
use crate::commands::shared::session::CommandResult;
use crate::exit::ExitStatus;
use crate::output::Report;
use crate::output::text::Styles;
use crate::store::Error;
use crate::store::file;
use crate::store::issues::VERSIONED;

// Arguments of `man`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where to write them
    #[arg(value_name = "DIRECTORY", required_unless_present = "markdown", conflicts_with = "markdown")]
    folder: Option<PathBuf>,
    /// Write the reference of commands into this file instead, as Markdown
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
}

struct Written(Vec<String>);

/// Writes `git-jit.1`, which Git opens for `git jit --help`, and a page for every verb below it.
pub(crate) fn run(args: Args) -> CommandResult {
    let Args { folder, markdown: page } = args;
    let mut root = Cli::command();
    root.build();
    let mut written = Vec::new();
    if let Some(directory) = folder {
        file::make_dir(&directory, VERSIONED)?;
        write(&directory, root, "git-jit", &mut written)?;
    } else if let Some(path) = page {
        file::replace(&path, markdown::page(&root).as_bytes(), VERSIONED)?;
        written.push(path.display().to_string());
    }
    Ok(Box::new(Written(written)))
}

fn write(directory: &Path, command: Command, name: &str, written: &mut Vec<String>) -> Result<(), Error> {
    let below: Vec<Command> = command.get_subcommands().filter(|verb| !verb.is_hide_set()).cloned().collect();
    let page = command.name(name.to_owned()).display_name(name.to_owned());
    let mut text = Vec::new();
    clap_mangen::Man::new(page).render(&mut text).map_err(Error::io("write", directory))?;
    text.extend_from_slice(exit_statuses().as_bytes());
    let path = directory.join(format!("{name}.1"));
    file::replace(&path, &text, VERSIONED)?;
    written.push(path.display().to_string());
    for verb in below {
        let name = format!("{name}-{}", verb.get_name());
        write(directory, verb, &name, written)?;
    }
    Ok(())
}

/// The section that every page ends with.
fn exit_statuses() -> String {
    let rows = ExitStatus::TABLE.iter().map(|(status, meaning)| format!(".TP\n.B {}\n{meaning}\n", status.code()));
    format!(".SH \"EXIT STATUS\"\n{}", rows.collect::<String>())
}

impl Report for Written {
    fn json(&self) -> Value {
        json!({ "pages": self.0 })
    }

    fn human(&self, _: &Styles) -> String {
        self.0.iter().map(|path| format!("{path}\n")).collect()
    }
}
