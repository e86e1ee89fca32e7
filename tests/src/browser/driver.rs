//! The driver's side of WebDriver: the process, its sessions, and one request after the other.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use super::PATIENCE;

/// A driver with one session; both end when it is dropped.
#[derive(Debug)]
pub(super) struct Driver {
    process: Child,
    /// Kept open, because the driver goes on writing to it.
    _stdout: BufReader<ChildStdout>,
    address: SocketAddr,
    session: String,
}

impl Driver {
    /// A driver without a session; none where this machine has no driver of Chromium.
    #[track_caller]
    pub(super) fn start() -> Option<Self> {
        let mut process = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        let port = loop {
            let mut line = String::new();
            assert!(stdout.read_line(&mut line).unwrap() > 0, "chromedriver ended before it listened");
            if let Some(rest) = line.split("successfully on port ").nth(1) {
                break rest.trim().trim_end_matches('.').parse::<u16>().unwrap();
            }
        };
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        Some(Self { process, _stdout: stdout, address, session: String::new() })
    }

    /// Opens the session with what it should be able to do.
    #[track_caller]
    pub(super) fn open(&mut self, wanted: &Value) {
        let wanted = json!({ "capabilities": { "alwaysMatch": wanted } });
        let answer = self.send("POST", "/session", &wanted);
        let answer = answer.unwrap_or_else(|error| panic!("the driver has no browser: {error}"));
        self.session = answer["sessionId"].as_str().unwrap().to_owned();
    }

    /// A command of the session; what the driver says of it when it fails.
    pub(super) fn ask(&self, method: &str, path: &str, body: &Value) -> Result<Value, String> {
        self.send(method, &format!("/session/{}{path}", self.session), body)
    }

    fn send(&self, method: &str, path: &str, body: &Value) -> Result<Value, String> {
        let body = if method == "GET" { String::new() } else { body.to_string() };
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        );
        let (status, body) = self.exchange(request.as_bytes()).map_err(|error| format!("{path}: {error}"))?;
        let mut value: Value = serde_json::from_slice(&body).map_err(|error| error.to_string())?;
        let value = value["value"].take();
        if status == 200 { Ok(value) } else { Err(format!("{path}: {value}")) }
    }

    /// Status and body of one answer; the driver leaves the connection open, so its length says where it ends.
    fn exchange(&self, request: &[u8]) -> std::io::Result<(u16, Vec<u8>)> {
        let mut stream = TcpStream::connect_timeout(&self.address, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(request)?;
        let mut reader = BufReader::new(stream);
        let (mut status, mut length) = (0, 0);
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Err(std::io::Error::other("the answer broke off"));
            }
            let line = line.trim_end().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(rest) = line.strip_prefix("http/1.1 ") {
                status = rest.get(..3).and_then(|code| code.parse().ok()).unwrap_or(0);
            }
            if let Some(rest) = line.strip_prefix("content-length:") {
                length = rest.trim().parse().unwrap_or(0);
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        Ok((status, body))
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        if !self.session.is_empty() {
            let _ = self.send("DELETE", &format!("/session/{}", self.session), &json!({}));
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
