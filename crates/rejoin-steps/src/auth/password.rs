//! Passwords, as Argon2id hashes. Both functions take their time on purpose: they belong on the script pool.

use std::sync::LazyLock;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher, PasswordVerifier};

/// A hash in the PHC form, `$argon2id$…`, with a salt of its own.
///
/// # Errors
/// The system has no random numbers.
pub(super) fn hash(password: &str) -> Result<String, String> {
    let hash: PasswordHash =
        Argon2::default().hash_password(password.as_bytes()).map_err(|error| error.to_string())?;
    Ok(hash.to_string())
}

/// Whether it is the password of that hash. Without a hash it is not, after as much work as with one, so that the
/// time does not tell which accounts exist.
pub(super) fn verify(password: &str, hash: Option<&str>) -> bool {
    static NOBODY: LazyLock<String> = LazyLock::new(|| self::hash("nobody").unwrap_or_default());
    let is_somebody = hash.is_some();
    let Ok(parsed) = PasswordHash::new(hash.unwrap_or(&NOBODY)) else { return false };
    Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok() && is_somebody
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_password_fits_its_hash() {
        let one = hash("correct horse").unwrap();
        assert!(one.starts_with("$argon2id$v=19$"), "{one}");
        assert_ne!(one, hash("correct horse").unwrap(), "each has a salt of its own");
        assert!(verify("correct horse", Some(&one)));
        assert!(!verify("correct horsf", Some(&one)));
        assert!(!verify("nobody", None));
        for broken in ["", "x", "$argon2id$", "$2b$12$abcdefghijklmnopqrstuv"] {
            assert!(!verify("x", Some(broken)), "{broken}");
        }
    }
}
