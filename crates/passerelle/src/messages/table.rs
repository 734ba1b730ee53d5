//! Every sentence of the program, one line a language. What stands in braces is a value.

use super::Language;

/// `Name { values }: "English" / "French";` A value that a language leaves out, or one it lacks, does not compile.
macro_rules! messages {
    ($( $name:ident $({ $($field:ident),+ })? : $english:literal / $french:literal; )*) => {
        /// A line a person reads.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub(crate) enum Message { $( $name $({ $($field: String),+ })?, )* }

        impl Message {
            /// The text in a language.
            pub(crate) fn text(&self, language: Language) -> String {
                match (self, language) {
                    $(
                        (Self::$name $({ $($field),+ })?, Language::English) => format!($english),
                        (Self::$name $({ $($field),+ })?, Language::French) => format!($french),
                    )*
                }
            }
        }

        /// Name, English, French.
        #[cfg(test)]
        pub(crate) const TABLE: &[(&str, &str, &str)] = &[ $( (stringify!($name), $english, $french), )* ];
    };
}

messages! {
    // What surrounds other sentences.
    Remedy { command }: "to mend it: {command}" / "pour réparer : {command}";
    Warning { text }: "warning: {text}" / "attention : {text}";
    CheckPath: "check the path and its permissions" / "vérifiez le chemin et ses droits d’accès";
    CheckFolder: "check its owner and permissions, or choose another with --data-dir"
        / "vérifiez son propriétaire et ses droits, ou choisissez-en un autre avec --data-dir";
    FileRefused { path, error }: "{path}: {error}" / "{path} : {error}";
    In { place, what }: "{place}: {what}" / "{place} : {what}";
    FileUnwritable { path, error }: "{path} cannot be written: {error}" / "{path} ne peut pas être écrit : {error}";
    DataFolder { path, error }: "the data folder {path} cannot be used: {error}"
        / "le dossier de données {path} ne peut pas être utilisé : {error}";
    NoSuchFile { path }: "{path} does not exist" / "{path} n’existe pas";
    CheckEnvFile: "check the path given with --env-file" / "vérifiez le chemin donné à --env-file";
    CheckConfig: "check the path given with --config" / "vérifiez le chemin donné à --config";
    MendLine: "mend that line" / "corrigez cette ligne";
    NotALine { path, line }: "{path}: line {line} is not NAME=value" / "{path} : la ligne {line} n’est pas NOM=valeur";
    OpenQuote { path, line }: "{path}: line {line} opens a quote that never closes"
        / "{path} : la ligne {line} ouvre un guillemet jamais fermé";

    UnknownArgument { argument }: "unexpected argument {argument}" / "argument inattendu {argument}";
    UnknownCommand { name }: "there is no command {name}" / "il n’y a pas de commande {name}";
    MissingArgument { argument }: "{argument} is missing" / "il manque {argument}";
    ConflictingArguments { argument, other }: "{argument} does not go with {other}"
        / "{argument} ne va pas avec {other}";
    InvalidArgument { argument, text }: "{text} is no value for {argument}"
        / "{text} n’est pas une valeur pour {argument}";
    WrongCommandLine { error }: "the command line makes no sense: {error}"
        / "la ligne de commande n’a pas de sens : {error}";

    // up, init, down, status, logs, pg.
    Starting: "starting …" / "démarrage …";
    FetchingPostgres: "PostgreSQL is not installed; fetching its programs …"
        / "PostgreSQL n’est pas installé ; récupération de ses programmes …";
    Ready: "ready" / "prêt";
    Sheet { what, where_to }: "  {what:<10} {where_to}" / "  {what:<10} {where_to}";
    Api: "API" / "API";
    Database: "database" / "base";
    KeysFile: "keys" / "clés";
    RunsHere: "services" / "services";
    Stopping: "stopping …" / "arrêt …";
    Stopped: "stopped" / "arrêté";
    NotRunning { dir }: "nothing runs on {dir}" / "rien ne tourne sur {dir}";
    Running { pid, api }: "running as process {pid}, {api}" / "en marche, processus {pid}, {api}";
    ServiceReady { name }: "{name:<10} ready" / "{name:<10} prêt";
    ServiceDown { name, reason }: "{name:<10} down: {reason}" / "{name:<10} arrêté : {reason}";
    ServiceElsewhere { name }: "{name:<10} not on this node" / "{name:<10} pas sur ce nœud";
    NoAnswer { url, error }: "{url} does not answer: {error}" / "{url} ne répond pas : {error}";
    AlreadyRuns { dir, pid }: "a stack runs on {dir} already (process {pid})"
        / "une pile tourne déjà sur {dir} (processus {pid})";
    StatusOrDown: "passerelle status, or passerelle down" / "passerelle status, ou passerelle down";
    CannotStop { pid, error }: "process {pid} cannot be stopped: {error}"
        / "le processus {pid} ne peut pas être arrêté : {error}";
    OwnersAccount: "use its owner’s account" / "utilisez le compte de son propriétaire";
    StillStopping { pid }: "process {pid} is still stopping after 90 seconds"
        / "le processus {pid} n’est toujours pas arrêté après 90 secondes";
    KillIt { pid }: "kill -9 {pid}; the next start recovers" / "kill -9 {pid} ; le prochain démarrage récupère tout";
    NotReady: "it did not become ready" / "le démarrage n’a pas abouti";
    EndedAtOnce: "it ended at once" / "il s’est arrêté aussitôt";
    SeeFile { path }: "see {path}" / "voyez {path}";
    InterruptedStart: "interrupted while starting" / "interrompu pendant le démarrage";
    InterruptedDemo: "interrupted in the middle of the demonstration" / "interrompu au milieu de la démonstration";
    InterruptedStop: "stopped before everything had ended" / "arrêté avant la fin de tous les travaux";
    Prepared: "keys and database are ready" / "les clés et la base sont prêtes";
    PgInstalled { version, path }: "PostgreSQL {version} is in {path}" / "PostgreSQL {version} est dans {path}";
    UnknownService { name, known }: "{name} is not a service; there are {known}"
        / "{name} n’est pas un service ; il y a {known}";
    SuchAsOnly: "such as --only auth,rest" / "par exemple --only auth,rest";
    DatabaseUrlSyntax: "passerelle up --database-url postgresql://user:password@host:5432/postgres"
        / "passerelle up --database-url postgresql://utilisateur:motdepasse@hôte:5432/postgres";
    PasswordInArguments: "the password in --database-url shows in the list of processes"
        / "le mot de passe de --database-url se voit dans la liste des processus";
    DemoKeys { name }: "{name} is the published example: everybody has it"
        / "{name} est l’exemple publié : tout le monde le possède";
    KeyExpires { name, days }: "{name} expires in {days} days" / "{name} expire dans {days} jours";
    ExamplePassword { name }: "{name} is the published example, and the listener is open to other machines"
        / "{name} est l’exemple publié, et l’écoute est ouverte à d’autres machines";
    SetAnother { name }: "set another {name}, or listen on 127.0.0.1 only (--host 127.0.0.1)"
        / "changez {name}, ou n’écoutez que sur 127.0.0.1 (--host 127.0.0.1)";

    // demo.
    DemoStep { title, result }: "✓ {title:<46} {result}" / "✓ {title:<46} {result}";
    DemoStays: "the stack stays up; Ctrl-C stops it" / "la pile reste en marche ; Ctrl-C l’arrête";
    DemoFailed { step, error }: "the demonstration stopped at {step}: {error}"
        / "la démonstration s’est arrêtée à {step} : {error}";
    DemoTable: "a table under row security" / "une table sous sécurité par ligne";
    DemoPeople: "two people signed up and in" / "deux personnes inscrites et connectées";
    DemoWrote: "ada wrote a row over REST and reads it" / "ada a écrit une ligne par REST et la lit";
    DemoHidden: "bob does not see it" / "bob ne la voit pas";
    DemoSocket: "the INSERT arrived on ada’s socket" / "l’INSERT est arrivé sur la socket d’ada";
    DemoLegacy: "a legacy database with data" / "une ancienne base avec des données";
    DemoPlanned: "planned without a question" / "planifié sans une question";
    DemoMigrated: "migrated: users, rows, policies, realtime" / "migré : utilisateurs, lignes, politiques, temps réel";
    DemoProved: "proved" / "vérifié";
    DemoOldPassword: "signs in with the old password" / "se connecte avec l’ancien mot de passe";
    DemoHistory: "reads the history over REST" / "lit son historique par REST";
    DemoOtherHidden: "another user sees none of it" / "un autre utilisateur n’en voit rien";
    DemoHeard: "hears an INSERT on the socket" / "reçoit un INSERT sur la socket";
    DemoAccount { email, password, note }: "  {email:<38} {password:<28} {note}" / "  {email:<38} {password:<28} {note}";
    DemoFile: "ada’s file went up and came back" / "le fichier d’ada est parti et revenu";

    // migrate.
    NoSource: "the old database is not named" / "l’ancienne base n’est pas indiquée";
    SuchAsSource: "export OLD_DATABASE_URL=postgresql://user:password@host:5432/database"
        / "export OLD_DATABASE_URL=postgresql://utilisateur:motdepasse@hôte:5432/base";
    NoTarget: "no target: nothing runs here, and none is named" / "pas de cible : rien ne tourne ici, et aucune n’est indiquée";
    NoPlan { path }: "there is no plan {path}" / "il n’y a pas de plan {path}";
    DamagedSeed { path }: "{path} is damaged" / "{path} est endommagé";
    NoSuchTable { table }: "the source has no table {table}" / "la source n’a pas de table {table}";
    ObjectFailed { kind, name, error }: "{kind} {name} could not be made: {error}"
        / "{kind} {name} n’a pas pu être créé : {error}";
    OrphanStops { table, reason }: "table {table}: {reason}" / "table {table} : {reason}";
    DecideOrphans: "set orphan_policy for that column in the plan" / "donnez orphan_policy pour cette colonne dans le plan";
    NoBulkRoute { url }: "{url} does not take many users at once" / "{url} ne prend pas plusieurs utilisateurs à la fois";
    RejectsStop { table, count, allowed, path }: "table {table}: the target refuses {count} rows, {allowed} are allowed; they are listed in {path}"
        / "table {table} : la cible refuse {count} lignes, {allowed} sont permises ; elles sont listées dans {path}";
    AllowRejects { count }: "mend them in the old database, or leave them behind: passerelle migrate run --max-rejects {count}"
        / "corrigez-les dans l’ancienne base, ou laissez-les : passerelle migrate run --max-rejects {count}";
    RowsRefused { count, path }: "{count} rows were refused by the target; they are listed in {path}"
        / "{count} lignes ont été refusées par la cible ; elles sont listées dans {path}";
    SourceBroke { error }: "the old database stopped answering in the middle: {error}"
        / "l’ancienne base a cessé de répondre en cours de route : {error}";
    SourceBackThenRun: "once it answers again, passerelle migrate run goes on"
        / "dès qu’elle répond de nouveau, passerelle migrate run reprend";
    TargetBroke { error }: "the target stopped answering in the middle: {error}"
        / "la cible a cessé de répondre en cours de route : {error}";
    TargetBackThenRun: "once it answers again (passerelle status), passerelle migrate run goes on"
        / "dès qu’elle répond de nouveau (passerelle status), passerelle migrate run reprend";
    TargetFull { error }: "the target's disk is full: {error}" / "le disque de la cible est plein : {error}";
    RoomThenRun: "make room on the target's disk, then passerelle migrate run goes on"
        / "faites de la place sur le disque de la cible, puis passerelle migrate run reprend";
    DoesNotBalance { table, sent, stored }: "table {table}: {sent} rows were sent, {stored} are accounted for"
        / "table {table} : {sent} lignes envoyées, {stored} retrouvées";
    MigrationRuns { holder }: "another migration runs on this target: {holder}"
        / "une autre migration tourne sur cette cible : {holder}";
    WaitOrStopIt: "wait for it, or stop it" / "attendez-la, ou arrêtez-la";
    PlanChanged: "the plan has changed since the run began" / "le plan a changé depuis le début de l’exécution";
    PlanBackOrRollback: "put the plan back as it was, or: passerelle migrate rollback"
        / "remettez le plan comme il était, ou : passerelle migrate rollback";
    OtherSource: "the plan was made for another database" / "le plan a été fait pour une autre base";
    SourceChanged: "the source’s tables have changed since the plan was made"
        / "les tables de la source ont changé depuis que le plan a été fait";
    StepChanged { step }: "step {step} was finished with another plan" / "l’étape {step} a été finie avec un autre plan";
    Undecided { count }: "{count} points of the plan are not decided" / "{count} points du plan ne sont pas décidés";
    DecideInPlan: "answer the lines that say \"ask\" in the plan" / "répondez dans le plan aux lignes qui disent « ask »";
    UserFailures { failed, allowed }: "{failed} users could not be made; the plan allows {allowed}"
        / "{failed} utilisateurs n’ont pas pu être créés ; le plan en permet {allowed}";
    NoUsersTable { candidates }: "it is not clear which table holds the users {candidates}"
        / "on ne sait pas quelle table contient les utilisateurs {candidates}";
    PlanRefused { error }: "{error}" / "le plan n’est pas utilisable : {error}";
    MendPlan: "mend the plan, or: passerelle migrate plan --replace"
        / "corrigez le plan, ou : passerelle migrate plan --replace";
    Keyless { table }: "table {table} has no primary key: once published, every update of it would fail"
        / "la table {table} n’a pas de clé primaire : une fois publiée, toute mise à jour échouerait";
    KeylessRemedy: "set realtime = false, or replica_identity_full = true, for it in the plan"
        / "mettez realtime = false, ou replica_identity_full = true, pour elle dans le plan";
    SourceLacks { what }: "the plan names {what}, which the source does not have"
        / "le plan nomme {what}, que la source n’a pas";
    SourceUnreachable { error }: "the source cannot be used: {error}" / "la source n’est pas utilisable : {error}";
    TargetUnreachable { error }: "the target cannot be used: {error}" / "la cible n’est pas utilisable : {error}";
    PlanStands { path }: "{path} stands; --replace makes it anew" / "{path} existe ; --replace le refait";
    PlanWritten { path }: "the plan is in {path}: read it" / "le plan est dans {path} : lisez-le";
    DefaultTaken { line, object }: "default taken: {line} {object}" / "réponse par défaut : {line} {object}";
    Next { command }: "next: {command}" / "ensuite : {command}";
    MigrateStep { step, title }: "{step} {title} …" / "{step} {title} …";
    MigrateSkipped { step }: "{step} was done before" / "{step} était déjà fait";
    MigrateTable { table, loaded, quarantined }: "    {table:<34} {loaded} loaded, {quarantined} quarantined"
        / "    {table:<34} {loaded} chargées, {quarantined} en quarantaine";
    MigrateProgress { object, rows, rate, megabytes }: "    {rows} rows, {megabytes} MB, {rate} rows/s: {object}"
        / "    {rows} lignes, {megabytes} Mo, {rate} lignes/s : {object}";
    OtherDigest { digest }: "the plan’s digest is {digest}" / "l’empreinte du plan est {digest}";
    PreflightFails { count }: "{count} checks fail" / "{count} contrôles échouent";
    MigrateSummary { source, target, users, tables, digest }:
        "{source} → {target}: {users} users, {tables} tables, plan {digest}"
        / "{source} → {target} : {users} utilisateurs, {tables} tables, plan {digest}";
    TypeTheWord { word }: "type {word} to go on, or use --yes:" / "tapez {word} pour continuer, ou utilisez --yes :";
    NotConfirmed: "not confirmed: nothing was changed" / "non confirmé : rien n’a été changé";
    MigrationInterrupted: "interrupted; what was done stays, the same command goes on"
        / "interrompu ; ce qui est fait reste, la même commande continue";
    TestInterrupted: "interrupted; what was made for the test is gone again"
        / "interrompu ; ce qui avait été créé pour le test est supprimé";
    Proving: "proving …" / "vérification …";
    Verified { checks, failed }: "{checks} checks, {failed} failed" / "{checks} contrôles, {failed} en échec";
    DryRunDone: "a dry run: nothing was touched" / "à blanc : rien n’a été touché";
    BackupMade { path, tables, bytes }: "{path}: {tables} tables, {bytes} bytes" / "{path} : {tables} tables, {bytes} octets";
    BackupProved { tables }: "restored beside, compared and dropped: {tables} tables are as they were dumped"
        / "restaurée à côté, comparée et supprimée : {tables} tables sont comme à la sauvegarde";
    RestoreInto { path, database }: "{path} will be database {database}" / "{path} deviendra la base {database}";
    BackupRestored { database, tables }: "database {database} is restored; {tables} tables are as they were dumped"
        / "la base {database} est restaurée ; {tables} tables sont comme à la sauvegarde";
    OldDatabaseKept { database }: "the database that had the name is kept as {database}"
        / "la base qui portait ce nom est gardée : {database}";
    SlotsStay { slots }: "replication slots stay with the old database: {slots}"
        / "des emplacements de réplication restent avec l’ancienne base : {slots}";
    NoBackups { dir }: "there is no backup in {dir}" / "il n’y a pas de sauvegarde dans {dir}";
    ClientMissing { program }: "{program} is needed and was not found" / "{program} est nécessaire et introuvable";
    ClientTooOld { program, found, server }: "{program} is of version {found}, the server of version {server}"
        / "{program} est de version {found}, le serveur de version {server}";
    ClientFailed { program, said }: "{program} failed: {said}" / "{program} a échoué : {said}";
    NoBackup { path, reason }: "{path} is no backup: {reason}" / "{path} n’est pas une sauvegarde : {reason}";
    BackupDamaged { path, reason }: "{path} is damaged: {reason}" / "{path} est endommagé : {reason}";
    BackupDiffers { what }: "the restored database is not what was dumped: {what}"
        / "la base restaurée n’est pas celle qui a été sauvegardée : {what}";
    PlainAsAWhole: "a dump in plain SQL can only be restored into a new database, and as a whole"
        / "une sauvegarde en SQL ne se restaure que dans une nouvelle base, et en entier";
    NotSwapped { database, error }: "database {database} is as it was: {error}" / "la base {database} est restée : {error}";
    FileWritten { path }: "written: {path}" / "écrit : {path}";
    FileUnchanged { path }: "unchanged: {path}" / "inchangé : {path}";
    FileDiffers { path }: "left alone, says something else: {path}" / "laissé tel quel, dit autre chose : {path}";
    FileReplaced { path, kept }: "replaced: {path}; the original is {kept}" / "remplacé : {path} ; l’original est {kept}";
    FilesDiffer { count }: "{count} files are there and say something else" / "{count} fichiers existent et disent autre chose";
    LookupBy: "one of --email, --old-id and --uuid is needed" / "il faut l’un de --email, --old-id et --uuid";
    NotMapped { who, legacy, id }: "{who} is there as {id}, but the old id {legacy} is not in user_id_mapping: what still asks by it finds nobody"
        / "{who} est là sous {id}, mais l’ancien id {legacy} n’est pas dans user_id_mapping : qui le demande encore ne trouve personne";
    NoReplicaIdentity { table }: "{table} has no replica identity: once published, its UPDATE and DELETE fail"
        / "{table} n’a pas d’identité de réplication : une fois publiée, ses UPDATE et DELETE échouent";
    NobodyFound: "nobody" / "personne";
    NoSuchStep { step, known }: "{step} is not a step; there are {known}" / "{step} n’est pas une étape ; il y a {known}";
    NothingToTakeBack: "the target does not hold this run: nothing to take back"
        / "la cible ne contient pas cette exécution : rien à reprendre";
    RollbackSummary { objects, step }: "{objects} objects of {step} and later will be taken back; the source was never changed"
        / "{objects} objets à partir de {step} seront repris ; la source n’a jamais été changée";
    NoServiceKey: "the service key is not set" / "la clé de service n’est pas donnée";
    PlainHttp { url }: "{url} is not encrypted and not on this machine" / "{url} n’est pas chiffré et n’est pas sur cette machine";
    MappingWritten { path }: "the mapping is in {path}" / "la correspondance est dans {path}";
    OpenCredentials { path }: "{path} can be read by others" / "{path} est lisible par d’autres";
    StateIs { state }: "state: {state}" / "état : {state}";
    WayBack { objects, users }: "the way back: passerelle migrate rollback ({objects} objects, {users} users; nothing is lost, the old database is as it was)"
        / "le retour : passerelle migrate rollback ({objects} objets, {users} personnes ; rien n’est perdu, l’ancienne base est intacte)";
    BackupUsed { path, at }: "backup: {path}, {at}" / "sauvegarde : {path}, {at}";
    NoBackupYet: "there is no proved backup of the old database (passerelle migrate backup); a run only reads it"
        / "il n’y a pas de sauvegarde prouvée de l’ancienne base (passerelle migrate backup) ; une exécution ne fait que la lire";
    DocsMissing { path }: "{path} is not there: the team has nothing to read yet" / "{path} n’existe pas : l’équipe n’a encore rien à lire";
    DocsRead: "noted: the team’s documentation is up to date" / "noté : la documentation de l’équipe est à jour";
    AutoStage { stage }: "— {stage}" / "— {stage}";
    AutoWithout { reason }: "without a backup: {reason}" / "sans sauvegarde : {reason}";
    BoxKeys: "generate JWT keys" / "générer les clés JWT";
    BoxEnv: "configure .env" / "configurer .env";
    BoxBackup: "backup" / "sauvegarde";
    BoxStarted: "start services" / "démarrer les services";
    BoxHealthy: "services healthy" / "services en bonne santé";
    BoxDryRun: "users, dry run" / "utilisateurs, à blanc";
    BoxUsers: "users, production" / "utilisateurs, pour de bon";
    BoxMapping: "mapping checked" / "correspondance vérifiée";
    BoxData: "data converted to UUID" / "données converties en UUID";
    BoxRls: "RLS configured" / "RLS configurée";
    BoxRealtime: "realtime enabled" / "temps réel activé";
    BoxSignIn: "sign-in tested" / "connexion testée";
    BoxLive: "realtime tested" / "temps réel testé";
    BoxDocs: "team documentation updated" / "documentation de l’équipe à jour";

    // keys.
    KeysMade { count, path }: "{count} secrets made in {path}" / "{count} secrets créés dans {path}";
    KeysComplete { path }: "{path} holds a complete set already; nothing was changed"
        / "{path} est déjà complet ; rien n’a été changé";
    KeysFit: "secret and keys fit together" / "le secret et les clés vont ensemble";
    ShowRefused: "secrets are printed to a terminal only; --force-show prints them all the same"
        / "les secrets ne sont affichés que sur un terminal ; --force-show les affiche quand même";
    SecretsFollow: "the following lines are secret" / "les lignes qui suivent sont secrètes";
    KeyLine { name, length, print }: "{name:<30} {length:>4} characters  {print}"
        / "{name:<30} {length:>4} caractères  {print}";
    NoKeys { path }: "{path} holds no keys" / "{path} ne contient aucune clé";
    NoSecret: "no JWT secret is configured" / "aucun secret JWT n’est configuré";
    ShortSecret { bytes }: "the JWT secret has {bytes} bytes; at least 32 are needed"
        / "le secret JWT fait {bytes} octets ; il en faut au moins 32";
    RemoveSecret: "remove JWT_SECRET from the file to have a new one made"
        / "retirez JWT_SECRET du fichier pour qu’un nouveau soit créé";
    RemoveKeys: "remove the keys that do not fit from the file, then passerelle keys generate"
        / "retirez du fichier les clés qui ne vont pas, puis passerelle keys generate";
    Readable { path }: "{path} can be read by other users of this machine"
        / "{path} peut être lu par d’autres utilisateurs de cette machine";
    Tracked { path }: "{path} is tracked by Git" / "{path} est suivi par Git";
    Exposed { path }: "{path} is not ignored by Git" / "{path} n’est pas ignoré par Git";
    IgnoreIt: "the same command with --yes adds the rule" / "la même commande avec --yes ajoute la règle";
    NotSigned { name }: "{name} was not signed with JWT_SECRET" / "{name} n’a pas été signée avec JWT_SECRET";
    WrongRole { name, role }: "{name} does not have role {role}" / "{name} n’a pas le rôle {role}";
    KeyExpired { name }: "{name} has expired" / "{name} a expiré";
    VaultLength { length }: "VAULT_ENC_KEY has {length} characters; 32 are needed"
        / "VAULT_ENC_KEY fait {length} caractères ; il en faut 32";
    Differs { path, name, print, other }: "{path}: {name} ({print}) is not the one in use ({other})"
        / "{path} : {name} ({print}) n’est pas celui en usage ({other})";
    SyncInto { path }: "passerelle env sync --into {path}" / "passerelle env sync --into {path}";
    ServerAccepts { url }: "the server at {url} accepts both keys" / "le serveur {url} accepte les deux clés";
    ServerRefuses { url, name, status }: "the server at {url} refuses {name} (HTTP {status})"
        / "le serveur {url} refuse {name} (HTTP {status})";
    ServerNotAsked { url, error }: "the server at {url} was not asked: {error}"
        / "le serveur {url} n’a pas été interrogé : {error}";
    RestartServer: "passerelle down, then passerelle up: it runs with other keys"
        / "passerelle down, puis passerelle up : il tourne avec d’autres clés";
    ChangeThere { name, place }: "give {name} in {place} the value in use, or remove it"
        / "donnez à {name} dans {place} la valeur en usage, ou retirez-la";
    StaleKey { place, role, issued, verdict }: "{place}: a key of role {role}, issued {issued}, {verdict}"
        / "{place} : une clé de rôle {role}, émise le {issued}, {verdict}";
    StaleSigned: "not signed with the current secret" / "non signée avec le secret actuel";
    StaleReplaced: "signed with the current secret, but not the key in use"
        / "signée avec le secret actuel, mais pas la clé en usage";
    StalePrevious: "signed with an earlier secret that is still accepted"
        / "signée avec un ancien secret encore accepté";
    StaleExpired: "expired" / "expirée";
    ServiceKeyInFrontend { place }: "{place}: a service_role key where browsers get it"
        / "{place} : une clé service_role là où les navigateurs la reçoivent";
    ReadKeyFromEnvironment: "read the key from the environment, and passerelle keys rotate if it was ever published"
        / "lisez la clé dans l’environnement, et passerelle keys rotate si elle a été publiée";
    ScanClean { count, path }: "{count} files below {path} hold no stale key"
        / "{count} fichiers sous {path} ne contiennent aucune clé périmée";
    Rotated { path }: "{path}: new secret and keys" / "{path} : nouveau secret et nouvelles clés";
    RotatedKeys { path }: "{path}: new API keys" / "{path} : nouvelles clés d’API";
    UpdatedFile { path }: "{path}: brought up to date" / "{path} : mis à jour";
    GraceUntil { time }: "tokens signed with the previous secret are accepted until {time}"
        / "les jetons signés avec le secret précédent sont acceptés jusqu’au {time}";
    RestartToUse: "passerelle down, then passerelle up: a running server goes on with the old keys until then"
        / "passerelle down, puis passerelle up : d’ici là un serveur en marche garde les anciennes clés";
    NothingToRotate { path }: "{path} holds no JWT_SECRET to rotate" / "{path} n’a pas de JWT_SECRET à remplacer";
    SecretElsewhere { origin }: "the JWT secret in use does not stand in the keys’ file but in: {origin}"
        / "le secret JWT en usage n’est pas dans le fichier des clés mais dans : {origin}";
    RotateThere: "name that file with --env-file, or change the secret where it stands"
        / "nommez ce fichier avec --env-file, ou changez le secret là où il est";
    AsymmetricKeys: "JWT_KEYS or JWT_JWKS hold the old secret as a member; rotating it would leave them behind"
        / "JWT_KEYS ou JWT_JWKS contiennent l’ancien secret ; le remplacer les rendrait incohérents";
    RotateAsymmetric: "replace the keys there first, or rotate the API keys alone: passerelle keys rotate --api-keys-only"
        / "remplacez d’abord ces clés, ou seulement celles d’API : passerelle keys rotate --api-keys-only";
    CommaInSecret: "the secret in use holds a comma and cannot be kept beside a new one"
        / "le secret en usage contient une virgule et ne peut pas être gardé à côté d’un nouveau";
    NoGrace: "passerelle keys rotate --grace 0 (signs everybody out)"
        / "passerelle keys rotate --grace 0 (déconnecte tout le monde)";
    NotALifetime { text }: "{text} is not a lifetime" / "{text} n’est pas une durée de vie";
    SuchAsLifetime: "such as 10y, 90d or 1h" / "par exemple 10y, 90d ou 1h";
    NotSignable: "the configured keys cannot sign" / "les clés configurées ne peuvent pas signer";

    // env.
    EnvAdded { name }: "{name}: added" / "{name} : ajoutée";
    EnvUpdated { name }: "{name}: updated" / "{name} : mise à jour";
    EnvUnchanged { name }: "{name}: unchanged" / "{name} : inchangée";
    EnvDiffers { path, name }: "{path}: {name} is missing or not the value in use"
        / "{path} : {name} manque ou n’a pas la valeur en usage";
    EnvFits { path }: "{path} holds the values in use" / "{path} contient les valeurs en usage";
    PublicSecret { name }: "{name} holds a secret, and browsers see it"
        / "{name} contient un secret, et les navigateurs le voient";
    RemovePublic { name }: "remove {name} from the file, and make new keys if it was ever published"
        / "retirez {name} du fichier, et créez de nouvelles clés si elle a été publiée";

    // config.
    ConfigGood: "every setting makes sense" / "tous les réglages sont valables";
    Unknown { names }: "variables that are no settings are ignored: {names}"
        / "des variables qui ne sont pas des réglages sont ignorées : {names}";
    DatabaseByUrl { names }: "{names}: without effect; another database is given by PASSERELLE_DATABASE_URL"
        / "{names} : sans effet ; une autre base se donne par PASSERELLE_DATABASE_URL";
    NoPooler { names }: "{names}: without effect; there is no pooler, clients use PostgreSQL directly"
        / "{names} : sans effet ; il n’y a pas de pooler, les clients parlent directement à PostgreSQL";
    OwnLogs { names }: "{names}: without effect; passerelle logs shows the logs"
        / "{names} : sans effet ; passerelle logs montre les journaux";
    OwnTls { names }: "{names}: without effect; give a certificate with KONG_SSL_CERT and KONG_SSL_CERT_KEY"
        / "{names} : sans effet ; donnez un certificat avec KONG_SSL_CERT et KONG_SSL_CERT_KEY";
    NotBuilt { names }: "{names}: without effect; what reads them is not built yet"
        / "{names} : sans effet ; ce qui les lit n’existe pas encore";

    // db.
    NoDatabase { dir }: "there is no database in {dir}" / "il n’y a pas de base dans {dir}";
    DatabasePrepared { count }: "the database is ready; schema changes applied: {count}"
        / "la base est prête ; changements de schéma appliqués : {count}";
    TablesUnexposed { tables }: "these tables were there before and are not reachable through the API: {tables}"
        / "ces tables étaient là avant et ne sont pas accessibles par l’API : {tables}";
    RestartNeeded { names }: "these settings wait for a restart of PostgreSQL: {names}"
        / "ces réglages attendent un redémarrage de PostgreSQL : {names}";
    RestartPostgres: "restart the server that you run yourself; for our own: passerelle down, then passerelle up"
        / "redémarrez le serveur que vous gérez ; pour le nôtre : passerelle down, puis passerelle up";
    NameFolder: "name the project’s folder: passerelle db push app/supabase"
        / "nommez le dossier du projet : passerelle db push app/supabase";
    Applied { path, count }: "applied {path}, statements: {count}" / "appliqué : {path}, instructions : {count}";
    WouldApply { path, count }: "would apply {path}, statements: {count}"
        / "à appliquer : {path}, instructions : {count}";
    OneByOne { path }: "{path} cannot run in a transaction; its statements ran one by one"
        / "{path} ne peut pas tourner dans une transaction ; ses instructions ont été exécutées une à une";
    UnknownVersions { versions }: "applied before, without a file here: {versions}"
        / "appliquées auparavant, sans fichier ici : {versions}";
    NoMigration { path }: "{path} is passed over: its name is not <digits>_<name>.sql"
        / "{path} est ignoré : son nom n’est pas <chiffres>_<nom>.sql";
    SeedChanged { path }: "{path} has changed since it was applied; it is not applied again"
        / "{path} a changé depuis son application ; il n’est pas appliqué de nouveau";
    NothingToApply: "nothing is left to apply" / "rien à appliquer";
    StatementNumber { number }: "statement {number} of the file" / "instruction {number} du fichier";
    RowsRestored { name, rows, there }: "{name}: rows restored: {rows}, there already: {there}"
        / "{name} : lignes restaurées : {rows}, déjà présentes : {there}";
    RowsUnmatched { reference, rows }: "{reference}: rows that refer to nothing: {rows}"
        / "{reference} : lignes qui ne se rapportent à rien : {rows}";
    CheckSource: "look for them where the dump comes from" / "cherchez-les là d’où vient la sauvegarde";
    Restored { rows, notes }: "restored; rows: {rows}, lines left out or changed: {notes}"
        / "restauré ; lignes de données : {rows}, instructions laissées ou changées : {notes}";
    NoProgram { name }: "{name} is not installed" / "{name} n’est pas installé";
    InstallClient: "install package postgresql-client, or point database.bin_dir to PostgreSQL’s programs"
        / "installez le paquet postgresql-client, ou indiquez les programmes de PostgreSQL par database.bin_dir";
    FittingClient: "install the client programs of the server’s version, and point database.bin_dir to them"
        / "installez les programmes clients de la version du serveur, et indiquez-les par database.bin_dir";
    SecretsLeftOut { count }: "secrets of the vault that are not in the dump: {count}"
        / "secrets du coffre absents de la sauvegarde : {count}";
    DumpVault: "passerelle db dump --vault, for a database with the same VAULT_ENC_KEY"
        / "passerelle db dump --vault, pour une base avec le même VAULT_ENC_KEY";

    // doctor.
    AllWell: "nothing is wrong" / "tout va bien";
    Fixed { sentence }: "mended: {sentence}" / "réparé : {sentence}";
    FolderOpen { path }: "the data folder {path} is open to other users of this machine"
        / "le dossier de données {path} est ouvert aux autres utilisateurs de cette machine";
    StaleState { path }: "{path} was left by a run that ended by force" / "{path} vient d’une exécution tuée";
    PortBusy { port, error }: "port {port} cannot be listened on: {error}"
        / "impossible d’écouter sur le port {port} : {error}";
    LittleSpace { mib, path }: "only {mib} MiB are free at {path}" / "il ne reste que {mib} Mio sur {path}";
    MakeRoom: "make room, or choose another folder with --data-dir"
        / "faites de la place, ou choisissez un autre dossier avec --data-dir";
    DoctorNeedsDatabase: "nothing runs, so the database cannot be asked"
        / "rien ne tourne, la base ne peut donc pas être interrogée";
    DatabaseRefuses { error }: "the database does not answer a question: {error}"
        / "la base ne répond pas à une question : {error}";
    WalLevel: "wal_level is not logical: Postgres changes cannot be sent"
        / "wal_level n’est pas logical : les changements ne peuvent pas être envoyés";
    ClockSkew { seconds }: "the database’s clock is {seconds} seconds away from this machine’s"
        / "l’horloge de la base est décalée de {seconds} secondes par rapport à cette machine";
    SetClocks: "set both clocks by NTP" / "réglez les deux horloges par NTP";
    LogErrors { service, count, span }: "{service}: {count} errors in the last {span}"
        / "{service} : {count} erreurs depuis {span}";
    TokenMalformed { parts }: "it is no token: {parts} parts that can be read, of 3"
        / "ce n’est pas un jeton : {parts} parties lisibles, sur 3";
    CopyWhole: "copy the whole token, without quotes" / "copiez le jeton entier, sans guillemets";
    TokenClaim { claim }: "claim {claim} is not a number" / "le champ {claim} n’est pas un nombre";
    TokenOfStaleSecret { name, place, print }:
        "it was signed with the secret that {name} holds in {place} ({print}), which is not the one in use"
        / "il a été signé avec le secret que contient {name} dans {place} ({print}), qui n’est pas celui en usage";
    AlignSecret: "passerelle keys check; then passerelle env sync into that file"
        / "passerelle keys check ; puis passerelle env sync dans ce fichier";
    TokenForeign: "no secret that is configured here signed it: it is of another project, or of an earlier secret"
        / "aucun secret configuré ici ne l’a signé : il vient d’un autre projet, ou d’un ancien secret";
    SignAgain: "sign in again at this project, or passerelle keys mint"
        / "reconnectez-vous à ce projet, ou passerelle keys mint";
    TokenFromFuture { seconds }: "it was issued {seconds} seconds in the future: clocks disagree"
        / "il a été émis {seconds} secondes dans le futur : les horloges divergent";
    TokenNotYet { seconds }: "it becomes valid in {seconds} seconds" / "il devient valable dans {seconds} secondes";
    TokenExpired { seconds }: "it expired {seconds} seconds ago" / "il a expiré il y a {seconds} secondes";
    RefreshSession: "refresh the session, or sign in again" / "rafraîchissez la session, ou reconnectez-vous";
    NewApiKeys: "passerelle keys rotate --api-keys-only" / "passerelle keys rotate --api-keys-only";
    TokenNoRole: "it has no role" / "il n’a pas de rôle";
    TokenNotAdmin { role }: "its role is {role}: good for ordinary calls, refused as not_admin by admin ones"
        / "son rôle est {role} : bon pour les appels ordinaires, refusé (not_admin) par ceux d’administration";
    UseServiceKey: "use the service key on servers: passerelle keys show"
        / "utilisez la clé de service sur les serveurs : passerelle keys show";
    TokenOtherRole { role }: "its role {role} is none of the API’s own"
        / "son rôle {role} n’est pas de ceux de l’API";
    TokenAudience { wanted }: "its audience is not {wanted}" / "son audience n’est pas {wanted}";
    UserNotFound { who }: "{who} is not among the users" / "{who} n’est pas parmi les utilisateurs";
    SignUpOrImport: "sign up again, or import the user: DRY_RUN=false passerelle migrate users"
        / "réinscrivez la personne, ou importez-la : DRY_RUN=false passerelle migrate users";
    DidYouMean { name }: "did you mean {name}?" / "vouliez-vous dire {name} ?";
    NeverImported { who }: "{who} was never imported: the migration’s mapping does not know it"
        / "{who} n’a jamais été importé : la table de correspondance ne le connaît pas";
    ImportedAs { who, email, id }: "{who} was imported as {email}, user {id}"
        / "{who} a été importé comme {email}, utilisateur {id}";
    SignInAs: "sign in with that address" / "connectez-vous avec cette adresse";
    MappedNotMade { who, id }: "{who} is mapped to {id}, but that user does not exist"
        / "{who} correspond à {id}, mais cet utilisateur n’existe pas";
    SeveralUsers { who, count }: "{who} fits {count} users" / "{who} correspond à {count} utilisateurs";
    NameById: "name the user by UUID" / "désignez la personne par son UUID";
    UserIsFine { who, id }: "{who} is user {id}, and nothing stands in the way of signing in but the password"
        / "{who} est l’utilisateur {id}, et seul le mot de passe peut empêcher la connexion";
    ResetPassword: "let the user reset the password, or set one with the admin API"
        / "faites réinitialiser le mot de passe, ou fixez-en un par l’API d’administration";
    UserDeleted { who }: "{who} was deleted" / "{who} a été supprimé";
    UserBanned { who, until }: "{who} is banned until {until} UTC" / "{who} est banni jusqu’au {until} UTC";
    LiftBan: "lift the ban with the admin API: ban_duration none" / "levez le bannissement par l’API : ban_duration none";
    UserUnconfirmed { who }: "{who} has not confirmed the address" / "{who} n’a pas confirmé son adresse";
    ConfirmUser: "send the confirmation again, or confirm with the admin API: email_confirm true"
        / "renvoyez la confirmation, ou confirmez par l’API d’administration : email_confirm true";
    UserWithoutIdentity { who }: "{who} has no identity: the row was written by hand"
        / "{who} n’a pas d’identité : la ligne a été écrite à la main";
    ImportAgain: "DRY_RUN=false passerelle migrate users writes what is missing"
        / "DRY_RUN=false passerelle migrate users écrit ce qui manque";
    EmailDisabled: "signing in by e-mail is switched off" / "la connexion par courriel est désactivée";
    UserSso { who }: "{who} signs in by single sign-on and has no password"
        / "{who} se connecte par authentification unique et n’a pas de mot de passe";
    SignInBySso: "sign in by the organization’s provider" / "connectez-vous par le fournisseur de l’organisation";
    PasswordNone { who }: "{who} has no password" / "{who} n’a pas de mot de passe";
    PasswordBlanks { who }: "the stored password of {who} has blanks around it: it was imported untrimmed"
        / "le mot de passe stocké de {who} est entouré de blancs : il a été importé sans nettoyage";
    PasswordClass { who, class, length }:
        "the stored password of {who} is of a kind that cannot be verified (class {class}, {length} characters)"
        / "le mot de passe stocké de {who} est d’un genre invérifiable (classe {class}, {length} caractères)";
    PublicationMissing: "publication supabase_realtime does not exist"
        / "la publication supabase_realtime n’existe pas";
    SlotIdle: "nobody reads the replication slot: changes wait" / "personne ne lit le slot de réplication : les changements attendent";
    SlotBehind { mib }: "the replication slot is {mib} MiB behind" / "le slot de réplication a {mib} Mio de retard";
    TablesWithoutKey { tables }: "published without a primary key, so that updates and deletes fail: {tables}"
        / "publiées sans clé primaire, donc modifications et suppressions échouent : {tables}";
    GiveKey: "add a primary key, or: alter table … replica identity full"
        / "ajoutez une clé primaire, ou : alter table … replica identity full";
    TableUnknown { table }: "there is no table {table}" / "il n’y a pas de table {table}";
    CheckName: "check schema and name" / "vérifiez le schéma et le nom";
    GrantMissing { table }: "role authenticated may not read {table}" / "le rôle authenticated ne peut pas lire {table}";
    PolicyMissing { table }: "{table} has row security and no policy that lets signed-in callers read"
        / "{table} a la sécurité par ligne et aucune politique de lecture pour les personnes connectées";
    RowSecurityOff { table }: "{table} has policies, but row security is off: everybody reads it"
        / "{table} a des politiques, mais la sécurité par ligne est désactivée : tout le monde la lit";
    NotPublished { table }: "{table} is not in publication supabase_realtime"
        / "{table} n’est pas dans la publication supabase_realtime";
    FilterSyntax { filter }: "{filter} is no filter" / "{filter} n’est pas un filtre";
    ColumnUnknown { table, column }: "{table} has no column {column}" / "{table} n’a pas de colonne {column}";
    FilterType { column, kind, value }: "column {column} is {kind}, and {value} is none"
        / "la colonne {column} est de type {kind}, et {value} n’en est pas";
    FilterByUuid: "filter by the user’s UUID, not by the old id" / "filtrez par l’UUID, pas par l’ancien identifiant";
    TableEmpty { table }: "{table} holds no row" / "{table} ne contient aucune ligne";
    WriteRow: "write a row first" / "écrivez d’abord une ligne";
    RowsHidden { table, who, id }: "row security shows {who} ({id}) no row of {table}"
        / "la sécurité par ligne ne montre à {who} ({id}) aucune ligne de {table}";
    ReadFails { table, who, error }: "reading {table} as {who} fails: {error}"
        / "lire {table} en tant que {who} échoue : {error}";
    ComparePolicy: "compare the policy’s column with auth.uid(): select * from pg_policies"
        / "comparez la colonne de la politique avec auth.uid() : select * from pg_policies";

    // What lower floors report.
    SettingWrong { key, fault, origin }: "{key} is not {fault} ({origin})" / "{key} n’est pas {fault} ({origin})";
    FromEnvironment: "environment" / "environnement";
    FromDefault: "default" / "défaut";
    FromFlag: "command line" / "ligne de commande";
    NotASetting { key, origin }: "`{key}` is not a setting ({origin})" / "`{key}` n’est pas un réglage ({origin})";
    KeyShape { name, shape }: "{name} is not a {shape}" / "{name} n’est pas un {shape}";
    KeyUnusable { name, number, why }: "{name}: key {number} cannot be used: {why}"
        / "{name} : la clé {number} est inutilisable : {why}";
    SigningKeys { count }: "JWT_KEYS must hold exactly one key with \"sign\" in key_ops; found {count}"
        / "JWT_KEYS doit contenir exactement une clé avec « sign » dans key_ops ; il y en a {count}";
    PortTaken { port, host }: "port {port} of {host} is taken by another program"
        / "le port {port} de {host} est pris par un autre programme";
    PortRefused { port, host, error }: "{host}:{port} cannot be listened on: {error}"
        / "impossible d’écouter sur {host}:{port} : {error}";
    AnotherPort { port }: "passerelle up --port {port}" / "passerelle up --port {port}";
    PortSetting { variable, port }: "{variable}={port} passerelle up" / "{variable}={port} passerelle up";
    NoServicePorts: "see who has it with `ss -ltnp`, or start without --service-ports"
        / "voyez qui l’occupe avec `ss -ltnp`, ou démarrez sans --service-ports";
    DatabaseStep { step, error }: "preparing the database failed at {step}: {error}"
        / "la préparation de la base a échoué à {step} : {error}";
    DatabaseUnreachable { user, error }: "the database cannot be reached as {user}: {error}"
        / "la base ne peut pas être jointe en tant que {user} : {error}";
    DatabaseNoRights { user }: "role {user} may not create roles in this cluster"
        / "le rôle {user} n’a pas le droit de créer des rôles dans cette instance";
    DatabaseVersion { found }: "PostgreSQL {found} is not supported; 14 to 18 are"
        / "PostgreSQL {found} n’est pas pris en charge ; 14 à 18 le sont";
    DatabaseEncoding { name, encoding }: "database {name} has encoding {encoding}; UTF8 is needed"
        / "la base {name} est encodée en {encoding} ; il faut UTF8";
    SchemaChange { schema, version, name, error }: "schema {schema}, change {version} ({name}) failed: {error}"
        / "schéma {schema}, le changement {version} ({name}) a échoué : {error}";
    SchemaChanged { schema, version }: "schema {schema}, change {version} was applied in another wording"
        / "schéma {schema}, le changement {version} a été appliqué dans une autre rédaction";
    RoleLogin { role, error }: "role {role} cannot log in: {error}" / "le rôle {role} ne peut pas se connecter : {error}";
    CheckUrl: "check the address, the login and the password in the database URL"
        / "vérifiez l’adresse, le compte et le mot de passe dans l’URL de la base";
    GrantRights { user }: "log in as a superuser, or run: alter role \"{user}\" createrole createdb"
        / "connectez-vous en superutilisateur, ou exécutez : alter role \"{user}\" createrole createdb";
    UseSupported: "use a cluster of PostgreSQL 14 to 18" / "utilisez une instance PostgreSQL 14 à 18";
    UseUtf8: "name another database, or create one with encoding UTF8"
        / "nommez une autre base, ou créez-en une encodée en UTF8";
    NewerRelease: "start the release that prepared this database, or a newer one"
        / "démarrez la version qui a préparé cette base, ou une plus récente";
    RolePassword { role }:
        "set its password to the configured one, or let it be chosen again: alter role {role} password null"
        / "donnez-lui le mot de passe configuré, ou laissez-le choisir à nouveau : alter role {role} password null";
    NothingKept: "nothing of this step was kept; mend what PostgreSQL reports and start again"
        / "rien de cette étape n’a été gardé ; corrigez ce que PostgreSQL signale et recommencez";
    PostgresMissing: "no PostgreSQL programs found" / "aucun programme PostgreSQL trouvé";
    PostgresUnusable { path }: "{path} holds no usable PostgreSQL programs"
        / "{path} ne contient pas de programmes PostgreSQL utilisables";
    InstallPostgres: "passerelle pg install, or set PASSERELLE_PG_BIN to the folder that holds `postgres` and `initdb`"
        / "passerelle pg install, ou donnez à PASSERELLE_PG_BIN le dossier de `postgres` et `initdb`";
    OtherMajor { path, found, programs }: "{path} was made by PostgreSQL {found}, but the programs are PostgreSQL {programs}"
        / "{path} a été créé par PostgreSQL {found}, mais les programmes sont ceux de PostgreSQL {programs}";
    UseMajor { found }:
        "set PASSERELLE_PG_BIN to the programs of PostgreSQL {found}, or move the data with `pg_upgrade` or `pg_dumpall`"
        / "donnez à PASSERELLE_PG_BIN les programmes de PostgreSQL {found}, ou convertissez avec `pg_upgrade` ou `pg_dumpall`";
    NotACluster { path }: "{path} exists, but is no PostgreSQL data directory"
        / "{path} existe, mais n’est pas un dossier de données PostgreSQL";
    AnotherFolder: "set PASSERELLE_DATA_DIR to another folder, or move this one away"
        / "donnez un autre dossier à PASSERELLE_DATA_DIR, ou déplacez celui-ci";
    FolderInUse { path }: "{path} is in use by another program" / "{path} est utilisé par un autre programme";
    StopOther: "stop the other program first, or set PASSERELLE_DATA_DIR to another folder"
        / "arrêtez d’abord l’autre programme, ou donnez un autre dossier à PASSERELLE_DATA_DIR";
    NoAccount: "PostgreSQL does not run as root, and there is no account `postgres` or `nobody`"
        / "PostgreSQL ne tourne pas en root, et il n’y a ni compte `postgres` ni `nobody`";
    MakeAccount: "create one with `useradd --system postgres`, or start as another user"
        / "créez-en un avec `useradd --system postgres`, ou démarrez sous un autre compte";
    InitdbFailed { words }: "initdb failed: {words}" / "initdb a échoué : {words}";
    CheckSpace: "check the free space and the rights of the data folder"
        / "vérifiez la place libre et les droits du dossier de données";
    PostgresDidNotStart { words }: "PostgreSQL did not start: {words}" / "PostgreSQL n’a pas démarré : {words}";
    ReadPostgresLog: "passerelle logs postgres; another port may be all it takes"
        / "passerelle logs postgres ; un autre port suffit peut-être";
    DiskFull { path }: "the disk of {path} is full" / "le disque de {path} est plein";
    FreeSpace { path }: "free some space (see `df -h {path}`), then start again"
        / "libérez de la place (voyez `df -h {path}`), puis recommencez";
    DatabasePortTaken { port }: "port {port} is taken by another program"
        / "le port {port} est pris par un autre programme";
    AnotherDatabasePort { port }: "see who has it with `ss -ltnp \"sport = :{port}\"`, or set another POSTGRES_PORT"
        / "voyez qui l’occupe avec `ss -ltnp \"sport = :{port}\"`, ou changez POSTGRES_PORT";
    InstallFailed { error }: "PostgreSQL was not installed: {error}" / "PostgreSQL n’a pas été installé : {error}";
    SystemPackages: "install PostgreSQL with the system’s own packages, such as `apt-get install postgresql`"
        / "installez PostgreSQL avec les paquets du système, par exemple `apt-get install postgresql`";
    PostgresInterrupted: "PostgreSQL was still starting when the program was told to stop"
        / "PostgreSQL démarrait encore quand l’arrêt a été demandé";
    StartAgain: "start again; nothing is lost" / "recommencez ; rien n’est perdu";
    PathTooLong { path }: "the path {path} is too long for a Unix socket"
        / "le chemin {path} est trop long pour une socket Unix";
    ShorterPath: "set PASSERELLE_DATA_DIR to a folder with a shorter path"
        / "donnez à PASSERELLE_DATA_DIR un dossier au chemin plus court";
}
