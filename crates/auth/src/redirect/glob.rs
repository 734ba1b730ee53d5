//! Globs whose separators are `.` and `/`.

/// A glob. One that cannot be understood matches nothing but itself.
#[derive(Debug)]
pub(crate) struct Glob {
    /// Its alternatives, written out.
    branches: Vec<Vec<Part>>,
}

#[derive(Debug, Clone, PartialEq)]
enum Part {
    One(char),
    /// `?`
    Any,
    /// `*`
    Run,
    /// `**`
    Everything,
    /// `[a-z]`, `[!a]`
    Set {
        members: Vec<(char, char)>,
        inside: bool,
    },
}

/// More alternatives than this are not written out.
const MOST_BRANCHES: usize = 1_000;

impl Glob {
    pub(crate) fn parse(text: &str) -> Self {
        let written = expand(text, 0).unwrap_or_else(|| vec![text.to_owned()]);
        let literal = || text.chars().map(Part::One).collect();
        let branches = written
            .iter()
            .map(|branch| parts(branch).unwrap_or_else(literal))
            .collect();
        Self { branches }
    }

    /// Whether the whole text matches.
    pub(crate) fn matches(&self, text: &str) -> bool {
        let text: Vec<char> = text.chars().collect();
        self.branches.iter().any(|parts| fits(parts, &text))
    }
}

/// Writes `{a,b}` out; `None` when braces do not close or there would be too many.
fn expand(text: &str, depth: usize) -> Option<Vec<String>> {
    if depth > 8 {
        return None;
    }
    let chars: Vec<char> = text.chars().collect();
    let mut at = 0;
    while at < chars.len() && chars[at] != '{' {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    if at >= chars.len() {
        return Some(vec![text.to_owned()]);
    }
    let (mut level, mut end, mut start) = (0, at, at + 1);
    let mut options = Vec::new();
    loop {
        match chars.get(end)? {
            '\\' => end += 1,
            '{' => level += 1,
            ',' if level == 1 => {
                options.push(chars[start..end].iter().collect::<String>());
                start = end + 1;
            }
            '}' => {
                level -= 1;
                if level == 0 {
                    options.push(chars[start..end].iter().collect());
                    break;
                }
            }
            _ => {}
        }
        end += 1;
    }
    let head: String = chars[..at].iter().collect();
    let tails = expand(&chars[end + 1..].iter().collect::<String>(), depth + 1)?;
    let mut all = Vec::new();
    for option in options {
        for option in expand(&option, depth + 1)? {
            for tail in &tails {
                all.push(format!("{head}{option}{tail}"));
                if all.len() > MOST_BRANCHES {
                    return None;
                }
            }
        }
    }
    Some(all)
}

fn parts(text: &str) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        parts.push(match c {
            '\\' => Part::One(chars.next()?),
            '?' => Part::Any,
            '*' if chars.peek() == Some(&'*') => {
                while chars.peek() == Some(&'*') {
                    chars.next();
                }
                Part::Everything
            }
            '*' => Part::Run,
            '[' => {
                let inside = chars.next_if(|c| "!^".contains(*c)).is_none();
                let mut members = Vec::new();
                loop {
                    let first = match chars.next()? {
                        ']' if members.is_empty() => return None,
                        ']' => break,
                        '\\' => chars.next()?,
                        c => c,
                    };
                    if chars.peek() == Some(&'-') {
                        chars.next();
                        members.push((first, chars.next()?));
                    } else {
                        members.push((first, first));
                    }
                }
                Part::Set { members, inside }
            }
            c => Part::One(c),
        });
    }
    Some(parts)
}

fn is_separator(c: char) -> bool {
    c == '.' || c == '/'
}

/// One row of reachable positions after another: time is the product of the lengths, whatever the glob.
fn fits(parts: &[Part], text: &[char]) -> bool {
    let mut reached = vec![false; text.len() + 1];
    reached[0] = true;
    for part in parts {
        let mut next = vec![false; text.len() + 1];
        match part {
            Part::Run | Part::Everything => {
                let mut running = false;
                for at in 0..=text.len() {
                    if at > 0 && *part == Part::Run && is_separator(text[at - 1]) {
                        running = false;
                    }
                    running |= reached[at];
                    next[at] = running;
                }
            }
            one => {
                for at in 0..text.len() {
                    next[at + 1] = reached[at] && holds(one, text[at]);
                }
            }
        }
        reached = next;
    }
    reached[text.len()]
}

fn holds(part: &Part, c: char) -> bool {
    match part {
        Part::One(one) => *one == c,
        Part::Any => !is_separator(c),
        Part::Set { members, inside } => {
            members.iter().any(|(from, to)| (*from..=*to).contains(&c)) == *inside
        }
        Part::Run | Part::Everything => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_match_as_operators_expect() {
        // AUTH-REDIR-03
        let yes = [
            ("https://*.example.com/**", "https://a.example.com/x/y"),
            ("https://*.example.com/**", "https://a.example.com/"),
            ("**", "http://x.y/z"),
            ("a?c", "abc"),
            ("a[bc]d", "acd"),
            ("a[a-z]d", "aqd"),
            ("a[!b]d", "acd"),
            ("{a,b}c", "bc"),
            ("http{s,}://x", "http://x"),
            ("{a{b,c},d}e", "ace"),
            ("a\\*b", "a*b"),
            ("*", ""),
            ("a*", "a"),
            ("a/***", "a/b.c/d"),
            ("a\\{b", "a{b"),
            ("[", "["),
            ("{a", "{a"),
        ];
        for (glob, text) in yes {
            assert!(Glob::parse(glob).matches(text), "{glob} {text}");
        }
        let no = [
            ("https://*.example.com/**", "https://a.b.example.com/"),
            ("https://*.example.com/**", "https://a.example.com"),
            ("http://localhost:3000", "http://localhost:3000/"),
            ("a?c", "a.c"),
            ("a?c", "a/c"),
            ("*", "a.b"),
            ("*", "a/b"),
            ("a[!b]d", "abd"),
            ("{a,b}c", "c"),
            ("a", "ab"),
            ("", "a"),
            ("https://example.com/*", "https://example.com/a/b"),
        ];
        for (glob, text) in no {
            assert!(!Glob::parse(glob).matches(text), "{glob} {text}");
        }
    }

    #[test]
    fn no_glob_takes_for_ever() {
        let glob = Glob::parse(&"*a".repeat(200));
        assert!(!glob.matches(&"a".repeat(5_000).replace("aaaaa", "aaaab")));
        assert!(!Glob::parse(&"{a,b}".repeat(30)).matches("x"));
    }
}
