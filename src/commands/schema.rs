//! `git jit schema`: what each verb answers with `--json`, as JSON Schema.

use super::Answer;

/// Arguments of `schema`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The verb, for example: issue show
    verb: Vec<String>,
}

pub(crate) fn run(args: &Args) -> Answer {
    let Args { verb } = args;
    Err(crate::error::Error::NotThere { what: "schema", name: verb.join(" "), hint: String::new() })
}
