//! What a dry run brought: for people, and for programs.

pub mod json;
pub mod text;
