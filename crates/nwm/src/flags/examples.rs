//! What to type, at the end of each command's help.

/// Defines one text of examples for each command, and the list of all of them.
macro_rules! examples {
    ($($name:ident: $($line:literal)+;)+) => {
        $(pub(super) const $name: &str = concat!("Examples:", $("\n  ", $line,)+);)+

        #[cfg(test)]
        const ALL: &[&str] = &[$($name),+];
    };
}

examples! {
    SIMULATE:
        "nwm simulate --out waves"
        "nwm simulate --preset spiral --topology torus:96x96 --steps 600 --out spirals"
        "nwm simulate --topology rings:24x54 --drive noise --json --out rings";
    DATA_LIST:
        "nwm data list";
    DATA_GENERATE:
        "nwm data generate pendulum --split train --count 1000 --out pendulum.h5"
        "nwm data generate spring --variant colors --split test --count 20 --frames --out springs.h5";
    DATA_SHOW:
        "nwm data show pendulum.h5 --out pendulum"
        "nwm data show gratings --count 8 --out gratings";
    DATA_IMPORT:
        "nwm data import train.tfrecord --set pendulum --variant colors_friction --out pendulum.h5";
    DATA_FETCH:
        "nwm data fetch mnist"
        "nwm data fetch mnist --from Downloads";
    TRAIN:
        "nwm train --preset quick --run-dir runs/spring"
        "nwm train --config run.toml --set train.steps=1000 --set model.cell.rows=16 --run-dir runs/mine"
        "nwm train --run-dir runs/mine --resume";
    EVAL:
        "nwm eval runs/spring"
        "nwm eval runs/spring --checkpoint 1000 --json";
    UNROLL:
        "nwm unroll runs/spring --out states.h5"
        "nwm unroll runs/spring --trajectories 3,7 --steps 200 --out two.h5";
    EXPORT:
        "nwm export runs/spring --half --out models/spring";
    WAVES:
        "nwm waves lfp.npy --sampling-rate 500 --out lfp-waves"
        "nwm waves session.nwb --dataset /acquisition/lfp --axes time,row,column --band 8 30 --sampling-rate 1000 --out beta"
        "nwm waves states.h5 --dataset /position --grid torus --band paper --out hidden";
    INDUCE:
        "nwm induce runs/rings --out induced"
        "nwm induce runs/rings --velocity -0.5 --steps 36 --out slowly-back";
    SELECTIVITY:
        "nwm selectivity runs/gratings --out selectivity";
    REPORT:
        "nwm report runs/spring --out spring.html"
        "nwm report runs/spring runs/pendulum --out both.html"
        "nwm report runs/spring --out forecast.gif";
    TABLE:
        "nwm table runs/table1-quick --out reports/table1";
    FIGURE:
        "nwm figure runs/figures-quick/plans/fig4.json --out reports/fig4";
    GALLERY:
        "nwm gallery reports";
    CONFIG:
        "nwm config nwm_2d --preset quick > run.toml"
        "nwm config cornn --data smnist";
    INSPECT:
        "nwm inspect states.h5"
        "nwm inspect runs/spring --json";
    DOCTOR:
        "nwm doctor"
        "nwm doctor --device cuda:0";
    COMPLETIONS:
        "nwm completions bash > ~/.local/share/bash-completion/completions/nwm"
        "nwm completions fish > ~/.config/fish/completions/nwm.fish";
    MAN:
        "nwm man ~/.local/share/man/man1";
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, Parser as _};

    use super::super::Arguments;

    fn without_examples(command: &clap::Command, missing: &mut Vec<String>) {
        let below = || command.get_subcommands().filter(|below| !below.is_hide_set());
        if below().next().is_none() && command.get_after_long_help().is_none() {
            missing.push(command.get_name().to_owned());
        }
        below().for_each(|below| without_examples(below, missing));
    }

    #[test]
    fn every_command_has_examples() {
        let mut missing = Vec::new();
        without_examples(&Arguments::command(), &mut missing);
        assert_eq!(missing, [""; 0]);
    }

    #[test]
    fn every_example_is_a_command_line() {
        for line in super::ALL.iter().flat_map(|text| text.lines().skip(1)) {
            let typed = line.split(" > ").next().unwrap().split_whitespace();
            assert!(Arguments::try_parse_from(typed).is_ok(), "{line}");
        }
    }
}
