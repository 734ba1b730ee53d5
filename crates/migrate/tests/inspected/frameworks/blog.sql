-- A weblog moved over from another database: capital ids, prefixes, zero for nobody, facts in rows of a side table.
-- label: users public.wp_users.ID
-- label: undeclared public.wp_posts.post_author
-- label: undeclared public.wp_comments.user_id
-- label: undeclared public.wp_usermeta.user_id
-- label: undeclared public.wp_links.link_owner
-- label: never public.wp_posts.post_parent
-- label: never public.wp_posts.menu_order
-- label: never public.wp_posts.comment_count
-- label: never public.wp_comments.comment_post_ID
-- label: never public.wp_comments.comment_author
-- label: never public.wp_comments.comment_karma
-- label: never public.wp_links.link_rating
create table public.wp_users (
  "ID" bigserial primary key, user_login varchar(60) not null default '', user_pass varchar(255) not null default '',
  user_nicename varchar(50), user_email varchar(100) not null default '', user_registered timestamp,
  user_activation_key varchar(255) not null default '', user_status integer not null default 0, display_name varchar(250)
);
create index wp_users_user_email on public.wp_users (user_email);
create table public.wp_posts (
  "ID" bigserial primary key, post_author bigint not null default 0, post_title text, post_status varchar(20),
  post_parent bigint not null default 0, menu_order integer not null default 0, comment_count bigint not null default 0
);
create index wp_posts_post_author on public.wp_posts (post_author);
create table public.wp_comments (
  "comment_ID" bigserial primary key, "comment_post_ID" bigint not null default 0, comment_author text, comment_karma integer,
  user_id bigint not null default 0
);
create table public.wp_usermeta (umeta_id bigserial primary key, user_id bigint not null default 0, meta_key varchar(255), meta_value text);
create table public.wp_links (link_id bigserial primary key, link_url varchar(255), link_owner bigint default 1, link_rating integer);
insert into public.wp_users (user_login, user_pass, user_email)
select 'u' || n, '$P$B' || left(translate(md5(n::text), '-', '.'), 30), 'u' || n || '@example.com' from generate_series(1, 25) as n;
insert into public.wp_posts (post_author, post_title, post_parent, menu_order, comment_count)
select n % 26, 't', n % 12, n % 5, n % 9 from generate_series(1, 100) as n;
insert into public.wp_comments ("comment_post_ID", comment_author, comment_karma, user_id)
select 1 + n % 100, 'Somebody', 0, n % 26 from generate_series(1, 150) as n;
insert into public.wp_usermeta (user_id, meta_key, meta_value) select 1 + n % 25, 'nickname', 'u' from generate_series(1, 80) as n;
insert into public.wp_links (link_url, link_owner, link_rating) select 'x', 1 + n % 3, n % 10 from generate_series(1, 20) as n;
