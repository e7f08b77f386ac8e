//! Upper limits of the fast paths, counted: system calls, bytes read, files synced. No test here measures time, so none fails on
//! a slow or busy machine.
//!
//! The real binaries run under `strace` (one test under `valgrind`), in a small and in a large repository, with a short and a
//! long history of leases. Numbers that must not depend on these are counted in both and must be equal. When a count changes for
//! a good reason, change the number here, with the date and the reason in the comment beside it.

mod hooks;
mod instructions;
mod leases;
mod reads;
mod repository;
mod trace;
