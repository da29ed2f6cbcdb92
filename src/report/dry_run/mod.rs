//! What a dry run brought: for people, and for programs; and on the way, how far it has come.

pub mod json;
mod live;
pub mod nagios;
pub mod text;

pub use live::Live;
