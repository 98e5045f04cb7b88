//! The policy of a run: a file, or the defaults, with the flags on top.

use std::path::Path;

use anyhow::{Context, Result, anyhow};

use super::args::{PolicyArguments, PolicySource};
use super::place;
use crate::git::Repository;
use crate::policy::{
    self, Gating, Policy, Rule, Scope, TRAILER, parse_quantity, parse_relative, parse_trailer,
};
use crate::unit::Unit;

/// The policy file's policy, or the default one, with the flags on top. Files and repositories are
/// looked for from `here`.
pub(super) fn policy(arguments: &PolicyArguments, here: &Path) -> Result<Policy> {
    let mut policy = written(&arguments.source, here)?;
    if let Some(revision) = &arguments.waivers_since {
        let repository = Repository::discover(here)?;
        for message in repository.messages_since(revision)? {
            let trailers = message.trailers.iter();
            for (_, value) in trailers.filter(|(key, _)| key.eq_ignore_ascii_case(TRAILER)) {
                let waiver = parse_trailer(value, &message.commit)
                    .map_err(|error| anyhow!("commit {}: {TRAILER}: {error}", message.commit))?;
                policy.waivers.push(waiver);
            }
        }
    }
    let statistics = &mut policy.statistics;
    statistics.alpha = arguments.alpha.unwrap_or(statistics.alpha);
    statistics.confidence = arguments.confidence.unwrap_or(statistics.confidence);
    statistics.test = arguments.test.unwrap_or(statistics.test);
    statistics.adjust = arguments.adjust.unwrap_or(statistics.adjust);
    policy
        .ignore_keys
        .extend(arguments.ignore_key.iter().cloned());
    policy.outcomes.extend(arguments.on.on.iter().copied());
    for threshold in &arguments.threshold {
        let rule = threshold_rule(threshold).with_context(|| format!("--threshold {threshold}"))?;
        policy.rules.push(rule);
    }
    let gates = arguments.gate.iter().map(|unit| (unit, Gating::Gate));
    let advisories = arguments
        .advisory
        .iter()
        .map(|unit| (unit, Gating::Advisory));
    for (unit, gating) in gates.chain(advisories) {
        policy.rules.push(Rule {
            gate: Some(gating),
            ..flag_rule(unit)
        });
    }
    Ok(policy)
}

/// The policy without what flags change of it.
pub(super) fn written(arguments: &PolicySource, here: &Path) -> Result<Policy> {
    if let Some(revision) = &arguments.policy_from {
        let repository = Repository::discover(here)?;
        let found = repository.find_file(revision, here, policy::FILE_NAME)?;
        let Some((path, text)) = found else {
            return Ok(Policy::default());
        };
        let name = format!("{revision}:{}", path.display());
        let text = String::from_utf8(text).with_context(|| format!("{name}: not UTF-8"))?;
        let policy = Policy::parse(&text, &name)?;
        let mut policy = policy;
        if let Some(memory) = &mut policy.memory {
            memory.vanished = vanished(&repository, revision, &path, &memory.manifests)?;
        }
        // Where the file would be in the working tree.
        return Ok(anchored(policy, &repository.root().join(path)));
    }
    let path = match &arguments.policy {
        Some(path) => Some(path.clone()),
        None if arguments.no_policy => None,
        None => Policy::find(here),
    };
    match path {
        Some(path) => Ok(anchored(Policy::read(&path, &shown(&path))?, &path)),
        None => Ok(Policy::default()),
    }
}

/// The manifests that a revision has, and the working tree has not: what they declared is not judged.
fn vanished(
    repository: &Repository,
    revision: &str,
    policy: &Path,
    manifests: &[String],
) -> Result<Vec<String>> {
    let folder = policy.parent().unwrap_or(Path::new(""));
    let folder = Path::new(&glob::Pattern::escape(&folder.display().to_string())).to_owned();
    let patterns: Vec<glob::Pattern> = manifests
        .iter()
        .map(|name| glob::Pattern::new(&folder.join(name).display().to_string()))
        .collect::<Result<_, _>>()
        .context("manifests of [memory]")?;
    // As patterns are matched against the file system: `*` ends at a slash.
    let options = glob::MatchOptions {
        require_literal_separator: true,
        ..glob::MatchOptions::new()
    };
    let files = repository.files(revision, |path| {
        patterns
            .iter()
            .any(|pattern| pattern.matches_path_with(path, options))
    })?;
    let gone = files
        .into_iter()
        .filter(|path| !repository.root().join(path).exists());
    Ok(gone
        .map(|path| format!("{revision}:{}", path.display()))
        .collect())
}

/// What `[memory]` names is found from the folder of the policy on.
fn anchored(mut policy: Policy, path: &Path) -> Policy {
    let folder = path.parent().unwrap_or(Path::new(""));
    let memory = policy.memory.iter_mut();
    for name in memory.flat_map(|memory| memory.manifests.iter_mut().chain(&mut memory.readings)) {
        if name != "-" && !name.contains("://") && !name.starts_with("pid:") {
            // The folder is a name, and only what follows it may be a pattern.
            let folder = glob::Pattern::escape(&shown(folder));
            *name = Path::new(&folder).join(&*name).display().to_string();
        }
    }
    policy
}

fn shown(path: &Path) -> String {
    place::seen_from_here(path).display().to_string()
}

fn flag_rule(unit: &str) -> Rule {
    Rule {
        scope: Scope::default(),
        unit: Some(Unit::new(unit)),
        gate: None,
        relative: None,
        absolute: None,
        at: "command line".to_owned(),
        specific: !Unit::new(unit).is_built_in(),
    }
}

/// `UNIT=2%`, `UNIT=64B` or `UNIT=2%,64B`. A threshold of one kind alone takes the other away.
fn threshold_rule(text: &str) -> Result<Rule> {
    let (unit, rises) = text.rsplit_once('=').context("expected UNIT=RISE")?;
    let mut rule = Rule {
        relative: Some(0.0),
        absolute: Some(0.0),
        ..flag_rule(unit)
    };
    for rise in rises.split(',') {
        if rise.trim_end().ends_with('%') {
            rule.relative = Some(parse_relative(rise)?);
        } else {
            rule.absolute = Some(parse_quantity(rise, &Unit::new(unit))?);
        }
    }
    Ok(rule)
}
