//! `git jit whoami`: shows the agent, where its name comes from, the worktree, and the leases held.

use schemars::JsonSchema;
use serde::Serialize;

use crate::actor::{self, Origin};
use crate::commands::shared::lease_report::LeaseView;
use crate::commands::shared::session::{CommandResult, Session, issues};
use crate::domain::id::{AgentId, WorktreeId};
use crate::output::Report;
use crate::output::text::Styles;
use crate::store::identity::Identity;

// Arguments of `whoami`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

#[derive(Serialize, JsonSchema)]
pub(crate) struct WhoamiReport {
    agent_id: AgentId,
    #[schemars(with = "String")]
    origin: Origin,
    worktree_id: Option<WorktreeId>,
    count: usize,
    leases: Vec<LeaseView>,
}

/// Reports who acts in this worktree.
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
    let leases: Vec<LeaseView> = mine.map(|lease| LeaseView::of(lease, &now, &policy, store.as_ref())).collect();
    Ok(Box::new(WhoamiReport { agent_id, origin, worktree_id, count: leases.len(), leases }))
}

impl Report for WhoamiReport {
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
