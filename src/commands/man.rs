//! `git jit man DIR`: the manual pages, made from the command line's own description.

use std::path::PathBuf;

use clap::{Command, CommandFactory};
use serde_json::{Value, json};

use super::Answer;
use crate::cli::Cli;
use crate::output::Report;
use crate::output::human::Styles;
use crate::store::Error;
use crate::store::file;
use crate::store::issues::VERSIONED;

/// Arguments of `man`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where to write them
    directory: PathBuf,
}

struct Written(Vec<String>);

/// Writes `git-jit.1` and a page a noun: Git opens the first for `git jit --help`.
pub(crate) fn run(args: Args) -> Answer {
    let Args { directory } = args;
    let mut root = Cli::command();
    root.build();
    let nouns = root.get_subcommands().filter(|noun| noun.has_subcommands()).cloned();
    let pages: Vec<Command> = std::iter::once(root.clone()).chain(nouns).collect();
    file::make_dir(&directory, VERSIONED)?;
    let mut written = Vec::new();
    for page in pages {
        let is_root = page.get_name() == "git-jit";
        let name = if is_root { "git-jit".to_owned() } else { format!("git-jit-{}", page.get_name()) };
        let mut text = Vec::new();
        let page = page.name(name.clone()).display_name(name.clone());
        clap_mangen::Man::new(page).render(&mut text).map_err(Error::io("write", &directory))?;
        let path = directory.join(format!("{name}.1"));
        file::replace(&path, &text, VERSIONED)?;
        written.push(path.display().to_string());
    }
    Ok(Box::new(Written(written)))
}

impl Report for Written {
    fn json(&self) -> Value {
        json!({ "pages": self.0 })
    }

    fn human(&self, _: &Styles) -> String {
        self.0.iter().map(|path| format!("{path}\n")).collect()
    }
}
