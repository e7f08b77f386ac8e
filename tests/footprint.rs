//! What the quick paths may do at most, counted: system calls, bytes that are read, files that are synced. No test here looks
//! at a clock, so none of them fails because a machine is slow or busy.
//!
//! The real binaries run under `strace` (in one test under `valgrind`), in a small repository and in a large one, with a short
//! and a long history of leases. What is promised not to depend on these is counted in both, and must be the same. Where a count
//! changes for a good reason, the number here changes with it, with the date and the reason in the comment beside it.

mod hooks;
mod instructions;
mod leases;
mod reads;
mod repository;
mod trace;
