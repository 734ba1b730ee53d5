-- Ids that are text: '007' and '7' are two people, and so are 'a1' and 'A1'.
-- Expected: opaque, compared byte by byte, never read as numbers.
-- label: users public.agents.code
-- label: declared public.missions.agent
-- label: undeclared public.reports.agent_code
-- label: never public.missions.priority
create table public.agents (
  code     varchar(12) primary key,
  email    text not null unique,
  password text not null
);

insert into public.agents (code, email, password)
select code, 'agent-' || n || '@example.com', '$2b$12$QxnJnmdlO8cKpTE3iOQ4depDnkVKyYXmyeJq4bOIiM6qXE9RV9xau'
from unnest(array['7', '07', '007', '0', '-7', '+7', 'a1', 'A1', ' 7', '7 ', '٧']) with ordinality as list (code, n);

create table public.missions (
  id       serial primary key,
  agent    varchar(12) not null references public.agents (code) on update cascade,
  priority text not null default '1'
);

insert into public.missions (agent, priority)
select a.code, (1 + n % 3)::text from public.agents as a, generate_series(1, 4) as n order by a.code collate "C", n;

create table public.reports (
  id         serial primary key,
  agent_code text,
  body       text
);

insert into public.reports (agent_code, body)
select a.code, 'Report ' || n from public.agents as a, generate_series(1, 3) as n order by a.code collate "C", n;
