//! Chance that can be repeated.

/// SplitMix64.
pub struct Chance(u64);

/// A seed of its own for each run.
pub fn seed() -> u64 {
    u64::from_be_bytes(clinigraph::kernel::secrets::random::<8>().unwrap()) >> 16
}

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below another.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        usize::try_from(mixed % bound as u64).unwrap()
    }
}
