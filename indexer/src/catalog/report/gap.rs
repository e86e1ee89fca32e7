//! What can be missing or wrong, and how much it hinders people.

use connectors::link::LinkFault;
use jiff::Timestamp;

use crate::record::Lang;

/// An address that does not lead where it should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadLink {
    /// The address.
    pub url: String,
    /// What is wrong with it.
    pub fault: LinkFault,
    /// Status of the last answer, where there was one.
    pub status: Option<u16>,
    /// Where it leads instead, where that is another address.
    pub reached: Option<String>,
    /// Since when every visit found a fault.
    pub since: Option<Timestamp>,
}

/// What is missing or wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gap {
    /// There is no text.
    NoText,
    /// There is a text and no body.
    NoStelle,
    /// The address of an Onlinedienst leads nowhere.
    DeadOnlinedienst(BadLink),
    /// So many different bodies; citizens are asked to choose.
    SeveralStellen(usize),
    /// A body is named by its id, and nobody delivers it.
    UnknownStelle(String),
    /// A text of this account, which does not exist any more.
    DeadAccount(&'static str),
    /// A description of the place's own portal without a valid key.
    NoKey,
    /// The key of an own text is not in the LeiKa that we know.
    UnknownKey,
    /// The place's own portal describes it so often under the same name.
    Twice(usize),
    /// The place's own portal describes something under nearly the same name, and this is that other name.
    NearlyTwice(String),
    /// An address in an own text, or at a body of the place, leads nowhere.
    DeadLink(BadLink),
    /// An address there leads to a page of this other Gemeinde.
    OtherTown {
        /// The address.
        url: String,
        /// Name of the Gemeinde.
        town: String,
    },
    /// An own text that is called German and is in this language.
    WrongLanguage(Lang),
    /// An own text that has no German version.
    NoGerman,
    /// HTML of an own text that was removed, as the delivery was read.
    Html(String),
    /// An own text without a short text.
    NoShortText,
    /// An own text that does not say what it costs.
    NoCosts,
    /// An own text that does not say what to bring.
    NoPapers,
    /// Not one FIT-Connect address for the Onlinedienst, but so many.
    FitConnect(u64),
    /// A FIT-Connect address without a privacy notice.
    NoPrivacy,
    /// No Onlinedienst.
    NoOnlinedienst,
    /// An Onlinedienst at this host, to which citizens are not sent, because its portal did not register the host.
    ClosedOnlinedienst(String),
    /// An own text that is so many days old.
    Old(i64),
    /// An own text that does not say how old it is.
    Undated,
}

impl Gap {
    /// What stands for it in tables and interfaces.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoText => "no_text",
            Self::NoStelle => "no_stelle",
            Self::DeadOnlinedienst(_) => "dead_onlinedienst",
            Self::SeveralStellen(_) => "several_stellen",
            Self::UnknownStelle(_) => "unknown_stelle",
            Self::DeadAccount(_) => "dead_account",
            Self::NoKey => "no_key",
            Self::UnknownKey => "unknown_key",
            Self::Twice(_) => "twice",
            Self::NearlyTwice(_) => "nearly_twice",
            Self::DeadLink(_) => "dead_link",
            Self::OtherTown { .. } => "other_town",
            Self::WrongLanguage(_) => "wrong_language",
            Self::NoGerman => "no_german",
            Self::Html(_) => "html",
            Self::NoShortText => "no_short_text",
            Self::NoCosts => "no_costs",
            Self::NoPapers => "no_papers",
            Self::FitConnect(0) => "no_fit_connect",
            Self::FitConnect(_) => "several_fit_connect",
            Self::NoPrivacy => "no_privacy",
            Self::NoOnlinedienst => "no_onlinedienst",
            Self::ClosedOnlinedienst(_) => "closed_onlinedienst",
            Self::Old(_) => "old",
            Self::Undated => "undated",
        }
    }

    /// How much it hinders somebody who asks for the Leistung: 10 finds nothing at all, 1 hardly notices.
    pub fn weight(&self) -> u64 {
        match self {
            Self::NoText => 10,
            Self::NoStelle => 8,
            Self::DeadOnlinedienst(_) => 7,
            Self::UnknownStelle(_) | Self::NoKey => 6,
            Self::SeveralStellen(_) | Self::NoGerman => 5,
            Self::DeadAccount(_) | Self::ClosedOnlinedienst(_) | Self::WrongLanguage(_) => 4,
            Self::DeadLink(_) | Self::OtherTown { .. } => 3,
            Self::NoCosts | Self::NoPapers | Self::NoShortText | Self::Twice(_) => 2,
            Self::NoOnlinedienst
            | Self::FitConnect(_)
            | Self::NoPrivacy
            | Self::UnknownKey
            | Self::NearlyTwice(_)
            | Self::Html(_)
            | Self::Old(_)
            | Self::Undated => 1,
        }
    }
}
