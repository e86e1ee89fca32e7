//! Values that may stand once or several times, with and without their language.

use std::fmt;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::xzufi::Localized;

/// Texts with their languages, in the order of the source; several of one language all survive.
///
/// As JSON a text (German), an object from language to text, or a list of these.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Texte(pub Vec<Localized>);

impl Texte {
    /// One German text.
    pub fn german(text: impl Into<String>) -> Self {
        let mut texte = Self::default();
        texte.push("de", text);
        texte
    }

    /// Adds a text of a language.
    pub fn push(&mut self, lang: &str, text: impl Into<String>) {
        self.0.push(Localized { lang: Some(lang.to_owned()), text: text.into() });
    }

    /// True when there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first German text, else the first of any language.
    pub fn first(&self) -> Option<&str> {
        let german = self.0.iter().find(|one| one.lang.as_deref() == Some("de"));
        german.or(self.0.first()).map(|one| one.text.as_str())
    }
}

impl From<&str> for Texte {
    fn from(text: &str) -> Self {
        Self::german(text)
    }
}

impl Serialize for Texte {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [one] => One(one).serialize(serializer),
            several => serializer.collect_seq(several.iter().map(One)),
        }
    }
}

/// A German text as it is, another with its language.
struct One<'a>(&'a Localized);

impl Serialize for One<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.lang.as_deref() {
            None | Some("de") => serializer.serialize_str(&self.0.text),
            Some(lang) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry(lang, &self.0.text)?;
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Texte {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reading;

        impl<'de> Visitor<'de> for Reading {
            type Value = Texte;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, an object from language to text, or a list of these")
            }

            fn visit_str<E>(self, text: &str) -> Result<Texte, E> {
                Ok(Texte::german(text))
            }

            fn visit_unit<E>(self) -> Result<Texte, E> {
                Ok(Texte::default())
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Texte, A::Error> {
                let mut texte = Texte::default();
                while let Some((lang, Werte(texts))) = map.next_entry::<String, Werte>()? {
                    texts.into_iter().for_each(|text| texte.push(&lang, text));
                }
                Ok(texte)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Texte, A::Error> {
                let mut texte = Texte::default();
                while let Some(Texte(more)) = list.next_element()? {
                    texte.0.extend(more);
                }
                Ok(texte)
            }
        }

        deserializer.deserialize_any(Reading)
    }
}

/// Values without a language, in the order of the source. As JSON a text or a list of texts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Werte(pub Vec<String>);

impl Werte {
    /// True when there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T: Into<String>> FromIterator<T> for Werte {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        Self(values.into_iter().map(Into::into).collect())
    }
}

impl From<&str> for Werte {
    fn from(value: &str) -> Self {
        Self(vec![value.to_owned()])
    }
}

impl Serialize for Werte {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [one] => serializer.serialize_str(one),
            several => serializer.collect_seq(several),
        }
    }
}

impl<'de> Deserialize<'de> for Werte {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reading;

        impl<'de> Visitor<'de> for Reading {
            type Value = Werte;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a list of texts")
            }

            fn visit_str<E>(self, text: &str) -> Result<Werte, E> {
                Ok(Werte::from(text))
            }

            fn visit_unit<E>(self) -> Result<Werte, E> {
                Ok(Werte::default())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Werte, A::Error> {
                let mut values = Vec::new();
                while let Some(value) = list.next_element()? {
                    values.push(value);
                }
                Ok(Werte(values))
            }
        }

        deserializer.deserialize_any(Reading)
    }
}
