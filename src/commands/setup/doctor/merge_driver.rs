//! The check of the merge driver: whether it is set up, and the result of a test merge.

use crate::commands::setup::doctor::DoctorCheck;
use crate::commands::shared::session::Session;
use crate::hooks::install::merge_driver;
use crate::store::layout::Layout;

/// Runs a test merge. Never fails: an error becomes a problem.
pub(crate) fn check(session: &Session, layout: &Layout) -> DoctorCheck {
    let (found, problems, notes) = match merge_driver::examine(&session.cx, layout) {
        Ok(Some(Ok(()))) => ("issues are merged field by field", None, None),
        Ok(Some(Err(why))) => ("the merge driver does not work", Some(why), None),
        Ok(None) => ("issues are merged line by line", None, Some("merge them field by field: git jit init".to_owned())),
        Err(error) => ("the merge driver could not be tested", Some(error.to_string()), None),
    };
    DoctorCheck::new("merging", found, problems.into_iter().collect()).with_notes(notes.into_iter().collect()).broken()
}
