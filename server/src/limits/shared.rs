//! Token buckets that all instances share, in Redis: one script takes from all buckets of a request or from none, by
//! Redis' own clock.

use super::buckets::{Buckets, Key, Refused, Standing};
use crate::redis::{Away, Redis};
use redis::Script;
use std::{sync::LazyLock, time::Duration};

/// The generic cell rate algorithm: a key holds the time at which its bucket is full again, in microseconds. Answers
/// which bucket is empty (0: none), the wait in microseconds, then what is left of each.
static TAKE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
        pcall(redis.replicate_commands)
        local time = redis.call('TIME')
        local now = time[1] * 1000000 + time[2]
        local full, answer = {}, {0, 0}
        for i, key in ipairs(KEYS) do
            local every, burst = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
            local at = tonumber(redis.call('GET', key) or now)
            at = math.min(math.max(at, now), now + every * burst)
            local wait = at + every - now - every * burst
            if wait > 0.001 then
                return {i, math.ceil(wait)}
            end
            full[i] = at + every
            answer[i + 2] = math.floor((now + every * burst - full[i]) / every + 0.001)
        end
        for i, key in ipairs(KEYS) do
            local life = math.ceil((full[i] - now) / 1000)
            redis.call('SET', key, string.format('%.3f', full[i]), 'PX', math.max(life, 1))
        end
        return answer
        ",
    )
});

/// Takes a token from each bucket, or from none.
///
/// # Errors
/// [`Away`]; within, the bucket that is empty.
pub async fn take(
    redis: &Redis,
    asked: &[(&Buckets, Key)],
) -> Result<Result<Option<Standing>, Refused>, Away> {
    let mut call = TAKE.prepare_invoke();
    for (buckets, key) in asked {
        call.key(format!("huishou:rate:{}:{key:032x}", buckets.name));
        call.arg(micros(buckets.rate.every))
            .arg(buckets.rate.burst.get());
    }
    let answer: Vec<i64> = redis.run(&call).await?;
    let number = |n: usize| answer.get(n).copied().unwrap_or_default();
    let empty = usize::try_from(number(0)).unwrap_or_default();
    if let Some((buckets, _)) = empty.checked_sub(1).and_then(|n| asked.get(n)) {
        let wait = u64::try_from(number(1)).unwrap_or_default();
        return Ok(Err(buckets.refused(Duration::from_micros(wait))));
    }
    let mut nearest = None;
    for (n, (buckets, _)) in asked.iter().enumerate() {
        let left = u32::try_from(number(n + 2)).unwrap_or_default();
        nearest = Some(buckets.rate.standing(left).nearer(nearest));
    }
    Ok(Ok(nearest))
}

/// Microseconds with three places, for Lua.
fn micros(time: Duration) -> String {
    let nanos = time.as_nanos().max(1);
    format!("{}.{:03}", nanos / 1000, nanos % 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_reach_lua_exactly() {
        assert_eq!(micros(Duration::from_millis(10)), "10000.000");
        assert_eq!(micros(Duration::from_nanos(1_500)), "1.500");
        assert_eq!(micros(Duration::from_nanos(33)), "0.033");
    }
}
