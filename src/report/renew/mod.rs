//! What a run of `renew` brought: for people, and for programs.

pub mod json;
mod snippet;
pub mod text;
