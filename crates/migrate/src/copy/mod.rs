//! Rows on their way: read as COPY text, ids rewritten, written as COPY text.

mod document;
mod escape;
mod rewrite;
mod sift;
mod stream;

pub(crate) use escape::{fields, push_value, value};
pub use rewrite::{Fate, JsonStep, OrphanPolicy, Rewriter, Rule};
pub(crate) use rewrite::{HeldKey, key_of};
pub(crate) use sift::{Allowance, Bin, Reject, Sifted, copy_sifted, refuses_a_row};
pub(crate) use stream::{Flow, Moved, checksum, copy_part};

/// What a set of rows adds up to, whatever their order (MIG-VER-02): the sum of 64-bit hashes of their COPY text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Checksum {
    /// Rows.
    pub rows: u64,
    /// Sum of their hashes.
    pub sum: u128,
}

impl Checksum {
    /// Takes in one row: its line without the line end.
    pub fn add(&mut self, line: &[u8]) {
        self.rows += 1;
        self.sum = self
            .sum
            .wrapping_add(u128::from(xxhash_rust::xxh3::xxh3_64(line)));
    }

    /// Takes in another part's rows.
    pub fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        self.sum = self.sum.wrapping_add(other.sum);
    }

    /// As the journal keeps it.
    pub fn text(&self) -> String {
        format!("{:032x}", self.sum)
    }

    /// Reads [`Checksum::text`].
    pub fn parse(rows: u64, text: &str) -> Option<Self> {
        let sum = u128::from_str_radix(text, 16).ok()?;
        Some(Self { rows, sum })
    }
}

#[cfg(test)]
mod tests;
