//! Renewing in place: what real certbots made, at a real CA, beside a real nginx; and what the same certbots say of it after.

mod caddy;
mod due;
mod failing;
mod hooks;
mod killed;
mod locks;
mod moods;
mod nginx;
mod round_trip;
mod scripted;
mod site;
