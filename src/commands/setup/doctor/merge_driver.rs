//! What `doctor` looks at of merges: whether the driver is set up, and one that it makes.

use crate::commands::setup::doctor::Check;
use crate::commands::shared::session::Session;
use crate::exit::ExitStatus;
use crate::hooks::install::merge_driver;
use crate::store::layout::Layout;

/// Makes a merge; never fails, since what does not work is what it tells.
pub(crate) fn check(session: &Session, layout: &Layout) -> Check {
    let (found, problems, notes) = match merge_driver::examine(&session.cx, layout) {
        Ok(Some(Ok(()))) => ("issues are merged field by field", None, None),
        Ok(Some(Err(why))) => ("the merge driver of issues", Some(why), None),
        Ok(None) => ("issues are merged by lines", None, Some("to have them merged field by field: git jit init".to_owned())),
        Err(error) => ("the merge driver of issues", Some(error.to_string()), None),
    };
    let (problems, notes) = (problems.into_iter().collect(), notes.into_iter().collect());
    Check { name: "merging", found: found.to_owned(), problems, notes, status: ExitStatus::Broken }
}
