//! The tracker: every verb that reads or writes issues and what is around them.

mod foreign;
mod gates;
mod graph;
mod input;
mod plans;
mod queries;
mod seeds;
mod settings;
mod writes;
