//! How a body is coded on its way: what `Accept-Encoding` lets us choose. Source: RFC 9110, 12.5.3.

use http::header::{self, HeaderMap};

/// A coding that every browser of today reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// Brotli, RFC 7932.
    Brotli,
    /// gzip, RFC 1952.
    Gzip,
}

impl Coding {
    /// Its name in `Content-Encoding`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        }
    }

    fn is(self, token: &str) -> bool {
        token.eq_ignore_ascii_case(self.name()) || (self == Self::Gzip && token.eq_ignore_ascii_case("x-gzip"))
    }
}

/// The coding that who asks likes best of those `offered`, the first of equals; none where the body goes as it is.
///
/// Without the field, and with one that takes nothing of ours, the body goes as it is: that is better than 406.
pub fn choose(asked: &HeaderMap, offered: &[Coding]) -> Option<Coding> {
    let fields = asked.get_all(header::ACCEPT_ENCODING);
    let wishes: Vec<(&str, u16)> = fields
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(wish)
        .collect();
    let named = |is: &dyn Fn(&str) -> bool| wishes.iter().find(|(token, _)| is(token)).map(|(_, weight)| *weight);
    let rest = named(&|token| token == "*");
    let best = offered
        .iter()
        .filter_map(|coding| Some((*coding, named(&|token| coding.is(token)).or(rest)?)))
        .filter(|(_, weight)| *weight > 0)
        // The last of equal ones wins a `max_by_key`.
        .rev()
        .max_by_key(|(_, weight)| *weight)?;
    // As it is goes always, but only who names it can like it better.
    let plain = named(&|token| token.eq_ignore_ascii_case("identity"));
    (plain.unwrap_or(0) <= best.1).then_some(best.0)
}

/// One coding with its weight in thousandths; none where it cannot be read.
fn wish(text: &str) -> Option<(&str, u16)> {
    let mut parts = text.split(';').map(str::trim);
    let token = parts.next().filter(|token| !token.is_empty())?;
    let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
    Some((token, weight.map_or(Some(1000), thousandths)?))
}

/// A `qvalue`: `0`, `1`, or either with up to three decimals.
fn thousandths(text: &str) -> Option<u16> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let digits = decimals.len() <= 3 && decimals.bytes().all(|byte| byte.is_ascii_digit());
    if !digits || !matches!(whole, "0" | "1") {
        return None;
    }
    let weight: u16 = format!("{whole}{decimals:0<3}").parse().ok()?;
    (weight <= 1000).then_some(weight)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[track_caller]
    fn check(fields: &[&str], expected: Option<Coding>) {
        let asked = fields.iter().map(|value| (header::ACCEPT_ENCODING, HeaderValue::from_str(value).unwrap()));
        assert_eq!(choose(&asked.collect(), &[Coding::Brotli, Coding::Gzip]), expected, "{fields:?}");
    }

    #[test]
    fn the_coding_is_the_one_that_is_liked_best() {
        use Coding::{Brotli, Gzip};
        check(&["gzip, deflate, br, zstd"], Some(Brotli));
        check(&["gzip"], Some(Gzip));
        check(&["x-gzip"], Some(Gzip));
        check(&["GZIP;q=1.0, BR;Q=0.2"], Some(Gzip));
        check(&["br;q=0.5, gzip;q=0.501"], Some(Gzip));
        check(&["*"], Some(Brotli));
        check(&["*;q=0.1, br;q=0"], Some(Gzip));
        check(&["gzip;q=0.5, identity;q=0.2"], Some(Gzip));
        check(&["identity;q=0.5, gzip;q=0.5"], Some(Gzip));
        // Two fields are one list.
        check(&["deflate", "br"], Some(Brotli));
        check(&["gzip ; q=0.8 , br ; q=0.9"], Some(Brotli));
    }

    #[test]
    fn without_a_wish_that_we_can_fulfil_the_body_goes_as_it_is() {
        for field in [
            "",
            "identity",
            "deflate",
            "br;q=0, gzip;q=0.000",
            "*;q=0",
            "gzip;q=0.5, identity",
            "gzip;q=2",
            "gzip;q=-1",
            "gzip;q=",
            "br;q=0.1234",
            ";q=1",
            ",,",
        ] {
            check(&[field], None);
        }
        check(&[], None);
        assert_eq!(
            choose(&HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static("br"))]), &[Coding::Gzip]),
            None
        );
        assert_eq!(
            choose(&HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static("br"))]), &[]),
            None
        );
    }
}
