//! Which protocols a connection to a portal may change to, as a registration names them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The name of a protocol as it stands in `Upgrade`, in lower case: `websocket`.
///
/// Never a version of HTTP or TLS: what follows would be requests that nobody looks at. Source: RFC 9110, section 7.8.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Protocol(String);

impl Protocol {
    /// The name.
    pub fn name(&self) -> &str {
        &self.0
    }

    /// True for WebSocket, whose handshake is checked beyond its name.
    pub fn is_websocket(&self) -> bool {
        self.0 == "websocket"
    }
}

impl TryFrom<String> for Protocol {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let token = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-._+/".contains(&byte);
        if name.is_empty() || name.len() > 64 || !name.bytes().all(token) {
            return Err(format!("`{name}` is no name of a protocol, expected lower case such as `websocket`"));
        }
        if name.starts_with("h2") || name.starts_with("h3") || name.starts_with("http") || name.starts_with("tls") {
            return Err(format!("`{name}` would pass requests on that nobody checks, expected such as `websocket`"));
        }
        Ok(Self(name))
    }
}

impl From<Protocol> for String {
    fn from(protocol: Protocol) -> Self {
        protocol.0
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_protocol_is_a_token_and_never_http_again() {
        for (name, valid) in [
            ("websocket", true),
            ("x-chat/1.0", true),
            ("", false),
            ("WebSocket", false),
            ("a b", false),
            ("h2c", false),
            ("http/1.1", false),
            ("tls/1.2", false),
        ] {
            assert_eq!(Protocol::try_from(name.to_owned()).is_ok(), valid, "{name}");
        }
    }
}
