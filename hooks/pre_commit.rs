//! The doorway of `jit-pre-commit`, which serves `pre-commit` and `pre-merge-commit`.

use std::process::ExitCode;

fn main() -> ExitCode {
    git_jit::pre_commit()
}
