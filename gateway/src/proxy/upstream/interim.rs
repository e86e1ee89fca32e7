//! Interim answers (1xx) of a portal, counted: hyper leaves them out, however many come.

use std::io;

/// Most interim answers before the final one.
const MOST: usize = 16;

/// Follows the heads of one answer until the final one.
#[derive(Default)]
pub(super) struct Interim {
    at: At,
    count: usize,
}

#[derive(Default)]
enum At {
    /// In a status line, up to the status: so much of it.
    Status([u8; STATUS_END], usize),
    /// In the head of an interim answer; true directly behind a line end.
    Head(bool),
    /// In the final answer, or where nothing is expected.
    #[default]
    Final,
}

/// Where the status ends: `HTTP/1.1 100`.
const STATUS_END: usize = 12;

impl Interim {
    /// An answer is expected.
    pub(super) fn begin(&mut self) {
        *self = Self { at: At::Status([0; STATUS_END], 0), count: 0 };
    }

    /// Follows what came of it.
    ///
    /// # Errors
    /// When there are more interim answers than anybody needs.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> io::Result<()> {
        for byte in bytes {
            match &mut self.at {
                At::Final => return Ok(()),
                // hyper skips empty lines before a status line.
                At::Status(_, 0) if matches!(byte, b'\r' | b'\n') => {}
                At::Status(line, taken) => {
                    line[*taken] = *byte;
                    *taken += 1;
                    if *taken == STATUS_END {
                        let interim = line.starts_with(b"HTTP/1.") && line[8..10] == *b" 1" && line[10..] != *b"01";
                        self.at = if interim { At::Head(false) } else { At::Final };
                        self.count += usize::from(interim);
                        if self.count > MOST {
                            return Err(io::Error::new(io::ErrorKind::InvalidData, "too many interim answers"));
                        }
                    }
                }
                At::Head(behind) => match byte {
                    b'\n' if *behind => self.at = At::Status([0; STATUS_END], 0),
                    b'\n' => *behind = true,
                    b'\r' => {}
                    _ => *behind = false,
                },
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_fine(answer: &str) -> bool {
        let mut whole = Interim::default();
        whole.begin();
        let mut single = Interim::default();
        single.begin();
        let fine = whole.feed(answer.as_bytes()).is_ok();
        assert_eq!(answer.bytes().all(|byte| single.feed(&[byte]).is_ok()), fine, "{answer}");
        fine
    }

    #[test]
    fn some_interim_answers_are_fine_and_many_are_not() {
        let interim = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
        let last = "HTTP/1.1 200 OK\r\n\r\n";
        assert!(is_fine(last) && is_fine(&format!("{}{last}", interim.repeat(16))));
        assert!(!is_fine(&interim.repeat(17)) && !is_fine(&"HTTP/1.0 100\n\n".repeat(17)));
        assert!(is_fine(&format!("{last}{}", interim.repeat(17))), "a body may look like them");
        assert!(is_fine(&"HTTP/1.1 101 x\r\n\r\n".repeat(17)), "a 101 is final");
    }
}
