//! The tracker: all commands that read or write issues, and what belongs to issues.

mod foreign;
mod gates;
mod graph;
mod input;
mod plans;
mod queries;
mod seeds;
mod settings;
mod writes;
