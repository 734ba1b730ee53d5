//! The program seen from outside: one stack a test process, and the people who use it.
//!
//! Tests live in `tests/it`, modules like the URLs; the official clients' programs in `clients/`. The stack is
//! the real one, on a PostgreSQL that it starts itself in a temporary folder.
