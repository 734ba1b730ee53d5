-- A shop whose names are French, accents left out as they often are.
-- Expected: the users table and its columns are recognised by language, shape and keys, not by English names.
-- label: users public.utilisateurs.id_utilisateur
-- label: declared public.commandes.utilisateur_id
-- label: declared public.adresses.utilisateur_id
-- label: undeclared public.avis.auteur_id
-- label: undeclared public.messages.expediteur_id
-- label: undeclared public.messages.destinataire_id
-- label: undeclared public.paniers.id_utilisateur
-- label: undeclared public.produits.cree_par
-- label: undeclared public.journal.acteur
-- label: never public.commandes.etat
-- label: never public.avis.note
-- label: never public.avis.produit_id
-- label: never public.lignes_commande.quantite
-- label: never public.journal.objet_id
create table public.utilisateurs (
  id_utilisateur     serial primary key,
  courriel           varchar(255) not null unique,
  mot_de_passe       varchar(255) not null,
  prenom             varchar(100),
  nom                varchar(100),
  niveau             smallint not null default 1,
  est_actif          boolean not null default true,
  cree_le            timestamp not null default '2024-01-01',
  derniere_connexion timestamp
);
comment on table public.utilisateurs is 'Comptes clients et employés';
comment on column public.utilisateurs.niveau is '1 client, 2 employé, 3 administrateur';

insert into public.utilisateurs (courriel, mot_de_passe, prenom, nom, niveau, est_actif, derniere_connexion)
select
  'client' || n || '@boutique.example', '$2y$12$ctczHw8JUh2bXDTUWKwPQe8A1VujFsHljUtjrZxBMxAnoKRZmSxDG',
  'Prénom' || n, 'Nom' || n, case when n = 1 then 3 when n < 4 then 2 else 1 end, n <> 13,
  timestamp '2024-05-01' + n * interval '7 hours'
from generate_series(1, 25) as n;

create table public.adresses (
  id             serial primary key,
  utilisateur_id integer not null references public.utilisateurs (id_utilisateur) on delete cascade,
  rue            text not null,
  code_postal    varchar(10) not null
);

insert into public.adresses (utilisateur_id, rue, code_postal)
select n, n || ' rue de l''Exemple', '7500' || n % 10 from generate_series(1, 25) as n;

create table public.produits (
  id_produit serial primary key,
  nom        text not null,
  prix       numeric(8, 2) not null,
  cree_par   integer
);

insert into public.produits (nom, prix, cree_par)
select 'Produit ' || n, n * 1.5, 1 + n % 3 from generate_series(1, 60) as n;

create table public.commandes (
  id_commande    serial primary key,
  utilisateur_id integer not null references public.utilisateurs (id_utilisateur),
  etat           smallint not null default 1,
  passee_le      timestamp not null
);

insert into public.commandes (utilisateur_id, etat, passee_le)
select 1 + n % 25, 1 + n % 5, timestamp '2024-02-01' + n * interval '3 hours' from generate_series(1, 150) as n;

create table public.lignes_commande (
  commande_id integer not null references public.commandes (id_commande) on delete cascade,
  produit_id  integer not null references public.produits (id_produit),
  quantite    integer not null default 1,
  primary key (commande_id, produit_id)
);

insert into public.lignes_commande (commande_id, produit_id, quantite)
select 1 + n % 150, 1 + n % 60, 1 + n % 4 from generate_series(1, 300) as n;

create table public.avis (
  id         serial primary key,
  produit_id integer not null,
  auteur_id  integer,
  note       smallint not null check (note between 1 and 5),
  texte      text
);
create index avis_auteur on public.avis (auteur_id);

insert into public.avis (produit_id, auteur_id, note, texte)
select 1 + n % 60, nullif(n % 26, 0), 1 + n % 5, 'Très bien, nº ' || n from generate_series(1, 130) as n;

create table public.messages (
  id              serial primary key,
  expediteur_id   integer not null,
  destinataire_id integer not null,
  texte           text not null
);

insert into public.messages (expediteur_id, destinataire_id, texte)
select 1 + n % 25, 1 + (n * 7) % 25, 'Bonjour ' || n from generate_series(1, 100) as n;

create table public.paniers (
  id_utilisateur integer primary key,
  contenu        json not null default '[]'
);

insert into public.paniers (id_utilisateur, contenu)
select n, '[{"produit_id": 3, "quantite": 2}]' from generate_series(1, 25, 2) as n;

create table public.journal (
  id       bigserial primary key,
  acteur   varchar(20),
  action   text not null,
  objet_id integer
);

insert into public.journal (acteur, action, objet_id)
select case when n % 9 > 0 then (1 + n % 25)::text end, 'modification', 1 + n % 60 from generate_series(1, 120) as n;

create view public.v_clients_actifs as
select u.id_utilisateur, u.courriel, count(c.id_commande) as commandes
from public.utilisateurs as u
left join public.commandes as c on c.utilisateur_id = u.id_utilisateur
where u.est_actif
group by u.id_utilisateur, u.courriel;
