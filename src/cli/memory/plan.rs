//! `allocgate memory plan`: the peak to expect of a load, with the arithmetic.

use std::io::{self, Write};

use anyhow::{Context, Result, bail};
use serde::Serialize;

use super::args::PlanArguments;
use super::{policy, readings, size};
use crate::figure;
use crate::gate::Verdict;
use crate::memory::amount::{self, Gogc, MEBIBYTE as MI};
use crate::memory::plan::{Advice, Load, Prediction, advise};
use crate::memory::reading::{Bound, Figure, Reading, Word};
use crate::policy::{MemoryPolicy, parse_relative};

/// The JSON that is printed.
#[derive(Serialize)]
struct Plan<'a> {
    load: &'a Load,
    prediction: &'a Prediction,
    advice: &'a Advice,
    #[serde(skip_serializing_if = "Option::is_none")]
    fits: Option<bool>,
    objections: &'a [String],
}

pub(super) fn run(arguments: &PlanArguments) -> Result<u8> {
    let policy = policy(&arguments.policy)?.memory.unwrap_or_default();
    let reading = readings::joined(&arguments.reading, &arguments.selection)?;
    let (load, notes) = load(arguments, &policy, reading.as_ref())?;
    let reserve = match &arguments.reserve {
        Some(text) => parse_relative(text).context("--reserve")?,
        None => policy.reserve,
    };
    if reserve >= 1.0 {
        bail!("--reserve: expected less than 100%");
    }
    let prediction = load.predict();
    let reserve = prediction.reserve(reserve, policy.gomemlimit_share);
    if prediction.peak.is_infinite() {
        bail!(
            "GOGC is off, and without a GOMEMLIMIT the heap has no bound; state one with --gomemlimit"
        );
    }
    let limit = arguments
        .limit
        .as_deref()
        .map(|text| size("--limit", text))
        .transpose()?;
    let advice = advice(&load, prediction.peak, reserve, &policy);
    let objections = objections(&load, &prediction, limit, reserve, &policy);
    let fits = limit.map(|_| objections.is_empty());
    let mut out = io::stdout().lock();
    if arguments.json {
        let plan = Plan {
            load: &load,
            prediction: &prediction,
            advice: &advice,
            fits,
            objections: &objections,
        };
        serde_json::to_writer_pretty(&mut out, &plan)?;
        writeln!(out)?;
    } else {
        let shown = text(&load, &prediction, &advice, &notes, reserve);
        write!(out, "{shown}")?;
        if let (Some(limit), true) = (limit, objections.is_empty()) {
            writeln!(
                out,
                "\nfits into the limit {} with {} in reserve",
                figure::size(limit),
                figure::percent(reserve)
            )?;
        }
        for objection in &objections {
            writeln!(out, "\ndoes not fit: {objection}")?;
        }
    }
    Ok(match fits {
        Some(false) => Verdict::Regression.exit_code(),
        _ => Verdict::Pass.exit_code(),
    })
}

/// A limit and a GOMEMLIMIT that go together.
fn advice(load: &Load, peak: f64, reserve: f64, policy: &MemoryPolicy) -> Advice {
    let share = policy.gomemlimit_share;
    // A limit that leaves room above a GOMEMLIMIT that is given.
    let least = load.gomemlimit.map_or(0.0, |gomemlimit| {
        (gomemlimit + load.outside_go) / share * (1.0 - reserve)
    });
    let advice = advise(peak.max(least), reserve, share, load.outside_go);
    Advice {
        gomemlimit: load.gomemlimit.unwrap_or(advice.gomemlimit),
        ..advice
    }
}

/// What speaks against the plan.
fn objections(
    load: &Load,
    prediction: &Prediction,
    limit: Option<f64>,
    reserve: f64,
    policy: &MemoryPolicy,
) -> Vec<String> {
    let mut objections = Vec::new();
    if let Some(limit) = limit {
        let room = limit * (1.0 - reserve);
        if prediction.peak > room {
            let (peak, room) = figure::sizes(prediction.peak, room);
            objections.push(format!(
                "the peak {peak} is more than {room}, the limit {} less {} in reserve",
                figure::size(limit),
                figure::percent(reserve)
            ));
        }
        let share = limit * policy.gomemlimit_share;
        if let Some(gomemlimit) = load.gomemlimit.filter(|gomemlimit| *gomemlimit > share) {
            objections.push(format!(
                "GOMEMLIMIT {} is more than {} of the limit, {}",
                figure::size(gomemlimit),
                figure::percent(policy.gomemlimit_share),
                figure::size(share)
            ));
        }
    }
    if let Some(growth) = load
        .growth_under_gomemlimit()
        .filter(|growth| *growth < policy.gc_headroom)
    {
        objections.push(format!(
            "GOMEMLIMIT lets the live heap grow by {} between collections: the program would spend its time in the collector",
            figure::percent(growth.max(0.0))
        ));
    }
    objections
}

/// Where the parts of a load come from.
struct Notes {
    live_heap: String,
    stacks: String,
}

fn load(
    arguments: &PlanArguments,
    policy: &MemoryPolicy,
    reading: Option<&Reading>,
) -> Result<(Load, Notes)> {
    let read = |word: Word| -> Option<&Figure> {
        reading?
            .get(word)
            .filter(|figure| figure.bound != Bound::Doubtful)
    };
    let typed = |flag: &str, text: &Option<String>| {
        text.as_deref().map(|text| size(flag, text)).transpose()
    };
    let (live_heap, from) = match (
        typed("--live-heap", &arguments.live_heap)?,
        read(Word::LiveHeap),
    ) {
        (Some(bytes), _) => (bytes, "stated".to_owned()),
        (None, Some(figure)) => {
            let at_most = if figure.bound == Bound::AtMost {
                ", at most"
            } else {
                ""
            };
            (figure.value, format!("{}{at_most}", figure.from))
        }
        (None, None) => match &policy.live_heap {
            Some(stated) => (stated.value, stated.at.clone()),
            None => bail!(
                "the live heap (go_gc_heap_live_bytes) is not known; state it with --live-heap, or give a --reading"
            ),
        },
    };
    let stack = typed("--stack", &arguments.stack)?.unwrap_or(policy.stack);
    // What is measured counts, unless another number of goroutines is planned with.
    let measured = read(Word::StackInuse).filter(|_| arguments.goroutines.is_none());
    let (stacks, how) = match measured {
        Some(figure) => (figure.value, figure.from.clone()),
        None => {
            let number = arguments
                .goroutines
                .map(f64::from)
                .or(read(Word::Goroutines).map(|figure| figure.value))
                .or(policy.goroutines.as_ref().map(|stated| stated.value))
                .unwrap_or(0.0);
            let how = format!(
                "{} goroutines × {}",
                figure::number(number),
                figure::size(stack)
            );
            (number * stack, how)
        }
    };
    let gogc = match (&arguments.gogc, read(Word::Gogc)) {
        (Some(text), _) => amount::gogc(text).context("--gogc")?,
        (None, Some(figure)) if figure.value.is_infinite() => Gogc::Off,
        (None, Some(figure)) => Gogc::Percent(figure.value as u32),
        (None, None) => Gogc::DEFAULT,
    };
    let gomemlimit = match (&arguments.gomemlimit, read(Word::Gomemlimit)) {
        (Some(text), _) => amount::gomemlimit(text)
            .context("--gomemlimit")?
            .bytes()
            .map(|bytes| bytes as f64),
        (None, figure) => figure
            .map(|figure| figure.value)
            .filter(|value| value.is_finite()),
    };
    let load = Load {
        live_heap,
        stacks,
        scanned_stacks: if measured.is_some() { stacks } else { 0.0 },
        fixed: typed("--fixed", &arguments.fixed)?.unwrap_or(policy.fixed),
        outside_go: typed("--outside-go", &arguments.outside_go)?.unwrap_or(policy.outside_go),
        gogc,
        gomemlimit,
    };
    let notes = Notes {
        live_heap: from,
        stacks: how,
    };
    Ok((load, notes))
}

fn text(
    load: &Load,
    prediction: &Prediction,
    advice: &Advice,
    notes: &Notes,
    reserve: f64,
) -> String {
    let mut lines = vec![(prediction.peak, "predicted peak".to_owned())];
    let live = figure::size(load.live_heap);
    let from = &notes.live_heap;
    let growth = match load.gogc {
        Gogc::Percent(percent) if load.scanned_stacks > 0.0 => {
            format!("{live} live ({from}) + (live + stacks) × {percent}/100")
        }
        Gogc::Percent(percent) => format!("{live} live ({from}) × (1 + {percent}/100)"),
        Gogc::Off => format!("{live} live ({from}), GOGC off"),
    };
    let fixed = "fixed: runtime, binary, libraries (an assumption: --fixed)";
    match load.gomemlimit {
        Some(limit) if prediction.bounded => lines.push((
            prediction.peak - load.outside_go,
            format!(
                "GOMEMLIMIT {} bounds: {growth} + {} + {} fixed",
                figure::size(limit),
                notes.stacks,
                figure::size(load.fixed)
            ),
        )),
        _ => {
            lines.push((prediction.heap, format!("heap: {growth}")));
            lines.push((load.stacks, format!("stacks: {}", notes.stacks)));
            lines.push((load.fixed, fixed.to_owned()));
        }
    }
    lines.push((
        load.outside_go,
        "outside Go: cgo, mmap (--outside-go)".to_owned(),
    ));
    let mut text = String::new();
    for (index, (bytes, what)) in lines.iter().enumerate() {
        let indent = if index == 0 { "" } else { "  " };
        text.push_str(&format!("{:>10}  {indent}{what}\n", figure::size(*bytes)));
    }
    text.push_str(&format!(
        "\nset\n  limit       {:>10}  the peak ÷ (1 − {}), rounded up\n  GOMEMLIMIT  {:>10}  {}\n",
        format!("{}Mi", (advice.limit / MI).round()),
        figure::percent(reserve),
        format!("{}MiB", (advice.gomemlimit / MI).floor()),
        match load.gomemlimit {
            Some(_) => "as it is",
            None => "its share of that limit, less what Go does not see",
        }
    ));
    text
}
