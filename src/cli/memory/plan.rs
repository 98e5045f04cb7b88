//! `allocgate memory plan`: the peak to expect of a load, with the arithmetic.

use std::io::{self, Write};

use anyhow::{Context, Result, bail};
use serde::Serialize;

use super::args::PlanArguments;
use super::{policy, readings, size};
use crate::figure;
use crate::gate::Verdict;
use crate::memory::amount::{self, Gogc};
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
    if prediction.peak.is_infinite() {
        bail!(
            "GOGC is off, and without a GOMEMLIMIT the heap has no bound; state one with --gomemlimit"
        );
    }
    let mut advice = advise(
        prediction.peak,
        reserve,
        policy.gomemlimit_share,
        load.outside_go,
    );
    advice.gomemlimit = load.gomemlimit.unwrap_or(advice.gomemlimit);
    let limit = arguments
        .limit
        .as_deref()
        .map(|text| size("--limit", text))
        .transpose()?;
    let fits = limit.map(|limit| prediction.peak <= limit * (1.0 - reserve));
    let mut out = io::stdout().lock();
    if arguments.json {
        let plan = Plan {
            load: &load,
            prediction: &prediction,
            advice: &advice,
            fits,
        };
        serde_json::to_writer_pretty(&mut out, &plan)?;
        writeln!(out)?;
    } else {
        write!(
            out,
            "{}",
            text(&load, &prediction, &advice, &notes, reserve)
        )?;
        if let (Some(limit), Some(fits)) = (limit, fits) {
            let (peak, room) = figure::sizes(prediction.peak, limit * (1.0 - reserve));
            let verdict = if fits { "fits" } else { "does not fit" };
            writeln!(
                out,
                "\n{peak} {verdict} into {room}: the limit {} less {} in reserve",
                figure::size(limit),
                figure::percent(reserve)
            )?;
        }
    }
    Ok(match fits {
        Some(false) => Verdict::Regression.exit_code(),
        _ => Verdict::Pass.exit_code(),
    })
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
        (None, None) => {
            bail!("the reading has no live heap (go_gc_heap_live_bytes); state it with --live-heap")
        }
    };
    let stack = typed("--stack", &arguments.stack)?.unwrap_or(policy.stack);
    let number = arguments
        .goroutines
        .map(f64::from)
        .or(read(Word::Goroutines).map(|figure| figure.value));
    let (stacks, how) = match (number, read(Word::StackInuse)) {
        (None, Some(figure)) => (figure.value, figure.from.clone()),
        (number, _) => {
            let number = number.unwrap_or(0.0);
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
    let growth = match load.gogc {
        Gogc::Percent(percent) => {
            format!("{live} live ({}) × (1 + {percent}/100)", notes.live_heap)
        }
        Gogc::Off => format!("{live} live ({}), GOGC off", notes.live_heap),
    };
    match load.gomemlimit {
        Some(limit) if prediction.bounded => lines.push((
            prediction.go,
            format!(
                "heap and stacks, bounded by GOMEMLIMIT {}: {growth} + {}",
                figure::size(limit),
                notes.stacks
            ),
        )),
        _ => {
            lines.push((prediction.heap, format!("heap: {growth}")));
            lines.push((load.stacks, format!("stacks: {}", notes.stacks)));
        }
    }
    lines.push((
        load.fixed,
        "fixed: runtime, binary, libraries (an assumption: --fixed)".to_owned(),
    ));
    lines.push((
        load.outside_go,
        "outside Go: cgo, mmap (--outside-go)".to_owned(),
    ));
    let mut text = String::new();
    for (index, (bytes, what)) in lines.iter().enumerate() {
        let indent = if index == 0 { "" } else { "  " };
        text.push_str(&format!("{:>10}  {indent}{what}\n", figure::size(*bytes)));
    }
    const MI: f64 = 1_048_576.0;
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
