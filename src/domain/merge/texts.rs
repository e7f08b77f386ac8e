//! The three versions of a file, and the text in which a merge is written.

use crate::text::json_edit;

/// The texts of the three versions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Texts<'a> {
    pub(crate) base: Option<&'a str>,
    pub(crate) ours: &'a str,
    pub(crate) theirs: &'a str,
}

impl<'a> Texts<'a> {
    /// The text into which values are inserted: the base, or the only side whose fields or their order differ from it.
    pub(crate) fn start(&self) -> &'a str {
        let keys = |text: &str| json_edit::members(text).into_iter().map(|member| member.key).collect::<Vec<_>>();
        let smaller = self.ours.min(self.theirs);
        let Some(base) = self.base else { return smaller };
        let (old, ours, theirs) = (keys(base), keys(self.ours), keys(self.theirs));
        match () {
            () if ours == theirs && ours != old => smaller,
            () if ours == old && theirs != old => self.theirs,
            () if theirs == old && ours != old => self.ours,
            () => base,
        }
    }
}
