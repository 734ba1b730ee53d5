//! The ground floor: time, randomness, secrets and the life of tasks.
//!
//! In charge of the things that a program may touch in one place only, so that everything above can
//! be tested exactly: the clock ([`Clock`]), randomness ([`Random`]), values that must not be shown
//! ([`Secret`]), and who owns a background task and waits for it ([`Tasks`]). It knows nothing of
//! HTTP, SQL or configuration.

mod clock;
mod lifecycle;
mod random;
mod secret;

pub use clock::{Clock, ManualClock, SharedClock, SystemClock};
pub use lifecycle::Tasks;
pub use random::{OsRandom, Random, SeededRandom, SharedRandom};
pub use secret::{Secret, constant_time_eq};
