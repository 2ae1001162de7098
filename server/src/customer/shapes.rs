//! Shapes of the customer's API that are not the rules' own.

use crate::store::users::User;
use serde::Serialize;
use utoipa::ToSchema;

/// A customer's profile.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct UserShape {
    /// Identity.
    pub id: String,
    /// Chosen by themselves.
    #[schema(example = "小王")]
    pub nickname: String,
    /// Address of a picture.
    pub avatar: String,
    /// Their own mobile number, once given.
    #[schema(example = "13800002046")]
    pub phone: Option<String>,
    /// When they asked to be forgotten.
    pub deletion_requested_at: Option<String>,
    /// First seen.
    #[schema(example = "2026-11-23T02:00:00.000Z")]
    pub created_at: String,
}

impl From<User> for UserShape {
    fn from(user: User) -> Self {
        Self {
            id: user.id.to_string(),
            nickname: user.nickname,
            avatar: user.avatar,
            phone: user.phone,
            deletion_requested_at: user.deletion_requested_at.map(huishou_domain::time::wire),
            created_at: huishou_domain::time::wire(user.created_at),
        }
    }
}
