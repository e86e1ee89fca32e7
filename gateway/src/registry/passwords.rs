//! Passwords of accounts that sign in without OpenID Connect: Argon2id with the parameters that OWASP asks for.

use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher as _, PasswordVerifier as _, SaltString};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use tokio::sync::Semaphore;

use super::secrets;

/// Signs of a password, at least and at most.
pub const PASSWORD_SIGNS: std::ops::RangeInclusive<usize> = 12..=200;

/// Checks at a time, each of which takes 19 MiB and some hundredths of a second of a processor.
const AT_ONCE: usize = 2;
static PLACES: Semaphore = Semaphore::const_new(AT_ONCE);

/// A hash that no password has, for accounts that are not there: the check takes as long as any other.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bmllbWFuZC1uaWVtYW5k$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// The passwords cannot be worked with.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// The system gives no random bytes.
    #[error("the system gives no random bytes: {0}")]
    Random(#[from] getrandom::Error),
    /// The hash of an account cannot be read, or none can be made.
    #[error("the hash of a password cannot be made or read: {0}")]
    Hash(argon2::password_hash::Error),
    /// The check ended by a panic: a fault of ours.
    #[error("the check of a password ended by a panic")]
    Panic,
}

/// A password that nobody guesses: 26 signs that are easily told apart, 130 random bits.
pub fn generated() -> Result<String, PasswordError> {
    const SIGNS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut bytes = [0; 26];
    getrandom::fill(&mut bytes)?;
    Ok(bytes.iter().map(|byte| char::from(SIGNS[usize::from(byte % 32)])).collect())
}

/// The hash of a password, as a text that says how it was made.
pub(super) async fn hash(password: &str) -> Result<String, PasswordError> {
    let password = password.to_owned();
    on_a_place(move || {
        let mut salt = [0; 16];
        getrandom::fill(&mut salt)?;
        let salt = SaltString::from_b64(&STANDARD_NO_PAD.encode(salt)).map_err(PasswordError::Hash)?;
        let hash = Argon2::default().hash_password(password.as_bytes(), &salt).map_err(PasswordError::Hash)?;
        Ok(hash.to_string())
    })
    .await
}

/// Whether `password` has this hash. Without a hash, or with too long a password, it takes as long and is false.
pub(super) async fn is_right(password: &str, hash: Option<&str>) -> Result<bool, PasswordError> {
    let known = hash.is_some() && password.len() <= *PASSWORD_SIGNS.end() * 4;
    let hash = hash.filter(|_| known).unwrap_or(NOBODY).to_owned();
    let password = if known { password.to_owned() } else { secrets::hash(password) };
    on_a_place(move || {
        let hash = PasswordHash::new(&hash).map_err(PasswordError::Hash)?;
        match Argon2::default().verify_password(password.as_bytes(), &hash) {
            Ok(()) => Ok(known),
            Err(argon2::password_hash::Error::Password) => Ok(false),
            Err(error) => Err(PasswordError::Hash(error)),
        }
    })
    .await
}

/// Does slow work aside, and no more of it at a time than there are places.
async fn on_a_place<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
) -> Result<T, PasswordError> {
    let _place = PLACES.acquire().await.map_err(|_| PasswordError::Panic)?;
    tokio::task::spawn_blocking(work).await.map_err(|_| PasswordError::Panic)?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_right_or_not_and_nobody_has_none() {
        let made = hash("ein langes Kennwort").await.unwrap();
        assert!(made.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{made}");
        assert_ne!(made, hash("ein langes Kennwort").await.unwrap(), "every hash has a salt of its own");
        assert!(is_right("ein langes Kennwort", Some(&made)).await.unwrap());
        assert!(!is_right("ein anderes Kennwort", Some(&made)).await.unwrap());
        assert!(!is_right(&"x".repeat(10_000), Some(&made)).await.unwrap());
        assert!(!is_right("ein langes Kennwort", None).await.unwrap());
        assert!(!is_right("", None).await.unwrap());
        assert!(is_right("x", Some("no hash")).await.is_err());
        // Made with the same parameters, so that it takes the same time.
        let (nobody, real) = (PasswordHash::new(NOBODY).unwrap(), PasswordHash::new(&made).unwrap());
        assert_eq!((nobody.algorithm, &nobody.params, nobody.version), (real.algorithm, &real.params, real.version));
        assert_eq!(nobody.hash.map(|hash| hash.len()), real.hash.map(|hash| hash.len()));
    }

    #[test]
    fn generated_ones_are_long_and_differ() {
        let (one, other) = (generated().unwrap(), generated().unwrap());
        assert_ne!(one, other);
        assert!(PASSWORD_SIGNS.contains(&one.len()) && one.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    }
}
