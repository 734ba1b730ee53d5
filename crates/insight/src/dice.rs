//! Repeatable choices: every row throws its own dice, so that any row can be made again without the ones before it.

use base::{Random as _, SeededRandom};
use uuid::Uuid;

/// The choices of one table, or of one question about it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stream(u64);

/// The choices of one row.
pub(crate) struct Dice {
    random: SeededRandom,
    thrown: [u8; 128],
    used: usize,
}

impl Stream {
    pub(crate) fn new(seed: u64, name: &str) -> Self {
        // FNV-1a: all it must do is tell names apart.
        let key = name
            .bytes()
            .fold(seed ^ 0xcbf2_9ce4_8422_2325, |key, byte| {
                (key ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            });
        Self(key)
    }

    pub(crate) fn dice(self, row: u64) -> Dice {
        // Twice through the generator: rows next to each other must not start next to each other.
        let mut start = [0; 8];
        SeededRandom::new(self.0 ^ row.wrapping_mul(0xd6e8_feb8_6659_fd93)).fill(&mut start);
        let mut dice = Dice {
            random: SeededRandom::new(u64::from_le_bytes(start)),
            thrown: [0; 128],
            used: 0,
        };
        dice.random.fill(&mut dice.thrown);
        dice
    }
}

impl Dice {
    fn next(&mut self) -> u32 {
        if self.used == self.thrown.len() {
            self.random.fill(&mut self.thrown);
            self.used = 0;
        }
        let mut four = [0; 4];
        four.copy_from_slice(&self.thrown[self.used..self.used + 4]);
        self.used += 4;
        u32::from_le_bytes(four)
    }

    /// A number below `limit`, which is at most 2³².
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        (u64::from(self.next()) * limit) >> 32
    }

    /// A number below `limit` that leans towards the low ones: some people write much more than others.
    pub(crate) fn leaning(&mut self, limit: u64) -> u64 {
        let reach = self.below(limit) + 1;
        self.below(reach)
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        let index = usize::try_from(self.below(from.len() as u64)).expect("an index");
        from[index]
    }

    /// True once in `times`.
    pub(crate) fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    pub(crate) fn uuid(&self) -> Uuid {
        self.random.uuid()
    }

    pub(crate) fn token(&self) -> String {
        self.random.token(24)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_throws_the_same_alone_as_in_its_turn() {
        let stream = Stream::new(7, "users");
        let alone = stream.dice(3).below(1 << 32);
        let in_turn: Vec<u64> = (0..5).map(|row| stream.dice(row).below(1 << 32)).collect();
        assert_eq!(in_turn[3], alone);
        assert_ne!(in_turn[2], in_turn[3]);
        assert_ne!(Stream::new(8, "users").dice(3).below(1 << 32), alone);
        assert_ne!(Stream::new(7, "reports").dice(3).below(1 << 32), alone);
    }

    #[test]
    fn numbers_stay_below_their_limit_and_reach_it() {
        let mut dice = Stream::new(1, "limits").dice(0);
        let thrown: Vec<u64> = (0..2_000).map(|_| dice.below(6)).collect();
        assert!((0..6).all(|side| thrown.contains(&side)));
        assert!(thrown.iter().all(|side| *side < 6));
        assert!((0..2_000).all(|_| dice.leaning(6) < 6));
    }
}
