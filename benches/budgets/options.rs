//! The command line of the bench.

/// What `--help` and a mistake print.
pub(crate) const HELP: &str = "\
cargo bench --bench budgets -- [OPTIONS]
  --runs N           measured runs a row [default: 31]
  --only SUBSTRING   only the rows with this in their name
  --quick            small repositories and 2 runs, to see that it works
  --json             one JSON document instead of the table
";

/// What to measure, and how to tell it.
#[derive(Debug)]
pub(crate) struct Options {
    /// Print a JSON document.
    pub json: bool,
    /// Measured runs a row.
    pub runs: usize,
    /// A part of the names of the rows to measure.
    pub only: String,
    /// Make everything small.
    pub quick: bool,
}

impl Options {
    /// Whether the row of this name was asked for.
    pub(crate) fn wants(&self, name: &str) -> bool {
        name.contains(&self.only)
    }
}

/// What the arguments ask for.
pub(crate) enum Parsed {
    /// The measurement.
    Run(Options),
    /// The list of options.
    Help,
}

/// Reads the arguments; the error says which one is wrong.
pub(crate) fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Parsed, String> {
    let (mut json, mut quick, mut is_bench, mut runs, mut only) = (false, false, false, None, String::new());
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{argument} wants a value"));
        match argument.as_str() {
            "--bench" => is_bench = true,
            "--json" => json = true,
            "--quick" => quick = true,
            "--only" => only = value()?,
            "--runs" => {
                let text = value()?;
                let number = text.parse().ok().filter(|runs| (1..=1000).contains(runs));
                runs = Some(number.ok_or_else(|| format!("--runs {text}: want 1 to 1000"))?);
            }
            "--help" | "-h" => return Ok(Parsed::Help),
            _ => return Err(format!("unknown option {argument}")),
        }
    }
    let quick = quick || !is_bench;
    Ok(Parsed::Run(Options { json, runs: runs.unwrap_or(if quick { 2 } else { 31 }), only, quick }))
}
