//! Charts of one or more runs with what a reader must know about them.

use anyhow::Result;
use maud::{Markup, html};

use super::{
    energy::Observed,
    figures::{MOST_ENERGY, energy_comparison, error_comparison, loss_comparison},
    html as page_html,
    shown::{Shown, by_truth},
};

/// Error of every frame, and beside it how the runs learned; `None` if there is neither.
pub(super) fn errors_and_losses(shown: &[Shown<'_>]) -> Result<Option<Markup>> {
    let errors = error_comparison(shown)?.map(|svg| {
        page_html::chart(
            &svg,
            "Relative squared error of every model against the frame of the window, logarithmic",
            "Error of every frame, mean over the test trajectories. Up to the marked frame a model \
             sees the true frames: models that read frame after frame are one step ahead of them, \
             hgn and ode_tr draw again what they have seen. From there on all forecast. \
             Dashed: predictors that know no dynamics, the mean image of the training set and the \
             last frame seen, repeated.",
        )
    });
    let losses = loss_comparison(shown)?.map(|svg| {
        page_html::chart(
            &svg,
            "Mean squared error of the training batches against the training step, logarithmic",
            "Mean squared error of the training batches: as noisy as the batches are small, and no \
             measure of the forecast.",
        )
    });
    Ok((errors.is_some() || losses.is_some()).then(|| {
        html! { div.charts {
            @if let Some(errors) = &errors { (errors) }
            @if let Some(losses) = &losses { (losses) }
        } }
    }))
}

/// Energy along the first trajectory; `None` for systems whose energy cannot be told from pictures.
pub(super) fn energies(data: &str, shown: &[Shown<'_>]) -> Result<Option<Markup>> {
    let dt = shown.iter().find_map(|run| run.evaluation?.dt);
    let Some(observed) = Observed::of(data, dt) else { return Ok(None) };
    let mut charts = Vec::new();
    for group in by_truth(shown)? {
        charts.extend(energy_comparison(&observed, &group)?);
    }
    let precision = 100.0 * observed.precision;
    let caption = format!(
        "Energy along the first test trajectory, in the units of the equations, as the pictures \
         show it: positions are the centroids of the balls, velocities their central differences. \
         Of true frames this is within {precision} % of the largest energy in a test set. A line \
         has gaps where no ball can be found, and where its energy is further from the true one \
         than {MOST_ENERGY} times that. A ball cut by the border or behind another one is seen in part, \
         and its energy is inexact."
    );
    Ok((!charts.is_empty()).then(|| {
        html! { @for svg in &charts {
            (page_html::chart(svg, "Energy of true and predicted movies against the frame", &caption))
        } }
    }))
}

#[cfg(test)]
mod tests {
    use nwm_data::System;

    use super::*;
    use crate::pages::{
        fixtures::{three_seeds, tiny_samples, true_movies},
        run_files::Evaluation,
        training_curve::TrainingCurve,
    };

    #[test]
    fn charts_of_several_runs_name_them_and_the_references() {
        let folder = three_seeds();
        let run_dir = folder.path().join("spring-nwm_1d-seed0");
        let evaluation = Evaluation::read(&run_dir).unwrap().unwrap();
        let shorter = Evaluation { inference_steps: 2, ..evaluation.clone() };
        let curve = TrainingCurve::read(&run_dir).unwrap();
        let shown = |name, colour, evaluation| Shown {
            name,
            colour,
            evaluation: Some(evaluation),
            curve: curve.as_ref(),
            samples: None,
        };
        let both = [shown("ar", 0, &shorter), shown("nwm_1d", 5, &evaluation)];
        let page = errors_and_losses(&both).unwrap().unwrap().into_string();
        assert_eq!(page.matches("<svg").count(), 2);
        for text in [
            "mean image",
            "last of 2 frames",
            "last of 3 frames",
            "last frame seen by ar",
            "last frame seen by nwm_1d",
            "training step",
        ] {
            assert!(page.contains(text), "{text} is missing");
        }
        // A swatch and a line in either chart, in the colour of the column.
        assert_eq!(page.matches("#E69F00").count(), 4);
        assert!(errors_and_losses(&[]).unwrap().is_none());
    }

    #[test]
    fn energies_are_shown_where_there_are_balls() {
        let shown = |samples| {
            [Shown { name: "ar", colour: 1, evaluation: None, curve: None, samples: Some(samples) }]
        };
        let (movie, _) = true_movies(System::Pendulum, 1, 40).remove(0);
        let page = energies("pendulum", &shown(&movie)).unwrap().unwrap().into_string();
        for text in
            ["\nar\n", "\ntrue\n", "\nlast frame seen\n", "#D55E00", "within 1 % of the largest"]
        {
            assert!(page.contains(text), "{text} is missing");
        }
        assert!(energies("double_pendulum", &shown(&movie)).unwrap().is_none());
        assert!(energies("mass_spring", &shown(&tiny_samples(5))).unwrap().is_none(), "no ball");
    }
}
