//! Sessions and their refresh tokens, as rows; the server's own core decides what becomes of them.

use super::{
    Sabotage, SimTx,
    rows::{self, Key, Row},
};
use chrono::{DateTime, Utc};
use huishou_domain::ids::{DeviceId, StaffId};
use huishou_server::{
    refresh::{Chain, Chains, Hash, Subject, Token},
    store::StoreError,
};
use std::sync::Arc;
use uuid::Uuid;

/// Of so many sessions of a device the newest token is looked at.
const FEW: usize = 5;

impl SimTx {
    fn chain(&self, id: Uuid) -> Result<Chain, StoreError> {
        match self.get(&Key::Chain(id)) {
            Some(Row::Chain(chain)) => Ok(Chain::clone(&chain)),
            _ => Err(StoreError::Unreadable(format!("no chain {id}"))),
        }
    }

    /// A person signed in on a device.
    ///
    /// # Errors
    /// Of the database.
    pub async fn note_session(
        &mut self,
        device: DeviceId,
        staff: StaffId,
    ) -> Result<(), StoreError> {
        self.call().await?;
        let key = Key::Session(device.0, staff.0);
        self.lock(&key).await?;
        self.put(key, Row::There);
        Ok(())
    }

    fn token_row(&self, hash: &[u8]) -> Option<Token> {
        match self.get(&Key::Token(hash.try_into().ok()?)) {
            Some(Row::Token(token)) => Some(Token::clone(&token)),
            _ => None,
        }
    }
}

impl Chains for SimTx {
    async fn token(&mut self, hash: &[u8]) -> Result<Option<Token>, StoreError> {
        self.call().await?;
        let found = self.token_row(hash);
        Ok(match self.ledger.sabotage {
            Sabotage::UsedTokenGood => found.map(|token| Token {
                successor: None,
                ..token
            }),
            _ => found,
        })
    }

    async fn lock_chain(&mut self, id: Uuid) -> Result<Chain, StoreError> {
        self.call().await?;
        self.lock(&Key::Chain(id)).await?;
        self.chain(id)
    }

    async fn newest(&mut self, device: DeviceId) -> Result<Vec<(Hash, Uuid)>, StoreError> {
        self.call().await?;
        let tables = self.ledger.tables();
        let is_of = |id: Uuid| match tables.get(&Key::Chain(id)) {
            Some(Row::Chain(chain)) => {
                chain.revoked_at.is_none()
                    && matches!(chain.subject, Subject::Staff(_, of) if of == device)
            }
            _ => false,
        };
        let mut found: Vec<(DateTime<Utc>, Hash, Uuid)> = tables
            .range(Key::Token([0; 32])..=Key::Token([0xff; 32]))
            .filter_map(|(key, row)| match (key, row) {
                (Key::Token(hash), Row::Token(token)) if token.successor.is_none() => {
                    is_of(token.chain).then_some((token.expires_at, *hash, token.chain))
                }
                _ => None,
            })
            .collect();
        found.sort_unstable_by(|a, b| b.cmp(a));
        let few = found.into_iter().take(FEW);
        Ok(few.map(|(_, hash, chain)| (hash, chain)).collect())
    }

    async fn add_chain(
        &mut self,
        id: Uuid,
        subject: Subject,
        _: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.call().await?;
        let chain = Chain {
            subject,
            revoked_at: None,
            revoked_for: None,
        };
        self.insert(Key::Chain(id), Row::Chain(Arc::new(chain)))
            .await
    }

    async fn add_token(
        &mut self,
        hash: &Hash,
        chain: Uuid,
        _: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.call().await?;
        let (key, token) = (
            Key::Token(*hash),
            Token {
                chain,
                successor: None,
                expires_at: until,
            },
        );
        match self.ledger.sabotage {
            Sabotage::SuccessorNotKept => Ok(()),
            Sabotage::UsedTokenGood if self.token_row(hash).is_some() => Ok(()),
            _ => self.insert(key, Row::Token(Arc::new(token))).await,
        }
    }

    async fn replace(&mut self, hash: &Hash, successor: &Hash) -> Result<(), StoreError> {
        self.call().await?;
        if let Some(token) = self.token_row(hash) {
            let token = Token {
                successor: Some(successor.to_vec()),
                ..token
            };
            self.put(Key::Token(*hash), Row::Token(Arc::new(token)));
        }
        Ok(())
    }

    async fn end_chain(
        &mut self,
        id: Uuid,
        why: &'static str,
        at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.call().await?;
        let chain = self.chain(id)?;
        if chain.revoked_at.is_none() {
            let ended = Chain {
                revoked_at: Some(at),
                revoked_for: Some(why.to_owned()),
                ..chain
            };
            self.put(Key::Chain(id), Row::Chain(Arc::new(ended)));
        }
        Ok(())
    }
}

/// Whether a token was used and so was what replaced it: whoever presents it now has stolen it, or is an older copy.
#[must_use]
pub fn is_worn(tables: &rows::Tables, token: &str) -> bool {
    let own = rows::token(tables, &huishou_server::refresh::hash(token));
    let next = own.and_then(|own| own.successor.as_deref());
    let next = next.and_then(|next| rows::token(tables, next));
    next.is_some_and(|next| next.successor.is_some())
}
