//! What every code of a report means and what to do about it, in the words of `allocgate explain` and of
//! the reports that carry their own explanations.

/// What a code means and what to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The code of a status, a finding, a memory check or a cause.
    pub code: &'static str,
    /// What it means.
    pub meaning: &'static str,
    /// What to do.
    pub remedy: &'static str,
}

impl Explanation {
    /// Every explanation, in the order in which they are listed.
    pub fn all() -> impl Iterator<Item = Explanation> {
        TEXTS.iter().map(|&(code, meaning, remedy)| Explanation {
            code,
            meaning,
            remedy,
        })
    }

    /// The explanation of a code.
    pub fn of(code: &str) -> Option<Explanation> {
        Explanation::all().find(|explanation| explanation.code == code)
    }

    /// The first sentence of its meaning, without a full stop.
    pub fn first_sentence(&self) -> &'static str {
        let first = self.meaning.split_once(". ");
        first
            .map_or(self.meaning, |(first, _)| first)
            .trim_end_matches('.')
    }
}

/// Code, meaning, remedy. Codes are those of [`super::Status`], [`super::FindingCode`],
/// [`super::MemoryCheck`] and of causes that are none of these; a test holds them against each other.
const TEXTS: &[(&str, &str, &str)] = &[
    (
        "regressed",
        "The candidate is worse than the baseline by more than the threshold, and the evidence supports \
         it: either every sample of a side agrees (rule `exact`: allocation counts are then certain, and no \
         p-value is needed), or the rows vary and a Mann-Whitney test is significant after adjustment for \
         the number of rows tested. A rise from zero is a regression whatever the relative threshold.",
        "Look at the lines that `allocgate run` names below the row. Where there are none: `go test -run '^$' \
         -bench NAME -benchmem -memprofile mem.out` and `go tool pprof -sample_index=alloc_objects mem.out` show \
         where the program allocates. If the rise is meant, accept it with a [[waiver]] that has a ceiling \
         (`up-to`) and a reason.",
    ),
    (
        "over-budget",
        "The candidate's median exceeds an absolute ceiling of the policy, whatever the baseline was.",
        "Lower the figure or raise the ceiling of the [[budget]] at the place named.",
    ),
    (
        "inconclusive",
        "The row rose past its threshold, and there are too few samples to tell whether that means \
         anything: a single sample a side, or fewer than any test of ranks needs, or too few for so many rows.",
        "Measure both sides with -count=10. To let such rows pass: `--on inconclusive=pass`, or \
         `inconclusive = \"pass\"` under [outcomes].",
    ),
    (
        "failed",
        "One side has no figures for this row because its package or benchmark failed, panicked, timed \
         out or did not build. A benchmark that does not run cannot be shown not to allocate more.",
        "Mend the failure; the findings name its place. To accept failures: `--on failed=pass`.",
    ),
    (
        "vanished",
        "The baseline has the row and the candidate does not: the benchmark was deleted or renamed, was \
         not selected, or its figures were lost (an allocs/op row vanishes with -benchmem).",
        "Run the same benchmarks on both sides. If the benchmark was deleted on purpose: \
         `--on vanished=pass`.",
    ),
    (
        "ruler-changed",
        "The row rose, and so did what it measures: the benchmark itself changed between the sides, so \
         that the figures are of two different rulers.",
        "Look at both figures and at the change of the benchmark. `allocgate run` measures the old code with \
         the new benchmark wherever that compiles; where it did not, split the change: first the benchmark, \
         then the code. To accept it: `--on ruler-changed=pass`.",
    ),
    (
        "waived",
        "The row regressed, and a waiver of the policy accepts that up to its ceiling.",
        "Nothing. Remove the waiver when the regression is gone; unused waivers are reported.",
    ),
    (
        "within-threshold",
        "The row rose, with evidence, by no more than its threshold, or by no more than quantisation \
         explains: the testing package divides a total by the iteration count and drops the fraction, so \
         that a true 9.98 prints as 9 in one run and as 10 in the next.",
        "Nothing. Tighten the threshold with a [[rule]] if this rise should count.",
    ),
    (
        "improved",
        "The candidate is better by more than the threshold, with evidence.",
        "Nothing. Measure a new baseline to hold on to the improvement, or set a [[budget]].",
    ),
    (
        "new",
        "The candidate has the row and the baseline does not.",
        "Nothing. A [[budget]] can bound it from the first day.",
    ),
    (
        "unchanged",
        "The evidence supports no difference.",
        "Nothing.",
    ),
    (
        "failure",
        "A package or a benchmark failed, panicked, timed out or did not build. In the candidate this keeps \
         the run from being judged; in the baseline it is a warning.",
        "Mend it, or `--on failed=pass`.",
    ),
    (
        "malformed",
        "A line begins as a benchmark result and cannot be read as one, so that a sample is lost.",
        "Look at the line named. Output of the program in the middle of a line is the usual cause: let the \
         benchmark print to a file or to standard error. `--on malformed=pass` accepts it.",
    ),
    (
        "unfinished",
        "A benchmark printed its name and its figures never came: it was killed, it crashed, or the \
         output was cut off.",
        "Run it again. It counts like `malformed`.",
    ),
    (
        "no-benchmarks",
        "There is nothing to judge: a side holds no result, or no benchmark occurs on both. Passing would \
         claim a comparison that nobody made.",
        "Check the command that measures: `go test -run '^$' -bench . -benchmem -count=10 ./...`.",
    ),
    (
        "no-allocations",
        "A side has no row that can fail the build: the allocation columns are missing.",
        "Measure with -benchmem, or call b.ReportAllocs() in the benchmarks.",
    ),
    (
        "budget-unused",
        "A [[budget]] matches no benchmark of the candidate. It may have been renamed: a dead rule is a \
         hole in the gate.",
        "Correct the pattern or remove the budget.",
    ),
    (
        "waiver-unused",
        "A [[waiver]] covers no regressed row.",
        "Remove it: what it accepted is gone.",
    ),
    (
        "filter-unused",
        "A part of `--filter` selects nothing: no row of either side has that value of that key, so that what \
         was meant by it may not be judged.",
        "Look for a typo: names are asked for without `Benchmark`, upper and lower case differ, and `.fullname` \
         ends with the GOMAXPROCS suffix.",
    ),
    (
        "rule-unused",
        "A [[rule]] matches no benchmark of the candidate.",
        "Correct the pattern or remove the rule.",
    ),
    (
        "environment-differs",
        "The sides were measured under different settings: another operating system, processor or Go \
         version. Allocation counts may differ for that alone.",
        "Measure both sides on the same machine with the same toolchain.",
    ),
    (
        "iterations-differ",
        "Iteration counts differ by more than 10× between the sides. Growth of slices and maps and refills of \
         pools are amortised over the iterations: these are not the same experiment.",
        "Fix the count on both sides: -benchtime=1000x.",
    ),
    (
        "few-iterations",
        "Fewer than 100 iterations. The totals that the testing package divides are those of the whole \
         process, the runtime's own allocations included, and few iterations do not make these vanish.",
        "Use a larger -benchtime, such as 1000x.",
    ),
    (
        "duplicate-input",
        "The same results were given twice on one side.",
        "Give each file once.",
    ),
    (
        "same-measurement",
        "Baseline and candidate hold the same results: a file was given twice or copied.",
        "Give two measurements.",
    ),
    (
        "rows-split",
        "A configuration line (`key: value`) takes several values within a side, so that it is part of each row.",
        "If the key is no property of the benchmark, add it to `ignore-keys`.",
    ),
    (
        "procs-differ",
        "The names bear different GOMAXPROCS suffixes on the two sides. They were paired all the same.",
        "Measure both sides on the same machine, or set -cpu.",
    ),
    (
        "renumbered",
        "Sub-benchmarks without names of their own are numbered by the testing package (`#01`). Their numbers \
         differ between the sides, so that figures of different cases may be compared.",
        "Give the sub-benchmarks names.",
    ),
    (
        "deleted",
        "A benchmark function of the baseline's source is gone. Whatever it watched is not watched any more, \
         and a rename looks the same.",
        "If that is meant: `--on deleted=pass`, or `deleted = \"pass\"` under [outcomes].",
    ),
    (
        "unmeasured",
        "A benchmark was to be measured and was not, most likely because the time was up. It is no pass: \
         nobody knows.",
        "Give it more time (--max-time), fewer benchmarks (--bench, --packages), or more machines (--shard).",
    ),
    (
        "no-result",
        "A benchmark is in the source, and neither side printed a result for it: it was skipped, it has only \
         sub-benchmarks that --bench does not select, or TestMain does not run it.",
        "Run it by hand: `go test -run '^$' -bench '^NAME$' -benchmem`.",
    ),
    (
        "identical",
        "Packages were not run: no source that their test binary is built from differs, or both sides build \
         the same binary, byte by byte, and no data file differs that they read.",
        "Nothing.",
    ),
    (
        "ruler",
        "The change touches a benchmark or what its test files hold. The code of the baseline was measured \
         with the candidate's benchmark where that compiles; where it does not, a rise is `ruler-changed`.",
        "Nothing, or see `allocgate explain ruler-changed`.",
    ),
    (
        "iteration-dependence",
        "The figure per operation changes with the number of operations: something grows over the \
         iterations, or is set up once for all of them. Both sides of a run have the same number; figures of \
         other runs cannot be compared with them.",
        "Move the set-up before b.ResetTimer or into b.Loop, and start each iteration from the same state.",
    ),
    (
        "remark",
        "Something about the sides that may explain a figure.",
        "Nothing.",
    ),
    (
        "truncated",
        "The input holds so many problems that only the first are listed.",
        "Mend those first.",
    ),
    (
        "limit-declared",
        "The container has a memory limit: in its manifest, or enforced by the kernel. Without one a leak \
         takes the machine's memory, and the kernel chooses whom to kill for it.",
        "Set resources.limits.memory (Kubernetes), deploy.resources.limits.memory or mem_limit (compose), \
         memory (ECS), MemoryMax (systemd).",
    ),
    (
        "gomemlimit-set",
        "GOMEMLIMIT is set in the manifest, the image or the unit, or the program requires automemlimit. \
         Without it the garbage collector does not know of the limit: the heap doubles past it where it \
         could have been collected.",
        "Set GOMEMLIMIT to about 90 % of the limit. It is a whole number with B, KiB, MiB, GiB or TiB: \
         `512M` ends the program at its start.",
    ),
    (
        "gomemlimit-headroom",
        "GOMEMLIMIT bounds what the Go runtime maps, and the kernel counts more: cgo, mmap, C libraries, the \
         binary, kernel memory. GOMEMLIMIT is to be at most 90 % of the limit (gomemlimit-share). Above the \
         limit it is worse than none: the kernel kills before the runtime begins to save.",
        "Lower GOMEMLIMIT, or raise the limit.",
    ),
    (
        "gogc",
        "GOGC=off without GOMEMLIMIT lets the heap grow until the container is killed; with a GOMEMLIMIT close \
         to the live heap the program spends its time in the collector (gc-headroom). What is no number \
         counts as 100, silently.",
        "Set GOMEMLIMIT, raise it, or hold less.",
    ),
    (
        "working-set",
        "The working set (usage without the inactive file cache: what eviction looks at) is at most 90 % of the \
         limit (working-set-share). Usage above that is page cache, which the kernel drops; RSS above that may \
         be pages given back lazily. A peak that was only sampled may have been higher between the samples.",
        "Look at what holds the memory: `go tool pprof -sample_index=inuse_space` on a heap profile; or raise \
         the limit.",
    ),
    (
        "no-oom",
        "The kernel has killed nothing in the container for its limit (oom_kill of memory.events or \
         memory.oom_control). Where the limit was not enforced, nobody knows.",
        "Raise the limit or hold less; `allocgate memory plan` says what a load needs.",
    ),
    (
        "capacity",
        "The predicted peak, live heap × (1 + GOGC/100) + stacks + fixed part + what Go does not see, with heap \
         and stacks bounded by GOMEMLIMIT, is at most the limit less a reserve of 15 %. The fixed part (50 MiB) \
         and the stack of a goroutine (8 KiB) are assumptions: state your own.",
        "Lower GOGC or set GOMEMLIMIT, hold less, or raise the limit.",
    ),
    (
        "canary",
        "Live heap, goroutines and the collector's share of the CPU time of the candidate are at most 15 % above \
         the baseline's (and more than 4 MiB, 16 goroutines, half a percentage point). The share is a rate: \
         it takes two readings a side under load, or a window of a Prometheus server.",
        "Compare heap profiles of both: `go tool pprof -diff_base`.",
    ),
    (
        "diagnosis",
        "What two readings in time suggest. Advice, never a verdict.",
        "Run the command that it names.",
    ),
    (
        "memory-unknown",
        "A check of the memory budget was asked for and could not be judged: a value comes from a secret or a \
         template, a figure is missing, or may be off in the direction that matters. Unknown is no pass.",
        "The check says what to give. `--on memory-unknown=pass` accepts it, `skip` under [memory] leaves a \
         check out.",
    ),
    (
        "no-memory-checks",
        "The memory budget was to be checked, and nothing was given that any check could be made on.",
        "Give a manifest or a reading.",
    ),
    (
        "command-failed",
        "The command of `allocgate memory run` failed on its own: not for the limit, and not because it was \
         stopped. What it would have used had it gone on is not known. (Exit code 4.)",
        "Mend the command; its exit status is in the report.",
    ),
    (
        "not-enforced",
        "`allocgate memory run` could not make a cgroup, so that the command ran without a limit. What it used was \
         measured; what the kernel would have done is not known.",
        "Run it as root, in a delegated cgroup (`systemd-run --user --scope -p Delegate=yes`), or in a container \
         with a writable one. `--on memory-unknown=pass` accepts what was measured.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::{CauseKind, FindingCode, MemoryCheck, Status};

    #[test]
    fn every_code_is_explained_once() {
        let statuses = Status::ALL.iter().map(|status| status.as_str());
        let findings = FindingCode::ALL.iter().map(|code| code.as_str());
        let checks = MemoryCheck::ALL.iter().map(ToString::to_string);
        let causes = [
            CauseKind::MemoryUnknown,
            CauseKind::NoMemoryChecks,
            CauseKind::CommandFailed,
            CauseKind::NotEnforced,
        ];
        let codes: Vec<String> = statuses
            .chain(findings)
            .map(str::to_owned)
            .chain(checks)
            .chain(causes.map(|kind| kind.as_str().to_owned()))
            .collect();
        let explained: Vec<_> = Explanation::all().map(|one| one.code).collect();
        assert_eq!(explained, codes);
    }
}
