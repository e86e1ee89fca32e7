//! Whether a portal is asked at all.
//!
//! When most of its requests fail, those who come next are told so at once instead of waiting for the same: a portal
//! that hangs takes no places, and is not pushed while it tries to rise. After a pause single requests try it, one at a
//! time, and the first answer closes the breaker again. Every portal has one of its own. Pure; time is an argument.

use std::time::Duration;

use tokio::time::Instant;

use super::balance::Verdict;
use super::window::Window;

/// When a portal is left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Breaking {
    /// Time over which requests are counted.
    pub span: Duration,
    /// Requests within it below which nothing follows from their failures.
    pub min_requests: u32,
    /// Failures of a hundred requests.
    pub percent: u32,
    /// How long the portal is left alone.
    pub pause: Duration,
}

impl Default for Breaking {
    fn default() -> Self {
        Self { span: Duration::from_secs(10), min_requests: 20, percent: 50, pause: Duration::from_secs(5) }
    }
}

/// The breaker of one portal.
#[derive(Debug)]
pub(super) struct Breaker {
    rules: Breaking,
    counts: Window<2>,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    Closed,
    Open {
        until: Instant,
    },
    /// One request tries the portal.
    Tried,
}

/// How a request is let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pass {
    /// As all are.
    Ordinary,
    /// To find out whether the portal is there again.
    Trial,
}

impl Breaker {
    pub(super) fn new(rules: Breaking) -> Self {
        Self { rules, counts: Window::new(rules.span), state: State::Closed }
    }

    /// Lets a request through, or tells how long it is to wait.
    pub(super) fn enter(&mut self, now: Instant) -> Result<Pass, Duration> {
        match self.state {
            State::Closed => Ok(Pass::Ordinary),
            State::Open { until } if until <= now => {
                self.state = State::Tried;
                Ok(Pass::Trial)
            }
            State::Open { until } => Err(until.saturating_duration_since(now)),
            State::Tried => Err(self.rules.pause),
        }
    }

    /// A request that was let through has its verdict; true when that opened or closed the breaker.
    pub(super) fn judged(&mut self, pass: Pass, verdict: Verdict, now: Instant) -> bool {
        match (pass, verdict) {
            (Pass::Trial, Verdict::Answered) => {
                self.state = State::Closed;
                self.counts.clear();
                return true;
            }
            (Pass::Trial, Verdict::Failed) => self.state = State::Open { until: now + self.rules.pause },
            (Pass::Trial, Verdict::Unknown) => self.state = State::Open { until: now },
            (Pass::Ordinary, Verdict::Unknown) => {}
            (Pass::Ordinary, _) if self.state == State::Closed => {
                self.counts.add(usize::from(verdict == Verdict::Failed), now);
                let [well, failed] = self.counts.sums(now).map(u64::from);
                let all = well + failed;
                if all >= self.rules.min_requests.into() && failed * 100 > all * u64::from(self.rules.percent) {
                    self.state = State::Open { until: now + self.rules.pause };
                    return true;
                }
            }
            (Pass::Ordinary, _) => {}
        }
        false
    }

    /// True while requests are not let through.
    pub(super) fn is_open(&self) -> bool {
        self.state != State::Closed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breaker() -> (Breaker, impl Fn(u64) -> Instant) {
        let begin = Instant::now();
        (Breaker::new(Breaking::default()), move |second| begin + Duration::from_secs(second))
    }

    /// Judges so many requests in order.
    fn judge(breaker: &mut Breaker, count: usize, verdict: Verdict, now: Instant) -> bool {
        (0..count).any(|_| breaker.judged(Pass::Ordinary, verdict, now))
    }

    #[test]
    fn it_opens_when_most_of_enough_requests_fail() {
        for (well, failed, opens) in [(0, 19, false), (0, 20, true), (10, 10, false), (10, 11, true), (100, 30, false)]
        {
            let (mut breaker, at) = breaker();
            judge(&mut breaker, well, Verdict::Answered, at(0));
            assert_eq!(judge(&mut breaker, failed, Verdict::Failed, at(1)), opens, "{well} {failed}");
            assert_eq!((breaker.is_open(), breaker.enter(at(1)).is_err()), (opens, opens));
        }
        let (mut breaker, at) = breaker();
        assert!(!judge(&mut breaker, 100, Verdict::Unknown, at(0)), "clients at fault say nothing");
        assert!(!judge(&mut breaker, 15, Verdict::Failed, at(0)));
        assert!(!judge(&mut breaker, 15, Verdict::Failed, at(11)), "the first ones are too long ago");
    }

    #[test]
    fn single_requests_try_it_until_one_is_answered() {
        let (mut breaker, at) = breaker();
        judge(&mut breaker, 20, Verdict::Failed, at(0));
        assert_eq!(breaker.enter(at(2)), Err(Duration::from_secs(3)));
        assert_eq!(breaker.enter(at(5)), Ok(Pass::Trial));
        assert!(breaker.enter(at(5)).is_err(), "one at a time");
        breaker.judged(Pass::Ordinary, Verdict::Answered, at(5));
        assert!(breaker.enter(at(5)).is_err(), "late news changes nothing");
        assert!(!breaker.judged(Pass::Trial, Verdict::Failed, at(6)));
        assert!(breaker.enter(at(10)).is_err());
        assert_eq!(breaker.enter(at(11)), Ok(Pass::Trial));
        breaker.judged(Pass::Trial, Verdict::Unknown, at(11));
        assert_eq!(breaker.enter(at(11)), Ok(Pass::Trial), "the client of the trial left");
        assert!(breaker.judged(Pass::Trial, Verdict::Answered, at(12)));
        assert!(!breaker.is_open());
        assert!(!judge(&mut breaker, 19, Verdict::Failed, at(12)), "the counts begin anew");
    }
}
