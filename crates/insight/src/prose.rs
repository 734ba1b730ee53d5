//! What people ask and what they are told: plain sentences, put together from parts.

use crate::dice::Dice;

const ASKS: [&str; 8] = [
    "How did",
    "Why did",
    "What explains how",
    "Show me where",
    "Which regions say why",
    "Comment comprendre que",
    "Can you compare how",
    "Summarise how",
];
const METRICS: [&str; 14] = [
    "net revenue",
    "gross margin",
    "customer churn",
    "delivery times",
    "inventory turnover",
    "marketing cost per lead",
    "average basket",
    "support tickets",
    "repeat purchases",
    "cash conversion",
    "energy consumption",
    "staff turnover",
    "subscription renewals",
    "le chiffre d'affaires",
];
const MOVES: [&str; 8] = [
    "rose",
    "fell",
    "doubled",
    "stalled",
    "recovered",
    "levelled off",
    "drifted",
    "beat the plan",
];
const SEGMENTS: [&str; 12] = [
    "in the northern region",
    "among small businesses",
    "in wholesale",
    "for first-time customers",
    "in the online shop",
    "across the partner network",
    "in the pilot stores",
    "for the premium line",
    "chez les clients fidèles",
    "in public tenders",
    "among returning visitors",
    "in the second warehouse",
];
const PERIODS: [&str; 10] = [
    "last quarter",
    "since January",
    "over the summer",
    "year on year",
    "in the last six weeks",
    "before the price change",
    "after the new contract",
    "during the campaign",
    "au premier semestre",
    "at the end of the year",
];
const REASONS: [&str; 10] = [
    "mostly because two large accounts moved their orders",
    "which matches the change in the price list",
    "as the promotion ended earlier than planned",
    "and the trend holds when returns are left out",
    "although the sample is small",
    "because deliveries were late in two of four weeks",
    "which the survey of May had already suggested",
    "and no single product explains it",
    "ce qui confirme l'hypothèse de départ",
    "so the forecast was corrected upwards",
];

/// Appends one question, 50 to 110 bytes.
pub(crate) fn question(text: &mut String, dice: &mut Dice) {
    text.push_str(dice.pick(&ASKS));
    text.push(' ');
    text.push_str(dice.pick(&METRICS));
    text.push(' ');
    text.push_str(dice.pick(&MOVES));
    text.push(' ');
    text.push_str(dice.pick(&SEGMENTS));
    text.push(' ');
    text.push_str(dice.pick(&PERIODS));
    text.push('?');
}

/// Appends sentences until there are at least `bytes`, at most 150 more.
pub(crate) fn answer(text: &mut String, dice: &mut Dice, bytes: usize) {
    let end = text.len() + bytes;
    let mut capital = true;
    while text.len() < end {
        if !capital {
            text.push_str(if dice.once_in(8) { "\n\n- " } else { " " });
        }
        capital = false;
        text.push_str(dice.pick(&METRICS));
        text.push(' ');
        text.push_str(dice.pick(&MOVES));
        text.push(' ');
        text.push_str(dice.pick(&SEGMENTS));
        text.push(' ');
        text.push_str(dice.pick(&PERIODS));
        text.push_str(", ");
        text.push_str(dice.pick(&REASONS));
        text.push('.');
    }
}

/// Appends a short heading.
pub(crate) fn heading(text: &mut String, dice: &mut Dice) {
    text.push_str(dice.pick(&METRICS));
    text.push(' ');
    text.push_str(dice.pick(&SEGMENTS));
    text.push_str(", ");
    text.push_str(dice.pick(&PERIODS));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dice::Stream;

    #[test]
    fn answers_are_as_long_as_asked_and_not_much_longer() {
        for row in 0..500 {
            let mut text = String::new();
            let mut dice = Stream::new(1, "answers").dice(row);
            answer(&mut text, &mut dice, 300);
            assert!((300..=450).contains(&text.len()), "{} bytes", text.len());
            text.clear();
            question(&mut text, &mut dice);
            assert!((40..=120).contains(&text.len()), "{} bytes", text.len());
        }
    }
}
