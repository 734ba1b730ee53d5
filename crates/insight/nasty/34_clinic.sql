-- A person in three tables, names in quoted mixed case, and a public UUID that half of the application uses already.
-- Expected: address, login and password are brought together; the UUID becomes the new id; rooms are not people.
-- label: users public."Person"."personId"
-- label: declared public."Login"."personId"
-- label: declared public."ContactPoint"."personId"
-- label: declared public."Appointment"."patientId"
-- label: declared public."Appointment"."practitionerId"
-- label: undeclared public."Prescription"."issuedBy"
-- label: undeclared public."Prescription"."patientId"
-- label: uuid public."Note"."authorPublicId"
-- label: token public."AuditEntry"."actor"
-- label: never public."Appointment"."roomId"
-- label: never public."AuditEntry"."entityId"
create table public."Person" (
  "personId"   bigint generated always as identity (start with 101) primary key,
  "publicId"   uuid not null unique,
  "givenName"  text not null,
  "familyName" text not null,
  "kind"       text not null check ("kind" in ('patient', 'practitioner', 'office')),
  "closedAt"   timestamptz
);

insert into public."Person" ("publicId", "givenName", "familyName", "kind", "closedAt")
select
  md5('person ' || n)::uuid, 'Given' || n, 'Family' || n,
  (array['practitioner', 'patient', 'patient', 'patient', 'office'])[1 + n % 5],
  case when n = 11 then timestamptz '2024-06-01 00:00:00+00' end
from generate_series(1, 20) as n;

create table public."Login" (
  "personId"     bigint primary key references public."Person" ("personId") on delete cascade,
  "userName"     text not null unique,
  "passwordHash" text not null,
  "isLocked"     boolean not null default false,
  "lastLoginAt"  timestamptz
);

insert into public."Login" ("personId", "userName", "passwordHash", "isLocked", "lastLoginAt")
select
  100 + n, 'login' || n, '$2b$12$pQ3qpLnLr1eexcifvrlcFuKZIUW1b2LdXbYUzx6g4ZgyrMuEUAWwm', n = 12,
  timestamptz '2024-05-01 00:00:00+00' + n * interval '1 day'
from generate_series(1, 20) as n
where n % 7 > 0;

create table public."ContactPoint" (
  "contactPointId" serial primary key,
  "personId"       bigint not null references public."Person" ("personId") on delete cascade,
  "system"         text not null check ("system" in ('email', 'phone')),
  "value"          text not null,
  "isPrimary"      boolean not null default false
);

insert into public."ContactPoint" ("personId", "system", "value", "isPrimary")
select 100 + n, 'email', 'Person' || n || '@Clinic.Example', true from generate_series(1, 20) as n
union all
select 100 + n, 'email', 'private' || n || '@example.org', false from generate_series(1, 20, 4) as n
union all
select 100 + n, 'phone', '+3315550' || 1000 + n, true from generate_series(1, 20, 2) as n
order by 1, 2, 3;

create table public."Room" (
  "roomId" bigint primary key,
  "name"   text not null
);

insert into public."Room" ("roomId", "name") select 100 + n, 'Room ' || n from generate_series(1, 8) as n;

create table public."Appointment" (
  "appointmentId"  serial primary key,
  "patientId"      bigint not null references public."Person" ("personId"),
  "practitionerId" bigint references public."Person" ("personId") on delete set null,
  "roomId"         bigint not null references public."Room" ("roomId"),
  "startsAt"       timestamptz not null
);

insert into public."Appointment" ("patientId", "practitionerId", "roomId", "startsAt")
select
  101 + n % 20, 105 + (n % 3) * 5, 101 + n % 8, timestamptz '2024-03-01 08:00:00+00' + n * interval '30 minutes'
from generate_series(1, 80) as n;

create table public."Prescription" (
  "prescriptionId" serial primary key,
  "patientId"      bigint not null,
  "issuedBy"       bigint,
  "text"           text not null
);

insert into public."Prescription" ("patientId", "issuedBy", "text")
select 101 + n % 20, 105 + (n % 3) * 5, 'Rest, ' || n || ' days' from generate_series(1, 40) as n;

create table public."Note" (
  "noteId"         serial primary key,
  "authorPublicId" uuid not null references public."Person" ("publicId"),
  "body"           text not null
);

insert into public."Note" ("authorPublicId", "body")
select md5('person ' || 1 + n % 20)::uuid, 'Note ' || n from generate_series(1, 40) as n;

create table public."AuditEntry" (
  "auditEntryId" bigserial primary key,
  "actor"        text not null,
  "entityId"     bigint not null,
  "payload"      jsonb not null
);

insert into public."AuditEntry" ("actor", "entityId", "payload")
select
  case when n % 10 = 0 then 'system' else 'person:' || 101 + n % 20 end, 1 + n % 80,
  jsonb_build_object('action', 'update', 'url', '/persons/' || 101 + n % 20)
from generate_series(1, 100) as n;
