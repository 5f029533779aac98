//! Which set of the suite a command is about.

use nwm_data::{System, Variant};

use crate::exit::UsageError;

/// System and variant: the variant is that of `--variant`, or the end of one of the suite's names, see
/// [`System::parse_set`].
pub(super) fn parse(name: &str, variant: Option<&str>) -> anyhow::Result<(System, Variant)> {
    let wanted = variant.map(Variant::parse).transpose()?;
    let (system, named) = System::parse_set(name)?;
    match (named, wanted) {
        (Some(named), Some(wanted)) if wanted != named => Err(UsageError(format!(
            "{name} is the variant {named}: expected no --variant {wanted}"
        ))
        .into()),
        _ => Ok((system, named.or(wanted).unwrap_or_default())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variants_are_named_by_an_option_or_by_the_end_of_the_name() {
        let set = |name, variant| parse(name, variant).unwrap();
        assert_eq!(set("spring", None), (System::MassSpring, Variant::Plain));
        assert_eq!(set("two_body", Some("colors")), (System::TwoBody, Variant::Colors));
        assert_eq!(set("mass_spring_colors", None), (System::MassSpring, Variant::Colors));
        let friction = (System::Pendulum, Variant::ColorsFriction);
        assert_eq!(set("pendulum_colors_friction", None), friction);
        assert_eq!(set("pendulum_colors_friction", Some("colors_friction")), friction);
    }

    #[test]
    fn contradictions_and_unknown_names_are_refused() {
        let message = |name, variant| parse(name, variant).unwrap_err().to_string();
        let contradiction = message("mass_spring_colors", Some("plain"));
        assert!(contradiction.contains("expected no --variant plain"), "{contradiction}");
        assert!(message("moon_colors", None).contains("unknown system"));
        assert!(message("spring", Some("colours")).contains("unknown variant"));
    }
}
