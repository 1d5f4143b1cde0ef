//! One approval: how it stands first, then every round.

use helmstream_projections::{
    approval::{Round, Standing},
    questions::approval::ApprovalShown,
};
use helmstream_schemas::approval::Asked;

use super::{
    super::{escape::escaped, output::Screen, page::Page, when},
    tone_of,
};
use crate::client::{Answer, approval::Shown};

/// The page of an approval.
pub(super) fn page(screen: &Screen, answer: &Answer<Shown>) -> String {
    let Shown { approval: ApprovalShown { id, view }, .. } = &answer.answer;
    let mut page = Page::new(screen.ink);
    let standing = view.standing();
    let word = screen.ink.paint(tone_of(standing), standing.word());
    page.line(format!("{}  {word}", escaped(id.as_str())));
    if let Some(round) = view.rounds.last() {
        page.field("run", escaped(round.gate.run.as_str()));
    }
    for round in view.rounds.iter().rev() {
        write(&mut page, screen, round);
    }
    page.finish()
}

fn write(page: &mut Page, screen: &Screen, round: &Round) {
    page.head(&format!("Round {}", round.number));
    for asked in round.earlier.iter().chain([&round.asked]) {
        self::asked(page, screen, asked);
    }
    let expires = when::instant_and_age(round.expires_at, screen.now);
    match (&round.answered, round.standing) {
        (Some(answered), standing) => {
            let word = page.ink.paint(tone_of(standing), standing.word());
            let at = when::instant_and_age(answered.at, screen.now);
            page.field("answered", format!("{word} {at}, by {}", escaped(&answered.by.id)));
            page.field("reason", escaped(answered.reason.as_deref().unwrap_or_default()));
        }
        (None, Standing::Open) => {
            page.field("until", expires);
            let reminded = if round.reminded { "a reminder was given" } else { "" };
            page.field("reminder", reminded);
        }
        (None, _) => page.field("expired", expires),
    }
}

fn asked(page: &mut Page, screen: &Screen, asked: &Asked) {
    let claim = asked.number.map(|number| format!(", in claim {number}")).unwrap_or_default();
    let at = when::instant_and_age(asked.at, screen.now);
    page.field("asked", format!("{at}, by {}{claim}", escaped(&asked.by.id)));
    page.field("message", escaped(asked.message.as_deref().unwrap_or_default()));
    page.field("shown", asked.shown.to_string());
}
