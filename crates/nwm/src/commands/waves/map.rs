//! A frame of phases as characters.

/// From trough to crest.
const SHADES: [char; 5] = [' ', '░', '▒', '▓', '█'];

/// A site without a phase.
const MISSING: char = '·';

/// The largest map, rows and columns.
const LARGEST: [usize; 2] = [12, 24];

/// The cosine of a frame of phases `[row, column]`, each site two characters wide; larger frames are thinned.
pub(super) fn phase_map_text(phase: &[f32], [rows, columns]: [usize; 2]) -> String {
    let [shown_rows, shown_columns] = [rows.min(LARGEST[0]), columns.min(LARGEST[1])];
    let mut text = String::new();
    for row in 0..shown_rows {
        text.push_str("  ");
        for column in 0..shown_columns {
            let within = |place: usize, shown: usize, all: usize| {
                place * all / shown..(place + 1) * all / shown
            };
            // The sum of the unit vectors of all sites that this one stands for.
            let [mut along, mut across] = [0.0_f32; 2];
            for row in within(row, shown_rows, rows) {
                for column in within(column, shown_columns, columns) {
                    let phase = phase[row * columns + column];
                    if !phase.is_nan() {
                        along += phase.cos();
                        across += phase.sin();
                    }
                }
            }
            let length = along.hypot(across);
            let shade = if length < 1e-6 {
                MISSING
            } else {
                let share = 0.5 + 0.5 * along / length;
                SHADES[((share * SHADES.len() as f32) as usize).min(SHADES.len() - 1)]
            };
            text.extend([shade, shade]);
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crests_are_full_and_troughs_are_empty() {
        let phase = [0.0, std::f32::consts::PI, f32::NAN, std::f32::consts::FRAC_PI_2];
        assert_eq!(phase_map_text(&phase, [2, 2]), "  ██  \n  ··▒▒\n");
    }

    #[test]
    fn large_frames_are_thinned() {
        let text = phase_map_text(&[0.0; 60 * 48], [60, 48]);
        assert_eq!(text.lines().count(), 12);
        assert!(text.lines().all(|line| line == format!("  {}", "█".repeat(48))));
    }
}
