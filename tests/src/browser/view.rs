//! How a page is looked at: how wide, light or dark, in forced colours, on paper; and pictures of it.

use std::path::Path;

use serde_json::json;

use super::Browser;

/// One way to look at a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// A window 1280 px wide.
    Light,
    /// The same for people who want it dark.
    Dark,
    /// A small phone, 320 px wide, which is also what 400 % zoom leaves of 1280 px (WCAG 1.4.10).
    Narrow,
    /// The same for people who want it dark.
    NarrowDark,
    /// A window 1280 by 1024 px at 400 % zoom: 320 by 256 px of the page.
    Zoomed,
    /// The colours of the system instead of the page's.
    Forced,
    /// A sheet of paper, 210 mm less the margins.
    Print,
}

impl View {
    /// The width that it leaves for the page, in CSS pixels.
    pub fn width(self) -> u32 {
        match self {
            Self::Light | Self::Dark | Self::Forced => 1280,
            Self::Narrow | Self::NarrowDark | Self::Zoomed => 320,
            Self::Print => 718,
        }
    }

    fn height(self) -> u32 {
        match self {
            Self::Narrow | Self::NarrowDark => 640,
            Self::Zoomed => 256,
            _ => 1024,
        }
    }
}

impl Browser {
    /// Looks at the page, and at those after it, in this way.
    #[track_caller]
    pub fn look(&self, view: View) {
        let scale = if view == View::Zoomed { 4 } else { 1 };
        self.devtools(
            "Emulation.setDeviceMetricsOverride",
            &json!({ "width": view.width(), "height": view.height(), "deviceScaleFactor": scale, "mobile": false }),
        );
        let scheme = if matches!(view, View::Dark | View::NarrowDark) { "dark" } else { "light" };
        let forced = if view == View::Forced { "active" } else { "none" };
        self.devtools(
            "Emulation.setEmulatedMedia",
            &json!({
                "media": if view == View::Print { "print" } else { "screen" },
                "features": [
                    { "name": "prefers-color-scheme", "value": scheme },
                    { "name": "forced-colors", "value": forced },
                    { "name": "prefers-reduced-motion", "value": "reduce" },
                ],
            }),
        );
    }

    /// Keeps what is seen as a PNG, the whole page.
    #[track_caller]
    pub fn picture(&self, file: &Path) {
        const SIZE: &str = "return [innerWidth, Math.min(document.documentElement.scrollHeight, 6000)]";
        let size = self.run(SIZE, &json!([]));
        let clip = json!({ "x": 0, "y": 0, "width": size[0], "height": size[1], "scale": 1 });
        let wanted = json!({ "format": "png", "captureBeyondViewport": true, "clip": clip });
        let taken = self.devtools("Page.captureScreenshot", &wanted);
        std::fs::write(file, decoded(taken["data"].as_str().unwrap())).unwrap();
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
