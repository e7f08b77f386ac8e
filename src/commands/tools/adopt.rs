//! `git jit adopt`: answer for edits that others made and no hook of this clone has seen.

use serde_json::{Value, json};

use crate::commands::shared::session::{CommandResult, Session};
use crate::domain::id::IssueId;
use crate::enforce::adopt::{self, Adopted};
use crate::enforce::policy::EffectivePolicy;
use crate::error::Error;
use crate::git::range::{self, Range};
use crate::output::Report;
use crate::output::text::{Styles, count, plain_line};

// Arguments of `adopt`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "What a remote has, what you have a lease on, and what the commit hook recorded needs no adoption and is passed over.\n\
                        Your own commits are not adopted: take the lease again and push.\n\n\
                        A pull request that was merged by hand:\n  \
                        git jit adopt origin/main..HEAD --reason \"pull request 17\""
)]
pub(crate) struct Args {
    /// The commits, as git log takes them: origin/main..HEAD, one commit with ^! behind it, or all below one
    range: String,
    /// Why; it is recorded with your name
    #[arg(long, value_name = "TEXT", required = true)]
    reason: String,
}

struct AdoptReport {
    adopted: Adopted,
    reason: String,
}

/// Takes commits over.
pub(crate) fn run(session: &Session, args: Args) -> CommandResult {
    let Args { range, reason } = args;
    let reason = crate::commands::leases::claim::required_reason(reason)?;
    let layout = session.layout()?;
    let range = Range::parse(&layout.repo, &range)?;
    if range::own_addresses(&layout.repo).is_empty() {
        return Err(Error::Usage {
            what: "git does not know who you are, so nobody can tell which commits are others'".to_owned(),
            hint: "To say so: git config user.email you@example.com".to_owned(),
        });
    }
    let policy = EffectivePolicy::of_push(&session.cx, layout, &range.tips).policy;
    let adopted = adopt::range(session.repo(layout, &policy), session.agent_flag.as_deref(), &range, &reason)?;
    if let Some((issue, commit)) = adopted.own.first() {
        return Err(Error::OwnEdits { issue: *issue, commit: commit.to_string(), more: adopted.own.len() - 1 });
    }
    Ok(Box::new(AdoptReport { adopted, reason }))
}

impl Report for AdoptReport {
    fn json(&self) -> Value {
        let edits = self.adopted.taken.iter();
        let edits: Vec<Value> =
            edits.map(|(issue, commit, by)| json!({ "issue_id": issue, "commit": commit.to_string(), "author": by })).collect();
        json!({ "changed": !edits.is_empty(), "count": edits.len(), "edits": edits, "reason": self.reason })
    }

    fn human(&self, styles: &Styles) -> String {
        if self.adopted.taken.is_empty() {
            return "Nothing there wants adoption\n".to_owned();
        }
        let line = |(issue, commit, by): &(IssueId, gix::ObjectId, String)| {
            format!("  issue {} in {} by {}\n", styles.id(&issue.short()), commit.to_hex_with_len(10), plain_line(by))
        };
        let lines: String = self.adopted.taken.iter().map(line).collect();
        format!("{} {}\n{lines}", styles.good("✓ Adopted"), count(self.adopted.taken.len(), "edit"))
    }
}
