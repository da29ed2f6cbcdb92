//! A CA that does what no real one would, and renewals there: whatever it does, a lineage keeps its certificate.
//!
//! One server is many CAs, each below a path of its own, and one run renews a lineage at each of them.

mod answers;
mod ca;
mod ends;
mod given;
mod hangs;
mod host;
mod in_place;
mod keys;
mod limits;
mod odd;
mod subset;
