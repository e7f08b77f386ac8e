//! `git jit adopt`: takes responsibility for edits by others that no hook of this clone has checked.

use schemars::JsonSchema;
use serde::Serialize;

use crate::commands::shared::session::{CommandResult, Session};
use crate::domain::id::IssueId;
use crate::enforce::adopt;
use crate::enforce::policy::EffectivePolicy;
use crate::error::Error;
use crate::git::range::{self, Range};
use crate::output::Report;
use crate::output::text::{Styles, count, plain_line};

// Arguments of `adopt`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Edits that a remote has, that your lease covers or that the commit hook recorded are skipped: they need no adoption.\n\
                        Your own commits are refused: acquire the lease again and push.\n\n\
                        A pull request that was merged by hand:\n  \
                        git jit adopt origin/main..HEAD --reason \"pull request 17\""
)]
pub(crate) struct Args {
    /// The commits, as for git log: origin/main..HEAD, COMMIT^! for one commit, or COMMIT for all its ancestors
    range: String,
    /// Why; recorded with your name
    #[arg(long, value_name = "TEXT", required = true)]
    reason: String,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct AdoptReport {
    changed: bool,
    count: usize,
    edits: Vec<AdoptedEdit>,
    reason: String,
}

#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
struct AdoptedEdit {
    issue_id: IssueId,
    commit: String,
    author: String,
}

/// Adopts the edits in a range of commits.
pub(crate) fn run(session: &Session, args: Args) -> CommandResult {
    let Args { range, reason } = args;
    let reason = crate::commands::shared::lease_args::required_reason(reason)?;
    let layout = session.layout()?;
    let range = Range::parse(&layout.repo, &range)?;
    if range::own_addresses(&layout.repo).is_empty() {
        return Err(Error::Usage {
            what: "git does not know your address, so your commits cannot be told from those of others".to_owned(),
            hint: "Set it: git config user.email you@example.com".to_owned(),
        });
    }
    let policy = EffectivePolicy::of_push(&session.cx, layout, &range.tips).policy;
    let adopted = adopt::range(session.repo(layout, &policy), session.agent_flag.as_deref(), &range, &reason)?;
    if let Some((issue, commit)) = adopted.own.first() {
        return Err(Error::OwnEdits { issue: *issue, commit: commit.to_string(), more: adopted.own.len() - 1 });
    }
    let edit =
        |(issue_id, commit, author): (IssueId, gix::ObjectId, String)| AdoptedEdit { issue_id, commit: commit.to_string(), author };
    let edits: Vec<AdoptedEdit> = adopted.taken.into_iter().map(edit).collect();
    Ok(Box::new(AdoptReport { changed: !edits.is_empty(), count: edits.len(), edits, reason }))
}

impl Report for AdoptReport {
    fn human(&self, styles: &Styles) -> String {
        if !self.changed {
            return "No edits to adopt\n".to_owned();
        }
        let line = |edit: &AdoptedEdit| {
            format!("  issue {} in {} by {}\n", styles.id(&edit.issue_id.short()), &edit.commit[..10], plain_line(&edit.author))
        };
        let lines: String = self.edits.iter().map(line).collect();
        format!("{} {}\n{lines}", styles.good("✓ Adopted"), count(self.count, "edit"))
    }
}
