//! Evidence, weighed together: no single kind of it ever selects a column.

use super::Search;
use super::inclusion::Counts;
use crate::inspect::words::{NameSays, singular, words};
use crate::inspect::{Confidence, Place, Reference};
use crate::inventory::{Column, Name, Table};

/// From here on a reference is included by default.
const LIKELY: f64 = 3.0;
/// From here on a person decides.
const POSSIBLE: f64 = 2.0;

/// Evidence for and against one place.
#[derive(Debug)]
pub(super) struct Scale {
    score: f64,
    evidence: Vec<String>,
    pub(super) against: Vec<String>,
    says: NameSays,
}

impl Scale {
    /// Begins with what the name says.
    pub(super) fn new(says: NameSays, name: &str) -> Self {
        let mut scale = Self {
            score: 0.0,
            evidence: Vec::new(),
            against: Vec::new(),
            says,
        };
        match says {
            NameSays::Exactly => scale.add(3.0, format!("the name {name}")),
            NameSays::User => scale.add(2.75, format!("the name {name}")),
            NameSays::Person => scale.add(2.0, format!("the name {name} may be a person")),
            NameSays::SomeId => scale.add(0.5, format!("the name {name} is an id of something")),
            NameSays::Nothing => scale
                .against
                .push(format!("the name {name} says nothing of users")),
        }
        scale
    }

    /// Evidence for.
    pub(super) fn add(&mut self, points: f64, reason: impl Into<String>) {
        self.score += points;
        self.evidence.push(reason.into());
    }

    /// Evidence against.
    pub(super) fn take(&mut self, points: f64, reason: impl Into<String>) {
        self.score -= points;
        self.against.push(reason.into());
    }

    /// What the catalog says about a column besides its name.
    pub(super) fn catalog(&mut self, search: &Search<'_>, table: &Table, column: &Column) {
        if search.key_type() == Some(column.base_type.as_str()) {
            self.add(0.5, "the type of the users' key");
        } else if crate::inspect::columns::is_whole(column) {
            self.add(0.25, "a type that fits the users' key");
        }
        if table.is_indexed(&column.name) {
            self.add(0.5, "index");
        }
        if search.declared_names.contains(&column.name) {
            // `patientId` says nothing by itself, and everything where a foreign key of that name leads to users.
            let points = if self.says <= NameSays::SomeId {
                2.25
            } else {
                1.0
            };
            self.add(points, "same name as a declared reference");
        }
        if search
            .joined
            .contains(&(table.name.clone(), column.name.clone()))
        {
            self.add(
                1.5,
                "a view, function or policy compares it with the users' key",
            );
        }
        if let Some(comment) = &column.comment {
            self.comment(search, comment);
        }
    }

    fn comment(&mut self, search: &Search<'_>, comment: &str) {
        let mut words = words(comment);
        for word in &mut words {
            *word = singular(word);
        }
        if words
            .windows(2)
            .any(|pair| search.name.is_called(&pair[0]) && pair[1] == "id")
        {
            self.add(2.0, "its comment names the users' key");
        } else if words.iter().any(|word| search.name.is_user(word)) {
            self.add(0.5, "its comment speaks of users");
        } else if let Some(other) = words.iter().find_map(|word| search.tables.get(word)) {
            self.take(1.0, format!("its comment speaks of {other}"));
        }
    }

    /// Another table that the name speaks of.
    pub(super) fn other_table(&mut self, other: Option<&Name>) {
        if let Some(other) = other {
            let points = if self.says == NameSays::Exactly {
                0.5
            } else {
                3.0
            };
            self.take(points, format!("the name speaks of {other}"));
        }
    }

    /// What the values say.
    pub(super) fn values(&mut self, counts: &Counts, default_zero: bool) {
        let of = if counts.exact { "" } else { " in a sample" };
        if counts.telling() == 0 {
            if counts.uuids == 0 && counts.others == 0 {
                self.against.push("no values to compare".to_owned());
            }
        } else {
            self.inclusion(counts, of);
        }
        if counts.sentinels > 0 && default_zero {
            self.add(0.5, "0 is its default and no user's id");
        }
        let flag = counts
            .range
            .is_some_and(|(low, high)| low >= 0 && high <= 1)
            && counts.rows > 10;
        if flag && self.says <= NameSays::Person {
            self.take(3.0, "holds nothing but 0 and 1");
        }
    }

    fn inclusion(&mut self, counts: &Counts, of: &str) {
        let share = counts.share();
        let percent = (share * 1000.0).round() / 10.0;
        let sentence = format!(
            "{percent} % of {} different values are users' ids{of}",
            counts.telling()
        );
        if share >= 0.95 {
            // Small numbers are included in any dense key: that alone says little.
            let density = counts.density();
            let points = if density >= 0.9 || counts.telling() < 5 {
                0.5
            } else if density >= 0.5 {
                1.0
            } else {
                2.0
            };
            self.add(points - if share < 1.0 { 0.25 } else { 0.0 }, sentence);
        } else if share >= 0.5 {
            self.against.push(sentence);
        } else if share >= 0.1 {
            self.take(1.0, sentence);
        } else {
            self.take(if counts.telling() >= 3 { 3.0 } else { 1.0 }, sentence);
        }
    }

    /// How sure it is after all.
    pub(super) fn confidence(&self) -> Confidence {
        if self.score >= LIKELY {
            Confidence::Likely
        } else if self.score >= POSSIBLE || self.says == NameSays::Exactly && self.score >= 0.0 {
            // What is called as a user's id is never dropped without a person's word.
            Confidence::Possible
        } else {
            Confidence::Unlikely
        }
    }

    /// The reference with all of this in it.
    pub(super) fn settle(
        self,
        search: &Search<'_>,
        table: &Name,
        place: Place,
        counts: Option<&Counts>,
    ) -> Reference {
        let confidence = self.confidence();
        let mut reference = Reference {
            table: table.clone(),
            place,
            declared: None,
            target_column: search.users.columns.id.clone(),
            confidence,
            evidence: self.evidence,
            against: self.against,
            nulls: 0,
            distinct: 0,
            orphans: 0,
            orphan_sentinels: 0,
            rows: 0,
            exact: false,
        };
        if let Some(counts) = counts {
            super::inclusion::note(&mut reference, counts);
        } else {
            reference
                .against
                .push("its values were not counted in time".to_owned());
        }
        reference
    }

    /// Listed and excluded, whatever else.
    pub(super) fn unlikely(
        self,
        search: &Search<'_>,
        table: &Name,
        place: Place,
        counts: Option<&Counts>,
    ) -> Reference {
        let mut reference = self.settle(search, table, place, counts);
        reference.confidence = Confidence::Unlikely;
        reference
    }
}
