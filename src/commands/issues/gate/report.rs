//! Reports of `git jit gate`.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::id::IssueId;
use crate::domain::issue::{Issue, State};
use crate::domain::time::in_words;
use crate::domain::tracker::gate::{Gate, GateMode, GateRecord, GateStage, GateVerdict};
use crate::exit::ExitStatus;
use crate::output::Report;
use crate::output::text::{Styles, plain, plain_line, table};
use crate::store::gates;

/// Lines of a failed gate's output that are shown.
const LAST_LINES: usize = 12;
/// Bytes of the output that are read to find them.
const LAST_BYTES: u64 = 16 * 1024;

/// The gates that are defined.
#[derive(Serialize, JsonSchema)]
pub(crate) struct GateListReport {
    pub count: usize,
    pub gates: Vec<Gate>,
}

impl Report for GateListReport {
    fn human(&self, styles: &Styles) -> String {
        if self.gates.is_empty() {
            return "No gates. To define one: git jit gate define\n".to_owned();
        }
        let row = |gate: &Gate| {
            let title = plain_line(&gate.title);
            let command = gate.command.as_deref().map(plain_line).unwrap_or_default();
            vec![plain_line(&gate.key), gate.stage.as_str().to_owned(), gate.mode.as_str().to_owned(), command, title]
        };
        let rows: Vec<Vec<String>> = self.gates.iter().map(row).collect();
        table(&["GATE", "STAGE", "MODE", "COMMAND", "TITLE"], &rows, styles, |column, cell| {
            if column == 0 { styles.id(cell) } else { cell.to_owned() }
        })
    }

    fn quiet(&self) -> Option<String> {
        (!self.gates.is_empty()).then(|| self.gates.iter().map(|gate| plain_line(&gate.key)).collect::<Vec<_>>().join("\n"))
    }
}

/// The definition of one gate.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Defined")]
pub(crate) struct GateReport {
    changed: bool,
    gate: Gate,
    #[serde(skip)]
    change: GateChange,
}

/// What a command did to a gate's definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GateChange {
    /// Nothing: it only shows the gate.
    None,
    /// Nothing: the gate was defined like this already.
    Unchanged,
    Defined,
    Changed,
    Removed,
}

impl GateReport {
    pub(crate) fn new(gate: Gate, change: GateChange) -> Self {
        Self { changed: !matches!(change, GateChange::None | GateChange::Unchanged), gate, change }
    }
}

impl Report for GateReport {
    fn human(&self, styles: &Styles) -> String {
        let gate = &self.gate;
        let id = styles.id(&plain_line(&gate.key));
        let mut text = match self.change {
            GateChange::None => styles.head(&plain_line(&gate.key)),
            GateChange::Unchanged => format!("Gate {id} is unchanged"),
            GateChange::Defined => format!("{} gate {id} in .jit/gates.json", styles.good("✓ Defined")),
            GateChange::Changed => format!("{} gate {id} in .jit/gates.json", styles.good("✓ Changed")),
            GateChange::Removed => return format!("{} gate {id} from .jit/gates.json\n", styles.good("✓ Removed")),
        };
        text += "\n";
        let mut line = |name: &str, value: &str| {
            if !value.is_empty() {
                text += &format!("  {:<12} {}\n", format!("{name}:"), plain_line(value));
            }
        };
        line("Title", &gate.title);
        line("About", &gate.description);
        line("Stage", gate.stage.as_str());
        line("Mode", gate.mode.as_str());
        if let Some(command) = &gate.command {
            line("Command", command);
            line("Folder", gate.working_dir.as_deref().unwrap_or_default());
            line("Timeout", &in_words(gate.timeout_secs.saturating_mul(1000)));
            line("Variables", &gate.env.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(" "));
        }
        text
    }
}

/// A gate on an issue.
#[derive(Serialize, JsonSchema)]
pub(crate) struct GateStatus {
    pub key: String,
    pub defined: bool,
    pub stage: Option<GateStage>,
    pub mode: Option<GateMode>,
    #[serde(flatten)]
    pub record: GateRecord,
    /// Whether the verdict is about another tree or command than the current one; null where that is unknown.
    pub outdated: Option<bool>,
    /// The file with the output, if the command ran the gate.
    pub output: Option<String>,
    #[serde(skip)]
    pub output_file: Option<PathBuf>,
}

impl GateStatus {
    pub(crate) fn new(key: &str, gate: Option<&Gate>, record: GateRecord) -> Self {
        let (stage, mode) = (gate.map(|gate| gate.stage), gate.map(|gate| gate.mode));
        let defined = gate.is_some();
        Self { key: key.to_owned(), defined, stage, mode, record, outdated: None, output: None, output_file: None }
    }

    /// Adds the file with the output of the run.
    pub(crate) fn with_output(self, file: Option<PathBuf>) -> Self {
        Self { output: file.as_ref().map(|file| file.display().to_string()), output_file: file, ..self }
    }
}

/// The gates on an issue.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "GateStatuses")]
pub(crate) struct GateStatusReport {
    issue_id: IssueId,
    state: State,
    passed: bool,
    count: usize,
    gates: Vec<GateStatus>,
    /// Whether the command ran gates.
    #[serde(skip)]
    ran: bool,
    /// Whether the issue is done because of that.
    #[serde(skip)]
    is_done: bool,
}

impl GateStatusReport {
    pub(crate) fn new(issue: &Issue, gates: Vec<GateStatus>) -> Self {
        let passed = gates.iter().all(|gate| gate.record.status == GateVerdict::Passed);
        Self { issue_id: issue.id, state: issue.state, passed, count: gates.len(), gates, ran: false, is_done: false }
    }

    pub(crate) fn after_run(self, is_done: bool) -> Self {
        Self { ran: true, is_done, ..self }
    }

    fn failed(&self) -> impl Iterator<Item = &GateStatus> {
        self.gates.iter().filter(|gate| gate.output_file.is_some() && gate.record.status != GateVerdict::Passed)
    }

    fn line(&self, gate: &GateStatus, styles: &Styles) -> String {
        let record = &gate.record;
        let mark = match record.status {
            GateVerdict::Passed => styles.good("✓"),
            GateVerdict::Failed => styles.bad("✗"),
            GateVerdict::Pending => styles.faint("·"),
        };
        let mut line = format!("{mark} {} {}", styles.id(&plain_line(&gate.key)), record.status.as_str());
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
        match gate.mode {
            None => line += &styles.bad("  not defined in gates.json"),
            Some(GateMode::Manual) if record.status == GateVerdict::Pending => {
                line += &styles.faint(&format!("  manual: git jit gate pass {} {}", self.issue_id.short(), gate.key));
            }
            Some(_) => {}
        }
        if gate.outdated == Some(true) {
            line += &styles.warn("  on another tree than the current one, or with another command");
        }
        line + "\n"
    }
}

impl Report for GateStatusReport {
    fn human(&self, styles: &Styles) -> String {
        let id = styles.id(&self.issue_id.short());
        if self.gates.is_empty() {
            return format!("Issue {id} has no gates\n");
        }
        let mut text = String::new();
        if self.ran && self.gates.iter().all(|gate| gate.output_file.is_none()) {
            text += &format!("Issue {id} has no automated gates to run\n");
        }
        text.extend(self.gates.iter().map(|gate| self.line(gate, styles)));
        for gate in self.failed() {
            let Some(file) = &gate.output_file else { continue };
            text +=
                &format!("\n{} {}\n", styles.faint(&format!("The last output of {}; all of it is in", gate.key)), file.display());
            text += &last_lines(file);
        }
        if self.is_done {
            text += &format!("All gates passed: issue {id} is done\n");
        }
        text
    }

    fn status(&self) -> ExitStatus {
        if self.failed().next().is_some() { ExitStatus::Refused } else { ExitStatus::Done }
    }
}

fn last_lines(path: &Path) -> String {
    let text = gates::end_of(path, LAST_BYTES);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(LAST_LINES)..].iter().map(|line| format!("  {}\n", plain(line))).collect()
}
