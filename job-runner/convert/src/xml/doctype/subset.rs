//! The internal subset: XML 1.0, productions 28b, 29, 45 to 60 and 82. It is checked against the grammar, and
//! nothing else.

use super::reader::DoctypeReader;
use super::{Taking, default, entity};
use crate::fault::Flaw;
use crate::text::chars::{check_instruction, is_name_token};

/// Types of attributes that are one word: production 54.
const TYPES: &[&str] = &["CDATA", "ID", "IDREF", "IDREFS", "ENTITY", "ENTITIES", "NMTOKEN", "NMTOKENS"];

/// How deep groups of a content model may nest: as deep as the elements that they describe.
const MOST_GROUPS: usize = 256;

/// Checks everything up to the `]`, and takes the entities that it declares and may declare.
pub(super) fn check(reader: &mut DoctypeReader<'_>, taking: &mut Taking<'_>) -> Result<(), Flaw> {
    loop {
        reader.skip_space();
        if reader.take("]") {
            return Ok(());
        }
        if reader.is_at("%") {
            return Err(entity::refused(reader, "%", taking.allowed));
        }
        if reader.is_at(entity::START) {
            entity::check(reader, taking)?;
        } else if reader.take("<!--") {
            comment(reader)?;
        } else if reader.is_at("<?") {
            instruction(reader)?;
        } else if reader.take("<!ELEMENT") {
            element(reader)?;
        } else if reader.take("<!ATTLIST") {
            attributes(reader, taking)?;
        } else if reader.take("<!NOTATION") {
            notation(reader)?;
        } else {
            return Err(reader.unexpected("a declaration, or ]"));
        }
    }
}

fn comment(reader: &mut DoctypeReader<'_>) -> Result<(), Flaw> {
    reader.past("--")?;
    if reader.take(">") { Ok(()) } else { Err(reader.flaw("no -- within a comment")) }
}

fn instruction(reader: &mut DoctypeReader<'_>) -> Result<(), Flaw> {
    let start = reader.place();
    reader.expect("<?")?;
    check_instruction(reader.past("?>")?, start)
}

fn element(reader: &mut DoctypeReader<'_>) -> Result<(), Flaw> {
    reader.space_then("white space after <!ELEMENT")?;
    reader.qname("the name of an element")?;
    reader.space_then("white space after the name of an element")?;
    if !reader.take("EMPTY") && !reader.take("ANY") {
        reader.expect("(")?;
        reader.skip_space();
        if reader.take("#PCDATA") { mixed(reader)? } else { children(reader)? }
    }
    reader.end()
}

/// Mixed content after `(#PCDATA`: production 51.
fn mixed(reader: &mut DoctypeReader<'_>) -> Result<(), Flaw> {
    let mut names = false;
    loop {
        reader.skip_space();
        if reader.take(")") {
            let starred = reader.take("*");
            return if names && !starred { Err(reader.unexpected("*")) } else { Ok(()) };
        }
        reader.expect("|")?;
        reader.skip_space();
        reader.qname("the name of an element")?;
        names = true;
    }
}

/// Element content after its first `(`: productions 47 to 50.
fn children(reader: &mut DoctypeReader<'_>) -> Result<(), Flaw> {
    // The separator of each open group, once it is known.
    let mut groups: Vec<Option<&str>> = vec![None];
    loop {
        reader.skip_space();
        if reader.take("(") {
            if groups.len() == MOST_GROUPS {
                return Err(Flaw::limit(
                    reader.place(),
                    format!("at most {MOST_GROUPS} groups in each other"),
                ));
            }
            groups.push(None);
            continue;
        }
        reader.qname("the name of an element, or (")?;
        repetition(reader);
        loop {
            reader.skip_space();
            let Some(group) = groups.last_mut() else { return Ok(()) };
            if reader.take(")") {
                repetition(reader);
                // A choice has at least two parts, a sequence one: they look the same with one.
                groups.pop();
                if groups.is_empty() {
                    return Ok(());
                }
                continue;
            }
            let separator = group.or_else(|| ["|", ","].into_iter().find(|s| reader.is_at(s)));
            let Some(separator) = separator.filter(|separator| reader.take(separator)) else {
                return Err(reader.unexpected(separator.unwrap_or("| or , or )")));
            };
            *group = Some(separator);
            break;
        }
    }
}

fn repetition(reader: &mut DoctypeReader<'_>) {
    let _ = ["?", "*", "+"].into_iter().any(|mark| reader.take(mark));
}

fn attributes(reader: &mut DoctypeReader<'_>, taking: &mut Taking<'_>) -> Result<(), Flaw> {
    reader.space_then("white space after <!ATTLIST")?;
    reader.qname("the name of an element")?;
    loop {
        let spaced = reader.skip_space();
        if reader.take(">") {
            return Ok(());
        }
        if !spaced {
            return Err(reader.flaw("white space before the name of an attribute"));
        }
        reader.qname("the name of an attribute")?;
        reader.space_then("white space after the name of an attribute")?;
        attribute_type(reader)?;
        reader.space_then("white space after the type of an attribute")?;
        default::check(reader, taking)?;
    }
}

fn attribute_type(reader: &mut DoctypeReader<'_>) -> Result<(), Flaw> {
    if reader.take("(") {
        return choice(reader, |reader| reader.named("a name token", is_name_token).map(|_| ()));
    }
    let start = reader.place();
    match reader.word() {
        "NOTATION" => {
            reader.space_then("white space after NOTATION")?;
            reader.expect("(")?;
            choice(reader, |reader| reader.ncname("the name of a notation").map(|_| ()))
        }
        word if TYPES.contains(&word) => Ok(()),
        word => Err(Flaw::malformed(start, "the type of an attribute").found(word)),
    }
}

/// Words with `|` between, after the `(`: productions 58 and 59.
fn choice(
    reader: &mut DoctypeReader<'_>,
    word: impl Fn(&mut DoctypeReader<'_>) -> Result<(), Flaw>,
) -> Result<(), Flaw> {
    loop {
        reader.skip_space();
        word(reader)?;
        reader.skip_space();
        if reader.take(")") {
            return Ok(());
        }
        reader.expect("|")?;
    }
}

fn notation(reader: &mut DoctypeReader<'_>) -> Result<(), Flaw> {
    reader.space_then("white space after <!NOTATION")?;
    reader.ncname("the name of a notation")?;
    reader.space_then("white space after the name of a notation")?;
    if !reader.external_id(true)? {
        return Err(reader.unexpected("SYSTEM or PUBLIC"));
    }
    reader.end()
}
