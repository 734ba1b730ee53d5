//! New ids: derived from the old ones, so that they are known before anything is written.

use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use uuid::Uuid;

/// The secret that a run's ids are derived with: whoever lacks it cannot guess an id from an old number.
#[derive(Clone)]
pub struct Seed([u8; 32]);

impl Seed {
    /// A fresh seed.
    pub fn new(random: &dyn base::Random) -> Self {
        let mut bytes = [0; 32];
        random.fill(&mut bytes);
        Self(bytes)
    }

    /// A seed that was kept.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// To be kept, privately.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The ids of one users table.
    pub fn ids_of(&self, source: &str) -> Derivation {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("a key of any length is good");
        mac.update(source.as_bytes());
        mac.update(&[0]);
        Derivation(mac)
    }
}

impl std::fmt::Debug for Seed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seed")
    }
}

/// Turns old ids of one users table into UUIDs of version 4's shape (MIG-MAP-03).
#[derive(Clone)]
pub struct Derivation(Hmac<Sha256>);

impl Derivation {
    /// The UUID of the user whose old id, written canonically, is `legacy`.
    pub fn uuid(&self, legacy: &str) -> Uuid {
        let mut mac = self.0.clone();
        mac.update(legacy.as_bytes());
        let digest = mac.finalize().into_bytes();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }
}

impl std::fmt::Debug for Derivation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Derivation")
    }
}

#[cfg(test)]
mod tests {
    use super::Seed;

    /// MIG-MAP-03: reproducible, different per source and seed, shaped as version 4.
    #[test]
    fn an_id_depends_on_seed_source_and_legacy_id_only() {
        let seed = Seed::from_bytes(&[7; 32]).expect("32 bytes");
        let other = Seed::from_bytes(&[8; 32]).expect("32 bytes");
        let id = seed.ids_of("public.users").uuid("42");
        assert_eq!(id, seed.ids_of("public.users").uuid("42"));
        assert_ne!(id, seed.ids_of("public.users").uuid("43"));
        assert_ne!(id, seed.ids_of("public.staff").uuid("42"));
        assert_ne!(id, other.ids_of("public.users").uuid("42"));
        assert_eq!(id.get_version_num(), 4);
    }
}
