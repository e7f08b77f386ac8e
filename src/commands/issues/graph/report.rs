//! Reports of `git jit graph`: a tree for people; DOT, Mermaid and JSON for programs.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::commands::shared::issue_index::IssueIndex;
use crate::commands::shared::issue_list::{ListedIssue, issue_table};
use crate::domain::id::IssueId;
use crate::domain::issue::State;
use crate::domain::tracker::graph::{Branch, Way};
use crate::output::text::{Styles, plain_line};
use crate::output::{JsonDocument as _, Report};

/// An issue in a tree, and what is below it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Branch")]
pub(crate) struct TreeNode {
    id: IssueId,
    short_id: String,
    /// Null where the issue cannot be read.
    title: Option<String>,
    /// Null where the issue cannot be read.
    effective_state: Option<State>,
    holder: Option<String>,
    /// Whether its branches are shown elsewhere in the tree.
    repeated: bool,
    /// Whether it has branches below the last level.
    truncated: bool,
    branches: Vec<TreeNode>,
    #[serde(skip)]
    is_deleted: bool,
    /// Dependencies that name no issue.
    #[serde(skip)]
    dangling: Vec<String>,
}

impl TreeNode {
    /// The tree below `branch`. With `claims`, each node has its holder.
    pub(crate) fn new(branch: &Branch, index: &IssueIndex<'_>, dangling: &BTreeMap<IssueId, Vec<String>>, claims: bool) -> Self {
        let found = index.get(branch.id);
        let lease = found.and_then(|found| found.lease.as_ref()).filter(|_| claims);
        let is_complete = !branch.is_repeat && !branch.is_cut;
        Self {
            id: branch.id,
            short_id: branch.id.short(),
            title: found.map(|found| found.summary.title.clone()),
            effective_state: found.map(|found| found.facts.effective),
            holder: lease.map(|lease| lease.holder.agent_id.to_string()),
            repeated: branch.is_repeat,
            truncated: branch.is_cut,
            branches: branch.branches.iter().map(|below| Self::new(below, index, dangling, claims)).collect(),
            is_deleted: found.is_some_and(|found| found.summary.is_deleted),
            dangling: dangling.get(&branch.id).filter(|_| is_complete).cloned().unwrap_or_default(),
        }
    }

    fn label(&self, styles: &Styles) -> String {
        let (Some(title), Some(state)) = (&self.title, self.effective_state) else {
            return format!("{}  (cannot be read)", self.short_id);
        };
        let state = match state {
            _ if self.is_deleted => styles.faint("[deleted]"),
            state if state.is_closed() => styles.good(&format!("[{}]", state.as_str())),
            state => format!("[{}]", state.as_str()),
        };
        let holder = self.holder.as_ref().map(|holder| styles.warn(&format!("  held by {holder}"))).unwrap_or_default();
        let more = match (self.repeated, self.truncated) {
            (true, _) => styles.faint("  (shown above)"),
            (_, true) => styles.faint("  (…)"),
            _ => String::new(),
        };
        format!("{} {state} {}{holder}{more}", styles.id(&self.short_id), plain_line(title))
    }

    /// Adds the lines of all nodes below this one to `text`.
    fn draw(&self, indent: &str, styles: &Styles, text: &mut String) {
        let count = self.branches.len() + self.dangling.len();
        let arms = |number: usize| if number + 1 == count { ("└── ", "    ") } else { ("├── ", "│   ") };
        for (number, below) in self.branches.iter().enumerate() {
            let (arm, space) = arms(number);
            *text += &format!("{indent}{arm}{}\n", below.label(styles));
            below.draw(&format!("{indent}{space}"), styles, text);
        }
        for (number, name) in self.dangling.iter().enumerate() {
            let (arm, _) = arms(self.branches.len() + number);
            *text += &format!("{indent}{arm}{} {}\n", plain_line(name), styles.bad("not found"));
        }
    }
}

/// Trees of issues.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Tree")]
pub(crate) struct TreeReport {
    pub direction: Way,
    pub count: usize,
    pub trees: Vec<TreeNode>,
}

impl Report for TreeReport {
    fn human(&self, styles: &Styles) -> String {
        let mut text = String::new();
        for root in &self.trees {
            text += &format!("{}\n", root.label(styles));
            root.draw("", styles, &mut text);
        }
        match (self.trees.as_slice(), self.direction) {
            ([], _) => "No open issues\n".to_owned(),
            ([root], Way::Dependencies) if root.branches.is_empty() && root.dangling.is_empty() => {
                text + &styles.faint("  depends on nothing") + "\n"
            }
            ([root], Way::Dependents) if root.branches.is_empty() => text + &styles.faint("  nothing depends on it") + "\n",
            _ => text,
        }
    }
}

/// Issues that depend on nothing.
#[derive(Serialize, JsonSchema)]
pub(crate) struct RootsReport {
    pub count: usize,
    pub issues: Vec<ListedIssue>,
}

impl Report for RootsReport {
    fn human(&self, styles: &Styles) -> String {
        if self.issues.is_empty() {
            return "No open issue is without dependencies; --all includes closed issues\n".to_owned();
        }
        issue_table(&self.issues, false, styles)
    }

    fn quiet(&self) -> Option<String> {
        let ids: Vec<String> = self.issues.iter().map(|issue| issue.id.to_string()).collect();
        (!ids.is_empty()).then(|| ids.join("\n"))
    }
}

/// The format of an exported graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GraphFormat {
    /// For Graphviz.
    Dot,
    /// For Markdown.
    Mermaid,
    /// For programs.
    Json,
}

impl GraphFormat {
    /// Every format.
    pub(crate) const ALL: [Self; 3] = [Self::Dot, Self::Mermaid, Self::Json];

    /// The spelling on the command line.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Dot => "dot",
            Self::Mermaid => "mermaid",
            Self::Json => "json",
        }
    }
}

/// A dependency: `from` depends on `to`.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub(crate) struct Edge {
    pub from: IssueId,
    pub to: IssueId,
}

/// A graph of issues.
#[derive(Serialize, JsonSchema)]
pub(crate) struct GraphExport {
    pub count: usize,
    pub issues: Vec<ListedIssue>,
    pub edges: Vec<Edge>,
    #[serde(skip)]
    pub format: GraphFormat,
    /// Whether DOT and Mermaid show the holders; JSON always has the leases.
    #[serde(skip)]
    pub claims: bool,
}

impl GraphExport {
    fn text_of(&self, issue: &ListedIssue) -> String {
        let holder = issue.lease.as_ref().filter(|_| self.claims).map(|lease| format!(" ({})", lease.agent_id));
        let title = plain_line(&issue.title);
        format!("{} {title} [{}]{}", issue.short_id, issue.effective_state.as_str(), holder.unwrap_or_default())
    }

    fn dot(&self) -> String {
        let escape = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
        let node = |issue: &ListedIssue| format!("  \"{}\" [label=\"{}\"];\n", issue.id, escape(&self.text_of(issue)));
        let nodes: String = self.issues.iter().map(node).collect();
        let edges: String = self.edges.iter().map(|Edge { from, to }| format!("  \"{from}\" -> \"{to}\";\n")).collect();
        format!("digraph issues {{\n  rankdir=LR;\n  node [shape=box];\n{nodes}{edges}}}\n")
    }

    fn mermaid(&self) -> String {
        // Quoted text in Mermaid has no escapes, only entities.
        let escape =
            |c: char| if c.is_alphanumeric() || " .,:()[]-_".contains(c) { c.to_string() } else { format!("#{};", c as u32) };
        let name = |id: &IssueId| format!("i{}", id.to_string().replace('-', ""));
        let node = |issue: &ListedIssue| {
            let text: String = self.text_of(issue).chars().map(escape).collect();
            format!("  {}[\"{text}\"]\n", name(&issue.id))
        };
        let nodes: String = self.issues.iter().map(node).collect();
        let edges: String = self.edges.iter().map(|edge| format!("  {} --> {}\n", name(&edge.from), name(&edge.to))).collect();
        format!("graph LR\n{nodes}{edges}")
    }
}

impl Report for GraphExport {
    /// The graph in its format, which is always for a program.
    fn human(&self, _: &Styles) -> String {
        match self.format {
            GraphFormat::Dot => self.dot(),
            GraphFormat::Mermaid => self.mermaid(),
            GraphFormat::Json => format!("{:#}\n", self.value()),
        }
    }

    fn quiet(&self) -> Option<String> {
        Some(self.human(&Styles::plain()).trim_end().to_owned())
    }
}
