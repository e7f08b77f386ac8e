//! What prompts and agents are told, and what is put into a repository for agents.

mod guard;
mod install;
mod line;
mod prime;
