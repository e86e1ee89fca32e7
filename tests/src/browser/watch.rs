//! What a page does that is not seen: what it asks for, what it keeps, and what the browser complains of.

use serde_json::{Value, json};

use super::Browser;

/// What happened in the browser since it was last looked at.
#[derive(Debug, Default)]
pub struct Seen {
    /// Addresses that were asked for, those of pages among them; `data:` and the like are none.
    pub asked: Vec<url::Url>,
    /// What stands in the console: errors of scripts, what the policy of a page refused, what could not be loaded.
    pub console: Vec<String>,
    /// Windows with a message that scripts opened.
    pub dialogs: Vec<String>,
}

impl Browser {
    fn log(&self, kind: &str) -> Vec<Value> {
        let log = self.tell("POST", "/se/log", &json!({ "type": kind }));
        log.as_array().cloned().unwrap_or_default()
    }

    /// What happened since this was asked last.
    #[track_caller]
    pub fn seen(&self) -> Seen {
        let mut seen = Seen::default();
        for entry in self.log("performance") {
            let event: Value = serde_json::from_str(entry["message"].as_str().unwrap_or_default()).unwrap_or_default();
            let (method, parameters) = (&event["message"]["method"], &event["message"]["params"]);
            if method == "Network.requestWillBeSent" {
                let address = url::Url::parse(parameters["request"]["url"].as_str().unwrap_or_default());
                // The browser's own pages, and what stands in the address itself, are no requests.
                seen.asked.extend(address.ok().filter(|address| address.scheme().starts_with("http")));
            }
            if method == "Page.javascriptDialogOpening" {
                seen.dialogs.push(parameters["message"].to_string());
            }
        }
        let complaint = |entry: &Value| format!("{}: {}", entry["level"], entry["message"]);
        seen.console = self.log("browser").iter().map(complaint).collect();
        seen
    }

    /// The cookies that the browser keeps, of whomever.
    #[track_caller]
    pub fn cookies(&self) -> Vec<String> {
        let kept = self.devtools("Network.getAllCookies", &json!({}));
        let kept = kept["cookies"].as_array().cloned().unwrap_or_default();
        kept.iter().map(|cookie| cookie["name"].to_string()).collect()
    }
}
