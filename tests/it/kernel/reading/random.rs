//! Selections made at random: valid ones over everything that can be read, with aliases, fragments, directives, page
//! arguments, and now and then an argument that is refused.

use std::fmt::Write;

use super::evaluate::{Arguments, Field, Item, Kind, Node, Selection, World, fields, is_node, known};

/// What decides: bytes that a property test makes and shrinks. When they are used up, the simplest is chosen.
struct Choices<'a>(&'a [u8]);

impl Choices<'_> {
    fn below(&mut self, end: usize) -> usize {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        usize::from(*first) % end.max(1)
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == count - 1
    }

    fn of<'t, T>(&mut self, all: &'t [T]) -> &'t T {
        &all[self.below(all.len())]
    }
}

/// A document: an operation and its fragments.
pub struct Document {
    pub roots: Vec<Item>,
    pub fragments: Vec<(&'static str, Vec<Item>)>,
    /// Whether `$yes` and `$no` are used, and `$unsaid`, which has only its default.
    variables: [bool; 3],
}

struct Maker<'c, 'w> {
    choices: Choices<'c>,
    world: &'w World,
    fragments: Vec<(&'static str, Vec<Item>)>,
    aliases: usize,
    variables: [bool; 3],
    /// Fields that may still have others below them.
    left: usize,
}

impl Document {
    pub fn new(bytes: &[u8], world: &World) -> Self {
        let choices = Choices(bytes);
        let mut maker = Maker { choices, world, fragments: Vec::new(), aliases: 0, variables: [false; 3], left: 40 };
        let roots = maker.set("Query", 0, false);
        Self { roots, fragments: maker.fragments, variables: maker.variables }
    }
}

impl Maker<'_, '_> {
    /// What is selected of a type. Where several types meet, each field takes a name of its own.
    fn set(&mut self, of: &'static str, depth: usize, own_names: bool) -> Vec<Item> {
        let count = 1 + self.choices.below(4);
        (0..count).map(|_| self.item(of, depth, own_names)).collect()
    }

    fn item(&mut self, of: &'static str, depth: usize, own_names: bool) -> Item {
        match self.choices.below(9) {
            6 if depth < 8 => {
                let on = *self.choices.of(&[None, Some(of), Some("Node")]);
                let (on, items) = match on {
                    Some("Node") if is_node(of) => (on, vec![self.of_any()]),
                    Some("Node") => (None, self.set(of, depth + 1, own_names)),
                    on => (on, self.set(of, depth + 1, own_names)),
                };
                Item { condition: self.condition(), node: Node::Inline(on, items) }
            }
            7 if depth < 8 => {
                let items = self.set(of, depth + 1, own_names);
                self.fragments.push((of, items));
                Item { condition: self.condition(), node: Node::Spread(self.fragments.len() - 1) }
            }
            8 if !own_names => match self.fragments.iter().position(|(on, _)| *on == of) {
                Some(again) => Item { condition: self.condition(), node: Node::Spread(again) },
                None => self.field(of, depth, own_names),
            },
            _ => self.field(of, depth, own_names),
        }
    }

    fn of_any(&mut self) -> Item {
        let name = if self.choices.one_in(2) { "__typename" } else { "id" };
        let selection =
            Selection { alias: None, field: known("User", name), arguments: Arguments::default(), below: Vec::new() };
        Item { condition: None, node: Node::Field(selection) }
    }

    fn condition(&mut self) -> Option<(bool, &'static str, bool)> {
        if !self.choices.one_in(5) {
            return None;
        }
        let include = self.choices.one_in(2);
        let all = [("true", true), ("false", false), ("$yes", true), ("$no", false), ("$unsaid", true)];
        let (text, value) = *self.choices.of(&all);
        if let Some(at) = ["$yes", "$no", "$unsaid"].iter().position(|known| *known == text) {
            self.variables[at] = true;
        }
        Some((include, text, value))
    }

    fn field(&mut self, of: &'static str, depth: usize, own_names: bool) -> Item {
        let (deep, leaves): (Vec<&'static Field>, Vec<_>) =
            fields(of).iter().partition(|field| field.below().is_some());
        let goes_deeper = depth < 10 && self.left > 0 && !deep.is_empty() && !self.choices.one_in(2);
        let of_these: &[&'static Field] = if goes_deeper || leaves.is_empty() { &deep } else { &leaves };
        let field = *self.choices.of(of_these);
        let arguments = self.arguments(field);
        let needs_alias = own_names || !arguments.is_empty();
        let alias = (needs_alias || self.choices.one_in(4)).then(|| {
            self.aliases += 1;
            format!("a{}", self.aliases)
        });
        self.left = self.left.saturating_sub(usize::from(field.below().is_some()));
        let below = match field.below() {
            Some("Node") => self.below_node(depth),
            Some(below) => self.set(below, depth + 1, false),
            None => Vec::new(),
        };
        // async-graphql's validation does not look at the directives of `__typename`, and calls their variables unused.
        let condition = if field.name == "__typename" { None } else { self.condition() };
        Item { condition, node: Node::Field(Selection { alias, field, arguments, below }) }
    }

    /// Below `node` and `nodes`: what any has, and what some have.
    fn below_node(&mut self, depth: usize) -> Vec<Item> {
        let mut items = vec![self.of_any()];
        for _ in 0..self.choices.below(4) {
            let on = *self.choices.of(&["Ticket", "User", "Clinic", "TicketMessage", "Membership", "ClinicNetwork"]);
            let below = self.set(on, depth + 1, true);
            items.push(Item { condition: self.condition(), node: Node::Inline(Some(on), below) });
        }
        items
    }

    fn arguments(&mut self, field: &Field) -> Arguments {
        let mut arguments = Arguments::default();
        let (choices, world) = (&mut self.choices, self.world);
        match &field.kind {
            Kind::Page { to, orders, filters, .. } => {
                if orders.len() > 1 && choices.one_in(2) {
                    arguments.order = Some(*choices.of(orders));
                }
                if !filters.is_empty() && choices.one_in(3) {
                    arguments.filter = Some(*choices.of(filters));
                }
                match choices.below(4) {
                    1 => arguments.first = Some(*choices.of(&[1, 2, 3, 100])),
                    2 => arguments.last = Some(*choices.of(&[1, 2, 3, 100])),
                    3 if choices.one_in(6) => arguments.first = Some(0),
                    _ => {}
                }
                if choices.one_in(3) {
                    arguments.after = Some(choices.of(world.listed(to)).clone());
                }
                if choices.one_in(4) {
                    arguments.before = Some(choices.of(world.listed(to)).clone());
                }
            }
            Kind::ById { to, needed } if *needed || choices.one_in(2) => {
                arguments.ids = vec![choices.of(world.ids(to)).clone()];
            }
            Kind::Node => arguments.ids = vec![choices.of(world.all_ids()).clone()],
            Kind::Nodes => arguments.ids = (0..choices.below(5)).map(|_| choices.of(world.all_ids()).clone()).collect(),
            _ => {}
        }
        arguments
    }
}

impl Document {
    /// The document as text.
    pub fn text(&self, world: &World) -> String {
        let mut out = String::new();
        let declared = ["$yes: Boolean!", "$no: Boolean!", "$unsaid: Boolean = true"];
        let used = declared.iter().zip(self.variables).filter(|(_, used)| *used).map(|(text, _)| *text);
        let used: Vec<_> = used.collect();
        if !used.is_empty() {
            write!(out, "query ({}) ", used.join(", ")).unwrap();
        }
        write_set(&self.roots, world, &mut out);
        for (at, (on, items)) in self.fragments.iter().enumerate() {
            write!(out, "\nfragment F{at} on {on} ").unwrap();
            write_set(items, world, &mut out);
        }
        out
    }
}

fn write_set(items: &[Item], world: &World, out: &mut String) {
    out.push_str("{ ");
    for item in items {
        match &item.node {
            Node::Field(selection) => {
                if let Some(alias) = &selection.alias {
                    write!(out, "{alias}: ").unwrap();
                }
                out.push_str(selection.field.name);
                out.push_str(&selection.arguments.text(selection.field, world));
            }
            Node::Inline(None, _) => out.push_str("..."),
            Node::Inline(Some(on), _) => write!(out, "... on {on}").unwrap(),
            Node::Spread(at) => write!(out, "...F{at}").unwrap(),
        }
        if let Some((include, text, _)) = &item.condition {
            write!(out, " @{}(if: {text})", if *include { "include" } else { "skip" }).unwrap();
        }
        out.push(' ');
        match &item.node {
            Node::Field(selection) if !selection.below.is_empty() => write_set(&selection.below, world, out),
            Node::Inline(_, items) => write_set(items, world, out),
            Node::Field(_) | Node::Spread(_) => {}
        }
    }
    out.push_str("} ");
}
