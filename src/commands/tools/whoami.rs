//! `git jit whoami`: the agent, where its name came from, the worktree, and what is held.

use serde_json::{Value, json};

use crate::actor::{self, Origin};
use crate::commands::leases::claim::LeaseView;
use crate::commands::shared::session::{CommandResult, Session, issues};
use crate::domain::id::{AgentId, WorktreeId};
use crate::output::Report;
use crate::output::text::Styles;
use crate::store::identity::Identity;

// Arguments of `whoami`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

struct Whoami {
    agent_id: AgentId,
    origin: Origin,
    worktree_id: Option<WorktreeId>,
    leases: Vec<LeaseView>,
}

/// Tells who acts here.
pub(crate) fn run(session: &Session, args: Args) -> CommandResult {
    let Args {} = args;
    let layout = session.layout()?;
    let (agent_id, origin) = actor::agent(&session.cx, layout, session.agent_flag.as_deref())?;
    let worktree_id = Identity::of(layout)?.map(|identity| identity.worktree_id);
    let policy = session.policy(layout);
    let editor = actor::editor(&session.cx, layout, session.agent_flag.as_deref())?;
    let now = session.cx.clock().now();
    let ledger = session.leases(layout).ledger()?;
    let store = issues(layout, &policy).ok();
    let mine = ledger.leases().filter(|lease| editor.is(&lease.holder));
    let leases = mine.map(|lease| LeaseView::of(lease, &now, &policy, store.as_ref())).collect();
    Ok(Box::new(Whoami { agent_id, origin, worktree_id, leases }))
}

impl Report for Whoami {
    fn json(&self) -> Value {
        json!({
            "agent_id": self.agent_id, "origin": self.origin, "worktree_id": self.worktree_id,
            "count": self.leases.len(), "leases": self.leases,
        })
    }

    fn human(&self, styles: &Styles) -> String {
        let worktree = self.worktree_id.as_ref().map_or("none yet".to_owned(), ToString::to_string);
        let mut text = format!(
            "Agent:    {} {}\nWorktree: {worktree}\n",
            styles.id(self.agent_id.as_str()),
            styles.faint(&format!("(from {})", self.origin.describe())),
        );
        match self.leases.as_slice() {
            [] => text += "Leases:   none\n",
            leases => {
                text += "Leases:\n";
                for lease in leases {
                    text += &format!("  {}\n", lease.line(styles));
                }
            }
        }
        text
    }

    fn quiet(&self) -> Option<String> {
        Some(self.agent_id.to_string())
    }
}
