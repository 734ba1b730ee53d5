//! The service through its router, on a real PostgreSQL.

// So marked that `unwrap` may be used in their helpers, too.
#[cfg(test)]
mod buckets;
#[cfg(test)]
mod house;
#[cfg(test)]
mod lists;
#[cfg(test)]
mod moves;
#[cfg(test)]
mod objects;
#[cfg(test)]
mod permissions;
#[cfg(test)]
mod schema;
#[cfg(test)]
mod signed;
#[cfg(test)]
mod storms;
#[cfg(test)]
mod uploads;
