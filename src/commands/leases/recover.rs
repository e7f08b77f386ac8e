//! `git jit recover`: sets a lease log aside that cannot be read, and writes a new one with the leases that can be proved.

use schemars::JsonSchema;
use serde::Serialize;

use crate::commands::shared::session::{CommandResult, Session};
use crate::domain::id::{Holder, IssueId, LeaseId};
use crate::domain::lease::{Lease, Recovery};
use crate::output::Report;
use crate::output::text::{Styles, count, plain_line};

// Arguments of `recover`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only report what would be done
    #[arg(long)]
    dry_run: bool,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Recovered {
    changed: bool,
    dry_run: bool,
    problems: Vec<String>,
    set_aside: Vec<String>,
    count: usize,
    leases: Vec<KeptLease>,
    lost: Vec<String>,
}

/// A lease that the log proves.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Holding")]
struct KeptLease {
    lease_id: LeaseId,
    issue_id: IssueId,
    #[serde(flatten)]
    holder: Holder,
}

/// Recovers the log, or reports what recovery would do.
pub(crate) fn run(session: &Session, args: Args) -> CommandResult {
    let Args { dry_run } = args;
    let Recovery { found, set_aside, kept, lost } = session.maintenance(session.layout()?).recover(dry_run)?;
    let kept_lease = |lease: Lease| KeptLease { lease_id: lease.lease_id, issue_id: lease.issue_id, holder: lease.holder };
    let leases: Vec<KeptLease> = kept.into_iter().map(kept_lease).collect();
    let changed = !found.is_empty() && !dry_run;
    Ok(Box::new(Recovered { changed, dry_run, problems: found, set_aside, count: leases.len(), leases, lost }))
}

impl Report for Recovered {
    fn human(&self, styles: &Styles) -> String {
        let Self { problems, set_aside, lost, .. } = self;
        if problems.is_empty() {
            return format!("{} the lease log is complete, with {}\n", styles.good("✓"), count(self.count, "lease"));
        }
        let section = |head: &str, items: &[String]| {
            let items: String = items.iter().map(|item| format!("    {}\n", plain_line(item))).collect();
            if items.is_empty() { String::new() } else { format!("  {head}\n{items}") }
        };
        let leases: Vec<String> =
            self.leases.iter().map(|lease| format!("{} by {}", lease.issue_id.short(), lease.holder)).collect();
        let title =
            if self.dry_run { styles.warn("Would recover the lease log") } else { styles.good("✓ Recovered the lease log") };
        let aside = if self.dry_run { "To be set aside:" } else { "Set aside, and still read for the history:" };
        let mut text = format!("{title}\n");
        text += &section("Found:", problems);
        text += &section(aside, set_aside);
        text += &section("Kept:", &leases);
        text += &section("Cannot be proved, and is dropped:", lost);
        if !lost.is_empty() {
            text += "  A holder of an issue that is not listed above must acquire it again: git jit claim acquire ISSUE\n";
        }
        text
    }
}
