//! Samples as a line of bars.

/// The most bars of a line.
const MOST: usize = 20;

const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const LETTERS: [char; 8] = ['_', '.', ',', '-', '=', '+', '*', '#'];

/// One bar a sample, from the lower to the upper of `bounds`. More than 20 samples are taken together,
/// neighbours first, by their mean.
pub(super) fn bars(samples: &[f64], bounds: (f64, f64), ascii: bool) -> String {
    let signs = if ascii { LETTERS } else { BLOCKS };
    let (low, high) = bounds;
    let bar = |part: &[f64]| {
        let mean = part.iter().sum::<f64>() / part.len() as f64;
        let share = (mean - low) / (high - low);
        // A row without a spread is a flat line; so is what cannot be placed.
        let step = if share.is_finite() { share * 8.0 } else { 0.0 };
        signs[(step as usize).min(7)]
    };
    let count = samples.len().min(MOST);
    (0..count)
        .map(|index| {
            let at = |index: usize| index * samples.len() / count;
            bar(&samples[at(index)..at(index + 1)])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_where_samples_are() {
        assert_eq!(bars(&[1.0, 2.0, 8.0], (0.0, 8.0), false), "▂▃█");
        assert_eq!(bars(&[1.0, 2.0, 8.0], (0.0, 8.0), true), ".,#");
        assert_eq!(bars(&[5.0, 5.0], (5.0, 5.0), false), "▁▁");
        assert_eq!(bars(&[], (0.0, 1.0), false), "");
        assert_eq!(
            bars(&[f64::INFINITY, 1.0], (1.0, f64::INFINITY), false),
            "▁▁"
        );
        let many: Vec<f64> = (0..100).map(f64::from).collect();
        assert_eq!(bars(&many, (0.0, 99.0), false).chars().count(), 20);
    }
}
