//! How a portal's texts stand to the master texts of Land and Bund.

use std::collections::BTreeMap;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

/// What a module of a portal's own does to the one of the master text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TextRule {
    /// It stands in its place.
    #[default]
    Replace,
    /// It stands behind it.
    Supplement,
}

/// How a portal's texts stand to the master texts, module by module. A module that the portal does not have is the
/// master text's in any case.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TextRules {
    /// For modules that are not named.
    pub default: TextRule,
    /// By the code of a text module (two digits), or `frist`, `kosten`, `bearbeitungsdauer`, `dokumente`.
    #[serde(deserialize_with = "modules")]
    pub modules: BTreeMap<String, TextRule>,
}

/// Modules that are no text modules, as registrations name them.
const STRUCTURED: [&str; 4] = ["frist", "kosten", "bearbeitungsdauer", "dokumente"];

impl TextRules {
    /// The rule for a module, by its code or name.
    pub fn of(&self, module: &str) -> TextRule {
        self.modules.get(module).copied().unwrap_or(self.default)
    }
}

fn modules<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<String, TextRule>, D::Error> {
    let rules = BTreeMap::<String, TextRule>::deserialize(from)?;
    let code = |name: &str| name.len() == 2 && name.bytes().all(|byte| byte.is_ascii_digit());
    match rules.keys().find(|name| !code(name) && !STRUCTURED.contains(&name.as_str())) {
        Some(name) => Err(D::Error::custom(format!(
            "`{name}` is no module: expected a code of two digits such as `08`, or one of {}",
            STRUCTURED.join(", ")
        ))),
        None => Ok(rules),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_module_has_its_rule_or_the_default() {
        let rules: TextRules =
            serde_json::from_value(serde_json::json!({"default": "supplement", "modules": {"08": "replace"}})).unwrap();
        assert_eq!((rules.of("08"), rules.of("kosten")), (TextRule::Replace, TextRule::Supplement));
        assert_eq!(TextRules::default().of("08"), TextRule::Replace);
        for wrong in [serde_json::json!({"modules": {"8": "replace"}}), serde_json::json!({"default": "both"})] {
            assert!(serde_json::from_value::<TextRules>(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
