//! Reading messages byte by byte, by the strictest reading: what is read otherwise than written is a fault.

use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Longer than anything takes that works.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why a message is not one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Bad {
    /// The connection ended before a byte.
    End,
    /// It ended, or went silent, within the message.
    Cut,
    /// It is not written in the one clean form.
    Form(String),
}

/// A head and, once it is read, its body.
#[derive(Debug, Clone, Default)]
pub(super) struct Message {
    /// The first line.
    pub(super) line: String,
    /// Fields in order, names in lower case.
    pub(super) fields: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Message {
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn count(&self, name: &str) -> usize {
        self.fields.iter().filter(|(known, _)| known == name).count()
    }

    /// The status of an answer.
    pub(super) fn status(&self) -> u16 {
        self.line.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
    }
}

/// How the end of a body is found.
#[derive(Debug, PartialEq, Eq)]
enum Frame {
    Length(usize),
    Chunked,
    None,
}

/// Bytes as text, each byte one sign.
pub(super) fn latin(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

/// One end of a connection whose messages are read.
pub(super) struct Reader {
    pub(super) stream: TcpStream,
    begun: Vec<u8>,
    /// True when the connection ended by a reset.
    pub(super) reset: bool,
}

impl Reader {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self { stream, begun: Vec::new(), reset: false }
    }

    async fn more(&mut self) -> Result<(), Bad> {
        match timeout(PATIENCE, self.stream.read_buf(&mut self.begun)).await {
            Ok(Ok(0)) => Err(Bad::Cut),
            Ok(Err(_)) => {
                self.reset = true;
                Err(Bad::Cut)
            }
            Err(_) => Err(Bad::Form("silence".into())),
            Ok(Ok(_)) => Ok(()),
        }
    }

    async fn take(&mut self, count: usize) -> Result<Vec<u8>, Bad> {
        while self.begun.len() < count {
            self.more().await?;
        }
        let rest = self.begun.split_off(count);
        Ok(std::mem::replace(&mut self.begun, rest))
    }

    /// A line without its CR LF.
    async fn line(&mut self) -> Result<String, Bad> {
        let end = loop {
            if let Some(at) = self.begun.iter().position(|byte| *byte == b'\n') {
                break at + 1;
            }
            self.more().await?;
        };
        let line = latin(&self.take(end).await?);
        match line.strip_suffix("\r\n") {
            Some(line) if !line.contains(['\r', '\n']) => Ok(line.to_owned()),
            _ => Err(Bad::Form(format!("line end of {line:?}"))),
        }
    }

    /// A head in the one clean form.
    pub(super) async fn head(&mut self) -> Result<Message, Bad> {
        if self.begun.is_empty() && self.more().await.is_err() {
            return Err(Bad::End);
        }
        let mut message = Message { line: self.line().await?, ..Message::default() };
        loop {
            let line = self.line().await?;
            if line.is_empty() {
                break;
            }
            let wrong = || Bad::Form(format!("field {line:?}"));
            let (name, value) =
                line.split_once(": ").or(line.strip_suffix(':').map(|name| (name, ""))).ok_or_else(wrong)?;
            let sign = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
            let token = !name.is_empty() && name.bytes().all(sign);
            let plain = value == value.trim() && !value.chars().any(|sign| sign.is_ascii_control() && sign != '\t');
            if !token || !plain {
                return Err(wrong());
            }
            message.fields.push((name.to_ascii_lowercase(), value.to_owned()));
        }
        Ok(message)
    }

    fn frame(message: &Message) -> Result<Frame, Bad> {
        let wrong = |what: &str| Err(Bad::Form(format!("{what} in {:?}", message.fields)));
        match (message.count("content-length"), message.count("transfer-encoding")) {
            (0, 0) => Ok(Frame::None),
            (0, 1) if message.field("transfer-encoding") == Some("chunked") => Ok(Frame::Chunked),
            (1, 0) => match message.field("content-length") {
                Some(length) if length.bytes().all(|digit| digit.is_ascii_digit()) => match length.parse() {
                    Ok(length) => Ok(Frame::Length(length)),
                    Err(_) => wrong("length"),
                },
                _ => wrong("length"),
            },
            _ => wrong("two framings"),
        }
    }

    async fn chunks(&mut self) -> Result<Vec<u8>, Bad> {
        let mut body = Vec::new();
        loop {
            let line = self.line().await?;
            let hex = !line.is_empty() && line.bytes().all(|digit| digit.is_ascii_hexdigit());
            let size = usize::from_str_radix(&line, 16).ok().filter(|_| hex);
            let size = size.ok_or_else(|| Bad::Form(format!("chunk size {line:?}")))?;
            body.extend(self.take(size).await?);
            let end = self.line().await?;
            if !end.is_empty() {
                return Err(Bad::Form(format!("{end:?} behind a chunk")));
            }
            if size == 0 {
                return Ok(body);
            }
        }
    }

    /// The body of a request whose head is `message`.
    pub(super) async fn request_body(&mut self, message: &mut Message) -> Result<(), Bad> {
        message.body = match Self::frame(message)? {
            Frame::None => Vec::new(),
            Frame::Length(length) => self.take(length).await?,
            Frame::Chunked => self.chunks().await?,
        };
        Ok(())
    }

    /// A whole answer to `method`; interim ones are left out.
    pub(super) async fn answer(&mut self, method: &str) -> Result<Message, Bad> {
        let mut message = self.head().await?;
        while (100..200).contains(&message.status()) {
            message = self.head().await?;
        }
        let bare = method == "HEAD" || matches!(message.status(), 204 | 304);
        let old = message.line.starts_with("HTTP/1.0");
        let whole = match Self::frame(&message)? {
            _ if bare => Ok(Vec::new()),
            Frame::Length(length) => self.take(length).await,
            Frame::Chunked => self.chunks().await,
            Frame::None if !old && message.field("connection") != Some("close") => {
                Err(Bad::Form("an answer without an end".into()))
            }
            Frame::None => {
                while self.more().await.is_ok() {}
                let body = std::mem::take(&mut self.begun);
                if self.reset { Err(Bad::Cut) } else { Ok(body) }
            }
        };
        message.body = whole?;
        Ok(message)
    }
}
