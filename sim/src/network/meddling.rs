//! Messages changed on their way, on purpose: to prove that the rules notice it.

use crate::chance::Chance;
use huishou_domain::sync::message::{PullAnswer, PushAnswer, PushRequest, Verdict};

/// Deliberate faults between device and server, to prove that the rules notice them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Meddling {
    /// None.
    #[default]
    None,
    /// Pulls say that more mutations were processed than their states contain: the device retires them early.
    RetireEarly,
    /// Pages lose a put.
    LosePut,
    /// Pages say they are complete when they are not.
    CompleteEarly,
    /// A push is answered with verdicts on commands that the server never saw.
    InventVerdicts,
}

impl Meddling {
    /// A page as the device gets it.
    pub(super) fn with_pull(self, chance: &Chance, mut answer: PullAnswer) -> PullAnswer {
        match self {
            Self::RetireEarly => answer.last_mutation += 1,
            Self::LosePut if chance.permille(100) => {
                answer.puts.pop();
            }
            Self::CompleteEarly => answer.complete = true,
            _ => {}
        }
        answer
    }

    /// Keeps the second half of a push from the server; says how many those are.
    pub(super) fn withhold(self, request: &mut PushRequest) -> usize {
        if self != Self::InventVerdicts || request.mutations.len() < 2 {
            return 0;
        }
        let seen = request.mutations.len() / 2;
        request.mutations.split_off(seen).len()
    }
}

/// Answers also for what the server never saw.
pub(super) fn answer_for(mut answer: PushAnswer, unseen: usize) -> PushAnswer {
    for _ in 0..unseen {
        if let Some(last) = answer.verdicts.last().cloned() {
            answer.last_mutation = last.id + 1;
            answer.verdicts.push(Verdict {
                id: last.id + 1,
                ..last
            });
        }
    }
    answer
}
