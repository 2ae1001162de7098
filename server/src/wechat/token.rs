//! The access token (`stable_token`): kept until shortly before its end. One call fetches it, however many wait.

use super::WechatError;
use serde_json::Value;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// Renewed so long before its end.
const MARGIN: Duration = Duration::from_secs(120);
/// WeChat allows a forced renewal every 30 s, 20 a day.
const FORCED_APART: Duration = Duration::from_secs(30);

#[derive(Debug, Default)]
pub(super) struct AccessToken(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    token: Option<(String, Instant)>,
    forced_at: Option<Instant>,
}

impl AccessToken {
    /// The token; `refused` names one that was not taken, which is renewed unless somebody has done so already.
    pub(super) async fn get<F>(
        &self,
        refused: Option<&str>,
        fetch: impl Fn(bool) -> F,
    ) -> Result<String, WechatError>
    where
        F: Future<Output = Result<Value, WechatError>>,
    {
        let mut kept = self.0.lock().await;
        if let Some((token, until)) = &kept.token
            && Instant::now() < *until
            && refused != Some(token.as_str())
        {
            return Ok(token.clone());
        }
        // First without force: a token revoked elsewhere has its successor there already.
        let mut answer = fetch(false).await?;
        if refused.is_some() && answer["access_token"].as_str() == refused && may_force(&mut kept) {
            answer = fetch(true).await?;
        }
        let token = answer["access_token"]
            .as_str()
            .ok_or_else(|| WechatError::Unexpected("stable_token without access_token".into()))?
            .to_owned();
        let life = Duration::from_secs(answer["expires_in"].as_u64().unwrap_or(0));
        kept.token = Some((token.clone(), Instant::now() + life.saturating_sub(MARGIN)));
        Ok(token)
    }
}

fn may_force(kept: &mut Kept) -> bool {
    let may = kept.forced_at.is_none_or(|at| at.elapsed() >= FORCED_APART);
    if may {
        kept.forced_at = Some(Instant::now());
    }
    may
}
