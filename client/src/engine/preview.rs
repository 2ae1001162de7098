//! The running total while goods are being weighed.

use super::{Engine, arguments, books};
use crate::{
    error::{Error, Result},
    view::quote::{Preview, PreviewLine, PreviewRequest},
    visits,
};
use huishou_domain::{
    command::Subject,
    difference::{Difference, difference},
    ids::{AppointmentId, QuoteId},
    money::Fen,
    pricing::Lang,
    quote::{self, AdjustmentLimits, Quote, QuoteKind, QuoteLine, check_adjustments},
    staff::Role,
};
use serde_json::Value;
use uuid::Uuid;

/// Most rows in one preview; a booking has at most 50.
const MOST_ITEMS: usize = 500;

impl Engine {
    /// The same for scripts: what cannot be read, and what nobody asked for, is named.
    ///
    /// # Errors
    /// `invalid_arguments`, `unknown_argument`, and as for [`Engine::preview`].
    pub fn preview_stated(&self, stated: &Value) -> Result<Preview> {
        self.preview(&arguments::preview(stated)?)
    }

    /// Prices what is complete and says what is wrong with the rest.
    ///
    /// # Errors
    /// `no_book`, `not_found` for an appointment that is not here, `too_many_items`.
    pub fn preview(&self, request: &PreviewRequest) -> Result<Preview> {
        if request.items.len() > MOST_ITEMS {
            return Err(Error::field("too_many_items", "items"));
        }
        let appointment = request
            .appointment_id
            .map(|id| self.estimate_of(id))
            .transpose()?;
        let book = self.in_force(appointment.as_ref().map(|(city, _)| city.as_str()))?;
        let lines: Vec<PreviewLine> = request
            .items
            .iter()
            .map(|item| preview_line(&book, item))
            .collect();
        let total = Fen::checked_sum(
            lines
                .iter()
                .filter_map(|l| l.line.as_ref())
                .map(|l| l.amount),
        )
        .unwrap_or_default();
        let due = quote::due(total, &request.adjustments);
        let role = self.person().map_or(Role::Collector, |p| p.role);
        let fault = check_adjustments(
            total,
            lines.len(),
            &request.adjustments,
            due.unwrap_or_default(),
            role,
            &AdjustmentLimits::default(),
        )
        .err();
        let all_priced = !lines.is_empty() && lines.iter().all(|l| l.line.is_some());
        let fits = all_priced && book.rules().price(&request.items).is_ok();
        let difference = match &appointment {
            Some((_, estimate)) if all_priced => {
                Some(against(estimate, &book, &lines, total, due, request))
            }
            _ => None,
        };
        let owed = difference
            .as_ref()
            .is_some_and(|d| !d.reasons_owed.is_empty());
        Ok(Preview {
            total,
            due: due.filter(|_| fault.is_none()).unwrap_or(total),
            adjustment_fault: fault.map(|f| f.as_str().to_owned()),
            ready: fits && fault.is_none() && !owed,
            difference,
            book_version: book.reference().version,
            book_stale: book.stale,
            lines,
        })
    }

    fn estimate_of(&self, id: AppointmentId) -> Result<(String, Quote)> {
        let seen = self.read(|db| match visits::find(db, Subject::Appointment(id))? {
            Some(visit) => visits::load(db, visit),
            None => Ok(None),
        })?;
        let appointment = seen
            .and_then(|s| s.visit.appointment)
            .ok_or_else(|| Error::not_found("appointment_id"))?;
        Ok((appointment.city, appointment.estimate))
    }
}

fn preview_line(book: &books::InForce, item: &Value) -> PreviewLine {
    match book.rules().price_traced(std::slice::from_ref(item)) {
        Ok((mut priced, trace)) => {
            let words = |lang| {
                trace
                    .lines
                    .first()
                    .map(|line| line.describe(lang))
                    .unwrap_or_default()
            };
            PreviewLine {
                line: priced.lines.pop().map(books::line),
                error: None,
                field: None,
                trace_zh: words(Lang::Zh),
                trace_en: words(Lang::En),
            }
        }
        Err(error) => PreviewLine {
            line: None,
            error: Some(error.code.as_str().to_owned()),
            field: error.field,
            trace_zh: Vec::new(),
            trace_en: Vec::new(),
        },
    }
}

fn against(
    estimate: &Quote,
    book: &books::InForce,
    lines: &[PreviewLine],
    total: Fen,
    due: Option<Fen>,
    request: &PreviewRequest,
) -> Difference {
    let lines: Vec<QuoteLine> = lines.iter().filter_map(|l| l.line.clone()).collect();
    let quote = Quote {
        id: QuoteId(Uuid::nil()),
        kind: QuoteKind::Final,
        book: book.reference(),
        items: Vec::new(),
        lines,
        total,
        adjustments: request.adjustments.clone(),
        due: due.unwrap_or(total),
        gap_reasons: request.gap_reasons.clone(),
        trace: Vec::new(),
        created_at: estimate.created_at,
    };
    difference(estimate, &quote, &AdjustmentLimits::default())
}
