//! What is counted of what citizens tell us: how often, about what, and why something was not taken. Never what.

use prometheus::IntCounterVec;
use prometheus::core::Collector;

use super::counters;

closed_set! {
    /// What a message is about.
    FeedbackKind {
        /// The office named is not the right one.
        WrongOffice = "falsche_stelle",
        /// Something is out of date.
        Outdated = "veraltet",
        /// A link leads nowhere.
        BrokenLink = "link",
        /// The text cannot be understood.
        Unclear = "unverstaendlich",
        /// Something else.
        Other = "anderes",
        /// A barrier; for the operator alone.
        Barrier = "barriere",
    }
}

closed_set! {
    /// Why a message was not taken. The citizen was told, and the text stayed in the form.
    FeedbackRefused {
        /// It came from a page that is not ours.
        CrossSite = "cross_site",
        /// A field is missing or cannot be used.
        Field = "field",
        /// The field that people leave empty was filled in.
        Trap = "trap",
        /// Too many from one network of clients.
        Rate = "rate",
        /// Too many are kept already.
        Full = "full",
        /// The registry failed.
        Store = "store",
    }
}

/// The counters of what citizens tell us.
pub struct Voices {
    messages: IntCounterVec,
    refused: IntCounterVec,
    helpful: IntCounterVec,
}

impl Voices {
    pub(super) fn new() -> Result<Self, prometheus::Error> {
        let voices = Self {
            messages: counters("feedback_messages_total", "Messages of citizens that were kept.", &["kind"])?,
            refused: counters("feedback_refused_total", "Messages of citizens that were not kept.", &["reason"])?,
            helpful: counters("helpful_answers_total", "Answers to the question whether a page helped.", &["answer"])?,
        };
        for kind in FeedbackKind::ALL {
            voices.messages.with_label_values(&[kind.label()]).inc_by(0);
        }
        for reason in FeedbackRefused::ALL {
            voices.refused.with_label_values(&[reason.label()]).inc_by(0);
        }
        Ok(voices)
    }

    pub(super) fn all(&self) -> Vec<Box<dyn Collector>> {
        [&self.messages, &self.refused, &self.helpful].map(|one| Box::new(one.clone()) as Box<dyn Collector>).into()
    }

    /// A message was kept.
    pub fn kept(&self, kind: FeedbackKind) {
        self.messages.with_label_values(&[kind.label()]).inc();
    }

    /// A message was not kept.
    pub fn refused(&self, why: FeedbackRefused) {
        self.refused.with_label_values(&[why.label()]).inc();
    }

    /// Somebody said whether a page helped.
    pub fn helped(&self, helped: bool) {
        self.helpful.with_label_values(&[if helped { "yes" } else { "no" }]).inc();
    }
}
