//! The page that leads to all tables and figures.

mod entries;
mod found;
mod page;

#[cfg(test)]
mod tests;

pub(crate) use found::Gallery;
