//! The French of the command line's help, by its English: text that changes without its French is found by a test.

use clap::{Arg, ArgAction, Command};

/// English, French.
const FRENCH: &[(&str, &str)] = &[
    (
        "A whole Supabase-compatible stack in one program",
        "Toute une pile compatible Supabase en un seul programme",
    ),
    (
        "Language of messages: en or fr (default: LANG)",
        "Langue des messages : en ou fr (par défaut : LANG)",
    ),
    (
        "One JSON object a line on standard output, nothing else",
        "Un objet JSON par ligne sur la sortie standard, rien d’autre",
    ),
    (
        "Say nothing but results, warnings and errors",
        "Ne dire que les résultats, avertissements et erreurs",
    ),
    (
        "Log more: debug, twice for everything",
        "Journaliser plus : debug, deux fois pour tout",
    ),
    (
        "What is logged, such as info or auth=debug,info",
        "Ce qui est journalisé, par exemple info ou auth=debug,info",
    ),
    (
        "No colors, as with NO_COLOR",
        "Sans couleurs, comme avec NO_COLOR",
    ),
    (
        "Answer every question with yes",
        "Répondre oui à toutes les questions",
    ),
    (
        "Where data, keys and logs lie (default: .passerelle)",
        "Où se trouvent données, clés et journaux (par défaut : .passerelle)",
    ),
    (
        "The settings file (default: passerelle.toml)",
        "Le fichier des réglages (par défaut : passerelle.toml)",
    ),
    (
        "A `.env` file to read besides the usual ones; for `keys`, where the keys lie",
        "Un fichier `.env` à lire en plus des habituels ; pour `keys`, celui des clés",
    ),
    (
        "Start the whole stack in the foreground",
        "Démarrer toute la pile au premier plan",
    ),
    (
        "Prepare data, keys and the database without serving",
        "Préparer données, clés et base sans servir",
    ),
    ("Stop a running stack", "Arrêter une pile en marche"),
    (
        "State of each service and of the database",
        "État de chaque service et de la base",
    ),
    ("Show the log", "Montrer le journal"),
    (
        "Find what is wrong and say how to mend it",
        "Trouver ce qui ne va pas et dire comment le réparer",
    ),
    (
        "Start everything and show a signed-in round trip through it",
        "Tout démarrer et montrer un aller-retour authentifié",
    ),
    (
        "Everything in one go: preflight, backup, plan, dry run, your word, run, proof, test",
        "Tout d’un trait : contrôles, sauvegarde, plan, essai à blanc, votre mot, exécution, preuve, tests",
    ),
    (
        "Tick a box of the checklist that no machine can look at",
        "Cocher une case de la liste qu’aucune machine ne peut vérifier",
    ),
    (
        "Go without a backup of the old database, for this reason",
        "Se passer d’une sauvegarde de l’ancienne base, pour cette raison",
    ),
    ("What to say of it", "Ce qu’il faut en dire"),
    ("The box", "La case"),
    ("It is done", "C’est fait"),
    ("The team's documentation", "La documentation de l’équipe"),
    ("Secrets and API keys", "Secrets et clés d’API"),
    (
        "The variables of an application's `.env`",
        "Les variables du `.env` d’une application",
    ),
    ("What is configured, and where", "Ce qui est réglé, et où"),
    ("PostgreSQL's own programs", "Les programmes de PostgreSQL"),
    (
        "Completions for a shell, on standard output",
        "Complétions pour un shell, sur la sortie standard",
    ),
    ("The shell", "Le shell"),
    (
        "The manual page, on standard output",
        "La page de manuel, sur la sortie standard",
    ),
    (
        "Port of the API (default: 8000)",
        "Port de l’API (par défaut : 8000)",
    ),
    (
        "Address of the API (default: all)",
        "Adresse de l’API (par défaut : toutes)",
    ),
    (
        "An existing cluster, as an administrator; PASSERELLE_DATABASE_URL keeps the password out of the process list",
        "Une instance existante, en administrateur ; PASSERELLE_DATABASE_URL garde le mot de passe hors de la liste des processus",
    ),
    (
        "Only these services on this node: auth, rest, realtime, storage, extensions",
        "Seulement ces services sur ce nœud : auth, rest, realtime, storage, extensions",
    ),
    (
        "Also open the classic ports 9999, 3000, 4000 and 5000 on this machine",
        "Ouvrir aussi les ports habituels 9999, 3000, 4000 et 5000 sur cette machine",
    ),
    (
        "For development: mail addresses count as confirmed, no rate limits",
        "Pour le développement : adresses réputées confirmées, sans limites de débit",
    ),
    (
        "Return once it is ready; `passerelle down` stops it",
        "Rendre la main une fois prêt ; `passerelle down` arrête",
    ),
    (
        "Only lines of this service",
        "Seulement les lignes de ce service",
    ),
    (
        "Only lines of the last while, such as 15m",
        "Seulement les lignes récentes, par exemple 15m",
    ),
    (
        "Go on as lines come",
        "Continuer à mesure que les lignes arrivent",
    ),
    (
        "Mend what can be mended without a risk",
        "Réparer ce qui peut l’être sans risque",
    ),
    (
        "How far back the log is read, such as 15m",
        "Jusqu’où le journal est lu, par exemple 15m",
    ),
    ("A token that was refused", "Un jeton qui a été refusé"),
    (
        "A user who cannot sign in, is not found, or sees nothing: address, UUID or old id",
        "Une personne qui ne peut pas se connecter, est introuvable ou ne voit rien : adresse, UUID ou ancien identifiant",
    ),
    (
        "A table whose changes do not arrive, or whose rows do not show",
        "Une table dont les changements n’arrivent pas, ou dont les lignes ne se voient pas",
    ),
    (
        "The filter of a subscription, such as user_id=eq.5",
        "Le filtre d’un abonnement, par exemple user_id=eq.5",
    ),
    (
        "Print the values in the syntax of `.env` (only to a terminal)",
        "Afficher les valeurs dans la syntaxe de `.env` (seulement sur un terminal)",
    ),
    (
        "Print the values even when standard output is not a terminal",
        "Afficher les valeurs même si la sortie standard n’est pas un terminal",
    ),
    (
        "Make what is missing of a project's secrets; nothing that exists is replaced",
        "Créer ce qui manque aux secrets d’un projet ; rien d’existant n’est remplacé",
    ),
    (
        "Lifetime of API keys, such as 5y or 90d",
        "Durée de vie des clés d’API, par exemple 5y ou 90d",
    ),
    (
        "Make an existing file private first",
        "Rendre d’abord privé un fichier existant",
    ),
    (
        "Print the block for the application's `.env`",
        "Afficher le bloc pour le `.env` de l’application",
    ),
    (
        "Check that secret and keys fit together, everywhere they stand",
        "Vérifier que secret et clés vont ensemble, partout où ils se trouvent",
    ),
    (
        "Also look for stale and foreign keys in the files below a folder",
        "Chercher aussi les clés périmées ou étrangères dans les fichiers d’un dossier",
    ),
    (
        "Names, lengths and fingerprints",
        "Noms, longueurs et empreintes",
    ),
    ("Sign one token", "Signer un jeton"),
    ("Its role", "Son rôle"),
    ("Its subject", "Son sujet"),
    (
        "Its lifetime, such as 1h or 30d, or the time of its end",
        "Sa durée de vie, par exemple 1h ou 30d, ou l’instant de sa fin",
    ),
    (
        "Replace secret and keys; the old secret is accepted for a while, so that nobody is signed out",
        "Remplacer secret et clés ; l’ancien secret reste accepté un temps, pour ne déconnecter personne",
    ),
    (
        "How long the previous secret is accepted",
        "Combien de temps le secret précédent est accepté",
    ),
    (
        "Lifetime of the new API keys",
        "Durée de vie des nouvelles clés d’API",
    ),
    (
        "New API keys, signed with the same secret",
        "Nouvelles clés d’API, signées avec le même secret",
    ),
    (
        "Fill the application's `.env` from the project's keys",
        "Remplir le `.env` de l’application depuis les clés du projet",
    ),
    (
        "Say what would change, and change nothing",
        "Dire ce qui changerait, et ne rien changer",
    ),
    (
        "Check that the application's `.env` holds the values in use",
        "Vérifier que le `.env` de l’application contient les valeurs en usage",
    ),
    ("The file to fill", "Le fichier à remplir"),
    (
        "A front end's folder; its `.env.local` gets the public variables",
        "Le dossier d’une interface ; son `.env.local` reçoit les variables publiques",
    ),
    (
        "Check every setting; all mistakes are reported together",
        "Vérifier tous les réglages ; les erreurs sont signalées ensemble",
    ),
    (
        "Every setting, its value and where it stands; secrets masked",
        "Chaque réglage, sa valeur et sa provenance ; secrets masqués",
    ),
    (
        "Put PostgreSQL's programs into the data folder, without root",
        "Mettre les programmes de PostgreSQL dans le dossier de données, sans root",
    ),
    ("Major version", "Version majeure"),
    (
        "Move an application's database onto the stack",
        "Déplacer la base d’une application sur la pile",
    ),
    (
        "Check that source and target can be used, without changing anything",
        "Vérifier que source et cible sont utilisables, sans rien changer",
    ),
    (
        "Find the users table, what refers to it, and what is in the way",
        "Trouver la table des utilisateurs, ce qui y renvoie, et ce qui gêne",
    ),
    (
        "Write the plan: a file to read, decide on and keep",
        "Écrire le plan : un fichier à lire, à décider et à garder",
    ),
    (
        "Carry the plan out, from wherever an earlier attempt stopped",
        "Exécuter le plan, là où un essai précédent s’est arrêté",
    ),
    (
        "Only the users and their mapping; a dry run unless DRY_RUN is false",
        "Seulement les utilisateurs et leur correspondance ; à blanc sauf si DRY_RUN vaut false",
    ),
    (
        "Show the row security that the plan makes, and apply none",
        "Montrer la sécurité par ligne que fait le plan, sans l’appliquer",
    ),
    (
        "Prove that everything arrived, and who sees what",
        "Prouver que tout est arrivé, et qui voit quoi",
    ),
    (
        "Where the migration is, and the next command",
        "Où en est la migration, et la commande suivante",
    ),
    (
        "One user, by old id, new id or address",
        "Un utilisateur, par ancien identifiant, nouveau, ou adresse",
    ),
    (
        "Dump the old database, and prove that the dump can be restored",
        "Sauvegarder l’ancienne base, et prouver que la sauvegarde se restaure",
    ),
    (
        "Write the plan's SQL, scripts and Compose service for the application's repository",
        "Écrire le SQL, les scripts et le service Compose du plan pour le dépôt de l’application",
    ),
    ("One compressed file", "Un fichier compressé"),
    ("One file of SQL", "Un fichier SQL"),
    (
        "A folder, written by several workers",
        "Un dossier, écrit à plusieurs",
    ),
    (
        "Everything restored, every row compared",
        "Tout restaurer, comparer chaque ligne",
    ),
    (
        "Every definition restored, small tables compared",
        "Restaurer chaque définition, comparer les petites tables",
    ),
    (
        "Only the files' digests",
        "Seulement les empreintes des fichiers",
    ),
    ("Where backups lie", "Où se trouvent les sauvegardes"),
    (
        "How the dump is written",
        "Comment la sauvegarde est écrite",
    ),
    (
        "Workers of the folder's format",
        "Processus pour le format en dossier",
    ),
    (
        "How pg_dump compresses, such as 6 or zstd:3",
        "Comment pg_dump compresse, par exemple 6 ou zstd:3",
    ),
    (
        "How thoroughly the backup is proved",
        "À quel point la sauvegarde est prouvée",
    ),
    (
        "The server it is proved on (default: the running stack's own)",
        "Le serveur où elle est prouvée (par défaut : celui de la pile en marche)",
    ),
    (
        "Prove a backup: restored beside, compared, dropped",
        "Prouver une sauvegarde : restaurée à côté, comparée, supprimée",
    ),
    ("The dump", "La sauvegarde"),
    (
        "Restore into a new database, which then takes the old one's name",
        "Restaurer dans une nouvelle base, qui prend ensuite le nom de l’ancienne",
    ),
    ("The backups in a folder", "Les sauvegardes d’un dossier"),
    (
        "The database's name; the one that has it is kept under another",
        "Le nom de la base ; celle qui le porte est gardée sous un autre",
    ),
    (
        "The server it is restored on (default: the running stack's own)",
        "Le serveur où restaurer (par défaut : celui de la pile en marche)",
    ),
    (
        "Over what the database holds, in one transaction, once its name is typed",
        "Par-dessus ce que contient la base, en une transaction, une fois son nom tapé",
    ),
    ("The application's folder", "Le dossier de l’application"),
    (
        "The API's address in the files (default: http://localhost:8000)",
        "L’adresse de l’API dans les fichiers (par défaut : http://localhost:8000)",
    ),
    (
        "Replace files that say something else; originals are kept under .passerelle/backup",
        "Remplacer les fichiers différents ; les originaux restent sous .passerelle/backup",
    ),
    (
        "Take back what a run made",
        "Reprendre ce qu’une exécution a fait",
    ),
    (
        "The old database; OLD_DATABASE_URL keeps the password out of the process list",
        "L’ancienne base ; OLD_DATABASE_URL garde le mot de passe hors de la liste des processus",
    ),
    (
        "The target database (default: the running stack's own)",
        "La base cible (par défaut : celle de la pile en marche)",
    ),
    ("The plan", "Le plan"),
    (
        "The users table, when it is not found",
        "La table des utilisateurs, quand elle n’est pas trouvée",
    ),
    (
        "Rows looked at per column where all would take too long",
        "Lignes regardées par colonne quand tout lire serait trop long",
    ),
    (
        "What becomes of old ids",
        "Ce que deviennent les anciens identifiants",
    ),
    (
        "Every reference becomes a UUID",
        "Chaque référence devient un UUID",
    ),
    (
        "The old number stays beside it",
        "L’ancien numéro reste à côté",
    ),
    (
        "Take the proposed answer to every question",
        "Prendre la réponse proposée à chaque question",
    ),
    ("Replace a plan that is there", "Remplacer un plan existant"),
    (
        "Touch nothing and show what would happen",
        "Ne rien toucher et montrer ce qui se passerait",
    ),
    ("Tables at once", "Tables à la fois"),
    (
        "Tables larger than this are loaded in parts",
        "Les tables plus grandes sont chargées par parties",
    ),
    (
        "Rows that the target may refuse before the run stops (default: the plan's limit)",
        "Lignes que la cible peut refuser avant que la reprise ne s’arrête (par défaut : la limite du plan)",
    ),
    (
        "Users that may fail before the run stops (default: the plan's limit)",
        "Utilisateurs qui peuvent échouer avant que la reprise ne s’arrête (par défaut : la limite du plan)",
    ),
    (
        "The plan must have this digest",
        "Le plan doit avoir cette empreinte",
    ),
    ("Do not prove the result", "Ne pas vérifier le résultat"),
    ("By address", "Par adresse"),
    ("By old id", "Par ancien identifiant"),
    ("By new id", "Par nouvel identifiant"),
    (
        "Back to before this step, such as S10 (default: all of it)",
        "Revenir avant cette étape, par exemple S10 (par défaut : tout)",
    ),
    (
        "Say what would be taken back, and take back nothing",
        "Dire ce qui serait repris, sans rien reprendre",
    ),
    (
        "The database itself: made, filled, looked at, dumped, restored",
        "La base elle-même : créée, remplie, examinée, sauvegardée, restaurée",
    ),
    (
        "Make the database what SQL written for Supabase presumes",
        "Faire de la base ce que suppose le SQL écrit pour Supabase",
    ),
    (
        "Print the SQL, and run nothing",
        "Afficher le SQL, sans rien exécuter",
    ),
    (
        "Also write the server's own settings, and say which wait for a restart",
        "Écrire aussi les réglages du serveur, et dire lesquels attendent un redémarrage",
    ),
    (
        "Apply a project's migrations and seeds",
        "Appliquer les migrations et les données d’un projet",
    ),
    (
        "The project's folder, with migrations and config.toml",
        "Le dossier du projet, avec migrations et config.toml",
    ),
    ("The same", "De même"),
    (
        "Say what would be applied, and apply nothing",
        "Dire ce qui serait appliqué, sans rien appliquer",
    ),
    ("Leave roles.sql out", "Laisser roles.sql de côté"),
    (
        "Leave the seeds out",
        "Laisser les données de départ de côté",
    ),
    (
        "What to do about extensions that the server lacks: error or warn",
        "Que faire des extensions absentes du serveur : error ou warn",
    ),
    (
        "What differs from what SQL written for Supabase presumes, and the statement that mends it",
        "Ce qui diffère de ce que suppose le SQL écrit pour Supabase, et l’instruction qui le répare",
    ),
    (
        "A session of PostgreSQL's own client, as the role that owns the project",
        "Une session du client de PostgreSQL, avec le rôle qui possède le projet",
    ),
    ("As the administrator", "En administrateur"),
    ("What psql is given", "Ce qui est passé à psql"),
    (
        "A script that another server restores, Supabase's too",
        "Un script qu’un autre serveur restaure, celui de Supabase aussi",
    ),
    (
        "Where the script goes, for its owner only (default: standard output)",
        "Où va le script, lisible par son seul propriétaire (par défaut : la sortie standard)",
    ),
    ("No rows", "Sans les lignes"),
    ("Rows alone", "Les lignes seules"),
    ("Only these schemas", "Seulement ces schémas"),
    (
        "With the vault's secrets, which only this database's key opens",
        "Avec les secrets du coffre, que seule la clé de cette base ouvre",
    ),
    (
        "Restore scripts of pg_dump, such as those of a Supabase project; all of them or nothing",
        "Restaurer des scripts de pg_dump, tels ceux d’un projet Supabase ; tous ou rien",
    ),
    (
        "The scripts, in their order",
        "Les scripts, dans leur ordre",
    ),
    (
        "Test the result through the API: sign-in, history, isolation, realtime",
        "Tester le résultat par l’API : connexion, historique, isolation, temps réel",
    ),
    (
        "The API (default: the running stack's own)",
        "L’API (par défaut : celle de la pile en marche)",
    ),
    (
        "Sign in as this user too; the password is TEST_PASSWORD",
        "Se connecter aussi comme cet utilisateur ; le mot de passe est TEST_PASSWORD",
    ),
    (
        "A private file with an address and its old password on each line",
        "Un fichier privé avec une adresse et son ancien mot de passe par ligne",
    ),
    (
        "Also write the outcome as JUnit XML",
        "Écrire aussi le résultat en XML JUnit",
    ),
    (
        "A legacy application that is migrated before your eyes",
        "Une ancienne application, migrée sous vos yeux",
    ),
    (
        "How large the legacy application is: S, M or L",
        "La taille de l’ancienne application : S, M ou L",
    ),
    (
        "The reference application: users with old passwords, conversations, documents, logs",
        "L’application de référence : utilisateurs avec leurs anciens mots de passe, conversations, documents, journaux",
    ),
    (
        "How users get onto the target",
        "Comment les utilisateurs arrivent sur la cible",
    ),
    (
        "Over SQL when there is a database, else the best that the API offers",
        "Par SQL quand il y a une base, sinon au mieux de ce qu’offre l’API",
    ),
    (
        "Over the API, a thousand users at once: only Passerelle has that route",
        "Par l’API, mille utilisateurs à la fois : seule Passerelle a cette route",
    ),
    ("Into the target's database", "Dans la base de la cible"),
    (
        "Over the admin API of any Supabase: SUPABASE_URL and the service key",
        "Par l’API d’administration de tout Supabase : SUPABASE_URL et la clé de service",
    ),
    (
        "The API for the bulk and http channels; SUPABASE_URL by default",
        "L’API pour les canaux bulk et http ; SUPABASE_URL par défaut",
    ),
    (
        "Requests at once over HTTP",
        "Requêtes simultanées par HTTP",
    ),
];

/// Names of values.
const VALUES: [(&str, &str); 10] = [
    ("FOLDER", "DOSSIER"),
    ("FILE", "FICHIER"),
    ("LANG", "LANGUE"),
    ("FILTER", "FILTRE"),
    ("DURATION", "DURÉE"),
    ("LIFETIME", "DURÉE"),
    ("ROLE", "RÔLE"),
    ("TOKEN", "JETON"),
    ("EMAIL", "PERSONNE"),
    ("SUB", "SUJET"),
];

const TEMPLATE: &str =
    "{before-help}{about-with-newline}\nUtilisation : {usage}\n\n{all-args}{after-help}";

fn french(english: &str) -> Option<&'static str> {
    FRENCH
        .iter()
        .find(|(text, _)| *text == english)
        .map(|(_, french)| *french)
}

/// The command line's definition with its help in French.
pub(crate) fn in_french(command: Command) -> Command {
    let version = command.get_version().is_some();
    let command = translated(command);
    if !version {
        return command;
    }
    let shown = Arg::new("version")
        .short('V')
        .long("version")
        .action(ArgAction::Version);
    command
        .disable_version_flag(true)
        .arg(shown.help("Afficher la version"))
}

fn translated(mut command: Command) -> Command {
    let about = command.get_about().map(ToString::to_string);
    if let Some(about) = about.as_deref().and_then(french) {
        command = command.about(about);
    }
    if let Some(examples) = command.get_after_help().map(ToString::to_string) {
        let examples = examples
            .replace("Examples:", "Exemples :")
            .replace("Example:", "Exemple :");
        command = command.after_help(examples);
    }
    let help = Arg::new("help")
        .short('h')
        .long("help")
        .action(ArgAction::Help);
    let nested = command.has_subcommands();
    command = command
        .mut_args(argument)
        .mut_subcommands(translated)
        .help_template(TEMPLATE)
        .subcommand_help_heading("Commandes")
        .subcommand_value_name("COMMANDE")
        .disable_help_flag(true)
        .disable_help_subcommand(true)
        .arg(help.help("Afficher l’aide"));
    if nested {
        let topic = Arg::new("command").value_name("COMMANDE").num_args(0..);
        command = command.subcommand(
            Command::new("help")
                .about("Afficher l’aide d’une commande")
                .arg(topic),
        );
    }
    command
}

fn argument(argument: Arg) -> Arg {
    let Some(english) = argument.get_help().map(ToString::to_string) else {
        return argument;
    };
    let mut text = french(&english).unwrap_or(&english).to_owned();
    let values = argument.get_default_values();
    if !values.is_empty() {
        let values: Vec<_> = values.iter().map(|value| value.to_string_lossy()).collect();
        text = format!("{text} [par défaut : {}]", values.join(", "));
    }
    let possible = argument.get_possible_values();
    if argument.get_action().takes_values() && !possible.is_empty() {
        let possible: Vec<_> = possible.iter().map(value).collect();
        text = format!("{text} [valeurs : {}]", possible.join(", "));
    }
    let named = argument.get_value_names().and_then(|names| {
        VALUES
            .iter()
            .find(|(english, _)| names.first().is_some_and(|name| name == english))
    });
    if !argument.get_action().takes_values() {
        return argument.help(text);
    }
    let argument = argument
        .help(text)
        .hide_default_value(true)
        .hide_possible_values(true);
    match named {
        Some((_, french)) => argument.value_name(*french),
        None => argument,
    }
}

/// A value, with what it means where that is said.
fn value(value: &clap::builder::PossibleValue) -> String {
    let name = value.get_name();
    let english = value.get_help().map(ToString::to_string);
    match english.as_deref().and_then(french) {
        Some(meaning) => format!("{name} ({meaning})"),
        None => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::cli::Cli;

    fn texts(command: &Command, path: &str, found: &mut Vec<(String, String)>) {
        let path = format!("{path} {}", command.get_name());
        found.extend(
            command
                .get_about()
                .map(|about| (path.clone(), about.to_string())),
        );
        for argument in command.get_arguments() {
            let place = format!("{path} {}", argument.get_id());
            let help = argument.get_help().map(ToString::to_string);
            found.push((place, help.unwrap_or_else(|| "(no help)".to_owned())));
            let values = argument.get_possible_values();
            let meanings = values.iter().filter_map(|value| value.get_help());
            found.extend(meanings.map(|help| (path.clone(), help.to_string())));
        }
        for below in command.get_subcommands() {
            texts(below, &path, found);
        }
    }

    // MIG-OUT-04: the help is there in both languages, and nothing in the table is left over.
    #[test]
    fn every_text_of_the_help_has_its_french() {
        let mut found = Vec::new();
        texts(&Cli::command(), "", &mut found);
        let lacking: Vec<_> = found
            .iter()
            .filter(|(_, text)| french(text).is_none())
            .collect();
        assert!(lacking.is_empty(), "no French for {lacking:#?}");
        let unused: Vec<_> = FRENCH
            .iter()
            .filter(|(english, _)| !found.iter().any(|(_, text)| text == english))
            .collect();
        assert!(unused.is_empty(), "nobody says {unused:#?}");
    }

    // MIG-OUT-06: every command's help ends with an example.
    #[test]
    fn every_command_has_an_example() {
        fn check(command: &Command) {
            let examples = command
                .get_after_help()
                .map(ToString::to_string)
                .unwrap_or_default();
            assert!(
                examples.starts_with("Example") && examples.contains("passerelle "),
                "{}: {examples:?}",
                command.get_name()
            );
            command.get_subcommands().for_each(check);
        }
        check(&Cli::command());
    }

    #[test]
    fn the_definition_is_sound_in_both_languages() {
        Cli::command().debug_assert();
        in_french(Cli::command()).debug_assert();
    }
}
