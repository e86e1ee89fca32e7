//! How many files and connections a process may have open: by default fewer than a gateway needs.

/// Raises the limit as far as the system lets this process, and tells how far that is; 0 when it cannot be known.
///
/// Systems set a low limit for old programs and a higher one that a program may ask for; asking is left to those that
/// need it (`getrlimit(2)`, `RLIMIT_NOFILE`).
pub(crate) fn raise() -> u64 {
    rlimit::increase_nofile_limit(u64::MAX).unwrap_or_default()
}
