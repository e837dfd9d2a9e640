//! Pauses between the attempts of a job that fails.

use chrono::TimeDelta;

use crate::kernel::{Result, secrets::random};

const FIRST_SECONDS: f64 = 10.0;
const LONGEST_SECONDS: f64 = 6.0 * 3600.0;

/// The pause behind an attempt: ten seconds behind the first and three times as long behind each further one, six hours at
/// most. A fifth more or less, so that jobs that failed together do not come back together.
pub fn pause(attempt: i32) -> Result<TimeDelta> {
    let share = f64::from(u32::from_be_bytes(random::<4>()?)) / f64::from(u32::MAX);
    Ok(pause_with(attempt, share))
}

/// `share` is between 0 and 1.
fn pause_with(attempt: i32, share: f64) -> TimeDelta {
    let seconds = (FIRST_SECONDS * 3f64.powi(attempt.clamp(1, 20) - 1)).min(LONGEST_SECONDS);
    TimeDelta::milliseconds((seconds * (0.8 + 0.4 * share) * 1e3) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_six_hours_and_scatter() {
        let between = |attempt| (pause_with(attempt, 0.0).num_seconds(), pause_with(attempt, 1.0).num_seconds());

        assert_eq!(
            [1, 2, 3, 7, 8, 1000].map(between),
            [(8, 12), (24, 36), (72, 108), (5832, 8748), (17280, 25920), (17280, 25920)]
        );
    }
}
