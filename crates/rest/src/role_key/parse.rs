//! Reading a path.

use regex_automata::meta::Regex;
use serde_json::Value;

use super::{Comparison, Operand, Query, RoleKey, Selector, Step, Test};

/// Tests nested deeper than this are refused, long before the stack is.
const DEEPEST: u32 = 32;

pub(super) fn path(text: &str) -> Option<RoleKey> {
    let mut reader = Reader {
        rest: text,
        depth: 0,
    };
    let is_old = !reader.eat("$");
    let steps = reader.steps()?;
    (reader.rest.is_empty() && !steps.is_empty()).then_some(RoleKey { steps, is_old })
}

struct Reader<'t> {
    rest: &'t str,
    depth: u32,
}

impl Reader<'_> {
    fn eat(&mut self, token: &str) -> bool {
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn spaces(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn bump(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = &self.rest[c.len_utf8()..];
        Some(c)
    }

    fn steps(&mut self) -> Option<Vec<Step>> {
        let mut steps = Vec::new();
        loop {
            if self.eat("..") {
                let selectors = if self.eat("[") {
                    self.bracketed()?
                } else {
                    vec![self.dotted()?]
                };
                steps.push(Step::Descend(selectors));
            } else if self.eat(".") {
                steps.push(Step::Select(vec![self.dotted()?]));
            } else if self.eat("[") {
                steps.push(Step::Select(self.bracketed()?));
            } else {
                return Some(steps);
            }
        }
    }

    /// What stands after a dot: `*`, a name, or (in the older language) a quoted name.
    fn dotted(&mut self) -> Option<Selector> {
        if self.eat("*") {
            return Some(Selector::All);
        }
        if self.rest.starts_with('"') {
            return self.quoted().map(Selector::Member);
        }
        let fits =
            |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '$' | '@') || !c.is_ascii();
        let end = self.rest.find(|c| !fits(c)).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        self.rest = rest;
        (!name.is_empty()).then(|| Selector::Member(name.to_owned()))
    }

    /// What stands between brackets, the first of which has been read.
    fn bracketed(&mut self) -> Option<Vec<Selector>> {
        let mut selectors = Vec::new();
        loop {
            self.spaces();
            selectors.push(self.selector()?);
            self.spaces();
            if self.eat("]") {
                return Some(selectors);
            }
            self.eat(",").then_some(())?;
        }
    }

    fn selector(&mut self) -> Option<Selector> {
        if self.eat("*") {
            return Some(Selector::All);
        }
        if self.eat("?") {
            return self.any().map(Selector::Where);
        }
        if self.rest.starts_with(['"', '\'']) {
            return self.quoted().map(Selector::Member);
        }
        let start = self.integer();
        self.spaces();
        if !self.eat(":") {
            return start.map(Selector::Index);
        }
        self.spaces();
        let end = self.integer();
        self.spaces();
        let step = if self.eat(":") {
            self.spaces();
            self.integer().unwrap_or(1)
        } else {
            1
        };
        Some(Selector::Slice { start, end, step })
    }

    fn integer(&mut self) -> Option<i64> {
        let digits = self.rest.strip_prefix('-').unwrap_or(self.rest);
        let length = digits
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(digits.len());
        let end = self.rest.len() - digits.len() + length;
        let number = self.rest[..end].parse().ok()?;
        self.rest = &self.rest[end..];
        Some(number)
    }

    fn quoted(&mut self) -> Option<String> {
        let quote = self.bump()?;
        let mut text = String::new();
        loop {
            match self.bump()? {
                c if c == quote => return Some(text),
                '\\' => text.push(match self.bump()? {
                    'n' => '\n',
                    't' => '\t',
                    'r' => '\r',
                    'b' => '\u{8}',
                    'f' => '\u{c}',
                    'u' => {
                        let digits = self.rest.get(..4)?;
                        let code = u32::from_str_radix(digits, 16).ok()?;
                        self.rest = &self.rest[4..];
                        char::from_u32(code)?
                    }
                    c => c,
                }),
                c => text.push(c),
            }
        }
    }

    fn any(&mut self) -> Option<Test> {
        self.depth += 1;
        (self.depth <= DEEPEST).then_some(())?;
        let mut tests = vec![self.all()?];
        while self.eat("||") {
            tests.push(self.all()?);
        }
        self.depth -= 1;
        Some(match tests.len() {
            1 => tests.remove(0),
            _ => Test::Any(tests),
        })
    }

    fn all(&mut self) -> Option<Test> {
        let mut tests = vec![self.test()?];
        while self.eat("&&") {
            tests.push(self.test()?);
        }
        Some(match tests.len() {
            1 => tests.remove(0),
            _ => Test::All(tests),
        })
    }

    fn test(&mut self) -> Option<Test> {
        self.spaces();
        if self.eat("!") {
            self.depth += 1;
            (self.depth <= DEEPEST).then_some(())?;
            let test = self.test()?;
            self.depth -= 1;
            return Some(Test::Not(Box::new(test)));
        }
        let test = if self.eat("(") {
            let test = self.any()?;
            self.spaces();
            self.eat(")").then_some(test)?
        } else if self.eat("search(") {
            self.search()?
        } else {
            self.comparison()?
        };
        self.spaces();
        Some(test)
    }

    /// `search(value, pattern)`, from the first parenthesis on.
    fn search(&mut self) -> Option<Test> {
        self.spaces();
        let operand = self.operand()?;
        self.spaces();
        self.eat(",").then_some(())?;
        self.spaces();
        let pattern = self.quoted()?;
        self.spaces();
        self.eat(")").then_some(())?;
        Some(Test::Search(operand, Box::new(Regex::new(&pattern).ok()?)))
    }

    fn comparison(&mut self) -> Option<Test> {
        const COMPARISONS: [(&str, Comparison); 9] = [
            ("==^", Comparison::EndsWith),
            ("^==", Comparison::StartsWith),
            ("*==", Comparison::Contains),
            ("==", Comparison::Equal),
            ("!=", Comparison::NotEqual),
            ("<=", Comparison::LessEqual),
            (">=", Comparison::GreaterEqual),
            ("<", Comparison::Less),
            (">", Comparison::Greater),
        ];
        let left = self.operand()?;
        self.spaces();
        let found = COMPARISONS.into_iter().find(|(token, _)| self.eat(token));
        let Some((_, comparison)) = found else {
            return match left {
                Operand::Query(query) => Some(Test::Exists(query)),
                Operand::Literal(_) => None,
            };
        };
        self.spaces();
        Some(Test::Compare(left, comparison, self.operand()?))
    }

    fn operand(&mut self) -> Option<Operand> {
        if self.eat("@") || self.rest.starts_with('$') {
            let from_root = self.eat("$");
            let steps = self.steps()?;
            return Some(Operand::Query(Query { from_root, steps }));
        }
        if self.rest.starts_with(['"', '\'']) {
            return self.quoted().map(|text| Operand::Literal(text.into()));
        }
        for (word, value) in [
            ("true", Value::Bool(true)),
            ("false", Value::Bool(false)),
            ("null", Value::Null),
        ] {
            if self.eat(word) {
                return Some(Operand::Literal(value));
            }
        }
        let end = self
            .rest
            .find(|c: char| !(c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E')))
            .unwrap_or(self.rest.len());
        let number: serde_json::Number = self.rest[..end].parse().ok()?;
        self.rest = &self.rest[end..];
        Some(Operand::Literal(Value::Number(number)))
    }
}
