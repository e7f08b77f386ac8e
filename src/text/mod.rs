//! Pure tools for text: edits that keep every other byte, and shell commands read without running them.

pub(crate) mod hook_bypass;
pub(crate) mod json_edit;
pub(crate) mod managed_block;
pub(crate) mod shell_words;
