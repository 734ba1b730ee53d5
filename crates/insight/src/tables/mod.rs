//! The rows, one file per table or pair of tables.

mod activity_logs;
mod contexts;
mod conversations;
mod documents;
mod earlier_attempt;
mod invitations;
mod messages;
mod password_resets;
mod reports;
mod users;
mod watches;

use crate::error::Result;
use crate::generate::Desk;

/// Fills every table; those first that others point to.
pub(crate) async fn fill(desk: &mut Desk<'_>) -> Result<()> {
    users::fill(desk).await?;
    invitations::fill(desk).await?;
    password_resets::fill(desk).await?;
    conversations::fill(desk).await?;
    messages::fill(desk).await?;
    documents::fill_owned(desk).await?;
    documents::fill_shared(desk).await?;
    reports::fill(desk).await?;
    watches::fill_configs(desk).await?;
    watches::fill_history(desk).await?;
    contexts::fill(desk).await?;
    desk.derive(
        "public.user_storage_quotas",
        include_str!("../../sql/quotas.sql"),
    )
    .await?;
    activity_logs::fill(desk).await?;
    earlier_attempt::fill_status(desk).await?;
    earlier_attempt::fill_mapping(desk).await
}
