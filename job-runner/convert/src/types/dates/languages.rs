//! Names of months and of days of the week as feeds have them in Italian, Spanish, French, German, Portuguese and Dutch.
//! No name means two months.

const MONTHS: [&[&str]; 12] = [
    &["gen", "gennaio", "ene", "enero", "janv", "janvier", "jän", "jänner", "januar", "janeiro", "januari"],
    &["febbraio", "febrero", "fév", "févr", "février", "februar", "fev", "fevereiro", "februari"],
    &["marzo", "mars", "mär", "märz", "mrz", "março", "mrt", "maart"],
    &["aprile", "abr", "abril", "avr", "avril"],
    &["mag", "maggio", "mayo", "mai", "maio", "mei"],
    &["giu", "giugno", "junio", "juin", "juni", "junho"],
    &["lug", "luglio", "julio", "juil", "juillet", "juli", "julho"],
    &["ago", "agosto", "août", "augustus"],
    &["set", "settembre", "septiembre", "septembre", "setembro"],
    &["ott", "ottobre", "octubre", "octobre", "okt", "oktober", "out", "outubro"],
    &["novembre", "noviembre", "novembro"],
    &["dic", "dicembre", "diciembre", "déc", "décembre", "dez", "dezember", "dezembro"],
];

/// One line for each of the languages, in the same order.
const WEEKDAYS: [&str; 6] = [
    "lun mar mer gio ven sab dom lunedì martedì mercoledì giovedì venerdì sabato domenica",
    "lun mar mié mie jue vie sáb sab dom lunes martes miércoles jueves viernes sábado domingo",
    "lun mar mer jeu ven sam dim lundi mardi mercredi jeudi vendredi samedi dimanche",
    "mo di mi do fr sa so montag dienstag mittwoch donnerstag freitag samstag sonntag",
    "seg ter qua qui sex sáb dom segunda-feira terça-feira quarta-feira quinta-feira sexta-feira",
    "ma di wo do vr za zo maandag dinsdag woensdag donderdag vrijdag zaterdag zondag",
];

/// The number of a month.
#[inline(never)]
pub(crate) fn month(word: &str) -> Option<i8> {
    let word = word.to_lowercase();
    let place = MONTHS.iter().position(|names| names.contains(&word.as_str()))?;
    i8::try_from(place + 1).ok()
}

/// Whether it is a day of the week.
#[inline(never)]
pub(crate) fn is_weekday(word: &str) -> bool {
    if word.starts_with(|c: char| c.is_ascii_digit()) {
        return false;
    }
    let word = word.to_lowercase();
    WEEKDAYS.iter().flat_map(|names| names.split(' ')).any(|name| name == word)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{MONTHS, is_weekday, month};

    #[test]
    fn no_name_means_two_months() {
        let names: Vec<_> = MONTHS.iter().copied().flatten().collect();
        assert_eq!(names.iter().collect::<HashSet<_>>().len(), names.len());
        assert_eq!(
            (month("GEN"), month("Août"), month("gen."), month("jan")),
            (Some(1), Some(8), None, None)
        );
        assert!(is_weekday("Mer") && is_weekday("sáb") && !is_weekday("foo"));
    }
}
