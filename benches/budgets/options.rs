//! The command line of the bench.

use std::path::{Path, PathBuf};

use super::peers::Peers;

/// What `--help` and a mistake print.
pub(crate) const HELP: &str = "\
cargo bench --bench budgets -- [OPTIONS]
  --runs N           measured runs a row, fewer where they take long [default: 31]
  --only WORD        only the rows and curves with this in their name
  --skip WORD        none with this in their name (`growth` is in that of every curve); may be given again
  --in DIR           make the repositories there and not below target: in memory nothing waits for a disk
  --quick            small repositories and 2 runs, to see that it works
  --cold-build       also how long the release takes to build from nothing (minutes)
  --json             one JSON document instead of the table
  --write            also store the run in docs/performance, and renew the page and its picture
  --render           renew the page and its picture from the stored runs, and measure nothing
  --alone            ours and Git's alone, without other programs
  --keep             leave the repositories where they are, and say where that is
Other programs are measured beside it where they are found on PATH: jit, wt, git-lfs, lefthook, prek, pre-commit, br.
";

/// What to measure, and how to tell it.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct Options {
    /// Print a JSON document.
    pub json: bool,
    /// Measured runs a row.
    pub runs: usize,
    /// A part of the names of the rows to measure.
    pub only: String,
    /// A part of the names of the rows not to measure.
    pub skip: Vec<String>,
    /// Where the repositories are made, if not beside the build.
    pub place: Option<PathBuf>,
    /// Make everything small.
    pub quick: bool,
    /// Build the release from nothing, too.
    pub cold_build: bool,
    /// Store the run, and renew the page.
    pub write: bool,
    /// Leave the repositories.
    pub keep: bool,
    /// The other programs to be measured beside ours.
    pub peers: Peers,
}

impl Options {
    /// Whether the row of this name was asked for.
    pub(crate) fn wants(&self, name: &str) -> bool {
        name.contains(&self.only) && !self.skip.iter().any(|skip| name.contains(skip))
    }

    /// Whether one of the rows of these names was asked for.
    pub(crate) fn wants_any(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.wants(name))
    }
}

/// What the arguments ask for.
pub(crate) enum Parsed {
    /// The measurement.
    Run(Options),
    /// The page of the stored runs.
    Render,
    /// The list of options.
    Help,
}

/// Reads the arguments; the error says which one is wrong.
pub(crate) fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Parsed, String> {
    let (mut is_bench, mut is_alone, mut runs) = (false, false, None);
    let mut options = Options {
        json: false,
        runs: 0,
        only: String::new(),
        skip: Vec::new(),
        place: None,
        quick: false,
        cold_build: false,
        write: false,
        keep: false,
        peers: Peers::default(),
    };
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{argument} wants a value"));
        match argument.as_str() {
            "--bench" => is_bench = true,
            "--json" => options.json = true,
            "--quick" => options.quick = true,
            "--cold-build" => options.cold_build = true,
            "--write" => options.write = true,
            "--keep" => options.keep = true,
            "--alone" => is_alone = true,
            "--only" => options.only = value()?,
            "--skip" => options.skip.push(value()?),
            "--in" => {
                let text = value()?;
                let place = Path::new(&text).canonicalize().ok().filter(|place| place.is_dir());
                options.place = Some(place.ok_or_else(|| format!("--in {text}: no directory"))?);
            }
            "--runs" => {
                let text = value()?;
                let number = text.parse().ok().filter(|runs| (1..=1000).contains(runs));
                runs = Some(number.ok_or_else(|| format!("--runs {text}: want 1 to 1000"))?);
            }
            "--render" => return Ok(Parsed::Render),
            "--help" | "-h" => return Ok(Parsed::Help),
            _ => return Err(format!("unknown option {argument}")),
        }
    }
    options.quick |= !is_bench;
    options.runs = runs.unwrap_or(if options.quick { 2 } else { 31 });
    if options.quick && options.write {
        return Err("--write wants a whole run, without --quick".to_owned());
    }
    if !is_alone {
        options.peers = Peers::look();
    }
    Ok(Parsed::Run(options))
}
