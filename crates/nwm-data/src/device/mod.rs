//! Pictures drawn where they are used. Generic over where kernels run.

mod draw;
#[cfg(test)]
mod tests;
