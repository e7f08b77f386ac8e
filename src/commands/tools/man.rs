//! `git jit man DIR`: writes the manual pages; `--markdown FILE`: writes the reference page. Both come from the definition of the
//! command line.

mod markdown;

use std::path::{Path, PathBuf};

use clap::Command;
use serde::Serialize;

use crate::commands::shared::session::{CommandResult, Session};
use crate::exit::ExitStatus;
use crate::output::Report;
use crate::output::text::Styles;
use crate::store::Error;
use crate::store::file;
use crate::store::issues::VERSIONED;

// Arguments of `man`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The directory for the pages
    #[arg(value_name = "DIRECTORY", required_unless_present = "markdown", conflicts_with = "markdown")]
    folder: Option<PathBuf>,
    /// Write the command reference to this file instead, as Markdown
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
}

#[derive(Serialize)]
struct ManReport {
    pages: Vec<String>,
}

/// Writes `git-jit.1`, which Git opens for `git jit --help`, and a page for every verb.
pub(crate) fn run(session: &Session, args: Args) -> CommandResult {
    let Args { folder, markdown: page } = args;
    let mut root = (session.program.command)();
    root.build();
    let mut pages = Vec::new();
    if let Some(directory) = folder {
        file::make_dir(&directory, VERSIONED)?;
        write(&directory, root, "git-jit", &mut pages)?;
    } else if let Some(path) = page {
        file::replace(&path, markdown::page(&root).as_bytes(), VERSIONED)?;
        pages.push(path.display().to_string());
    }
    Ok(Box::new(ManReport { pages }))
}

fn write(directory: &Path, command: Command, name: &str, pages: &mut Vec<String>) -> Result<(), Error> {
    let below: Vec<Command> = command.get_subcommands().filter(|verb| !verb.is_hide_set()).cloned().collect();
    let page = command.name(name.to_owned()).display_name(name.to_owned());
    let mut text = Vec::new();
    clap_mangen::Man::new(page).render(&mut text).map_err(Error::io("write", directory))?;
    text.extend_from_slice(exit_statuses().as_bytes());
    let path = directory.join(format!("{name}.1"));
    file::replace(&path, &text, VERSIONED)?;
    pages.push(path.display().to_string());
    for verb in below {
        let name = format!("{name}-{}", verb.get_name());
        write(directory, verb, &name, pages)?;
    }
    Ok(())
}

/// The last section of every page.
fn exit_statuses() -> String {
    let rows = ExitStatus::TABLE.iter().map(|(status, meaning)| format!(".TP\n.B {}\n{meaning}\n", status.code()));
    format!(".SH \"EXIT STATUS\"\n{}", rows.collect::<String>())
}

impl Report for ManReport {
    fn human(&self, _: &Styles) -> String {
        self.pages.iter().map(|path| format!("{path}\n")).collect()
    }
}
