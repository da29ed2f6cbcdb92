//! What a run of `renew` brought: for people, and for programs.

pub mod json;
pub mod nagios;
mod snippet;
pub mod text;
