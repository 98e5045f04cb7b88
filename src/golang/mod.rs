//! What Go itself knows: its environment, the packages of a module, test binaries, and how the
//! source of a test file hangs together.

mod build;
mod modules;
mod packages;
mod places;
mod source;
mod toolchain;

pub use build::{Build, Built};
pub use modules::{Module, find_modules, local_targets};
pub use packages::{Closure, Package, TEST_SUFFIX};
pub use places::{Found, find_benchmarks};
pub use source::{Declaration, Import, SourceFile};
pub use toolchain::{Environment, Go, GoError};
