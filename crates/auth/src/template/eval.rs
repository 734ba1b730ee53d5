//! Filling a tree.

use serde_json::{Map, Value};

use super::html::Escaper;
use super::parse::{Node, Operand, Pipeline};
use super::{Fault, functions};

/// Most bytes of a filled template.
const MOST_BYTES: usize = 4 << 20;
/// Most nodes that are visited.
const MOST_STEPS: usize = 200_000;

pub(super) fn fill(nodes: &[Node], data: &Value, out: Escaper) -> Result<String, Fault> {
    let mut filling = Filling {
        root: data,
        out,
        variables: vec![(String::new(), data.clone())],
        steps: 0,
    };
    filling.list(nodes, data)?;
    Ok(filling.out.finish())
}

struct Filling<'a> {
    root: &'a Value,
    out: Escaper,
    variables: Vec<(String, Value)>,
    steps: usize,
}

impl Filling<'_> {
    fn list(&mut self, nodes: &[Node], dot: &Value) -> Result<(), Fault> {
        let scope = self.variables.len();
        for node in nodes {
            self.steps += 1;
            if self.steps > MOST_STEPS || self.out.len() > MOST_BYTES {
                return Err(Fault::new("the template does not end"));
            }
            self.node(node, dot)?;
        }
        self.variables.truncate(scope);
        Ok(())
    }

    fn node(&mut self, node: &Node, dot: &Value) -> Result<(), Fault> {
        match node {
            Node::Text(text) => self.out.text(text),
            Node::Emit(pipeline) => {
                let value = self.pipeline(pipeline, dot)?;
                if pipeline.variable.is_none() {
                    self.out.value(&value);
                }
            }
            Node::If(branches, otherwise) | Node::With(branches, otherwise) => {
                let moves_dot = matches!(node, Node::With(..));
                let scope = self.variables.len();
                for (condition, body) in branches {
                    let value = self.pipeline(condition, dot)?;
                    if functions::truth(&value) {
                        self.list(body, if moves_dot { &value } else { dot })?;
                        self.variables.truncate(scope);
                        return Ok(());
                    }
                }
                self.list(otherwise, dot)?;
                self.variables.truncate(scope);
            }
            Node::Range {
                names,
                over,
                body,
                otherwise,
            } => {
                let value = self.pipeline(over, dot)?;
                let members = members(&value)?;
                if members.is_empty() {
                    return self.list(otherwise, dot);
                }
                for (key, member) in members {
                    let scope = self.variables.len();
                    match names.as_slice() {
                        [name] => self.variables.push((name.clone(), member.clone())),
                        [first, second] => {
                            self.variables.push((first.clone(), key));
                            self.variables.push((second.clone(), member.clone()));
                        }
                        _ => {}
                    }
                    self.list(body, &member)?;
                    self.variables.truncate(scope);
                }
            }
        }
        Ok(())
    }

    fn pipeline(&mut self, pipeline: &Pipeline, dot: &Value) -> Result<Value, Fault> {
        let mut piped = None;
        for command in &pipeline.commands {
            piped = Some(self.command(command, piped, dot)?);
        }
        let value = piped.unwrap_or(Value::Null);
        match &pipeline.variable {
            Some((name, true)) => self.variables.push((name.clone(), value.clone())),
            Some((name, false)) => {
                let slot = self
                    .variables
                    .iter_mut()
                    .rev()
                    .find(|(known, _)| known == name);
                slot.ok_or_else(|| undefined(name))?.1 = value.clone();
            }
            None => {}
        }
        Ok(value)
    }

    fn command(
        &mut self,
        words: &[Operand],
        piped: Option<Value>,
        dot: &Value,
    ) -> Result<Value, Fault> {
        let Some((first, rest)) = words.split_first() else {
            return Err(Fault::new("missing value for command"));
        };
        let Operand::Function(name) = first else {
            if !rest.is_empty() || piped.is_some() {
                return Err(Fault::new(
                    "a value that is no function was given arguments",
                ));
            }
            return self.operand(first, dot);
        };
        // Of these the later arguments are looked at only if they matter.
        if name == "and" || name == "or" {
            let mut last = None;
            for word in rest {
                let value = self.operand(word, dot)?;
                if functions::truth(&value) == (name == "or") {
                    return Ok(value);
                }
                last = Some(value);
            }
            return piped
                .or(last)
                .ok_or_else(|| Fault::new(format!("{name} without arguments")));
        }
        let mut arguments = Vec::with_capacity(rest.len() + 1);
        for word in rest {
            arguments.push(self.operand(word, dot)?);
        }
        arguments.extend(piped);
        functions::call(name, &arguments)
    }

    fn operand(&mut self, word: &Operand, dot: &Value) -> Result<Value, Fault> {
        match word {
            Operand::Dot => Ok(dot.clone()),
            Operand::Literal(value) => Ok(value.clone()),
            Operand::Field(path) => Ok(at(dot, path)),
            Operand::Variable(name, path) if name.is_empty() => Ok(at(self.root, path)),
            Operand::Variable(name, path) => {
                let found = self.variables.iter().rev().find(|(known, _)| known == name);
                Ok(at(&found.ok_or_else(|| undefined(name))?.1, path))
            }
            Operand::Group(pipeline, path) => Ok(at(&self.pipeline(pipeline, dot)?, path)),
            Operand::Function(name) => functions::call(name, &[]),
        }
    }
}

fn undefined(name: &str) -> Fault {
    Fault::new(format!("undefined variable ${name}"))
}

/// What stands at the end of a path; nothing where there is nothing.
fn at(value: &Value, path: &[String]) -> Value {
    let found = path.iter().try_fold(value, |value, name| value.get(name));
    found.cloned().unwrap_or(Value::Null)
}

/// What a range goes over: keys and members, those of objects in the order of their keys.
fn members(value: &Value) -> Result<Vec<(Value, Value)>, Fault> {
    let sorted = |object: &Map<String, Value>| {
        let mut all: Vec<_> = object
            .iter()
            .map(|(key, member)| (key.clone(), member.clone()))
            .collect();
        all.sort_by(|left, right| left.0.cmp(&right.0));
        all.into_iter()
            .map(|(key, member)| (Value::from(key), member))
            .collect()
    };
    match value {
        Value::Null => Ok(Vec::new()),
        Value::Array(list) => Ok(list
            .iter()
            .enumerate()
            .map(|(at, member)| (Value::from(at), member.clone()))
            .collect()),
        Value::Object(object) => Ok(sorted(object)),
        _ => Err(Fault::new("range can't iterate over this value")),
    }
}
