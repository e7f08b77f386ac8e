//! One binary for all tests of the command line, the hooks and the layers, with the real binaries and real Git.
//!
//! | module | what it holds |
//! |---|---|
//! | `support` | hermetic repositories, agents, outcomes that say everything when they are not as told |
//! | `layering` | which module may use which, read from the `use` lines |
//! | `issues` | the verbs of `issue` and `query`, files left as they are, the three places |
//! | `tracker` | the tracker's other verbs: writes, queries, graph, gates, plans, settings, the older tool's files |
//! | `schema` | every verb's answer against `docs/json.md` |
//! | `agents` | the line for prompts, what agents are told, what is put into a repository for them |
//! | `claims` | the verbs of `claim`, prefixes, expiry by a made-up clock |
//! | `leases` | a lease's life verb by verb, held while a command runs, its log damaged and recovered |
//! | `contention` | many processes at once: one winner, nothing lost |
//! | `chaos` | a crowd that is killed and stopped, with and without locks; its history checked offline |
//! | `crash` | `kill -9` at random moments, torn and garbled files |
//! | `enforcement` | what the hooks refuse, and what they must let through |
//! | `footprint` | what the quick paths may do at most, by counts of system calls and instructions |
//! | `merging` | issues merged field by field, what is left of a merge, what does not fit together after it |
//! | `worktrees` | spawn and remove as transactions |
//! | `watch` | the live view: one frame as text and as JSON; in a real terminal, with tmux |
//! | `mcp` | the verbs as tools, with the feature `mcp`; with a real client, which is fetched |
//! | `managers` | the hooks beside husky, lefthook, pre-commit and prek, which are fetched |
//! | `install` | hooks in and out of their place |
//! | `completion` | `git jit` completed in bash, zsh and fish, with titles that would do harm |
//! | `installer` | `install.sh`: what it did it can take back |
//! | `setup` | everything at once, twice is once, back to the byte; a clone that is told what it lacks |
//! | `json_contract` | every document declared anew, unknown fields refused |
//! | `docs` | every test that a page names is there; what README, tutorial and how-tos show is played, in bash and zsh; links, reference, picture |
//! | `demo` | the story, and the page that shows it |

#![expect(clippy::panic, reason = "a failed check says everything that happened")]
#![expect(clippy::disallowed_methods, reason = "tests spawn the binaries, write files and read their own environment")]

mod agents;
mod chaos;
mod claims;
mod completion;
mod contention;
mod crash;
mod demo;
mod docs;
mod enforcement;
mod footprint;
mod install;
mod installer;
mod issues;
mod json_contract;
mod layering;
mod leases;
mod managers;
#[cfg(feature = "mcp")]
mod mcp;
mod merging;
mod schema;
mod setup;
mod support;
mod tracker;
mod watch;
mod worktrees;
