//! Memory over time: as a block of characters and as SVG.

use plotters::prelude::{
    ChartBuilder, Color, IntoDrawingArea, IntoFont, LineSeries, PathElement, RGBColor, SVGBackend,
    WHITE,
};

use crate::figure;
use crate::gate::{CommandRun, MemorySample};
use crate::memory::amount::MEBIBYTE as MI;
use crate::text::{fit, plain, width};

/// Rows of the block of characters.
const ROWS: usize = 8;
const BLOCKS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// What is charted of a sample: what cannot be taken away, as well as it is known.
fn charted(sample: &MemorySample) -> Option<f64> {
    sample.working_set.or(sample.resident)
}

/// The word of what is charted.
fn word(command: &CommandRun) -> &'static str {
    if command
        .samples
        .iter()
        .any(|sample| sample.working_set.is_some())
    {
        "working set"
    } else {
        "RSS − lazy-free"
    }
}

/// The greatest value of a chart: the limit, or what went beyond it.
fn top(command: &CommandRun) -> f64 {
    let values = command.samples.iter().filter_map(charted);
    values.fold(command.limit, f64::max).max(1.0)
}

/// A chart in lines of at most `columns`: the highest value of each span of time, under the limit.
pub(super) fn terminal(command: &CommandRun, columns: usize) -> Vec<String> {
    let points: Vec<(f64, f64)> = command
        .samples
        .iter()
        .filter_map(|sample| Some((sample.at, charted(sample)?)))
        .collect();
    if points.len() < 2 {
        return Vec::new();
    }
    let top = top(command);
    let labels = [figure::size(top), figure::size(top / 2.0), "0".to_owned()];
    let margin = labels.iter().map(|label| width(label)).max().unwrap_or(0) + 4;
    let span = columns.saturating_sub(margin).clamp(8, 100);
    let end = command
        .seconds
        .max(points[points.len() - 1].0)
        .max(f64::MIN_POSITIVE);
    let mut heights = vec![0.0_f64; span];
    let mut last = 0;
    for (at, value) in points {
        let column = (((at / end) * span as f64) as usize).min(span - 1);
        // What was measured holds until something else is.
        let held = heights[last];
        heights[(last + 1).min(column)..column].fill(held);
        heights[column] = heights[column].max(value);
        last = column;
    }
    let held = heights[last];
    heights[last..].fill(held);
    let mut lines = Vec::with_capacity(ROWS + 2);
    for row in 0..ROWS {
        let label = match row {
            0 => &labels[0],
            _ if row == ROWS / 2 => &labels[1],
            _ => "",
        };
        let floor = (ROWS - 1 - row) as f64;
        let cell = |value: &f64| {
            let eighths = ((value / top * ROWS as f64 - floor) * 8.0)
                .round()
                .clamp(0.0, 8.0);
            BLOCKS[eighths as usize]
        };
        let blocks: String = heights.iter().map(cell).collect();
        let pad = margin - 2 - width(label);
        lines.push(
            format!("{:pad$}{label} ┤{blocks}", "")
                .trim_end()
                .to_owned(),
        );
    }
    lines.push(format!(
        "{:>pad$} └{}",
        labels[2],
        "─".repeat(span),
        pad = margin - 2
    ));
    let seconds = format!("{} s", figure::number(end));
    let legend = format!("{:margin$}0 s, {}", "", word(command));
    let gap = (margin + span)
        .saturating_sub(width(&legend) + width(&seconds))
        .max(1);
    lines.push(format!("{legend}{:gap$}{seconds}", ""));
    lines
}

/// The chart as SVG: every line that was sampled, and the limit.
pub fn svg(command: &CommandRun) -> String {
    let mut picture = String::new();
    // Writing to a string cannot fail; a chart without a sample is an empty picture.
    let _ = draw(command, &mut picture);
    picture
}

fn draw(command: &CommandRun, picture: &mut String) -> Result<(), Box<dyn std::error::Error>> {
    type Line = (&'static str, RGBColor, fn(&MemorySample) -> Option<f64>);
    const LINES: [Line; 4] = [
        ("usage, page cache included", RGBColor(150, 150, 150), |s| {
            s.usage
        }),
        ("working set", RGBColor(31, 119, 180), |s| s.working_set),
        ("anonymous", RGBColor(44, 160, 44), |s| s.anonymous),
        ("RSS − lazy-free", RGBColor(255, 127, 14), |s| s.resident),
    ];
    let area = SVGBackend::with_string(picture, (900, 420)).into_drawing_area();
    area.fill(&WHITE)?;
    let usages = command.samples.iter().filter_map(|sample| sample.usage);
    let top = usages.fold(top(command), f64::max);
    let (unit, scale) = if top < 10.0 * 1024.0 * MI {
        ("MiB", MI)
    } else {
        ("GiB", 1024.0 * MI)
    };
    // Room above the limit for the legend, which would hide a curve anywhere else.
    let top = top / scale * 1.5;
    let end = command
        .samples
        .last()
        .map_or(1.0, |sample| sample.at)
        .max(0.1);
    let mut chart = ChartBuilder::on(&area)
        .caption(
            fit(&plain(&command.command.join(" ")), 80),
            ("sans-serif", 16).into_font(),
        )
        .margin(12)
        .x_label_area_size(36)
        .y_label_area_size(64)
        .build_cartesian_2d(0.0..end, 0.0..top)?;
    chart
        .configure_mesh()
        .x_desc("seconds")
        .y_desc(unit)
        .light_line_style(RGBColor(240, 240, 240))
        .draw()?;
    for (label, color, of) in LINES {
        let points: Vec<(f64, f64)> = command
            .samples
            .iter()
            .filter_map(|sample| Some((sample.at, of(sample)? / scale)))
            .collect();
        if points.is_empty() {
            continue;
        }
        chart
            .draw_series(LineSeries::new(points, color.stroke_width(2)))?
            .label(label)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], color.stroke_width(2)));
    }
    let red = RGBColor(214, 39, 40);
    let limit = command.limit / scale;
    let label = match &command.enforced_by {
        Some(_) => "limit",
        None => "limit, not enforced",
    };
    chart
        .draw_series(LineSeries::new(
            [(0.0, limit), (end, limit)],
            red.stroke_width(2),
        ))?
        .label(label)
        .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], red.stroke_width(2)));
    chart
        .configure_series_labels()
        .position(plotters::prelude::SeriesLabelPosition::UpperLeft)
        .background_style(WHITE.mix(0.85))
        .border_style(RGBColor(200, 200, 200))
        .draw()?;
    area.present()?;
    Ok(())
}
