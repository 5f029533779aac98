//! What the programs that train neural wave machines set up before they do anything else: an allocator that keeps
//! the pages of large tensors, and as many threads in the tensor library as the process may use.
//!
//! ```
//! // First thing in `main`.
//! // SAFETY: no other thread has been started yet.
//! unsafe {
//!     nwm_process::keep_pages();
//!     nwm_process::limit_tensor_threads(None);
//! }
//! ```

mod allocator;
mod threads;

pub use allocator::keep_pages;
pub use threads::limit_tensor_threads;
