//! A browser as people have it: Chromium without a window, driven by WebDriver (W3C Recommendation) through the
//! `chromedriver` of the same package.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// Longer than a page takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// How elements are called in WebDriver, section 12.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// One window of a browser; both end when it is dropped.
#[derive(Debug)]
pub struct Browser {
    driver: Child,
    /// Kept open, because the driver goes on writing to it.
    _stdout: BufReader<ChildStdout>,
    address: SocketAddr,
    session: String,
}

impl Browser {
    /// A new browser that knows nothing and nobody; none where this machine has no driver of Chromium.
    #[track_caller]
    pub fn start(profile: &Path) -> Option<Self> {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let mut stdout = BufReader::new(driver.stdout.take().unwrap());
        let port = loop {
            let mut line = String::new();
            assert!(stdout.read_line(&mut line).unwrap() > 0, "chromedriver ended before it listened");
            if let Some(rest) = line.split("successfully on port ").nth(1) {
                break rest.trim().trim_end_matches('.').parse::<u16>().unwrap();
            }
        };
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let mut browser = Self { driver, _stdout: stdout, address, session: String::new() };
        let profile = format!("--user-data-dir={}", profile.display());
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-dev-shm-usage",
            "--disable-gpu",
            "--window-size=1280,1600",
            &profile,
        ];
        let wanted = json!({ "capabilities": { "alwaysMatch": { "goog:chromeOptions": { "args": arguments } } } });
        let answer = browser.send("POST", "/session", &wanted);
        let answer = answer.unwrap_or_else(|error| panic!("the driver has no browser: {error}"));
        browser.session = answer["sessionId"].as_str().unwrap().to_owned();
        Some(browser)
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

    #[track_caller]
    fn tell(&self, method: &str, path: &str, body: &Value) -> Value {
        let path = format!("/session/{}{path}", self.session);
        self.send(method, &path, body).unwrap_or_else(|error| panic!("the browser does not: {error}"))
    }

    /// Opens an address and waits until it is loaded.
    #[track_caller]
    pub fn open(&self, url: &str) {
        self.tell("POST", "/url", &json!({ "url": url }));
    }

    /// The path of the page that is shown.
    #[track_caller]
    pub fn path(&self) -> String {
        let url = self.tell("GET", "/url", &Value::Null);
        url::Url::parse(url.as_str().unwrap()).unwrap().path().to_owned()
    }

    fn find(&self, css: &str) -> Option<String> {
        let path = format!("/session/{}/element", self.session);
        let found = self.send("POST", &path, &json!({ "using": "css selector", "value": css })).ok()?;
        found[ELEMENT].as_str().map(str::to_owned)
    }

    #[track_caller]
    fn element(&self, css: &str) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(element) = self.find(css) {
                return element;
            }
            assert!(Instant::now() < end, "there is no `{css}` on {}: {}", self.path(), self.text("body"));
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// True when the page has such an element.
    pub fn has(&self, css: &str) -> bool {
        self.find(css).is_some()
    }

    /// The text of an element as it is seen.
    #[track_caller]
    pub fn text(&self, css: &str) -> String {
        let element = self.element(css);
        let text = self.tell("GET", &format!("/element/{element}/text"), &Value::Null);
        text.as_str().unwrap().to_owned()
    }

    /// The value of a field.
    #[track_caller]
    pub fn value(&self, css: &str) -> String {
        let element = self.element(css);
        let value = self.tell("GET", &format!("/element/{element}/property/value"), &Value::Null);
        value.as_str().unwrap().to_owned()
    }

    /// Clicks on an element that loads a page, and waits until that page is there.
    #[track_caller]
    pub fn click(&self, css: &str) {
        let before = self.element("html");
        let element = self.element(css);
        let path = format!("/session/{}/element/{element}/click", self.session);
        let end = Instant::now() + PATIENCE;
        // Where the window has just changed its size, the page is laid out anew under the pointer.
        while let Err(error) = self.send("POST", &path, &json!({})) {
            let moving = error.contains("click intercepted") && Instant::now() < end;
            assert!(moving, "the browser does not click on `{css}`: {error}");
            std::thread::sleep(Duration::from_millis(100));
        }
        let state = json!({ "script": "return document.readyState", "args": [] });
        let execute = format!("/session/{}/execute/sync", self.session);
        let is_there = || {
            let another = self.find("html").is_some_and(|html| html != before);
            another && self.send("POST", &execute, &state).is_ok_and(|state| state == "complete")
        };
        while !is_there() {
            assert!(Instant::now() < end, "a click on `{css}` loads no page: {}", self.text("body"));
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Types into a field, in the place of what was there.
    #[track_caller]
    pub fn fill(&self, css: &str, text: &str) {
        let element = self.element(css);
        self.tell("POST", &format!("/element/{element}/clear"), &json!({}));
        self.tell("POST", &format!("/element/{element}/value"), &json!({ "text": text }));
    }

    /// Presses keys in a field, one after the other; those without a letter as in WebDriver, section 17.4.2.
    #[track_caller]
    pub fn press(&self, css: &str, keys: &str) {
        let element = self.element(css);
        self.tell("POST", &format!("/element/{element}/value"), &json!({ "text": keys }));
    }

    /// An attribute of an element, if it has it.
    #[track_caller]
    pub fn attribute(&self, css: &str, name: &str) -> Option<String> {
        let element = self.element(css);
        let value = self.tell("GET", &format!("/element/{element}/attribute/{name}"), &Value::Null);
        value.as_str().map(str::to_owned)
    }

    /// The text of an element, whether it is seen or not.
    #[track_caller]
    pub fn words(&self, css: &str) -> String {
        let element = self.element(css);
        let text = self.tell("GET", &format!("/element/{element}/property/textContent"), &Value::Null);
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Waits until `done` says so.
    #[track_caller]
    pub fn until(&self, what: &str, done: impl Fn(&Self) -> bool) {
        let end = Instant::now() + PATIENCE;
        while !done(self) {
            assert!(Instant::now() < end, "{what}: not on {}: {}", self.path(), self.text("body"));
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Keeps what is seen as a PNG, the whole page.
    #[track_caller]
    pub fn picture(&self, file: &Path) {
        let body = self.element("body");
        let height = self.tell("GET", &format!("/element/{body}/property/scrollHeight"), &Value::Null);
        let height = height.as_u64().unwrap_or(1600).clamp(600, 6000);
        self.tell("POST", "/window/rect", &json!({ "width": 1280, "height": height + 140 }));
        let inside = json!({ "script": "return window.innerHeight", "args": [] });
        let end = Instant::now() + Duration::from_secs(2);
        while self.tell("POST", "/execute/sync", &inside).as_u64().is_some_and(|inside| inside < height) {
            // A window manager may allow less; then the picture shows less.
            if Instant::now() > end {
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let shown = self.tell("GET", "/screenshot", &Value::Null);
        std::fs::write(file, decoded(shown.as_str().unwrap())).unwrap();
    }
}

/// The bytes of a Base64 text (RFC 4648, section 4).
fn decoded(text: &str) -> Vec<u8> {
    let digit = |sign: u8| match sign {
        b'A'..=b'Z' => u32::from(sign - b'A'),
        b'a'..=b'z' => u32::from(sign - b'a') + 26,
        b'0'..=b'9' => u32::from(sign - b'0') + 52,
        b'+' => 62,
        _ => 63,
    };
    let (mut bytes, mut bits, mut have) = (Vec::new(), 0_u32, 0);
    for sign in text.bytes().filter(|sign| *sign != b'=' && !sign.is_ascii_whitespace()) {
        bits = bits << 6 | digit(sign);
        have += 6;
        if have >= 8 {
            have -= 8;
            bytes.push((bits >> have & 255) as u8);
        }
    }
    bytes
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !self.session.is_empty() {
            let _ = self.send("DELETE", &format!("/session/{}", self.session), &json!({}));
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
