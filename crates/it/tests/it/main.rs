//! The one integration-test binary: the real program, driven as its users drive it.

mod command;
mod crash;
mod demo;
mod dev;
mod front;
mod guests;
mod life;
mod rootless;
mod sdk;
mod usage;
