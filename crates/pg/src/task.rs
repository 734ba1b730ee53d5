//! Tasks without an owner, because what they serve has one: each ends by itself, soon after the
//! connection that it drives or cleans.

use std::future::Future;

/// Starts `future` on the current runtime; without a runtime (the program is ending) it is dropped.
#[expect(
    clippy::disallowed_methods,
    reason = "bounded by the connection it serves; a drop has nobody to hand the task to"
)]
pub(crate) fn detached(future: impl Future<Output = ()> + Send + 'static) {
    if tokio::runtime::Handle::try_current().is_ok() {
        tokio::spawn(future);
    }
}
