//! A lease's life: taken without an end, beaten, renewed, passed on, evicted; held while a command runs; and its log
//! damaged and recovered.

mod hold;
mod life;
mod recover;
