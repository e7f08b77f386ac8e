//! `git jit recover`: a lease log that cannot be read is set aside, and what can be proved is written anew.

use serde_json::{Value, json};

use crate::commands::shared::session::{CommandResult, Session};
use crate::domain::lease::Recovery;
use crate::output::Report;
use crate::output::text::{Styles, count, plain_line};

// Arguments of `recover`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only say what would be done
    #[arg(long)]
    dry_run: bool,
}

struct Recovered {
    recovery: Recovery,
    dry_run: bool,
}

/// Puts the log right.
pub(crate) fn run(session: &Session, args: Args) -> CommandResult {
    let Args { dry_run } = args;
    let recovery = session.leases(session.layout()?).recover(dry_run)?;
    Ok(Box::new(Recovered { recovery, dry_run }))
}

impl Report for Recovered {
    fn json(&self) -> Value {
        let Recovery { found, set_aside, kept, lost } = &self.recovery;
        let leases: Vec<Value> = kept
            .iter()
            .map(|lease| {
                json!({ "lease_id": lease.lease_id, "issue_id": lease.issue_id, "agent_id": lease.holder.agent_id, "worktree_id": lease.holder.worktree_id })
            })
            .collect();
        json!({
            "changed": !found.is_empty() && !self.dry_run, "dry_run": self.dry_run, "problems": found, "set_aside": set_aside,
            "count": leases.len(), "leases": leases, "lost": lost,
        })
    }

    fn human(&self, styles: &Styles) -> String {
        let Recovery { found, set_aside, kept, lost } = &self.recovery;
        if found.is_empty() {
            return format!("{} the lease log is whole, with {}\n", styles.good("✓"), count(kept.len(), "lease"));
        }
        let section = |head: &str, items: &[String]| {
            let items: String = items.iter().map(|item| format!("    {}\n", plain_line(item))).collect();
            if items.is_empty() { String::new() } else { format!("  {head}\n{items}") }
        };
        let leases: Vec<String> = kept.iter().map(|lease| format!("{} by {}", lease.issue_id.short(), lease.holder)).collect();
        let title =
            if self.dry_run { styles.warn("Would recover the lease log") } else { styles.good("✓ Recovered the lease log") };
        let aside = if self.dry_run { "To be set aside:" } else { "Set aside, and still read for what is past:" };
        let mut text = format!("{title}\n");
        text += &section("Found:", found);
        text += &section(aside, set_aside);
        text += &section("Kept:", &leases);
        text += &section("Cannot be proved, and does not count:", lost);
        if !lost.is_empty() {
            text += "  Whoever held an issue that is not listed above takes it again: git jit claim acquire ISSUE\n";
        }
        text
    }
}
