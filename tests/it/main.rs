//! The integration tests, in one binary.

// A test that cannot go on panics.
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod configobj_oracle;
mod lab;
mod real_certbot;
