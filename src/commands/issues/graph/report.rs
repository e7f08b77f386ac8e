//! The graph as a tree for people, and as DOT, Mermaid and JSON for programs.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};

use crate::commands::shared::issue_index::IndexedIssue;
use crate::commands::shared::issue_list::{brief, lines};
use crate::domain::id::IssueId;
use crate::domain::tracker::graph::{Branch, Way};
use crate::output::Report;
use crate::output::text::{Styles, plain_line};

/// Trees of issues.
pub(crate) struct TreeReport {
    pub roots: Vec<Branch>,
    pub way: Way,
    pub claims: bool,
    pub dangling: BTreeMap<IssueId, Vec<String>>,
    pub found: HashMap<IssueId, IndexedIssue>,
}

impl TreeReport {
    fn holder(&self, id: IssueId) -> Option<String> {
        let lease = self.found.get(&id)?.lease.as_ref().filter(|_| self.claims)?;
        Some(lease.holder.agent_id.to_string())
    }

    fn label(&self, branch: &Branch, styles: &Styles) -> String {
        let Some(found) = self.found.get(&branch.id) else { return format!("{}  (cannot be read)", branch.id.short()) };
        let state = match found.facts.effective {
            _ if found.summary.is_deleted => styles.faint("[deleted]"),
            state if state.is_closed() => styles.good(&format!("[{}]", state.as_str())),
            state => format!("[{}]", state.as_str()),
        };
        let holder = self.holder(branch.id).map(|holder| styles.warn(&format!("  held by {holder}"))).unwrap_or_default();
        let more = match (branch.is_repeat, branch.is_cut) {
            (true, _) => styles.faint("  (shown above)"),
            (_, true) => styles.faint("  (…)"),
            _ => String::new(),
        };
        format!("{} {state} {}{holder}{more}", styles.id(&branch.id.short()), plain_line(&found.summary.title))
    }

    fn draw(&self, branch: &Branch, indent: &str, styles: &Styles, text: &mut String) {
        let none = Vec::new();
        let dangling = if self.way == Way::Dependencies { self.dangling.get(&branch.id).unwrap_or(&none) } else { &none };
        let dangling = if branch.is_repeat || branch.is_cut { &none } else { dangling };
        let count = branch.branches.len() + dangling.len();
        let arms = |number: usize| if number + 1 == count { ("└── ", "    ") } else { ("├── ", "│   ") };
        for (number, below) in branch.branches.iter().enumerate() {
            let (arm, space) = arms(number);
            *text += &format!("{indent}{arm}{}\n", self.label(below, styles));
            self.draw(below, &format!("{indent}{space}"), styles, text);
        }
        for (number, name) in dangling.iter().enumerate() {
            let (arm, _) = arms(branch.branches.len() + number);
            *text += &format!("{indent}{arm}{} {}\n", plain_line(name), styles.bad("not there"));
        }
    }

    fn value(&self, branch: &Branch) -> Value {
        let found = self.found.get(&branch.id);
        let below: Vec<Value> = branch.branches.iter().map(|below| self.value(below)).collect();
        json!({
            "id": branch.id, "short_id": branch.id.short(), "title": found.map(|found| &found.summary.title),
            "effective_state": found.map(|found| found.facts.effective), "holder": self.holder(branch.id),
            "repeated": branch.is_repeat, "truncated": branch.is_cut, "branches": below,
        })
    }
}

impl Report for TreeReport {
    fn json(&self) -> Value {
        let way = if self.way == Way::Dependencies { "dependencies" } else { "dependents" };
        json!({ "direction": way, "count": self.roots.len(), "trees": self.roots.iter().map(|root| self.value(root)).collect::<Vec<_>>() })
    }

    fn human(&self, styles: &Styles) -> String {
        let mut text = String::new();
        for root in &self.roots {
            text += &format!("{}\n", self.label(root, styles));
            self.draw(root, "", styles, &mut text);
        }
        match (self.roots.as_slice(), self.way) {
            ([], _) => "No open issues\n".to_owned(),
            ([root], Way::Dependencies) if root.branches.is_empty() && !self.dangling.contains_key(&root.id) => {
                text + &styles.faint("  depends on nothing") + "\n"
            }
            ([root], Way::Dependents) if root.branches.is_empty() => text + &styles.faint("  nothing depends on it") + "\n",
            _ => text,
        }
    }
}

/// Issues that depend on nothing.
pub(crate) struct RootsReport(pub Vec<IndexedIssue>);

impl Report for RootsReport {
    fn json(&self) -> Value {
        json!({ "count": self.0.len(), "issues": self.0.iter().map(brief).collect::<Vec<_>>() })
    }

    fn human(&self, styles: &Styles) -> String {
        if self.0.is_empty() {
            return "No open issue depends on nothing; --all lists the closed ones too\n".to_owned();
        }
        lines(&self.0, false, styles)
    }

    fn quiet(&self) -> Option<String> {
        let ids: Vec<String> = self.0.iter().map(|found| found.summary.id.to_string()).collect();
        (!ids.is_empty()).then(|| ids.join("\n"))
    }
}

/// In which form a graph is written.
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
    /// Every form.
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

/// The whole graph: an edge leads from an issue to what it waits for.
pub(crate) struct GraphExport {
    pub found: Vec<IndexedIssue>,
    pub edges: Vec<(IssueId, IssueId)>,
    pub format: GraphFormat,
    pub claims: bool,
}

impl GraphExport {
    fn text_of(&self, found: &IndexedIssue) -> String {
        let holder = found.lease.as_ref().filter(|_| self.claims).map(|lease| format!(" ({})", lease.holder.agent_id));
        let title = plain_line(&found.summary.title);
        format!("{} {title} [{}]{}", found.summary.id.short(), found.facts.effective.as_str(), holder.unwrap_or_default())
    }

    fn dot(&self) -> String {
        let escape = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
        let node = |found: &IndexedIssue| format!("  \"{}\" [label=\"{}\"];\n", found.summary.id, escape(&self.text_of(found)));
        let nodes: String = self.found.iter().map(node).collect();
        let edges: String = self.edges.iter().map(|(from, to)| format!("  \"{from}\" -> \"{to}\";\n")).collect();
        format!("digraph issues {{\n  rankdir=LR;\n  node [shape=box];\n{nodes}{edges}}}\n")
    }

    fn mermaid(&self) -> String {
        // Mermaid has no escapes in a quoted text, only entities.
        let escape =
            |c: char| if c.is_alphanumeric() || " .,:()[]-_".contains(c) { c.to_string() } else { format!("#{};", c as u32) };
        let name = |id: &IssueId| format!("i{}", id.to_string().replace('-', ""));
        let node = |found: &IndexedIssue| {
            let text: String = self.text_of(found).chars().map(escape).collect();
            format!("  {}[\"{text}\"]\n", name(&found.summary.id))
        };
        let nodes: String = self.found.iter().map(node).collect();
        let edges: String = self.edges.iter().map(|(from, to)| format!("  {} --> {}\n", name(from), name(to))).collect();
        format!("graph LR\n{nodes}{edges}")
    }
}

impl Report for GraphExport {
    fn json(&self) -> Value {
        let edges: Vec<Value> = self.edges.iter().map(|(from, to)| json!({ "from": from, "to": to })).collect();
        json!({ "count": self.found.len(), "issues": self.found.iter().map(brief).collect::<Vec<_>>(), "edges": edges })
    }

    /// A graph is for a program, whoever asks for it.
    fn human(&self, _: &Styles) -> String {
        match self.format {
            GraphFormat::Dot => self.dot(),
            GraphFormat::Mermaid => self.mermaid(),
            GraphFormat::Json => {
                let mut document = json!({ "schema_version": 1 });
                if let (Value::Object(all), Value::Object(members)) = (&mut document, self.json()) {
                    all.extend(members);
                }
                format!("{document:#}\n")
            }
        }
    }

    fn quiet(&self) -> Option<String> {
        Some(self.human(&Styles::plain()).trim_end().to_owned())
    }
}
