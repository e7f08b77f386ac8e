//! The doorway of `jit-pre-push`.

use std::process::ExitCode;

fn main() -> ExitCode {
    git_jit::pre_push()
}
