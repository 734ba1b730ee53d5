//! Which rows concern which callers: a bit each, because there may be a million of them in one batch.

/// Pairs of a row and a caller, by their places.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Pairs {
    words_a_row: usize,
    bits: Vec<u64>,
}

impl Pairs {
    /// None of so many rows and callers.
    pub(super) fn new(rows: usize, callers: usize) -> Self {
        let words_a_row = callers.div_ceil(64);
        Self {
            words_a_row,
            bits: vec![0; rows * words_a_row],
        }
    }

    fn place(&self, row: usize, caller: usize) -> Option<usize> {
        let word = caller / 64;
        (word < self.words_a_row).then_some(row * self.words_a_row + word)
    }

    /// Takes the pair in; what is out of bounds is not.
    pub(super) fn insert(&mut self, row: usize, caller: usize) {
        if let Some(word) = self
            .place(row, caller)
            .and_then(|place| self.bits.get_mut(place))
        {
            *word |= 1 << (caller % 64);
        }
    }

    /// Whether the pair is among them.
    pub(super) fn contains(&self, row: usize, caller: usize) -> bool {
        self.place(row, caller)
            .and_then(|place| self.bits.get(place))
            .is_some_and(|word| word & (1 << (caller % 64)) != 0)
    }
}

impl Extend<(usize, usize)> for Pairs {
    fn extend<T: IntoIterator<Item = (usize, usize)>>(&mut self, pairs: T) {
        for (row, caller) in pairs {
            self.insert(row, caller);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_those_that_were_taken_in() {
        let mut pairs = Pairs::new(3, 130);
        let taken = [(0, 0), (0, 63), (1, 64), (2, 129)];
        pairs.extend(taken);
        for row in 0..3 {
            for caller in 0..130 {
                let expected = taken.contains(&(row, caller));
                assert_eq!(pairs.contains(row, caller), expected, "{row} {caller}");
            }
        }
        pairs.insert(3, 0);
        pairs.insert(0, 192);
        assert!(!pairs.contains(3, 0) && !pairs.contains(0, 192) && !pairs.contains(1, 0));
        assert!(!Pairs::new(1, 0).contains(0, 0));
    }
}
