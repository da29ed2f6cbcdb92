//! Installs of renewed certificates: killed, refused by the disk, locked out, and as certbot and nginx see them.

mod conf;
mod crash;
mod disk;
mod lineage;
mod locks;
