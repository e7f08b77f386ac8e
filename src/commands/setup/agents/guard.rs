//! `git jit agents guard`, which Claude Code runs before each shell command: it refuses commands that bypass the hooks.
//!
//! Input that cannot be read is allowed: this is advice for a well-meaning agent, not a barrier. Exits with 2 to refuse, which
//! Claude Code understands, and else with 0.

use std::io::Read;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::output::Report;
use crate::output::text::Styles;
use crate::text::hook_bypass;

/// Bytes of input that are read at most.
const MAX_INPUT: u64 = 1024 * 1024;
/// The exit status on which Claude Code refuses a tool.
const REFUSED: u8 = 2;

// Arguments of `agents guard`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

#[derive(Serialize, JsonSchema)]
pub(crate) struct GuardReport {
    allowed: bool,
    reason: Option<String>,
}

/// Reads the command that is about to run, and decides whether it may.
pub(crate) fn run(args: Args) -> Box<dyn Report> {
    let Args {} = args;
    let mut input = Vec::new();
    let read = std::io::stdin().take(MAX_INPUT).read_to_end(&mut input);
    let event: Value = read.ok().and_then(|_| serde_json::from_slice(&input).ok()).unwrap_or_default();
    let is_shell = event["tool_name"] == "Bash";
    let command = event["tool_input"]["command"].as_str().filter(|_| is_shell);
    let reason = command.and_then(hook_bypass::bypass).map(|bypass| bypass.sentence());
    Box::new(GuardReport { allowed: reason.is_none(), reason })
}

impl Report for GuardReport {
    fn human(&self, _: &Styles) -> String {
        String::new()
    }

    fn aside(&self) -> Option<String> {
        self.reason.clone()
    }

    fn code(&self) -> u8 {
        if self.allowed { 0 } else { REFUSED }
    }
}
