//! Files of pictures decode back to what was drawn.

#![allow(clippy::unwrap_used, reason = "helpers of tests stop the test")]

use std::io::Cursor;

use nwm_analysis::{
    Error,
    figures::{
        ColourMap, FilmStrip, HeatMap, LineChart, MovieOptions, PhaseColours, PolarHistogram,
        Quiver, RgbFrame, SheetOptions, animated_gif, contact_sheet, phase_clip, phase_map, png,
    },
    waves::{Grid, SyntheticWave, critical_points, phase_gradient},
};

/// A soft disc that moves to the right, drawn over a grey background.
fn moving_disc(frames: usize) -> Vec<RgbFrame> {
    (0..frames)
        .map(|time| {
            let mut bytes = Vec::new();
            for row in 0..24_u32 {
                for column in 0..32_u32 {
                    let distance =
                        f64::hypot(f64::from(row) - 11.5, f64::from(column) - 6.0 - time as f64);
                    let inside = 1.0 / (1.0 + (2.5 * (distance - 4.4)).exp());
                    for (disc, background) in [(255.0, 81.0), (0.0, 88.0), (0.0, 93.0)] {
                        bytes.push((inside * disc + (1.0 - inside) * background) as u8);
                    }
                }
            }
            RgbFrame::new(24, 32, bytes).unwrap()
        })
        .collect()
}

/// Frames of a GIF as RGB, with the delay of each.
fn decoded(bytes: &[u8]) -> (u16, u16, Vec<(u16, Vec<u8>)>) {
    let mut options = gif::DecodeOptions::new();
    options.set_color_output(gif::ColorOutput::RGBA);
    let mut decoder = options.read_info(Cursor::new(bytes)).unwrap();
    let (width, height) = (decoder.width(), decoder.height());
    let mut frames = Vec::new();
    while let Some(frame) = decoder.read_next_frame().unwrap() {
        let rgb = frame.buffer.chunks_exact(4).flat_map(|p| [p[0], p[1], p[2]]).collect();
        frames.push((frame.delay, rgb));
    }
    (width, height, frames)
}

#[test]
fn a_movie_of_few_colours_is_lossless() {
    let frames: Vec<RgbFrame> = (0..5_u8)
        .map(|time| {
            let pixels = (0..6_u8).flat_map(|place| [40 * time, 40 * place, 7]).collect();
            RgbFrame::new(2, 3, pixels).unwrap()
        })
        .collect();
    let options = MovieOptions::default().with_magnification(3).with_delay_hundredths(11);
    let (width, height, shown) = decoded(&animated_gif(&frames, options).unwrap());
    assert_eq!((width, height, shown.len()), (9, 6, 5));
    for ((delay, rgb), frame) in shown.iter().zip(&frames) {
        assert_eq!(*delay, 11);
        assert_eq!(rgb, frame.magnified(3).unwrap().bytes());
    }
}

#[test]
fn a_movie_of_many_colours_is_close_and_reproducible() {
    // Two movies side by side and their difference: far more than 256 colours.
    let discs = moving_disc(24);
    let frames: Vec<RgbFrame> = (0..23)
        .map(|time| {
            let next = &discs[time + 1];
            let difference = discs[time].difference(next).unwrap();
            RgbFrame::side_by_side(&[&discs[time], next, &difference], 1, [0; 3]).unwrap()
        })
        .collect();
    let options = MovieOptions::default().with_magnification(1);
    let bytes = animated_gif(&frames, options).unwrap();
    let (_, _, shown) = decoded(&bytes);
    let squares: u64 = shown
        .iter()
        .zip(&frames)
        .flat_map(|((_, rgb), frame)| rgb.iter().zip(frame.bytes()))
        .map(|(shown, drawn)| u64::from(shown.abs_diff(*drawn)).pow(2))
        .sum();
    let values: usize = frames.iter().map(|frame| frame.bytes().len()).sum();
    let deviation = (squares as f64 / values as f64).sqrt();
    assert!(deviation < 1.5, "root mean square of {deviation} levels");
    assert_eq!(bytes, animated_gif(&frames, options).unwrap());
}

#[test]
fn movies_check_their_input() {
    let frame = RgbFrame::filled(2, 3, [1; 3]).unwrap();
    let wide = RgbFrame::filled(1, 70_000, [1; 3]).unwrap();
    let other = RgbFrame::filled(3, 3, [1; 3]).unwrap();
    let options = MovieOptions::default();
    assert!(matches!(animated_gif(&[], options), Err(Error::Empty { .. })));
    assert!(matches!(
        animated_gif(&[frame.clone(), other], options),
        Err(Error::FrameSize { found: [3, 3], expected: [2, 3], .. })
    ));
    assert!(matches!(animated_gif(&[wide], options), Err(Error::Range { name: "width", .. })));
    assert!(animated_gif(&[frame], options.with_magnification(0)).is_err());
}

#[test]
fn a_contact_sheet_places_every_frame() {
    let frames: Vec<RgbFrame> =
        (0..5).map(|value| RgbFrame::filled(2, 3, [value; 3]).unwrap()).collect();
    let options = SheetOptions::default().with_columns(3).with_gap(1).with_background([200; 3]);
    let bytes = contact_sheet(&frames, options).unwrap();
    let picture = image::load_from_memory(&bytes).unwrap().to_rgb8();
    // Magnified by 2: three frames of 6 pixels and two gaps; two rows of 4 pixels and one gap.
    assert_eq!(picture.dimensions(), (20, 9));
    assert_eq!(picture.get_pixel(0, 0).0, [0; 3]);
    assert_eq!(picture.get_pixel(6, 0).0, [200; 3]);
    assert_eq!(picture.get_pixel(19, 3).0, [2; 3]);
    assert_eq!(picture.get_pixel(7, 8).0, [4; 3]);
    assert_eq!(picture.get_pixel(14, 8).0, [200; 3], "the sixth place is empty");
    let bytes = contact_sheet(&frames, options.with_border(3)).unwrap();
    let framed = image::load_from_memory(&bytes).unwrap().to_rgb8();
    assert_eq!(framed.dimensions(), (26, 15));
    assert_eq!((framed.get_pixel(2, 9).0, framed.get_pixel(22, 6).0), ([200; 3], [2; 3]));
    assert!(contact_sheet(&frames, options.with_columns(0)).is_err());
    assert!(contact_sheet(&[], options).is_err());
}

#[test]
fn a_png_is_lossless() {
    let frame = &moving_disc(1)[0];
    let picture = image::load_from_memory(&png(frame).unwrap()).unwrap().to_rgb8();
    assert_eq!(picture.as_raw().as_slice(), frame.bytes());
}

#[test]
fn a_chart_names_and_draws_every_series() {
    let svg = LineChart::new("step", "loss")
        .logarithmic()
        .series("train <loss>", (1..200).map(|i| (f64::from(i), 1.0 / f64::from(i))))
        .series("mean image", [(1.0, 0.5), (199.0, 0.5)])
        .marker(31.0, "forecast begins")
        .svg()
        .unwrap();
    assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"));
    for text in ["train &lt;loss&gt;", "mean image", "forecast begins", "step", "loss", "0.01"] {
        assert!(svg.contains(text), "{text} is missing");
    }
    assert!(!svg.contains("<loss>"), "text must be escaped");
    // Two swatches and two lines in two colours.
    assert_eq!(svg.matches("#0072B2").count(), 2);
    assert_eq!(svg.matches("#D55E00").count(), 2);
}

#[test]
fn references_are_dashed_and_colours_can_be_chosen() {
    let line = |level: f64| [(0.0, level), (100.0, level)];
    let svg = LineChart::new("frame", "error")
        .reference("mean image", line(1.0))
        .coloured_series(2, "nwm_2d", line(2.0))
        .series("next", line(3.0))
        .svg()
        .unwrap();
    assert_eq!(svg.matches("#009E73").count(), 2, "swatch and line");
    assert_eq!(svg.matches("#D55E00").count(), 2, "the second colour, since one was taken");
    assert!(svg.matches("#8A8F98").count() > 20, "dashes");
}

#[test]
fn limits_leave_out_what_lies_beyond() {
    let points = [(0.0, 1.0), (1.0, 1.2), (2.0, 900.0), (3.0, 1.1), (4.0, 1.0)];
    let chart = LineChart::new("frame", "energy").series("nwm", points);
    let limited = chart.clone().vertical_limits(0.0, 2.0).svg().unwrap();
    assert!(!limited.contains(">900<") && !limited.contains(">1000<"));
    // The swatch, and a line on either side of the gap.
    assert_eq!(limited.matches("#0072B2").count(), 3);
    assert_eq!(chart.clone().vertical_limits(2.0, f64::NAN).svg().unwrap(), chart.svg().unwrap());
}

#[test]
fn a_chart_without_points_is_an_error() {
    let chart = LineChart::new("step", "loss");
    assert!(matches!(chart.svg(), Err(Error::Empty { .. })));
    let negative = chart.clone().logarithmic().series("loss", [(0.0, -1.0), (1.0, f64::NAN)]);
    assert!(matches!(negative.svg(), Err(Error::Empty { .. })));
    let small = chart.series("loss", [(0.0, 1.0)]).size(100, 300);
    assert!(matches!(small.svg(), Err(Error::Range { found: 100, .. })));
}

/// Digits of an attribute of an SVG element.
fn attribute(element: &str, name: &str) -> i32 {
    let start = element.find(&format!(" {name}=\"")).unwrap() + name.len() + 3;
    element[start..].split('"').next().unwrap().parse().unwrap()
}

/// Everything that is drawn lies inside the figure.
fn assert_inside(svg: &str) {
    let (width, height) = (attribute(svg, "width"), attribute(svg, "height"));
    for element in svg.lines().filter(|line| line.starts_with("<text")) {
        let (x, y) = (attribute(element, "x"), attribute(element, "y"));
        assert!((0..=width).contains(&x) && (0..=height).contains(&y), "{element}");
    }
    for element in svg.lines().filter(|line| line.starts_with("<image")) {
        let right = attribute(element, "x") + attribute(element, "width");
        let bottom = attribute(element, "y") + attribute(element, "height");
        assert!(right <= width && bottom <= height, "{right} of {width}, {bottom} of {height}");
    }
}

#[test]
fn bands_are_shaded_in_the_colour_of_their_line() {
    let chart = LineChart::new("lag", "correlation")
        .series("nwm_2d", [(0.0, 1.0), (9.0, 0.5)])
        .reference("surrogates", [(0.0, 0.0), (9.0, 0.0)])
        .band((0..10).map(|lag| (f64::from(lag), -3.0, 0.2)));
    let svg = chart.svg().unwrap();
    assert_eq!(svg.matches("<polygon").count(), 1);
    let is_shade = |line: &&str| line.contains("opacity=\"0.22\"");
    let shades: Vec<&str> = svg.lines().filter(is_shade).collect();
    assert_eq!(shades.len(), 2, "a swatch and a band");
    assert!(shades.iter().all(|shade| shade.contains("fill=\"#8A8F98\"")));
    assert!(svg.contains("\n-3\n"), "the axis holds the band");
    let limited = chart.vertical_limits(-0.5, 1.5).svg().unwrap();
    assert!(!limited.contains("\n-3\n") && limited.matches("<polygon").count() == 1);
    // There is no line that a band could belong to.
    let empty = LineChart::new("lag", "correlation").band([(0.0, 0.0, 1.0)]);
    assert!(matches!(empty.svg(), Err(Error::Empty { .. })));
}

#[test]
fn a_wave_is_mapped_with_its_arrows_and_its_source() {
    let recorded = |phase: f64| {
        let (frequency, wavelength, centre) = (0.1, 9.0, [7.5, 9.5]);
        SyntheticWave::Target { frequency, wavelength, centre, phase }.recording([2, 16, 20])
    };
    let (real, imaginary) = (recorded(0.0), recorded(-std::f64::consts::FRAC_PI_2));
    let phase: Vec<f64> =
        imaginary.iter().zip(&real).map(|(imaginary, real)| imaginary.atan2(*real)).collect();
    let clip = phase_clip(&phase, [2, 16, 20], PhaseColours::Cyclic).unwrap();
    assert_eq!(clip[1], phase_map(&phase[320..], [16, 20]).unwrap());
    let travel = phase_gradient(&phase, [2, 16, 20], Grid::Open).unwrap().negated();
    let points = critical_points(&travel, 1, Grid::Open);
    let quiver = Quiver::new(clip[1].clone(), &travel, 1)
        .unwrap()
        .unit("rad per site")
        .critical_points(&points);
    let svg = quiver.svg().unwrap();
    assert_inside(&svg);
    assert!(svg.contains("rad per site") && svg.matches("<image").count() == 1);
    // A source that is equal in all directions is on the border to a spiral.
    assert_eq!((points.len(), points[0].place), (1, [7.5, 9.5]));
    assert!(svg.contains("source (1)") || svg.contains("spiral out (1)"));
    assert_eq!(svg, quiver.svg().unwrap());
}

#[test]
fn figures_of_every_shape_hold_their_words() {
    for shape in [[1, 1], [1, 36], [36, 1], [24, 54], [7, 900]] {
        let values: Vec<f32> =
            (0..shape[0] * shape[1]).map(|site| site as f32 * 1234.5 - 9.0).collect();
        let map = HeatMap::new(&values, shape).unwrap();
        let frame = map.frame().unwrap();
        assert_eq!([frame.rows(), frame.columns()], shape);
        assert_inside(&map.quantity("amplitude (arbitrary units)").svg().unwrap());
        let strips = FilmStrip::new(0..13).strip("a longer name of a row", &vec![frame; 13]);
        assert_inside(&strips.svg().unwrap());
    }
}

proptest::proptest! {
    /// Any numbers at all: a map has colours, and a figure is drawn or there was nothing to draw.
    #[test]
    fn maps_and_histograms_of_any_numbers_are_drawn_or_empty(
        values in proptest::collection::vec(proptest::num::f64::ANY, 6),
    ) {
        let is_drawable = values.iter().any(|value| value.is_finite());
        phase_map(&values, [2, 3]).unwrap();
        phase_clip(&values, [3, 1, 2], PhaseColours::ThreeCosines).unwrap();
        for colours in [ColourMap::Sequential, ColourMap::Diverging, ColourMap::Cyclic] {
            HeatMap::new(&values, [3, 2]).unwrap().colours(colours).frame().unwrap();
        }
        let map = HeatMap::new(&values, [3, 2]).unwrap().colours(ColourMap::Diverging);
        proptest::prop_assert_eq!(map.svg().is_ok(), is_drawable);
        let histogram = PolarHistogram::new(&values);
        proptest::prop_assert_eq!(histogram.svg().is_ok(), is_drawable);
        let missing = f64::from(u8::from(is_drawable)) - histogram.shares().iter().sum::<f64>();
        proptest::prop_assert!(missing.abs() < 1e-12, "{missing}");
    }

    /// Any numbers at all: a chart is drawn, or there was nothing to draw.
    #[test]
    fn charts_of_any_numbers_are_drawn_or_empty(
        points in proptest::collection::vec(
            (proptest::num::f64::ANY, proptest::num::f64::ANY), 0..20),
        marker in proptest::num::f64::ANY,
        logarithmic: bool,
    ) {
        let drawable = points.iter().any(|(x, y)| {
            x.is_finite() && y.is_finite() && (*y > 0.0 || !logarithmic)
        });
        let chart = LineChart::new("x", "y").series("any", points).marker(marker, "here");
        let chart = if logarithmic { chart.logarithmic() } else { chart };
        match chart.svg() {
            Ok(svg) => proptest::prop_assert!(drawable && svg.ends_with("</svg>\n")),
            Err(error) => {
                let empty = matches!(error, Error::Empty { .. });
                proptest::prop_assert!(!drawable && empty, "{error}");
            }
        }
    }
}
