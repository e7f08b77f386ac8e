//! `git jit agents guard`, which Claude Code runs before each command of its shell: refused is what goes around the hooks.
//!
//! Whatever cannot be read is let through: it is advice to an agent that means well. Exits with 2 to refuse, which is what Claude
//! Code understands, and with 0 else.

use std::io::Read;

use serde_json::{Value, json};

use crate::output::Report;
use crate::output::text::Styles;
use crate::text::hook_bypass;

/// Bytes that are read.
const LARGEST: u64 = 1024 * 1024;
/// The status that makes Claude Code refuse a tool.
const REFUSED: u8 = 2;

// Arguments of `agents guard`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

struct Judged {
    reason: Option<String>,
}

/// Reads what is about to be run, and says whether it may.
pub(crate) fn run(args: Args) -> Box<dyn Report> {
    let Args {} = args;
    let mut input = Vec::new();
    let read = std::io::stdin().take(LARGEST).read_to_end(&mut input);
    let event: Value = read.ok().and_then(|_| serde_json::from_slice(&input).ok()).unwrap_or_default();
    let is_shell = event["tool_name"] == "Bash";
    let command = event["tool_input"]["command"].as_str().filter(|_| is_shell);
    Box::new(Judged { reason: command.and_then(hook_bypass::bypass).map(|bypass| bypass.sentence()) })
}

impl Report for Judged {
    fn json(&self) -> Value {
        json!({ "allowed": self.reason.is_none(), "reason": self.reason })
    }

    fn human(&self, _: &Styles) -> String {
        String::new()
    }

    fn aside(&self) -> Option<String> {
        self.reason.clone()
    }

    fn code(&self) -> u8 {
        if self.reason.is_some() { REFUSED } else { 0 }
    }
}
