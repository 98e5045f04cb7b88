//! What one manifest says of a container, as long as it is not joined with what its image says.

use super::command;
use super::variable::{Variable, filled_in, parsed};
use crate::memory::amount::{self, Limit};
use crate::memory::declared::{Container, Declared, Role};

/// A container as one manifest declares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declaration {
    /// Its name: `api`.
    pub name: String,
    /// What it belongs to: `Deployment/shop`, `compose`, `Dockerfile`.
    pub workload: String,
    /// When it runs.
    pub role: Role,
    /// Where it starts: `deploy.yaml:12`.
    pub at: String,
    /// The image that it names.
    pub image: Option<String>,
    /// The limit that the kernel is to enforce.
    pub limit: Declared<Limit>,
    /// What is run in place of the image's entrypoint.
    pub(super) entrypoint: Option<Words>,
    /// What stands behind the entrypoint, in place of the image's command.
    pub(super) arguments: Option<Words>,
    /// The environment in which that is run.
    pub(super) environment: Environment,
}

/// The words of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Words {
    /// As the program gets them, but for what a shell makes of them.
    pub words: Vec<String>,
    /// Where they stand.
    pub at: String,
}

/// The variables of an environment that count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Environment {
    gomemlimit: Variable,
    gogc: Variable,
    automemlimit: Variable,
}

impl Environment {
    /// Looks them up.
    pub(super) fn new(variable: impl Fn(&str) -> Variable) -> Self {
        Environment {
            gomemlimit: variable("GOMEMLIMIT"),
            gogc: variable("GOGC"),
            automemlimit: variable("AUTOMEMLIMIT"),
        }
    }
}

impl Declaration {
    /// This, in a container of the image: what it does not say itself, the image does. Who replaces
    /// the entrypoint of an image gives up its command, too.
    #[must_use]
    pub fn over(self, image: &Declaration) -> Declaration {
        let own = self.environment;
        let below = image.environment.clone();
        let arguments = match self.entrypoint {
            Some(_) => self.arguments,
            None => self.arguments.or_else(|| image.arguments.clone()),
        };
        Declaration {
            limit: self.limit.or(image.limit.clone()),
            entrypoint: self.entrypoint.or_else(|| image.entrypoint.clone()),
            arguments,
            environment: Environment {
                gomemlimit: own.gomemlimit.or(below.gomemlimit),
                gogc: own.gogc.or(below.gogc),
                automemlimit: own.automemlimit.or(below.automemlimit),
            },
            ..self
        }
    }

    /// What is known of it: what its command sets overrides what its environment sets.
    pub fn container(&self) -> Container {
        let own = &self.environment;
        Container {
            name: self.name.clone(),
            workload: self.workload.clone(),
            role: self.role,
            at: self.at.clone(),
            limit: self.limit.clone(),
            gomemlimit: parsed(
                self.started("GOMEMLIMIT", &own.gomemlimit),
                amount::gomemlimit,
            ),
            gogc: parsed(self.started("GOGC", &own.gogc), amount::gogc),
            automemlimit: filled_in(self.started("AUTOMEMLIMIT", &own.automemlimit)),
        }
    }

    /// What its command makes of a variable.
    fn started(&self, name: &str, inherited: &Variable) -> Variable {
        let parts = || self.entrypoint.iter().chain(&self.arguments);
        let names = |part: &&Words| part.words.iter().any(|word| word.contains(name));
        let at = parts().find(names).or_else(|| parts().next());
        let at = at.map_or(&self.at, |part| &part.at);
        let words = parts().flat_map(|part| &part.words).map(String::as_str);
        command::applied(words, name, at, inherited.clone())
    }
}
