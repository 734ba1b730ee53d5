//! What any statement must look like, whatever was asked: every bare word is one of ours, everything else stands in
//! quotes that end where they should.

use std::collections::BTreeSet;
use std::sync::OnceLock;

/// The words of our own SQL. A caller's word among them is harmless: it is not a name then.
const OURS: &str = "
    select from where and or not as on true null is distinct any all in order by asc desc nulls first last
    limit offset group having inner left join lateral with insert into values update set delete returning
    conflict do nothing default overriding constraint constraints immediate explain format json text analyze
    verbose buffers settings wal true false unknown case when then else end exists using materialized only
    coalesce count sum avg min max cast to_jsonb row_to_json json_agg json_strip_nulls nullif array
    current_setting string_agg array_agg unnest pg_catalog bigint int8 jsonb bytea xml boolean integer
    to_tsvector to_tsquery plainto_tsquery phraseto_tsquery websearch_to_tsquery json_build_object
    json_object_keys quote name chr substr length st_asgeojson json_array_elements jsonb_array_elements
    json_populate_record json_populate_recordset jsonb_populate_record json_to_record json_to_recordset
    jsonb_to_recordset jsonb_to_record variadic union except between like ilike similar cross row ordinality
    to_json json_build_array jsonb_build_array jsonb_build_object excluded of
    accessible has_any_column_privilege has_function_privilege has_table_privilege pg_class pg_has_role
    pg_namespace pg_proc nspname oid pronamespace relispartition relkind relnamespace relowner n c p
    public extensions text integer smallint numeric character varying double precision real date time timestamp
    nextval now current_timestamp current_date gen_random_uuid lower upper set_config int items itemsx projects pg_temp int4 bit path point money macaddr cidr name char regclass bpchar varchar float8 float4 int2 int4 bool
    color mood point_like without zone interval uuid int4range daterange tsvector tsquery inet oid record hstore
";

/// Panics, saying why, if `sql` could be more than was meant. `parameters` go with it.
pub fn check(sql: &str, parameters: usize) {
    let tokens = tokens(sql);
    let mut highest = 0;
    let mut type_name = false;
    let mut before = "";
    for token in &tokens {
        match token {
            Token::Word(word) => {
                let known = is_ours(word);
                // The name of a type after `::` is the catalog's.
                assert!(
                    known || type_name || before == "::",
                    "a bare word `{word}` after `{before}`: {sql}"
                );
                type_name = before == "::" || type_name;
                before = word;
            }
            Token::Parameter(number) => {
                highest = highest.max(*number);
                (type_name, before) = (false, "$");
            }
            Token::Quoted => (type_name, before) = (false, "\"\""),
            Token::Other(text) => {
                type_name = false;
                before = text;
            }
        }
    }
    assert_eq!(highest, parameters, "parameters: {sql}");
}

fn is_ours(word: &str) -> bool {
    static WORDS: OnceLock<BTreeSet<&str>> = OnceLock::new();
    WORDS
        .get_or_init(|| OURS.split_whitespace().collect())
        .contains(word)
}

#[derive(Debug)]
enum Token<'a> {
    Word(&'a str),
    Parameter(usize),
    /// A quoted name, a literal or a comment.
    Quoted,
    Other(&'a str),
}

fn tokens(sql: &str) -> Vec<Token<'_>> {
    assert!(!sql.contains('\0'), "a NUL byte: {sql}");
    let mut tokens = Vec::new();
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        let (token, length) = match first {
            _ if first.is_whitespace() => {
                rest = &rest[first.len_utf8()..];
                continue;
            }
            '"' | '\'' => (Token::Quoted, quoted(rest, first, sql)),
            // The only escaping literal: a backslash counts in it.
            'E' | 'e' if rest[1..].starts_with('\'') => (Token::Quoted, 1 + escaped(&rest[1..], sql)),
            '/' if rest.starts_with("/*") => {
                let end = rest.find("*/").unwrap_or_else(|| panic!("an open comment: {sql}"));
                assert!(
                    rest[2..end].chars().all(|c| c.is_ascii_digit() || c == ' '),
                    "a comment with something in it: {sql}"
                );
                (Token::Quoted, end + 2)
            }
            '-' if rest.starts_with("--") => {
                let end = rest.find('\n').unwrap_or_else(|| panic!("a comment to the end: {sql}"));
                (Token::Quoted, end)
            }
            ';' => panic!("a second statement: {sql}"),
            '$' => {
                let digits = rest[1..].find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len() - 1);
                let number = rest[1..=digits].parse();
                (Token::Parameter(number.unwrap_or_else(|_| panic!("a dollar: {sql}"))), digits + 1)
            }
            _ if first.is_alphabetic() || first == '_' => {
                let end = rest
                    .find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '$')))
                    .unwrap_or(rest.len());
                (Token::Word(&rest[..end]), end + type_name(&rest[..end], &rest[end..]))
            }
            _ if first.is_ascii_digit() => {
                let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
                (Token::Other(&rest[..end]), end)
            }
            ':' if rest.starts_with("::") => (Token::Other("::"), 2),
            ':' if rest.starts_with(":=") => (Token::Other(":="), 2),
            _ => {
                assert!(
                    "()[],.*=<>~!@#%^&|?-+/".contains(first),
                    "`{first}` is in no quotes: {sql}"
                );
                (Token::Other(&rest[..1]), 1)
            }
        };
        tokens.push(token);
        rest = &rest[length..];
    }
    tokens
}

/// Length of the type in `cast(… as type)`: the caller's, so it may be nonsense, but of harmless characters.
fn type_name(word: &str, rest: &str) -> usize {
    let end = rest.find(')').unwrap_or(0);
    let harmless = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | ' ');
    if word == "as" && rest[..end].chars().all(harmless) {
        end
    } else {
        0
    }
}

/// Length of a quoted text that begins here; its quote doubled stands for itself.
fn quoted(text: &str, quote: char, sql: &str) -> usize {
    let mut at = 1;
    loop {
        let Some(end) = text[at..].find(quote) else {
            panic!("an open quote: {sql}")
        };
        at += end + 1;
        if !text[at..].starts_with(quote) {
            return at;
        }
        at += 1;
    }
}

/// Length of `'…'` in which a backslash escapes.
fn escaped(text: &str, sql: &str) -> usize {
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = characters.next() {
        match c {
            '\\' => {
                characters.next();
            }
            '\'' if characters.peek().is_some_and(|(_, next)| *next == '\'') => {
                characters.next();
            }
            '\'' => return at + 1,
            _ => {}
        }
    }
    panic!("an open literal: {sql}")
}
