//! Renewing in place: what real certbots made, at a real CA, beside a real nginx; and what the same certbots say of it after.

mod alpn;
mod apache;
mod caddy;
mod cli_ini;
mod due;
mod ending;
mod failing;
mod fallback;
mod hooks;
mod killed;
mod locks;
mod moods;
mod nginx;
mod owners;
mod round_trip;
mod scripted;
mod site;
mod subset;
mod unit;
