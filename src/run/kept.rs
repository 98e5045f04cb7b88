//! What a session takes from the results that are kept of a base, and what it keeps.

use std::collections::BTreeMap;

use super::batch::{BASELINE, Batch, Source, State, Target};
use super::binaries::digest;
use super::cache::{Entry, KeptBatch};
use super::error::RunError;
use super::schedule;
use super::session::{Session, concerns};
use super::{Measured, Notify};
use crate::benchmark::function_of;
use crate::gate::{Report, Status};
use crate::golang::Built;
use crate::policy::Gating;

impl<'a> Session<'a> {
    /// Finds out with what is kept whether nothing has changed. Where something may have, both sides
    /// are measured anew.
    pub(super) fn use_kept(
        &mut self,
        targets: &mut [Target<'a>],
        kept: &BTreeMap<usize, Entry>,
        notify: Notify<'_>,
        judge: &mut dyn FnMut(&Measured) -> Report,
    ) -> Result<(), RunError> {
        let mut any = false;
        for target in targets.iter_mut() {
            let Some(entry) = kept.get(&target.number) else {
                continue;
            };
            if target.use_kept(entry.batches.clone()) {
                any = true;
                self.measurement.meet_kept(target, notify)?;
            }
        }
        if !any {
            return Ok(());
        }
        let report = judge(&self.measured(targets));
        let mut suspect = schedule::undecided(&report);
        let calm = [Status::Unchanged, Status::New];
        for row in report.rows.iter().filter(|row| row.gating == Gating::Gate) {
            if !calm.contains(&row.status) {
                let function = function_of(&row.key.benchmark).to_owned();
                suspect.insert((row.key.package.clone(), function));
            }
        }
        for target in targets.iter_mut() {
            let package = &target.subject.package;
            for batch in target.batches.iter_mut().filter(|batch| batch.kept) {
                if concerns(&suspect, package, batch) {
                    batch.forget();
                } else {
                    batch.state = State::Settled;
                }
            }
        }
        Ok(())
    }

    pub(super) fn keep(&self, target: &Target<'_>) {
        let (Some(cache), Some(key)) = (&self.cache, &target.key) else {
            return;
        };
        let compared = target
            .batches
            .iter()
            .filter(|batch| batch.source != Source::None);
        let compared: Vec<&Batch> = compared.collect();
        // What had to be measured otherwise than it was planned is not what the next run plans.
        let whole = compared.iter().all(|batch| {
            let planned = |name: &String| target.source(name) == batch.source;
            batch.state == State::Settled && batch.functions.iter().all(planned)
        });
        let fresh = compared.iter().any(|batch| !batch.kept);
        if !whole || !fresh {
            return;
        }
        let Some(Built::Binary(binary)) = target.binaries.get(&target.first_source()) else {
            return;
        };
        let Ok(binary) = digest(binary) else {
            return;
        };
        let text = |output: &Vec<u8>| String::from_utf8(output.clone()).ok();
        let batches: Option<Vec<KeptBatch>> = compared
            .into_iter()
            .map(|batch| {
                let outputs = batch.pairs.iter().map(|pair| text(&pair.outputs[BASELINE]));
                Some(KeptBatch {
                    functions: batch.functions.clone(),
                    part: batch.part.clone(),
                    benchtime: batch.benchtime.clone(),
                    outputs: outputs.collect::<Option<_>>()?,
                })
            })
            .collect();
        if let Some(batches) = batches {
            cache.put(key, &Entry { binary, batches });
        }
    }
}
