//! The service through its router, on a real PostgreSQL.

// So marked that `unwrap` may be used in their helpers, too.
#[cfg(test)]
mod admin;
#[cfg(test)]
mod bearer;
#[cfg(test)]
mod house;
#[cfg(test)]
mod refresh;
#[cfg(test)]
mod schema;
#[cfg(test)]
mod sessions;
#[cfg(test)]
mod signup;
#[cfg(test)]
mod users;
