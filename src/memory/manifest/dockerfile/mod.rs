//! Dockerfiles: what the image of a stage sets, along the chain of stages that it is built from.

mod base;
mod lines;
mod words;

use std::collections::HashMap;
use std::rc::Rc;

use self::lines::{Instruction, escape, instructions};
use self::words::{Word, resolve, split};
use super::declaration::{Declaration, Environment, Words};
use super::expand::{self, Lookup, Unresolved};
use super::variable::{NOT_SET, Variable, hidden, printable, unknown};
use super::{Found, ManifestError, Place};
use crate::memory::declared::{Declared, Role};

/// Reads the image of a stage, the last one if none is named.
pub(super) fn read(
    place: Place<'_>,
    text: &str,
    target: Option<&str>,
) -> Result<Found, ManifestError> {
    let stages = Stages::new(place, text)?;
    let stage = stages.find(target)?;
    let image = stages.build(stage);
    let name = stages.all[stage].name.as_deref().unwrap_or("image");
    let environment = Environment::new(|name| match image.variables.get(name) {
        Some(variable) => variable.clone(),
        None => match &image.base {
            Some(base) => hidden(name, &base.why, base.at.clone()),
            None => Declared::Absent,
        },
    });
    Ok(Found {
        containers: vec![Declaration {
            name: printable(name),
            workload: printable(place.name()),
            role: Role::Main,
            at: place.at(stages.all[stage].line),
            image: None,
            limit: Declared::Absent,
            entrypoint: image.entrypoint,
            arguments: image.command,
            environment,
        }],
        remarks: image.base.map(|base| base.remark).into_iter().collect(),
    })
}

/// The stages of a Dockerfile.
struct Stages<'a> {
    place: Place<'a>,
    escape: char,
    /// The arguments before the first stage.
    arguments: HashMap<String, Variable>,
    all: Vec<Stage>,
}

/// A stage.
struct Stage {
    line: usize,
    name: Option<Rc<str>>,
    base: Base,
    instructions: Vec<Instruction>,
}

/// What a stage is built from.
enum Base {
    /// Another stage.
    Stage(usize),
    /// Nothing.
    Scratch,
    /// An image of a name.
    Image(String),
    /// An image whose name is not known: why.
    Unknown(String),
}

/// An image below that may set anything.
struct Hidden {
    why: String,
    at: String,
    remark: String,
}

impl<'a> Stages<'a> {
    fn new(place: Place<'a>, text: &str) -> Result<Self, ManifestError> {
        let mut stages = Stages {
            place,
            escape: escape(text),
            arguments: HashMap::new(),
            all: Vec::new(),
        };
        let mut names = HashMap::new();
        for instruction in instructions(place, text)? {
            match &*instruction.keyword {
                "FROM" => {
                    let stage = stages.from(&instruction, &names);
                    if let Some(name) = &stage.name {
                        names.insert(name.to_ascii_lowercase(), stages.all.len());
                    }
                    stages.all.push(stage);
                }
                "ARG" if stages.all.is_empty() => {
                    for word in split(&instruction, stages.escape) {
                        let lookup = |name: &str| stages.argument(name);
                        let (name, variable) = argument(&word, stages.escape, &lookup, place);
                        stages.arguments.insert(name, variable);
                    }
                }
                _ => {
                    if let Some(stage) = stages.all.last_mut() {
                        stage.instructions.push(instruction);
                    }
                }
            }
        }
        Ok(stages)
    }

    /// An argument before the first stage.
    fn argument(&self, name: &str) -> Lookup {
        self.arguments.get(name).map_or(Lookup::Unset, Lookup::from)
    }

    /// The stage that FROM starts.
    fn from(&self, instruction: &Instruction, names: &HashMap<String, usize>) -> Stage {
        let mut words = instruction
            .text
            .split_whitespace()
            .skip_while(|word| word.starts_with("--"));
        let image = words.next().unwrap_or_default();
        let named = words
            .next()
            .is_some_and(|word| word.eq_ignore_ascii_case("as"));
        let lookup = |name: &str| match self.argument(name) {
            Lookup::Unset => Lookup::Unknown(format!("`{name}` is no build argument before it")),
            known => known,
        };
        Stage {
            line: instruction.line,
            name: words.next().filter(|_| named).map(Rc::from),
            base: match resolve(image, self.escape, &lookup) {
                Err(Unresolved::Unknown(why) | Unresolved::Invalid(why)) => Base::Unknown(format!(
                    "the image `{}` that it is built from is not known: {why}",
                    printable(image)
                )),
                Ok(image) => match names.get(&image.to_ascii_lowercase()) {
                    Some(stage) => Base::Stage(*stage),
                    None if image == "scratch" => Base::Scratch,
                    None => Base::Image(image),
                },
            },
            instructions: Vec::new(),
        }
    }

    /// The stage of a name or number, or the last one.
    fn find(&self, target: Option<&str>) -> Result<usize, ManifestError> {
        let Some(last) = self.all.len().checked_sub(1) else {
            return Err(self.place.error("holds no FROM; this is no Dockerfile"));
        };
        let Some(target) = target else {
            return Ok(last);
        };
        let named = |stage: &Stage| {
            let name = stage.name.as_deref();
            name.is_some_and(|name| name.eq_ignore_ascii_case(target))
        };
        let numbered = || target.parse().ok().filter(|number| *number <= last);
        self.all
            .iter()
            .position(named)
            .or_else(numbered)
            .ok_or_else(|| {
                let names: Vec<_> = self
                    .all
                    .iter()
                    .filter_map(|stage| stage.name.as_deref())
                    .collect();
                self.place.error(format!(
                    "has no stage `{target}`; its stages are {}",
                    if names.is_empty() {
                        "unnamed".to_owned()
                    } else {
                        names.join(", ")
                    }
                ))
            })
    }

    /// The image of a stage.
    fn build(&self, stage: usize) -> Image {
        let mut chain = vec![stage];
        // A stage can only be built from one above it, so that this ends.
        while let Some(Base::Stage(base)) = chain.last().map(|stage| &self.all[*stage].base) {
            chain.push(*base);
        }
        let mut image = Image {
            references: Lookup::Unset,
            base: None,
            variables: HashMap::new(),
            arguments: HashMap::new(),
            entrypoint: None,
            command: None,
        };
        if let Some(root) = chain.last().map(|stage| &self.all[*stage]) {
            image.below(&root.base, self.place.at(root.line));
        }
        for stage in chain.into_iter().rev() {
            let mut own_command = false;
            for instruction in &self.all[stage].instructions {
                match &*instruction.keyword {
                    "ENV" => image.set(instruction, self),
                    "ARG" => image.declare(instruction, self),
                    "CMD" => {
                        image.command = Some(self.words(instruction));
                        own_command = true;
                    }
                    "ENTRYPOINT" => {
                        image.entrypoint = Some(self.words(instruction));
                        // A command of an image below belongs to the entrypoint there.
                        if !own_command {
                            image.command = None;
                        }
                    }
                    _ => {}
                }
            }
        }
        image
    }

    /// The words of CMD or ENTRYPOINT.
    fn words(&self, instruction: &Instruction) -> Words {
        Words {
            words: words::command(&instruction.text),
            at: self.place.at(instruction.line),
        }
    }
}

/// An image as its instructions make it.
struct Image {
    /// What is known of a variable that an instruction refers to and that is not set here.
    references: Lookup,
    /// The image below, if it may set anything.
    base: Option<Hidden>,
    variables: HashMap<String, Variable>,
    arguments: HashMap<String, Variable>,
    entrypoint: Option<Words>,
    command: Option<Words>,
}

impl Image {
    /// What it is built from.
    fn below(&mut self, base: &Base, at: String) {
        let what = match base {
            Base::Image(image) => {
                let image = printable(image);
                self.references = Lookup::Unknown(format!(
                    "it refers to the environment of the image `{image}`, which is not known"
                ));
                if base::is_known(&image) {
                    return;
                }
                format!("the environment of the image `{image}` is not known here")
            }
            Base::Unknown(why) => {
                self.references = Lookup::Unknown(why.clone());
                why.clone()
            }
            Base::Scratch | Base::Stage(_) => return,
        };
        self.base = Some(Hidden {
            why: format!("it may be set below: {what}"),
            remark: format!("{at}: {what}: {NOT_SET}"),
            at,
        });
    }

    /// ENV, in either form.
    fn set(&mut self, instruction: &Instruction, stages: &Stages<'_>) {
        let words = split(instruction, stages.escape);
        let pairs = if words.first().is_some_and(|word| !word.text.contains('=')) {
            // ENV NAME the rest of the line
            let text = instruction.text.trim();
            let (name, value) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
            vec![(name.to_owned(), value.trim(), instruction.line)]
        } else {
            words
                .iter()
                .filter_map(|word| {
                    let (name, value) = word.text.split_once('=')?;
                    Some((name.trim_matches('"').to_owned(), value, word.line))
                })
                .collect()
        };
        // The values of one instruction see what was before it, and not each other.
        let resolved: Vec<_> = pairs
            .into_iter()
            .map(|(name, value, line)| {
                let found = resolve(value, stages.escape, &|name| self.lookup(name));
                (name, expand::variable(found, value, stages.place, line))
            })
            .collect();
        self.variables.extend(resolved);
    }

    /// ARG: with a default, that of the argument before the first stage, or none.
    fn declare(&mut self, instruction: &Instruction, stages: &Stages<'_>) {
        for word in split(instruction, stages.escape) {
            let lookup = |name: &str| self.lookup(name);
            let (name, own) = argument(&word, stages.escape, &lookup, stages.place);
            let variable = match (&own, stages.arguments.get(&name)) {
                (_, Some(global)) if !word.text.contains('=') => global.clone(),
                _ => own,
            };
            self.arguments.insert(name, variable);
        }
    }

    fn lookup(&self, name: &str) -> Lookup {
        let variable = self
            .variables
            .get(name)
            .or_else(|| self.arguments.get(name));
        variable.map_or_else(|| self.references.clone(), Lookup::from)
    }
}

/// A word of ARG: its name and its default.
fn argument(
    word: &Word,
    escape: char,
    lookup: &dyn Fn(&str) -> Lookup,
    place: Place<'_>,
) -> (String, Variable) {
    match word.text.split_once('=') {
        Some((name, value)) => {
            let found = resolve(value, escape, lookup);
            let variable = expand::variable(found, value, place, word.line);
            (name.to_owned(), variable)
        }
        None => {
            let why = format!("the build argument `{}` has no default", word.text);
            (word.text.clone(), unknown(why, place.at(word.line)))
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::memory::amount::{Gogc, Limit};
    use crate::memory::declared::Container;

    const MI: u64 = 1 << 20;

    fn image(text: &str, target: Option<&str>) -> Container {
        let found = read(Place("Dockerfile"), text, target);
        found.unwrap().containers[0].container()
    }

    #[test]
    fn environments() {
        for text in [
            "FROM a\nENV GOMEMLIMIT=512MiB GOGC=50",
            "FROM a\nENV GOMEMLIMIT 512MiB",
            "FROM a\nENV GOMEMLIMIT=\"512MiB\"\nENV X='GOMEMLIMIT=1MiB'",
            "FROM a\nENV X=1 \\\n  # c\n  GOMEMLIMIT=512MiB",
            "FROM a\nARG L=512\nENV GOMEMLIMIT=${L}MiB",
            "ARG L=512\nFROM a\nARG L\nENV GOMEMLIMIT=${L}MiB",
            "FROM a\nARG L\nENV GOMEMLIMIT=${L:-512MiB}",
            "FROM a\nARG L=1\nENV L=512\nARG L=2\nENV GOMEMLIMIT=${L}MiB",
            "FROM a\nENV L=512\nENV L=1 GOMEMLIMIT=${L}MiB",
            "FROM scratch\nENV GOMEMLIMIT=${L:+x}512MiB$L",
            "FROM a AS b\nENV GOMEMLIMIT=512MiB\nFROM c AS d\nENV GOMEMLIMIT=1MiB\nFROM B\n",
            "ARG B=b\nFROM a AS b\nENV GOMEMLIMIT=512MiB\nFROM --platform=x $B",
            "FROM a\nONBUILD ENV GOMEMLIMIT=1MiB\nENV GOMEMLIMIT=512MiB",
            "FROM a\nENV GOMEMLIMIT=1MiB\nENTRYPOINT GOMEMLIMIT=512MiB exec app\nCMD x",
            "FROM a\nENTRYPOINT [\"env\", \"GOMEMLIMIT=512MiB\"]\nCMD [\"app\"]",
            "FROM a\nENTRYPOINT [\"tini\", \"--\"]\nCMD GOMEMLIMIT=512MiB app",
            "FROM a AS b\nCMD GOMEMLIMIT=1MiB b\nFROM b\nENV GOMEMLIMIT=512MiB\nENTRYPOINT [\"a\"]",
        ] {
            let limit = image(text, None).gomemlimit;
            assert_eq!(
                limit.value(),
                Some(&Limit::Bytes(512 * MI)),
                "{text}: {limit:?}"
            );
        }
        for text in [
            "FROM golang:1.26@sha256:0",
            "FROM scratch",
            "ARG B=alpine\nFROM $B",
        ] {
            assert_eq!(image(text, None).gomemlimit, Declared::Absent, "{text}");
        }
        let gogc = image("FROM a\nENV GOGC=off", None).gogc;
        assert_eq!(gogc.value(), Some(&Gogc::Off));
    }

    #[test]
    fn what_is_not_known() {
        let long = "ENV A=$A$A$A$A\n".repeat(40);
        let long = format!("FROM a\nENV A=aaaa\n{long}ENV GOMEMLIMIT=$A");
        for (text, why) in [
            (
                "FROM a\nARG L\nENV GOMEMLIMIT=$L",
                "the build argument `L` has no default",
            ),
            (
                "ARG L\nFROM a\nARG L\nENV GOMEMLIMIT=$L",
                "the build argument `L` has no default",
            ),
            ("FROM a\nENV GOMEMLIMIT=$L", "the image `a`"),
            ("FROM alpine\nENV GOMEMLIMIT=$L", "the image `alpine`"),
            (
                "FROM a\nENV A=b",
                "the environment of the image `a` is not known",
            ),
            (
                "ARG BASE\nFROM ${BASE}",
                "the image `${BASE}` that it is built from is not known: the build argument `BASE`",
            ),
            ("FROM ${BASE}", "`BASE` is no build argument"),
            ("FROM a\nCMD GOMEMLIMIT=$(x) app", "worked out by a shell"),
            (&long, "longer than 512"),
        ] {
            let found = image(text, None).gomemlimit;
            match &found {
                Declared::Unknown { why: found, .. } => assert!(found.contains(why), "{found}"),
                other => panic!("{text}: {other:?}"),
            }
        }
    }

    #[test]
    fn stages_are_chosen() {
        let text = "FROM a AS build\nENV GOGC=50\nFROM scratch AS prod\nENV GOGC=100\nFROM build\n";
        for (target, name, percent, at) in [
            (None, "image", 50, "Dockerfile:5"),
            (Some("Build"), "build", 50, "Dockerfile:1"),
            (Some("prod"), "prod", 100, "Dockerfile:3"),
            (Some("1"), "prod", 100, "Dockerfile:3"),
        ] {
            let image = image(text, target);
            assert_eq!((&*image.name, &*image.at), (name, at));
            assert_eq!(image.gogc.value(), Some(&Gogc::Percent(percent)));
            assert_eq!(image.workload, "Dockerfile");
        }
        let found = |text, target| read(Place("Dockerfile"), text, target);
        assert_eq!(
            found(text, None).unwrap().remarks,
            [
                "Dockerfile:1: the environment of the image `a` is not known here: \
                 GOGC and AUTOMEMLIMIT are taken not to be set there"
            ]
        );
        assert!(found(text, Some("prod")).unwrap().remarks.is_empty());
        for (text, target, message) in [
            (
                text,
                Some("x"),
                "Dockerfile: has no stage `x`; its stages are build, prod",
            ),
            (text, Some("3"), "Dockerfile: has no stage `3`"),
            ("ARG A=1", None, "Dockerfile: holds no FROM"),
        ] {
            let error = found(text, target).err().unwrap().to_string();
            assert!(error.starts_with(message), "{error}");
        }
    }
}
