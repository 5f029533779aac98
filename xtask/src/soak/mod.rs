//! `cargo xtask soak`: a training that is killed, stopped, filled up and damaged again and again must end with the bytes of
//! one that is left alone.

mod command;
mod compare;
mod damage;
mod disturbance;
mod layer;
mod memory;
mod plan;
mod round;
mod summary;
mod training;
