-- Arrays of user ids and arrays of other ids side by side; JSON with both, nested.
-- Expected: element by element, order, repetition and nulls kept; the other arrays untouched.
-- label: users public.users.id
-- label: declared public.documents.author_id
-- label: array public.documents.reader_ids
-- label: array public.documents.approver_ids
-- label: array public.boards.watchers
-- label: json public.documents.settings -> team -> lead_user_id
-- label: json public.documents.settings -> team -> members[*] -> user_id
-- label: json public.boards.layout -> shared_with[*]
-- label: never public.documents.tag_ids
-- label: never public.documents.section_order
-- label: never public.boards.column_ids
-- label: never public.documents.settings -> tag_ids[*]
-- label: never public.documents.settings -> team -> members[*] -> badge_ids[*]
create table public.users (
  id            serial primary key,
  email         text not null unique,
  password_hash text not null
);

insert into public.users (email, password_hash)
select 'reader' || n || '@example.com', '$2b$12$pQ3qpLnLr1eexcifvrlcFuKZIUW1b2LdXbYUzx6g4ZgyrMuEUAWwm'
from generate_series(1, 20) as n;

create table public.tags (
  id   serial primary key,
  name text not null
);

insert into public.tags (name) select 'tag' || n from generate_series(1, 15) as n;

create table public.documents (
  id            serial primary key,
  author_id     integer not null references public.users (id),
  reader_ids    integer[] not null default '{}',
  approver_ids  bigint[],
  tag_ids       integer[] not null default '{}',
  section_order integer[],
  settings      jsonb not null default '{}'
);

insert into public.documents (author_id, reader_ids, approver_ids, tag_ids, section_order, settings)
select
  1 + n % 20,
  array[1 + n % 20, 1 + (n * 3) % 20, 1 + n % 20],
  case when n % 4 > 0 then array[1 + (n * 7) % 20, null, 1 + (n * 11) % 20] end,
  array[1 + n % 15, 1 + (n * 2) % 15],
  array[3, 1, 2],
  jsonb_build_object(
    'team', jsonb_build_object(
      'lead_user_id', 1 + n % 20,
      'members', jsonb_build_array(
        jsonb_build_object('user_id', 1 + (n * 3) % 20, 'badge_ids', jsonb_build_array(1, 2)),
        jsonb_build_object('user_id', (1 + (n * 7) % 20)::text, 'badge_ids', jsonb_build_array(3))
      )
    ),
    'tag_ids', jsonb_build_array(1 + n % 15, 2),
    'zoom', n % 5
  )
from generate_series(1, 60) as n;

-- Empty, of nulls only, and of two dimensions.
insert into public.documents (author_id, reader_ids, approver_ids) values
  (1, '{}', '{}'),
  (2, '{NULL,NULL}', null),
  (3, '{{1,2},{3,4}}', '{5,5,5}');

create table public.boards (
  id         serial primary key,
  watchers   text[] not null default '{}',
  column_ids text[] not null default '{}',
  layout     text
);

insert into public.boards (watchers, column_ids, layout)
select
  array[(1 + n % 20)::text, (1 + (n * 3) % 20)::text],
  array['1', '2', '3'],
  case n % 5
    when 0 then 'no JSON at all'
    else '{"shared_with": [' || 1 + n % 20 || ', ' || 1 + (n * 3) % 20 || '], "width": ' || n || '}'
  end
from generate_series(1, 40) as n;
