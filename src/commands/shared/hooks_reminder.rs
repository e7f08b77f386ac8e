//! A fresh clone has no hooks. The first command that relies on them prints a reminder, at most once a day.
//!
//! Best effort: it never fails a command. The time of a file beside the leases records the last reminder. If all hooks are found,
//! no process is started.

use jiff::{SignedDuration, Timestamp};

use crate::commands::shared::session::Session;
use crate::domain::policy::Policy;
use crate::hooks::install;
use crate::hooks::install::quick_check;
use crate::store::file;
use crate::store::layout::Layout;
use crate::store::setup_record;

const AGAIN_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// Prints a reminder if hooks are missing and the policy relies on them.
pub(crate) fn remind(session: &Session, layout: &Layout, policy: &Policy) {
    if session.output.quiet || session.output.json || policy.is_silent() || quick_check::sees_all(layout) {
        return;
    }
    let told = setup_record::told(layout);
    let now = session.cx.clock().now().wall;
    let when = told.metadata().and_then(|found| found.modified()).ok().and_then(|time| Timestamp::try_from(time).ok());
    if when.is_some_and(|when| now.duration_since(when).abs() < AGAIN_AFTER) {
        return;
    }
    // Hook managers can run our hooks in ways that the quick check does not see.
    let missing = install::missing(layout);
    let remembered = file::make_dir(&layout.shared_dir(), layout.modes).and_then(|()| file::replace(&told, b"", layout.modes));
    if remembered.is_ok() && !missing.is_empty() {
        let missing = missing.join(", ");
        session.output.narrate(&format!(
            "leases are enforced here by hooks, and this clone does not have them: {missing}\n  To put them in place: git jit setup"
        ));
    }
}
