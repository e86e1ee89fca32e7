//! Secrets that we give out: random, kept as hashes only, compared in constant time.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// How a token of ours begins, so that one that was published by mistake is recognised.
pub(crate) const TOKEN_PREFIX: &str = "pvnrw_";

/// 256 random bits of the system, in signs that an address, a cookie and a field can hold.
pub(super) fn random() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// A new token.
pub(super) fn token() -> Result<String, getrandom::Error> {
    Ok(format!("{TOKEN_PREFIX}{}", random()?))
}

/// SHA-256 of a text, in hexadecimal digits: what is kept of a secret of 256 bits, which nobody can guess from it.
pub(crate) fn hash(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A secret made of another one for a purpose; nobody learns the other one from it.
pub(super) fn derived(purpose: &str, secret: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::new().chain_update(purpose).chain_update([0]).chain_update(secret).finalize())
}

/// The word in the forms of a session.
pub(super) fn csrf(session: &str) -> String {
    derived("csrf", session)
}

/// Whether two secrets are the same, in a time that does not depend on where they differ.
pub(super) fn same(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_differ_and_show_nothing_of_each_other() {
        let (one, other) = (random().unwrap(), random().unwrap());
        assert_ne!(one, other);
        assert_eq!(one.len(), 43, "256 bits, six to a sign");
        assert!(same(&one, &one.clone()) && !same(&one, &other) && !same(&one, ""));
        assert_ne!(csrf(&one), csrf(&other));
        assert_ne!(derived("a", &one), derived("b", &one));
        assert_eq!(hash("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert!(token().unwrap().starts_with(TOKEN_PREFIX));
    }
}
