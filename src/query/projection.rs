//! Results reduced to keys: the values of some fields, each combination one number.
//!
//! It is asked for every result there is. Values are kept once and compared by number, and nothing is
//! allocated where a key is known.

use std::borrow::Cow;
use std::hash::Hasher;
use std::sync::Arc;

use hashbrown::HashTable;
use rustc_hash::{FxHashMap, FxHasher};

use super::Subject;
use super::extract::Key;
use super::fields::{Field, Source};
use super::order::{Order, Place};
use super::projections::Asked;
use super::texts::Texts;

/// A key of one projection: equal keys have equal values in all fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId(u32);

impl KeyId {
    /// Its number: those of a projection are counted from 0.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A field of one projection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FieldId(u32);

/// Extracts fields of results.
#[derive(Debug)]
pub struct Projection {
    /// The fields of the expression.
    slots: Vec<Slot>,
    /// All fields in the order in which they came to be: new ones leave known keys as they are.
    columns: Vec<Column>,
    texts: Texts,
    keys: Keys,
    /// The values of the key that was last asked for, and room for a name.
    row: Vec<u32>,
    buffer: Vec<u8>,
    asked: Arc<Asked>,
}

#[derive(Debug)]
enum Slot {
    One {
        key: Key,
        column: u32,
    },
    Config {
        order: Order,
        columns: Vec<u32>,
        by_name: FxHashMap<Vec<u8>, Option<u32>>,
    },
    Unit {
        column: u32,
    },
}

#[derive(Debug)]
struct Column {
    name: Vec<u8>,
    order: Order,
    /// When the value of each number was first seen. benchstat keeps none for the fields of `.config`.
    seen: Option<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    places: Vec<Option<u32>>,
    count: u32,
}

impl Projection {
    pub(super) fn of(fields: Vec<Field>, asked: &Arc<Asked>) -> Self {
        let mut columns = Vec::new();
        let slots = fields.into_iter().map(|field| match field.source {
            Source::Config => Slot::Config {
                order: field.order,
                columns: Vec::new(),
                by_name: FxHashMap::default(),
            },
            Source::Key(key) => {
                let column = add_column(&mut columns, &field.name, field.order, true);
                Slot::One { key, column }
            }
        });
        let slots = slots.collect();
        Projection {
            slots,
            texts: Texts::new(),
            keys: Keys::default(),
            row: vec![0; columns.len()],
            columns,
            buffer: Vec::new(),
            asked: Arc::clone(asked),
        }
    }

    /// The same with a last field `.unit`.
    pub(super) fn with_unit(mut self) -> Self {
        let column = add_column(&mut self.columns, b".unit", Order::First, true);
        self.slots.push(Slot::Unit { column });
        self.row.push(0);
        self
    }

    /// The key of a result.
    pub fn project(&mut self, subject: &dyn Subject) -> KeyId {
        self.fill(subject, b"");
        self.intern()
    }

    /// The key of a result's value of a unit. Only of tables, whose last field is `.unit`.
    pub fn project_unit(&mut self, subject: &dyn Subject, unit: &[u8]) -> KeyId {
        self.fill(subject, unit);
        self.intern()
    }

    /// Whether keys can differ between results of one file and configuration.
    pub fn depends_on_name(&self) -> bool {
        let of_name = |slot: &Slot| matches!(slot, Slot::One { key, .. } if key.is_of_name());
        self.slots.iter().any(of_name)
    }

    /// The fields in order, `.config` expanded into what was seen.
    pub fn fields(&self) -> Vec<FieldId> {
        self.each_field().collect()
    }

    fn each_field(&self) -> impl Iterator<Item = FieldId> {
        let columns = self.slots.iter().flat_map(|slot| match slot {
            Slot::One { column, .. } | Slot::Unit { column } => std::slice::from_ref(column),
            Slot::Config { columns, .. } => columns,
        });
        columns.map(|column| FieldId(*column))
    }

    /// The name of a field.
    pub fn field_name(&self, field: FieldId) -> &[u8] {
        &self.columns[field.0 as usize].name
    }

    /// The value of a field, empty where the key has none.
    pub fn value(&self, key: KeyId, field: FieldId) -> &[u8] {
        self.texts.text(self.number(key, field))
    }

    /// Whether two keys have the same value of a field. Sooner known than by the values.
    pub fn agree(&self, a: KeyId, b: KeyId, field: FieldId) -> bool {
        self.number(a, field) == self.number(b, field)
    }

    /// The values that a key has, with spaces between them.
    pub fn label(&self, key: KeyId) -> Cow<'_, [u8]> {
        let mut label = Cow::Borrowed(&b""[..]);
        let values = self.each_field().map(|field| self.value(key, field));
        for value in values.filter(|value| !value.is_empty()) {
            if label.is_empty() {
                label = Cow::Borrowed(value);
            } else {
                let label = label.to_mut();
                label.push(b' ');
                label.extend_from_slice(value);
            }
        }
        label
    }

    /// Sorts keys by the orders of the fields.
    pub fn sort(&self, keys: &mut [KeyId]) {
        let fields = self.fields();
        let ranks: Vec<Ranks<'_>> = fields
            .iter()
            .map(|field| self.ranks(*field, keys))
            .collect();
        keys.sort_unstable_by(|a, b| {
            let mut each = fields.iter().zip(&ranks).map(|(field, ranks)| {
                let rank = |key| ranks.of(self.number(key, *field));
                rank(*a).cmp(&rank(*b))
            });
            // The first that differs decides: `.config` may have thousands of fields.
            each.find(|order| order.is_ne())
                .unwrap_or(std::cmp::Ordering::Equal)
        });
    }

    /// The fields in which keys differ.
    pub fn differing(&self, keys: &[KeyId]) -> Vec<FieldId> {
        let differ = |field: &FieldId| {
            let mut numbers = keys.iter().map(|key| self.number(*key, *field));
            let first = numbers.next();
            numbers.any(|number| Some(number) != first)
        };
        self.fields().into_iter().filter(differ).collect()
    }

    fn number(&self, key: KeyId, field: FieldId) -> u32 {
        let row = self.keys.row(key.0);
        row.get(field.0 as usize).copied().unwrap_or_default()
    }

    /// Puts the values of a result into the row, in which those of the last result stand.
    fn fill(&mut self, subject: &dyn Subject, unit: &[u8]) {
        let Projection {
            slots,
            columns,
            texts,
            row,
            buffer,
            asked,
            ..
        } = self;
        let mut set = |row: &mut Vec<u32>, column: u32, text: &[u8]| {
            let cell = &mut row[column as usize];
            *cell = texts.number_of(text, *cell);
        };
        for slot in slots {
            match slot {
                Slot::Unit { column } => set(row, *column, unit),
                Slot::One { key, column } => {
                    let value = match key {
                        Key::FullName => asked.parts.apply(subject.full_name(), buffer),
                        key => key.value(subject),
                    };
                    set(row, *column, value);
                }
                Slot::Config {
                    order,
                    columns: own,
                    by_name,
                } => {
                    own.iter().for_each(|column| row[*column as usize] = 0);
                    subject.for_each_setting(&mut |name, value| {
                        let column = match by_name.get(name) {
                            Some(known) => *known,
                            None => {
                                let is_free = !asked.settings.contains(name);
                                let new = is_free
                                    .then(|| add_column(columns, name, order.clone(), false));
                                own.extend(new);
                                row.resize(columns.len(), 0);
                                by_name.insert(name.to_owned(), new);
                                new
                            }
                        };
                        if let Some(column) = column {
                            set(row, column, value);
                        }
                    });
                }
            }
        }
    }

    /// The key of the row.
    fn intern(&mut self) -> KeyId {
        // Fields that came later do not change the keys that were there.
        let used = self.row.iter().rposition(|number| *number != 0);
        let row = &self.row[..used.map_or(0, |last| last + 1)];
        let (key, is_new) = self.keys.intern(row);
        if is_new {
            for (index, column) in self.columns.iter_mut().enumerate() {
                if let Some(seen) = &mut column.seen {
                    seen.note(row.get(index).copied().unwrap_or_default());
                }
            }
        }
        KeyId(key)
    }

    /// The places of the values that keys have of a field.
    fn ranks(&self, field: FieldId, keys: &[KeyId]) -> Ranks<'_> {
        let column = &self.columns[field.0 as usize];
        if let (Some(seen), Order::First) = (&column.seen, &column.order) {
            return Ranks::Seen(seen);
        }
        let mut numbers: Vec<u32> = keys.iter().map(|key| self.number(*key, field)).collect();
        numbers.sort_unstable();
        numbers.dedup();
        let place = |number: u32| (number, column.order.place(self.texts.text(number)));
        let mut places: Vec<(u32, Place<'_>)> = numbers.into_iter().map(place).collect();
        places.sort_unstable_by(|(_, a), (_, b)| a.compare(b));
        Ranks::Sorted(
            (0..)
                .zip(places)
                .map(|(rank, (number, _))| (number, rank))
                .collect(),
        )
    }
}

fn add_column(columns: &mut Vec<Column>, name: &[u8], order: Order, is_seen: bool) -> u32 {
    let index = u32::try_from(columns.len()).unwrap_or(u32::MAX);
    let seen = (is_seen && order == Order::First).then(Seen::default);
    columns.push(Column {
        name: name.to_owned(),
        order,
        seen,
    });
    index
}

impl Seen {
    fn note(&mut self, number: u32) {
        let index = number as usize;
        if self.places.len() <= index {
            self.places.resize(index + 1, None);
        }
        if self.places[index].is_none() {
            self.places[index] = Some(self.count);
            self.count += 1;
        }
    }
}

/// Where values stand among each other, by their numbers.
enum Ranks<'a> {
    Seen(&'a Seen),
    Sorted(FxHashMap<u32, u32>),
}

impl Ranks<'_> {
    fn of(&self, number: u32) -> u32 {
        match self {
            Ranks::Seen(seen) => seen.places.get(number as usize).copied().flatten(),
            Ranks::Sorted(ranks) => ranks.get(&number).copied(),
        }
        .unwrap_or_default()
    }
}

/// Combinations of values, each once.
#[derive(Debug, Default)]
struct Keys {
    /// All rows, one behind the other, and where each ends.
    cells: Vec<u32>,
    ends: Vec<usize>,
    table: HashTable<u32>,
    /// The keys of rows with a single value, by its number.
    singles: Vec<Option<u32>>,
}

impl Keys {
    /// The number of a row, and whether it is new.
    fn intern(&mut self, row: &[u32]) -> (u32, bool) {
        let Keys {
            cells, ends, table, ..
        } = self;
        let next = u32::try_from(ends.len()).unwrap_or(u32::MAX);
        let key = if let [number] = row {
            let index = *number as usize;
            if self.singles.len() <= index {
                self.singles.resize(index + 1, None);
            }
            *self.singles[index].get_or_insert(next)
        } else {
            let at = |key: u32| slice(cells, ends, key);
            let entry = table.entry(hash(row), |key| at(*key) == row, |key| hash(at(*key)));
            *entry.or_insert(next).get()
        };
        let is_new = key == next;
        if is_new {
            self.cells.extend_from_slice(row);
            self.ends.push(self.cells.len());
        }
        (key, is_new)
    }

    fn row(&self, key: u32) -> &[u32] {
        slice(&self.cells, &self.ends, key)
    }
}

fn slice<'a>(cells: &'a [u32], ends: &[usize], key: u32) -> &'a [u32] {
    let key = key as usize;
    let start = if key == 0 { 0 } else { ends[key - 1] };
    &cells[start..ends[key]]
}

fn hash(row: &[u32]) -> u64 {
    let mut hasher = FxHasher::default();
    row.iter().for_each(|number| hasher.write_u32(*number));
    hasher.finish()
}
