//! The doorway of `git-jit`.

use std::process::ExitCode;

fn main() -> ExitCode {
    git_jit::run()
}
