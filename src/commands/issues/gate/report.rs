//! How gates are told, to people and to programs.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::commands::issues::gate::told;
use crate::domain::id::IssueId;
use crate::domain::issue::State;
use crate::domain::time::in_words;
use crate::domain::tracker::gate::{Gate, GateMode, GateRecord, GateVerdict};
use crate::exit::ExitStatus;
use crate::output::Report;
use crate::output::text::{Styles, plain, plain_line, table};
use crate::store::gates;

/// Lines of a failed gate's output that are shown.
const LAST_LINES: usize = 12;
/// Bytes of it that are looked at for them.
const LAST_BYTES: u64 = 16 * 1024;

/// Gates as they are defined.
pub(crate) struct GateListReport(pub Vec<Gate>);

impl Report for GateListReport {
    fn json(&self) -> Value {
        json!({ "count": self.0.len(), "gates": self.0 })
    }

    fn human(&self, styles: &Styles) -> String {
        if self.0.is_empty() {
            return "No gates. To define one: git jit gate define\n".to_owned();
        }
        let row = |gate: &Gate| {
            let title = plain_line(&gate.title);
            let command = gate.command.as_deref().map(plain_line).unwrap_or_default();
            vec![plain_line(&gate.key), gate.stage.as_str().to_owned(), gate.mode.as_str().to_owned(), command, title]
        };
        let rows: Vec<Vec<String>> = self.0.iter().map(row).collect();
        table(&["GATE", "STAGE", "MODE", "COMMAND", "TITLE"], &rows, styles, |column, cell| {
            if column == 0 { styles.id(cell) } else { cell.to_owned() }
        })
    }

    fn quiet(&self) -> Option<String> {
        (!self.0.is_empty()).then(|| self.0.iter().map(|gate| plain_line(&gate.key)).collect::<Vec<_>>().join("\n"))
    }
}

/// One gate, and whether something was done to it.
pub(crate) struct GateReport {
    pub gate: Gate,
    pub deed: GateChange,
}

/// What was done to a gate's definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GateChange {
    Shown,
    Kept,
    Defined,
    Changed,
    Removed,
}

impl Report for GateReport {
    fn json(&self) -> Value {
        json!({ "changed": !matches!(self.deed, GateChange::Shown | GateChange::Kept), "gate": self.gate })
    }

    fn human(&self, styles: &Styles) -> String {
        let gate = &self.gate;
        let head = match self.deed {
            GateChange::Shown => styles.head(&plain_line(&gate.key)),
            GateChange::Kept => format!("Gate {} is so already", styles.id(&gate.key)),
            GateChange::Defined => format!("{} gate {} in .jit/gates.json", styles.good("✓ Defined"), styles.id(&gate.key)),
            GateChange::Changed => format!("{} gate {} in .jit/gates.json", styles.good("✓ Changed"), styles.id(&gate.key)),
            GateChange::Removed => {
                return format!("{} gate {} from .jit/gates.json\n", styles.good("✓ Removed"), styles.id(&gate.key));
            }
        };
        let mut text = head + "\n";
        let mut line = |name: &str, value: &str| {
            if !value.is_empty() {
                text += &format!("  {:<12} {}\n", format!("{name}:"), plain_line(value));
            }
        };
        line("Title", &gate.title);
        line("About", &gate.description);
        line("Stage", gate.stage.as_str());
        line("Mode", gate.mode.as_str());
        if gate.command.is_some() {
            line("Command", gate.command.as_deref().unwrap_or_default());
            line("Folder", gate.working_dir.as_deref().unwrap_or_default());
            line("Time", &in_words(gate.timeout_secs.saturating_mul(1000)));
            line("Variables", &gate.env.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(" "));
        }
        text
    }
}

/// A gate on an issue.
pub(crate) struct GateStatus {
    pub key: String,
    /// How it is defined, if it is.
    pub gate: Option<Gate>,
    pub record: GateRecord,
    /// Whether the worktree has changed since.
    pub outdated: Option<bool>,
    /// What it said, if it was run just now.
    pub output: Option<PathBuf>,
}

/// The gates on an issue.
pub(crate) struct GateStatusReport {
    pub issue: IssueId,
    pub state: State,
    pub statuses: Vec<GateStatus>,
    /// Whether gates were run, rather than looked up.
    pub ran: bool,
    /// Whether the issue is done by that.
    pub is_done: bool,
}

impl GateStatusReport {
    fn failed(&self) -> impl Iterator<Item = &GateStatus> {
        self.statuses.iter().filter(|status| status.output.is_some() && status.record.status != GateVerdict::Passed)
    }
}

impl Report for GateStatusReport {
    fn json(&self) -> Value {
        let passed = self.statuses.iter().all(|status| status.record.status == GateVerdict::Passed);
        json!({
            "issue_id": self.issue, "state": self.state, "passed": passed, "count": self.statuses.len(),
            "gates": self.statuses.iter().map(told).collect::<Vec<_>>(),
        })
    }

    fn human(&self, styles: &Styles) -> String {
        let id = styles.id(&self.issue.short());
        if self.statuses.is_empty() {
            return format!("Issue {id} has no gates\n");
        }
        if self.ran && self.statuses.iter().all(|status| status.output.is_none()) {
            return format!("Issue {id} has no automated gates to run\n{}", self.lines(styles));
        }
        let mut text = self.lines(styles);
        for status in self.failed() {
            let Some(path) = &status.output else { continue };
            text += &format!("\n{} {}\n", styles.faint(&format!("The end of what {} said, whole in", status.key)), path.display());
            text += &last_lines(path);
        }
        if self.is_done {
            text += &format!("No gate is left to pass: issue {id} is done\n");
        }
        text
    }

    fn status(&self) -> ExitStatus {
        if self.failed().next().is_some() { ExitStatus::Refused } else { ExitStatus::Done }
    }
}

impl GateStatusReport {
    fn lines(&self, styles: &Styles) -> String {
        let one = |status: &GateStatus| {
            let record = &status.record;
            let (mark, word) = match record.status {
                GateVerdict::Passed => (styles.good("✓"), "passed"),
                GateVerdict::Failed => (styles.bad("✗"), "failed"),
                GateVerdict::Pending => (styles.faint("·"), "pending"),
            };
            let mut line = format!("{mark} {} {word}", styles.id(&plain_line(&status.key)));
            if let Some(code) = record.exit_code.filter(|code| *code != 0) {
                line += &format!(" with {code}");
            }
            if let Some(ms) = record.duration_ms {
                line += &match ms {
                    0..1_000 => format!(" in {ms} ms"),
                    1_000..60_000 => format!(" in {}.{} s", ms / 1000, ms % 1000 / 100),
                    _ => format!(" in {}", in_words(ms)),
                };
            }
            if let (Some(by), false) = (&record.updated_by, self.ran) {
                line += &format!(" by {}", plain_line(by));
            }
            if let Some(reason) = &record.reason {
                line += &format!(": {}", plain_line(reason));
            }
            match &status.gate {
                None => line += &styles.bad("  not defined in gates.json"),
                Some(gate) if gate.mode == GateMode::Manual && record.status == GateVerdict::Pending => {
                    line += &styles.faint(&format!("  manual: git jit gate pass {} {}", self.issue.short(), gate.key));
                }
                Some(_) => {}
            }
            if status.outdated == Some(true) {
                line += &styles.warn("  on another tree than the one here now, or by another command");
            }
            line + "\n"
        };
        self.statuses.iter().map(one).collect()
    }
}

fn last_lines(path: &Path) -> String {
    let text = gates::end_of(path, LAST_BYTES);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(LAST_LINES)..].iter().map(|line| format!("  {}\n", plain(line))).collect()
}
