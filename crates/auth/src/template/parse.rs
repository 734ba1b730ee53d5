//! From words to a tree.

use std::vec::IntoIter;

use serde_json::Value;

use super::Fault;
use super::lex::{Piece, Token};

/// A part of a template.
#[derive(Debug, Clone)]
pub(super) enum Node {
    Text(String),
    Emit(Pipeline),
    /// Conditions with what stands under each, and what stands under `else`.
    If(Vec<(Pipeline, Vec<Node>)>, Vec<Node>),
    With(Vec<(Pipeline, Vec<Node>)>, Vec<Node>),
    Range {
        names: Vec<String>,
        over: Pipeline,
        body: Vec<Node>,
        otherwise: Vec<Node>,
    },
}

/// `$x := first | second`
#[derive(Debug, Clone)]
pub(super) struct Pipeline {
    /// The variable that takes the value, and whether it is a new one.
    pub(super) variable: Option<(String, bool)>,
    pub(super) commands: Vec<Vec<Operand>>,
}

/// A word of a command.
#[derive(Debug, Clone)]
pub(super) enum Operand {
    Dot,
    Field(Vec<String>),
    Variable(String, Vec<String>),
    Function(String),
    Literal(Value),
    Group(Pipeline, Vec<String>),
}

/// How deep blocks and parentheses may nest.
const DEPTH: usize = 50;

pub(super) fn parse(pieces: Vec<Piece>) -> Result<Vec<Node>, Fault> {
    let mut parser = Parser {
        pieces: pieces.into_iter(),
    };
    match parser.list(0)? {
        (nodes, Stop::End(None)) => Ok(nodes),
        (_, Stop::End(Some(word))) => Err(Fault::new(format!("unexpected {{{{{word}}}}}"))),
        (_, Stop::Else(_)) => Err(Fault::new("unexpected {{else}}")),
    }
}

struct Parser {
    pieces: IntoIter<Piece>,
}

/// What ended a list of nodes.
enum Stop {
    /// The template itself, or `end`.
    End(Option<&'static str>),
    /// `else`, with what follows it.
    Else(Vec<Token>),
}

impl Parser {
    fn list(&mut self, depth: usize) -> Result<(Vec<Node>, Stop), Fault> {
        if depth > DEPTH {
            return Err(Fault::new("nested too deep"));
        }
        let mut nodes = Vec::new();
        while let Some(piece) = self.pieces.next() {
            let tokens = match piece {
                Piece::Text(text) => {
                    nodes.push(Node::Text(text));
                    continue;
                }
                Piece::Action(tokens) => tokens,
            };
            let word = match tokens.first() {
                Some(Token::Word(word)) => word.clone(),
                _ => String::new(),
            };
            match word.as_str() {
                "end" if tokens.len() == 1 => return Ok((nodes, Stop::End(Some("end")))),
                "else" => return Ok((nodes, Stop::Else(tokens[1..].to_vec()))),
                "if" | "with" => nodes.push(self.branches(&word, &tokens[1..], depth)?),
                "range" => nodes.push(self.range(&tokens[1..], depth)?),
                "define" | "template" | "block" | "break" | "continue" => {
                    return Err(Fault::new(format!("{word} is not supported")));
                }
                _ => nodes.push(Node::Emit(pipeline(&tokens)?)),
            }
        }
        Ok((nodes, Stop::End(None)))
    }

    fn branches(&mut self, kind: &str, tokens: &[Token], depth: usize) -> Result<Node, Fault> {
        let mut branches = Vec::new();
        let mut condition = pipeline(tokens)?;
        let otherwise = loop {
            let (body, stop) = self.list(depth + 1)?;
            branches.push((condition, body));
            match stop {
                Stop::End(Some(_)) => break Vec::new(),
                Stop::End(None) => return Err(unclosed(kind)),
                Stop::Else(rest) if rest.is_empty() => break self.until_end(kind, depth)?,
                Stop::Else(rest) => match rest.first() {
                    Some(Token::Word(word)) if word == kind => condition = pipeline(&rest[1..])?,
                    _ => return Err(Fault::new("unexpected words after else")),
                },
            }
        };
        Ok(if kind == "if" {
            Node::If(branches, otherwise)
        } else {
            Node::With(branches, otherwise)
        })
    }

    fn range(&mut self, tokens: &[Token], depth: usize) -> Result<Node, Fault> {
        let (names, tokens) = match tokens {
            [
                Token::Variable(key),
                Token::Comma,
                Token::Variable(value),
                Token::Declare,
                rest @ ..,
            ] => (vec![key.clone(), value.clone()], rest),
            [Token::Variable(value), Token::Declare, rest @ ..] => (vec![value.clone()], rest),
            rest => (Vec::new(), rest),
        };
        let over = pipeline(tokens)?;
        let (body, stop) = self.list(depth + 1)?;
        let otherwise = match stop {
            Stop::End(Some(_)) => Vec::new(),
            Stop::End(None) => return Err(unclosed("range")),
            Stop::Else(rest) if rest.is_empty() => self.until_end("range", depth)?,
            Stop::Else(_) => return Err(Fault::new("unexpected words after else")),
        };
        Ok(Node::Range {
            names,
            over,
            body,
            otherwise,
        })
    }

    fn until_end(&mut self, kind: &str, depth: usize) -> Result<Vec<Node>, Fault> {
        match self.list(depth + 1)? {
            (nodes, Stop::End(Some(_))) => Ok(nodes),
            (_, Stop::End(None)) => Err(unclosed(kind)),
            (_, Stop::Else(_)) => Err(Fault::new("more than one else")),
        }
    }
}

fn unclosed(kind: &str) -> Fault {
    Fault::new(format!("{kind} without end"))
}

fn pipeline(tokens: &[Token]) -> Result<Pipeline, Fault> {
    let (variable, tokens) = match tokens {
        [Token::Variable(name), Token::Declare, rest @ ..] => (Some((name.clone(), true)), rest),
        [Token::Variable(name), Token::Assign, rest @ ..] => (Some((name.clone(), false)), rest),
        rest => (None, rest),
    };
    let owned = tokens.to_vec();
    let mut tokens = owned.into_iter();
    let commands = commands(&mut tokens, 0)?;
    Ok(Pipeline { variable, commands })
}

/// Commands up to the end of the words, or, below the top, to the closing parenthesis.
fn commands(tokens: &mut IntoIter<Token>, depth: usize) -> Result<Vec<Vec<Operand>>, Fault> {
    if depth > DEPTH {
        return Err(Fault::new("nested too deep"));
    }
    let mut all = vec![Vec::new()];
    let mut closed = depth == 0;
    while let Some(token) = tokens.next() {
        let command: &mut Vec<Operand> = all.last_mut().expect("there is always a command");
        match token {
            Token::Close if depth > 0 => {
                closed = true;
                break;
            }
            Token::Pipe => all.push(Vec::new()),
            Token::Dot => command.push(Operand::Dot),
            Token::Literal(value) => command.push(Operand::Literal(value)),
            Token::Word(name) => command.push(Operand::Function(name)),
            Token::Variable(name) => command.push(Operand::Variable(name, Vec::new())),
            Token::Field(name, blank) => match command.last_mut() {
                Some(
                    Operand::Field(path) | Operand::Variable(_, path) | Operand::Group(_, path),
                ) if !blank => path.push(name),
                _ => command.push(Operand::Field(vec![name])),
            },
            Token::Open => {
                let commands = self::commands(tokens, depth + 1)?;
                let inner = Pipeline {
                    variable: None,
                    commands,
                };
                command.push(Operand::Group(inner, Vec::new()));
            }
            Token::Close | Token::Comma | Token::Declare | Token::Assign => {
                return Err(Fault::new("unexpected sign in action"));
            }
        }
    }
    if !closed {
        return Err(Fault::new("unclosed left parenthesis"));
    }
    if all.iter().any(Vec::is_empty) {
        return Err(Fault::new("missing value for command"));
    }
    Ok(all)
}
