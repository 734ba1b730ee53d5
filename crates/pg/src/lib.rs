//! The one way to the database.
//!
//! Two clients, one idea. Services reach their own tables through a [`Pool`] that logs in as their own
//! database role (tokio-postgres, one conversation at a time). A caller's rows are reached only through
//! [`RequestTx`] on [`Requests`]: role, claims, settings, statements and commit in one round trip, the
//! rows handed on as PostgreSQL wrote them. SQLSTATE has a name here ([`Error`]) and nowhere else.

mod endpoint;
mod error;
mod listen;
mod lock;
mod open;
mod pool;
mod request;
mod requests;
mod session;
mod task;
mod transact;
mod waiting;
mod wire;

pub use endpoint::{Endpoint, EndpointError, TlsFiles};
pub use error::{Error, Kind, ServerError};
pub use listen::{Listener, Notification};
pub use lock::Lock;
pub use open::OpenTx;
pub use pool::{Client, Pool, PoolOptions};
pub use request::{Access, End, Isolation, RequestTx, ResultSet, Row, Statement};
pub use requests::{RequestOptions, Requests, Stats};
pub use session::{Canceller, Session};
pub use wire::Completed;
