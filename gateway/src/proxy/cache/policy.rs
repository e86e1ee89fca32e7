//! What may be kept, how long it is fresh, and whether it may answer: pure functions of what was said.
//!
//! The clock of the machine is asked once, when an answer comes; from then on its age is measured by a clock that only
//! runs forward. Sources: RFC 9111, sections 3, 4.2 and 5.2; RFC 5861; RFC 9213.

use std::time::{Duration, SystemTime};

use connectors::registration::Caching;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, StatusCode};
use tokio::time::Instant;

use super::directives::Directives;

/// The longest time that is guessed when an answer does not say how long it is fresh.
const MAX_HEURISTIC: Duration = Duration::from_secs(86_400);
/// How long after its end an answer may stand in for a portal that cannot be reached, unless it forbids that.
const STALE_WHEN_DOWN: Duration = Duration::from_secs(86_400);
/// The targeted field that is for us.
const TARGETED: HeaderName = HeaderName::from_static("cdn-cache-control");

/// What a request says about caches.
#[derive(Debug)]
pub struct Asked {
    /// Its directives.
    pub directives: Directives,
    /// It carries `Authorization`.
    pub authorized: bool,
    /// It carries `Cookie`.
    pub cookie: bool,
}

impl Asked {
    /// Reads the fields of a request.
    pub fn of(fields: &HeaderMap) -> Self {
        let mut directives = Directives::default();
        if fields.contains_key(header::CACHE_CONTROL) {
            directives = Directives::read(fields.get_all(header::CACHE_CONTROL));
            // Only an answer can name fields.
            directives.no_cache |= !directives.hidden.is_empty();
        } else if fields.get_all(header::PRAGMA).iter().any(|value| value.as_bytes().eq_ignore_ascii_case(b"no-cache"))
        {
            directives.no_cache = true;
        }
        let authorized = fields.contains_key(header::AUTHORIZATION);
        Self { directives, authorized, cookie: fields.contains_key(header::COOKIE) }
    }
}

/// An answer as it came.
pub struct Came<'a> {
    /// Its status.
    pub status: StatusCode,
    /// Its fields.
    pub fields: &'a HeaderMap,
    /// When it was asked for.
    pub asked_at: Instant,
    /// When its head came.
    pub at: Instant,
    /// The same by the clock of the machine.
    pub wall: SystemTime,
}

/// How an answer that was kept may be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    lifetime: Duration,
    /// The portal said how long; it was not guessed.
    explicit: bool,
    age: Duration,
    since: Instant,
    always_validate: bool,
    never_stale: bool,
    while_revalidate: Duration,
    if_error: Option<Duration>,
    /// Fields that may not be used again.
    pub hidden: Vec<HeaderName>,
}

/// Whether an answer may be used now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// As it is.
    Fresh,
    /// As it is, because the client takes stale ones.
    Stale,
    /// As it is, and a new one is to be fetched meanwhile.
    WhileRevalidate,
    /// Not before the portal was asked: its time is over, or it always wants to be asked.
    Validate,
    /// Not before the portal was asked, because the client wants that.
    ValidateAsked,
}

impl Terms {
    /// The terms for keeping an answer; none when it may not be kept or would never be of use.
    pub fn of(asked: &Asked, came: &Came<'_>, caching: Caching) -> Option<Self> {
        let targeted = came.fields.contains_key(TARGETED);
        let targeted = targeted.then(|| Directives::targeted(came.fields.get_all(TARGETED))).flatten();
        let by_target = targeted.is_some();
        let said = targeted.unwrap_or_else(|| Directives::read(came.fields.get_all(header::CACHE_CONTROL)));
        if !may_be_kept(asked, came, &said, caching) {
            return None;
        }
        let (lifetime, explicit) = lifetime(came, &said, by_target);
        let forbids = said.no_cache || said.must_revalidate || said.proxy_revalidate || said.s_maxage.is_there();
        let terms = Self {
            lifetime,
            explicit,
            age: age_at_arrival(came),
            since: came.at,
            always_validate: said.no_cache,
            never_stale: forbids,
            while_revalidate: said.stale_while_revalidate.time().unwrap_or_default(),
            if_error: said.stale_if_error.time(),
            hidden: said.hidden,
        };
        let validated = [header::ETAG, header::LAST_MODIFIED].iter().any(|name| came.fields.contains_key(name));
        let used = !said.no_cache && !terms.lifetime.is_zero();
        let stale = !terms.while_revalidate.is_zero() || terms.if_error.is_some();
        (used || validated || stale).then_some(terms)
    }

    /// The same for an answer that the portal just confirmed.
    pub fn confirmed(&self, now: Instant) -> Self {
        Self { age: Duration::ZERO, since: now, ..self.clone() }
    }

    /// Age in whole seconds, as it stands in `Age`.
    pub fn age(&self, now: Instant) -> u64 {
        self.exact_age(now).as_secs()
    }

    /// Seconds until it is stale; negative since.
    pub fn ttl(&self, now: Instant) -> i64 {
        let seconds = |time: Duration| i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
        seconds(self.lifetime) - seconds(self.exact_age(now))
    }

    /// Whether it may answer a request.
    pub fn usable(&self, asked: &Asked, now: Instant) -> Use {
        let age = self.exact_age(now);
        let wants = &asked.directives;
        let too_old = wants.max_age.is_there() && wants.max_age.time().is_none_or(|most| age > most);
        if wants.no_cache || too_old {
            return Use::ValidateAsked;
        }
        if self.always_validate {
            return Use::Validate;
        }
        if let Some(left) = self.lifetime.checked_sub(age).filter(|left| !left.is_zero()) {
            // A portal that did not say how long may not have thought of those who are signed in.
            let guessed = (asked.authorized || asked.cookie) && !self.explicit;
            let soon = wants.min_fresh.time().is_some_and(|least| left < least);
            return match (soon, guessed) {
                (true, _) => Use::ValidateAsked,
                (_, true) => Use::Validate,
                _ => Use::Fresh,
            };
        }
        let over = age - self.lifetime;
        if self.never_stale {
            return Use::Validate;
        }
        if wants.any_stale || wants.max_stale.time().is_some_and(|most| over <= most) {
            return Use::Stale;
        }
        let waits = !wants.min_fresh.is_there() && !asked.authorized && !asked.cookie;
        if waits && over < self.while_revalidate { Use::WhileRevalidate } else { Use::Validate }
    }

    /// True when it may stand in for a portal that cannot be reached (`status` none) or answers with a server error.
    ///
    /// A 500 may be about this very request, so it is covered only where the portal said `stale-if-error`.
    pub fn stands_in(&self, status: Option<StatusCode>, now: Instant) -> bool {
        let over = self.exact_age(now).saturating_sub(self.lifetime);
        let most = match status.map(|status| status.as_u16()) {
            None | Some(502..=504) => self.if_error.or(Some(STALE_WHEN_DOWN)),
            Some(500) => self.if_error,
            Some(_) => None,
        };
        !self.never_stale && most.is_some_and(|most| over < most)
    }

    fn exact_age(&self, now: Instant) -> Duration {
        self.age + now.saturating_duration_since(self.since)
    }
}

/// True when the status has a meaning for us beyond its class (RFC 9110, section 15).
fn is_understood(status: StatusCode) -> bool {
    matches!(status.as_u16(),
        200..=206 | 300..=303 | 307 | 308 | 400..=417 | 421 | 422 | 426 | 428 | 429 | 431 | 451 | 500..=505 | 511)
}

/// True when an answer with this status may be kept although nothing says how long (RFC 9110, section 15.1).
fn is_kept_by_default(status: StatusCode) -> bool {
    matches!(status.as_u16(), 200 | 203 | 204 | 206 | 300 | 301 | 308 | 404 | 405 | 410 | 414 | 501)
}

fn may_be_kept(asked: &Asked, came: &Came<'_>, said: &Directives, caching: Caching) -> bool {
    let status = came.status;
    if status.is_informational() || status == StatusCode::NOT_MODIFIED || asked.directives.no_store {
        return false;
    }
    let understood = is_understood(status);
    if said.must_understand && !understood || said.no_store && !said.must_understand || said.private {
        return false;
    }
    let shared = said.public || said.s_maxage.is_there();
    let credentials = caching == Caching::Credentials;
    if asked.authorized && !(credentials && (shared || said.must_revalidate)) {
        return false;
    }
    if asked.cookie && !shared || came.fields.contains_key(header::SET_COOKIE) && !(credentials && shared) {
        return false;
    }
    let timed = said.max_age.is_there() || came.fields.contains_key(header::EXPIRES);
    shared || timed || is_kept_by_default(status)
}

/// How long an answer is fresh, and whether the portal said so (RFC 9111, section 4.2.1).
fn lifetime(came: &Came<'_>, said: &Directives, by_target: bool) -> (Duration, bool) {
    for seconds in [said.s_maxage, said.max_age] {
        if seconds.is_there() {
            return (seconds.time().unwrap_or_default(), true);
        }
    }
    let date = date_of(came);
    if !by_target && came.fields.contains_key(header::EXPIRES) {
        let mut lines = came.fields.get_all(header::EXPIRES).iter();
        let first = lines.next();
        let expires = first.filter(|first| lines.all(|line| line == first)).and_then(read_date);
        return (expires.and_then(|expires| expires.duration_since(date).ok()).unwrap_or_default(), true);
    }
    let modified = came.fields.get(header::LAST_MODIFIED).and_then(read_date);
    let guessed = modified.and_then(|modified| date.duration_since(modified).ok()).unwrap_or_default() / 10;
    let allowed = is_kept_by_default(came.status) || said.public;
    (if allowed { guessed.min(MAX_HEURISTIC) } else { Duration::ZERO }, false)
}

/// The age of an answer when it came (RFC 9111, section 4.2.3).
fn age_at_arrival(came: &Came<'_>) -> Duration {
    let apparent = came.wall.duration_since(date_of(came)).unwrap_or_default();
    let apparent = Duration::from_secs(apparent.as_secs());
    // Of several values the first counts, and one that is no number counts for nothing (section 5.1).
    let line = came.fields.get(header::AGE).map(HeaderValue::as_bytes).unwrap_or_default();
    let first = line.split(|byte| *byte == b',').next().unwrap_or_default().trim_ascii();
    let digits = !first.is_empty() && first.iter().all(u8::is_ascii_digit);
    let number = std::str::from_utf8(first).ok().filter(|_| digits);
    let said = number.map_or(0, |number| number.parse::<u64>().unwrap_or(u64::MAX).min(1 << 31));
    apparent.max(Duration::from_secs(said) + came.at.saturating_duration_since(came.asked_at))
}

fn date_of(came: &Came<'_>) -> SystemTime {
    came.fields.get(header::DATE).and_then(read_date).unwrap_or(came.wall)
}

/// A date in one of the three forms of HTTP; none for anything else.
pub fn read_date(value: &HeaderValue) -> Option<SystemTime> {
    httpdate::parse_http_date(value.to_str().ok()?).ok()
}

/// True for a method that changes nothing (RFC 9110, section 9.2.1), so that nothing becomes invalid by it.
pub fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE)
}

#[cfg(test)]
mod tests;
