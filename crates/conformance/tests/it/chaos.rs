//! kill -9 at bad moments.
