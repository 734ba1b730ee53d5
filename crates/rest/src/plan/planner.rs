//! From a request's parameters to nodes: which apply where, and what each name means.

use std::sync::Arc;

use catalog::{Catalog, ObjectName, Relation};
use sql::TypeName;

use super::node::{Column, Condition, EmbedNode, Link, Node, Ordering, Selected, Source};
use super::relationship::{self, Found};
use super::selection::{aggregates_are_off, lift, selected, spreads_can_carry};
use crate::config::Config;
use crate::error::Error;
use crate::request::Shape;
use crate::request::syntax::{
    Embed, Field, Filter, IsValue, JoinType, Logic, OrderTerm, SelectItem, Test, Window,
};

/// The position of an embed: at each level its index among the embeds there.
type Position = Vec<usize>;

/// Plans the nodes of one request.
pub(crate) struct Planner<'r> {
    catalog: &'r Catalog,
    select: &'r [SelectItem],
    filters: Vec<(Position, &'r Filter)>,
    logic: Vec<(Position, &'r Logic)>,
    orders: Vec<(Position, &'r [OrderTerm])>,
    windows: Vec<(Position, Window)>,
    root_window: Window,
    aggregates: bool,
    /// Counts what spreads carry.
    carried: std::cell::Cell<u32>,
    deprecated: Vec<(String, String)>,
}

impl<'r> Planner<'r> {
    /// Finds out where each parameter applies (REST-EMB-10, -11).
    pub(crate) fn new(
        shape: &'r Shape,
        catalog: &'r Catalog,
        config: &Config,
    ) -> Result<Self, Error> {
        let params = &shape.params;
        let mut deprecated = Vec::new();
        let mut locate = |path: &[String]| {
            locate(
                path,
                &params.select,
                config.legacy_target_names,
                &mut deprecated,
            )
        };
        let mut planner = Self {
            catalog,
            select: &params.select,
            filters: Vec::new(),
            logic: Vec::new(),
            orders: Vec::new(),
            windows: Vec::new(),
            root_window: Window {
                limit: shape.limit,
                offset: shape.offset,
            },
            aggregates: config.aggregates,
            carried: std::cell::Cell::new(0),
            deprecated: Vec::new(),
        };
        for (path, filter) in &params.filters {
            planner.filters.push((locate(path)?, filter));
        }
        for (path, order) in &params.orders {
            planner.orders.push((locate(path)?, order));
        }
        for (path, window) in &params.windows {
            planner.windows.push((locate(path)?, *window));
        }
        for (path, logic) in &params.logic {
            planner.logic.push((locate(path)?, logic));
        }
        planner.deprecated = deprecated;
        Ok(planner)
    }

    pub(crate) fn deprecated(&mut self) -> Vec<(String, String)> {
        std::mem::take(&mut self.deprecated)
    }

    /// The root. Its conditions are left out where the statement before it has applied them already.
    pub(crate) fn root(
        &self,
        source: Source,
        relation: Option<&Arc<Relation>>,
        origin: &ObjectName,
        filtered: bool,
    ) -> Result<Node, Error> {
        let mut node = self.node(
            source,
            relation.map(AsRef::as_ref),
            origin,
            self.select,
            &mut Position::new(),
        )?;
        if !filtered {
            // Null filters on embeds shape the answer, not the statement: they stay.
            node.conditions
                .retain(|condition| matches!(condition, Condition::NoEmbedded { .. }));
        }
        if !self.aggregates {
            aggregates_are_off(self.select)?;
        }
        spreads_can_carry(&node)?;
        Ok(node)
    }

    /// The root's conditions alone, for a statement that applies them itself.
    pub(crate) fn root_conditions(&self, relation: &Relation) -> Vec<Condition> {
        self.conditions(&[], Some(relation), &[])
    }

    fn node(
        &self,
        source: Source,
        relation: Option<&Relation>,
        origin: &ObjectName,
        select: &'r [SelectItem],
        position: &mut Position,
    ) -> Result<Node, Error> {
        let mut embeds = Vec::new();
        for embed in select.iter().filter_map(as_embed) {
            position.push(embeds.len());
            embeds.push(self.embed(origin, embed, position)?);
            position.pop();
        }
        let window = if position.is_empty() {
            self.root_window
        } else {
            self.windows
                .iter()
                .find(|(at, _)| at == position)
                .map(|(_, window)| *window)
                .unwrap_or_default()
        };
        Ok(Node {
            source,
            select: selected(select, relation, &embeds),
            conditions: self.conditions(position, relation, &embeds),
            order: self.order(position, relation, origin, &embeds)?,
            window,
            embeds,
            column_names: relation.map(column_names).unwrap_or_default(),
            carried: Vec::new(),
        })
    }

    fn embed(
        &self,
        origin: &ObjectName,
        embed: &'r Embed,
        position: &mut Position,
    ) -> Result<EmbedNode, Error> {
        let found = relationship::find(self.catalog, origin, embed)?;
        let target = found.target();
        let relation = self.catalog.relation(target).map(AsRef::as_ref);
        let mut node = self.node(
            Source::Relation(target.clone()),
            relation,
            target,
            &embed.select,
            position,
        )?;
        let link = match found {
            Found::Computed(computed) => Link::Function {
                function: computed.function.clone(),
                origin: computed.origin.clone(),
                columns: self
                    .catalog
                    .relation(&computed.origin)
                    .map(|origin| column_names(origin))
                    .unwrap_or_default(),
            },
            Found::Detected(relationship) => match &relationship.junction {
                Some(junction) => Link::Junction(junction.clone()),
                None => Link::Columns(relationship.columns.clone()),
            },
        };
        let lifted = if embed.spread && found.is_to_one() {
            lift(&mut node, &self.carried)
        } else {
            Vec::new()
        };
        Ok(EmbedNode {
            key: embed.key().to_owned(),
            link,
            to_one: found.is_to_one(),
            inner: embed.join == Some(JoinType::Inner),
            spread: embed.spread,
            node,
            lifted,
        })
    }

    fn conditions(
        &self,
        position: &[usize],
        relation: Option<&Relation>,
        embeds: &[EmbedNode],
    ) -> Vec<Condition> {
        let filters = self
            .filters
            .iter()
            .filter(|(at, _)| at == position)
            .map(|(_, filter)| test(filter, relation, embeds));
        let logic = self
            .logic
            .iter()
            .filter(|(at, _)| at == position)
            .map(|(_, tree)| group(tree, relation, embeds));
        filters.chain(logic).collect()
    }

    /// REST-SRT-04: what the embed shows under this name, else its relation's column.
    fn related_column(&self, field: &Field, node: &Node) -> (Column, Option<TypeName>) {
        if field.path.is_empty()
            && let Some((column, cast)) = shown(node, &field.name)
        {
            return (column.clone(), cast.cloned());
        }
        let relation = match &node.source {
            Source::Relation(name) => self.catalog.relation(name).map(AsRef::as_ref),
            Source::Result(_) => None,
        };
        (column(field, relation), None)
    }

    fn order(
        &self,
        position: &[usize],
        relation: Option<&Relation>,
        origin: &ObjectName,
        embeds: &[EmbedNode],
    ) -> Result<Vec<Ordering>, Error> {
        let Some((_, terms)) = self.orders.iter().find(|(at, _)| at == position) else {
            return Ok(Vec::new());
        };
        let ordering = |term: &OrderTerm| {
            let embed = match &term.relation {
                None => None,
                Some(name) => Some(related(name, origin, embeds)?),
            };
            let (column, cast) = match embed {
                None => (column(&term.field, relation), None),
                Some(at) => self.related_column(&term.field, &embeds[at].node),
            };
            Ok(Ordering {
                embed,
                column,
                cast,
                direction: term.direction,
                nulls: term.nulls,
            })
        };
        terms.iter().map(ordering).collect()
    }
}

/// What the select of a level shows under this name, if that is a column.
fn shown<'n>(node: &'n Node, name: &str) -> Option<(&'n Column, Option<&'n TypeName>)> {
    node.select.iter().find_map(|selected| match selected {
        Selected::Column {
            column,
            cast,
            name: own,
        } if own == name => Some((column, cast.as_ref())),
        _ => None,
    })
}

fn column_names(relation: &Relation) -> Vec<String> {
    relation
        .columns
        .iter()
        .map(|column| column.name.clone())
        .collect()
}

fn as_embed(item: &SelectItem) -> Option<&Embed> {
    match item {
        SelectItem::Embed(embed) => Some(embed),
        _ => None,
    }
}

/// REST-SRT-04, -05.
fn related(name: &str, origin: &ObjectName, embeds: &[EmbedNode]) -> Result<usize, Error> {
    let at = embeds
        .iter()
        .position(|embed| embed.key == name)
        .ok_or_else(|| Error::NotEmbedded {
            name: name.to_owned(),
            alias: None,
        })?;
    if embeds[at].to_one {
        return Ok(at);
    }
    Err(Error::RelatedOrder {
        origin: origin.name.clone(),
        relation: name.to_owned(),
        target: name.to_owned(),
    })
}

fn locate(
    path: &[String],
    select: &[SelectItem],
    legacy: bool,
    deprecated: &mut Vec<(String, String)>,
) -> Result<Position, Error> {
    let mut position = Position::new();
    let mut level = select;
    for word in path {
        let embeds: Vec<&Embed> = level.iter().filter_map(as_embed).collect();
        let at = embeds
            .iter()
            .position(|embed| embed.key() == word || embed.name == *word);
        let not_embedded = |alias| Error::NotEmbedded {
            name: word.clone(),
            alias,
        };
        let at = at.ok_or_else(|| not_embedded(None))?;
        let embed = embeds[at];
        if let Some(alias) = embed.alias.as_ref().filter(|alias| *alias != word) {
            if !legacy {
                return Err(not_embedded(Some(alias.clone())));
            }
            let pair = (word.clone(), alias.clone());
            if !deprecated.contains(&pair) {
                deprecated.push(pair);
            }
        }
        position.push(at);
        level = &embed.select;
    }
    Ok(position)
}

pub(super) fn column(field: &Field, relation: Option<&Relation>) -> Column {
    let known = relation.and_then(|relation| relation.column(&field.name));
    let bare = known.filter(|_| field.path.is_empty());
    Column {
        name: field.name.clone(),
        path: field.path.clone(),
        as_jsonb: !field.path.is_empty() && !known.is_some_and(catalog::Column::is_json),
        as_tsvector: field.path.is_empty() && known.is_some_and(|column| !column.is_tsvector()),
        shown_by: bare.and_then(|column| column.representation.to_json.clone()),
        read_by: bare.and_then(|column| column.representation.from_text.clone()),
    }
}

fn test(filter: &Filter, relation: Option<&Relation>, embeds: &[EmbedNode]) -> Condition {
    // REST-EMB-14: only `is.null` on a name that is an embed.
    if filter.test == Test::Is(IsValue::Null)
        && filter.field.path.is_empty()
        && let Some(embed) = embeds
            .iter()
            .position(|embed| embed.key == filter.field.name)
    {
        return Condition::NoEmbedded {
            embed,
            negated: filter.negated,
        };
    }
    Condition::Test {
        column: column(&filter.field, relation),
        negated: filter.negated,
        test: filter.test.clone(),
    }
}

fn group(logic: &Logic, relation: Option<&Relation>, embeds: &[EmbedNode]) -> Condition {
    match logic {
        Logic::Filter(filter) => test(filter, relation, embeds),
        Logic::Group {
            negated,
            junctor,
            members,
        } => Condition::Group {
            negated: *negated,
            junctor: *junctor,
            members: members
                .iter()
                .map(|member| group(member, relation, embeds))
                .collect(),
        },
    }
}
