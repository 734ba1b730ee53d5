//! Schemas as frameworks make them: each moves as a whole.

use crate::house::{Whole, migrate_whole};

// MIG-INS-19: whole, without a hint; what is asked and what a run warns of is listed.
async fn moves(sql: &str, asked: &[&str], told: &[&str]) -> Whole {
    let whole = migrate_whole(sql, None, |_| ()).await;
    assert_eq!(whole.asked, asked);
    assert_eq!(whole.told, told);
    whole
}

#[tokio::test]
async fn moves_devise() {
    let sql = include_str!("../inspected/frameworks/devise.sql");
    moves(sql, &[], &[]).await;
}

#[tokio::test]
async fn moves_laravel() {
    let sql = include_str!("../inspected/frameworks/laravel.sql");
    moves(sql, &["table public.jobs"], &[]).await;
}

#[tokio::test]
async fn moves_prisma() {
    let sql = include_str!("../inspected/frameworks/prisma.sql");
    moves(sql, &[], &[]).await;
}

#[tokio::test]
async fn moves_django() {
    let sql = include_str!("../inspected/frameworks/django.sql");
    moves(sql, &[], &[]).await;
}

#[tokio::test]
async fn moves_forum() {
    let sql = include_str!("../inspected/frameworks/forum.sql");
    moves(
        sql,
        &["sentinel_policy public.threads.started_by"],
        &["MIG-D-DEFAULT public.threads.started_by"],
    )
    .await;
}

#[tokio::test]
async fn moves_tracker() {
    let sql = include_str!("../inspected/frameworks/tracker.sql");
    moves(
        sql,
        &["users.conflicts MIG-U-EMAIL-NULL"],
        &[
            "MIG-D-DEFAULT public.attachments.author_id",
            "MIG-D-DEFAULT public.custom_values.customized_id",
            "MIG-D-DEFAULT public.journals.user_id",
            "MIG-D-DEFAULT public.members.user_id",
            "MIG-D-DEFAULT public.tokens.user_id",
        ],
    )
    .await;
}

#[tokio::test]
async fn moves_forge() {
    let sql = include_str!("../inspected/frameworks/forge.sql");
    moves(
        sql,
        &[
            "sentinel_policy public.attachment.uploader_id",
            "sentinel_policy public.comment.assignee_id",
            "users.roles \"\"",
        ],
        &["MIG-D-DEFAULT public.attachment.uploader_id"],
    )
    .await;
}

#[tokio::test]
async fn moves_helpdesk() {
    let sql = include_str!("../inspected/frameworks/helpdesk.sql");
    moves(sql, &[], &[]).await;
}

#[tokio::test]
async fn moves_chat() {
    let sql = include_str!("../inspected/frameworks/chat.sql");
    moves(sql, &["sentinel_policy public.channels.creatorid"], &[]).await;
}

#[tokio::test]
async fn moves_blog() {
    let sql = include_str!("../inspected/frameworks/blog.sql");
    moves(
        sql,
        &[
            "sentinel_policy public.wp_comments.user_id",
            "sentinel_policy public.wp_posts.post_author",
        ],
        &[
            "MIG-D-DEFAULT public.wp_comments.user_id",
            "MIG-D-DEFAULT public.wp_links.link_owner",
            "MIG-D-DEFAULT public.wp_posts.post_author",
            "MIG-D-DEFAULT public.wp_usermeta.user_id",
        ],
    )
    .await;
}

#[tokio::test]
async fn moves_school() {
    let sql = include_str!("../inspected/frameworks/school.sql");
    moves(
        sql,
        &[],
        &[
            "MIG-D-DEFAULT public.mdl_message.useridfrom",
            "MIG-D-DEFAULT public.mdl_message.useridto",
        ],
    )
    .await;
}

#[tokio::test]
async fn moves_erp() {
    let sql = include_str!("../inspected/frameworks/erp.sql");
    moves(sql, &["users.conflicts MIG-U-EMAIL-NULL"], &[]).await;
}

#[tokio::test]
async fn moves_sso() {
    let sql = include_str!("../inspected/frameworks/sso.sql");
    moves(sql, &[], &[]).await;
}
