//! When a delivery that failed is tried again.

use chrono::{DateTime, TimeDelta, Utc};
use http::{HeaderMap, StatusCode, header::RETRY_AFTER};

use crate::kernel::{Result, secrets::random};

/// Seconds between the attempts: the first one is made at once, the last one three days later.
const PAUSES: [i64; 9] = [5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600];
/// Longest pause that a receiver can ask for.
const LONGEST_ASKED: TimeDelta = TimeDelta::hours(24);

/// The pause behind an attempt, counted from 1, up to a fifth longer, so that deliveries that failed together do not come back
/// together. None behind the last attempt.
pub fn pause(attempt: i32) -> Result<Option<TimeDelta>> {
    let share = f64::from(u32::from_be_bytes(random::<4>()?)) / f64::from(u32::MAX);
    Ok(pause_with(attempt, share))
}

/// `share` is between 0 and 1.
fn pause_with(attempt: i32, share: f64) -> Option<TimeDelta> {
    let seconds = *PAUSES.get(usize::try_from(attempt.max(1)).ok()? - 1)?;
    Some(TimeDelta::milliseconds((seconds as f64 * (1.0 + 0.2 * share) * 1e3) as i64))
}

/// The pause that a receiver asks for who cannot take more at the moment.
#[must_use]
pub fn asked_for(status: StatusCode, headers: &HeaderMap, now: DateTime<Utc>) -> Option<TimeDelta> {
    if !matches!(status.as_u16(), 429 | 502 | 503 | 504) {
        return None;
    }
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let pause = match text.parse::<u32>() {
        Ok(seconds) => TimeDelta::seconds(seconds.into()),
        Err(_) => DateTime::parse_from_rfc2822(text).ok()?.with_timezone(&Utc) - now,
    };
    Some(pause.clamp(TimeDelta::zero(), LONGEST_ASKED))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_ten_attempts_in_a_little_more_than_three_days() {
        let pauses: Vec<_> = (1..=9).map(|attempt| pause_with(attempt, 0.0).unwrap()).collect();

        assert_eq!(pauses[0], TimeDelta::seconds(5));
        assert_eq!(pauses.iter().sum::<TimeDelta>().num_hours(), 75);
        assert_eq!(pause_with(9, 1.0), Some(TimeDelta::minutes(24 * 72)));
        assert_eq!((pause_with(10, 0.0), pause_with(11, 0.0)), (None, None));
    }

    #[test]
    fn a_receiver_that_is_busy_says_when_to_come_back() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let asked = |status: u16, text: &str| {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, text.parse().unwrap())]);
            asked_for(StatusCode::from_u16(status).unwrap(), &headers, now).map(|pause| pause.num_seconds())
        };

        assert_eq!([429, 502, 503, 504].map(|status| asked(status, "120")), [Some(120); 4]);
        assert_eq!(asked(503, "Fri, 15 Jan 2027 08:01:00 GMT"), Some(60));
        assert_eq!((asked(503, "Fri, 15 Jan 2021 08:01:00 GMT"), asked(503, "4000000000")), (Some(0), Some(86_400)));
        assert_eq!((asked(500, "120"), asked(429, "soon"), asked(429, "-5")), (None, None, None));
    }
}
