//! Addresses that somebody registers from outside, read more strictly than those that the operator writes.
//!
//! A registered address is dialled by us and shown to citizens. It names a public host by its name, over https and an
//! ordinary port, and carries nothing secret. Whether the host's addresses may be dialled is asked at every dial, by
//! [`crate::egress`]. Source: OWASP, Server Side Request Forgery Prevention; RFC 6761, 6762, 7686, 8375.

use url::{Host, Url};

use crate::egress::{Egress, MAX_URL_BYTES, Refused};

/// What is let through beside https on its own port.
#[derive(Debug, Clone, Default)]
pub struct AddressRule {
    /// Also http; for tests and demonstrations.
    pub http: bool,
    /// Ports beside that of the scheme.
    pub ports: Vec<u16>,
    /// Decides about names that are not public.
    pub egress: Egress,
}

/// Why an address cannot be registered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressFault {
    /// Nothing was given.
    #[error("the address is missing")]
    Empty,
    /// No reader of addresses understands it.
    #[error("this is no address, expected one as https://www.stadt.example/")]
    NotRead,
    /// Longer than [`MAX_URL_BYTES`].
    #[error("the address is longer than {MAX_URL_BYTES} bytes")]
    TooLong,
    /// Another scheme.
    #[error("scheme `{0}` cannot be registered, expected https")]
    Scheme(String),
    /// A user name or a password.
    #[error("the address carries credentials, expected one without")]
    Credentials,
    /// A part behind `#`, which no server ever sees.
    #[error("the address has a part behind `#`, expected one without")]
    Fragment,
    /// A port that is not the scheme's.
    #[error("port {0} cannot be registered, expected none in the address")]
    Port(u16),
    /// An IP address, in whatever spelling.
    #[error("`{0}` is an IP address, expected the name of a host")]
    IpAddress(String),
    /// A name that means something on somebody's own side only.
    #[error("`{0}` is not a public name")]
    Name(String),
}

impl AddressRule {
    /// Reads what somebody typed: blanks around it do not count, and without a scheme it is taken for https.
    pub fn read(&self, typed: &str) -> Result<Url, AddressFault> {
        let typed = typed.trim();
        if typed.is_empty() {
            return Err(AddressFault::Empty);
        }
        if typed.len() > MAX_URL_BYTES {
            return Err(AddressFault::TooLong);
        }
        // `host:8443/x` would be read as the scheme `host`.
        let url = if typed.contains("://") { Url::parse(typed) } else { Url::parse(&format!("https://{typed}")) };
        let url = url.map_err(|_| AddressFault::NotRead)?;
        self.check(&url)?;
        Ok(url)
    }

    /// The same for an address that was read already.
    pub fn check(&self, url: &Url) -> Result<(), AddressFault> {
        if url.scheme() != "https" && !(self.http && url.scheme() == "http") {
            return Err(AddressFault::Scheme(url.scheme().to_owned()));
        }
        if url.as_str().len() > MAX_URL_BYTES {
            return Err(AddressFault::TooLong);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(AddressFault::Credentials);
        }
        if url.fragment().is_some() {
            return Err(AddressFault::Fragment);
        }
        match url.host() {
            // The reader has undone every spelling: decimal, octal, hexadecimal, short, full-width digits.
            Some(host @ (Host::Ipv4(_) | Host::Ipv6(_))) => return Err(AddressFault::IpAddress(host.to_string())),
            Some(Host::Domain(_)) => {}
            None => return Err(AddressFault::NotRead),
        }
        // The port of the scheme is never written out by the reader.
        if let Some(port) = url.port().filter(|port| !self.ports.contains(port)) {
            return Err(AddressFault::Port(port));
        }
        self.egress.check_url(url).map_err(|refused| match refused {
            Refused::Name(name) => AddressFault::Name(name),
            _ => AddressFault::NotRead,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strict() -> AddressRule {
        AddressRule::default()
    }

    #[track_caller]
    fn refused(typed: &str, expected: &AddressFault) {
        assert_eq!(strict().read(typed).as_ref(), Err(expected), "{typed:?}");
    }

    #[test]
    fn an_address_is_taken_as_people_type_it() {
        for (typed, expected) in [
            ("https://www.stadt.example/", "https://www.stadt.example/"),
            ("  www.stadt.example ", "https://www.stadt.example/"),
            ("WWW.Stadt.Example/dienste", "https://www.stadt.example/dienste"),
            ("https://www.stadt.example:443/", "https://www.stadt.example/"),
            ("https://www.münster.example/", "https://www.xn--mnster-3ya.example/"),
        ] {
            assert_eq!(strict().read(typed).unwrap().as_str(), expected, "{typed:?}");
        }
    }

    #[test]
    fn an_ip_address_is_refused_in_every_spelling() {
        for typed in [
            "https://192.0.2.1/",
            "https://3221225985/",
            "https://0300.0.2.1/",
            "https://0xC0.0x00.0x02.0x01/",
            "https://127.1/",
            "https://192．0．2．1/",
            "https://[::1]/",
            "https://[::ffff:192.0.2.1]/",
            "https://[64:ff9b::1]/",
            "https://[2002:c000:201::1]/",
        ] {
            let answer = strict().read(typed);
            assert!(matches!(answer, Err(AddressFault::IpAddress(_))), "{typed}: {answer:?}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        refused(" ", &AddressFault::Empty);
        refused("https://", &AddressFault::NotRead);
        refused("http://www.stadt.example/", &AddressFault::Scheme("http".into()));
        refused("ftp://www.stadt.example/", &AddressFault::Scheme("ftp".into()));
        refused("https://ich:geheim@www.stadt.example/", &AddressFault::Credentials);
        refused("https://www.stadt.example/#oben", &AddressFault::Fragment);
        refused("https://www.stadt.example:8443/", &AddressFault::Port(8443));
        refused(&format!("https://stadt.example/{}", "a".repeat(2100)), &AddressFault::TooLong);
        for name in ["localhost", "intranet", "rathaus.local", "x.internal", "router.home.arpa", "abc.onion"] {
            refused(&format!("https://{name}/"), &AddressFault::Name(name.into()));
        }
    }

    #[test]
    fn http_and_ports_are_opened_by_the_operator_alone() {
        let egress = Egress::new(vec!["127.0.0.0/8".parse().unwrap()]);
        let open = AddressRule { http: true, ports: vec![8080], egress };
        assert!(open.read("http://localhost:8080/").is_ok());
        assert_eq!(open.read("http://localhost:8081/"), Err(AddressFault::Port(8081)));
        assert!(matches!(open.read("http://127.0.0.1:8080/"), Err(AddressFault::IpAddress(_))));
    }
}
