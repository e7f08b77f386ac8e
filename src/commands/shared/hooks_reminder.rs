//! A fresh clone has no hooks, and does not say so. The first command that would rely on them does, at most once a day.
//!
//! At best effort, and never in the way: that it was told is remembered by the time of a file beside the leases. No process is started
//! where the hooks are seen to be there.

use jiff::{SignedDuration, Timestamp};

use crate::commands::shared::session::Session;
use crate::domain::policy::Policy;
use crate::hooks::install;
use crate::hooks::install::quick_check;
use crate::store::file;
use crate::store::layout::Layout;
use crate::store::setup_record;

const AGAIN_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// Tells of hooks that are missing, where the policy in force wants them.
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
    // Managers run ours in ways that a glance does not see.
    let missing = install::missing(layout);
    let remembered = file::make_dir(&layout.shared_dir(), layout.modes).and_then(|()| file::replace(&told, b"", layout.modes));
    if remembered.is_ok() && !missing.is_empty() {
        let missing = missing.join(", ");
        session.output.narrate(&format!(
            "leases are enforced here by hooks, and this clone does not have them: {missing}\n  To put them in place: git jit setup"
        ));
    }
}
