use super::super::print::yaml;
use super::{fields, proposal, record};

/// A wire of stories, photos, one video and adverts.
const WIRE: &str = "<wire><header><id>w</id><sent>2026-01-02T10:11:12Z</sent></header>\
     <story id='s1'><headline>Rates rise again</headline><date>2026-01-02</date><lead>A lead of some length</lead></story>\
     <photo id='p1'><caption>The bank on Monday</caption><date>2026-01-02</date><credit>Ada</credit></photo>\
     <advert><slot><n>1</n></slot></advert>\
     <story id='s2'><headline>Rates fall again</headline><date>2026-01-03</date><lead>Another lead of it</lead></story>\
     <photo id='p2'><caption>The bank on Tuesday</caption><date>2026-01-03</date><credit>Bob</credit></photo>\
     <video id='v1'><headline>It moves</headline><date>2026-01-04</date></video>\
     <advert><slot><n>2</n></slot></advert></wire>";

#[test]
fn items_of_several_names_beside_each_other_are_records() {
    assert_eq!(record(&[WIRE]), "/wire/story | /wire/photo | /wire/video");
    assert_eq!(
        fields(&[WIRE]),
        [
            "id @id string!",
            "headline headline string",
            "date date date",
            "lead lead string",
            "caption caption string",
            "credit credit string",
            "element local-name() string",
        ]
    );
    let stories =
        "<story id='t'><headline>Rates</headline><lead>Much more than all else there is</lead></story>";
    let photos = "<photo id='p'><caption>C</caption></photo><photo id='q'><caption>C</caption></photo>";
    let wire = format!("<wire>{}{photos}</wire>", stories.replace("'t'", "'u'") + stories);
    assert_eq!(record(&[&wire]), "/wire/story | /wire/photo", "also if one makes up most");
    let json = r#"{"stories": [{"id": "s1", "title": "Rates rise"}, {"id": "s2", "title": "Rates fall"}],
        "photos": [{"id": "p1", "caption": "The bank"}, {"id": "p2", "caption": "A bank"}]}"#;
    assert_eq!(record(&[json]), "$.stories | $.photos");
}

#[test]
fn what_repeats_beside_records_is_named() {
    let proposal = proposal(&[WIRE]);
    let line = "/wire/advert: 2 beside the records; to take them too, write \
         /wire/story | /wire/photo | /wire/video | /wire/advert";
    assert_eq!(proposal.beside().collect::<Vec<_>>(), [line]);
    let text = yaml(&proposal);
    assert!(text.contains(&format!("# Left out:\n#   {line}\n")), "{text}");
}

#[test]
fn what_an_envelope_says_of_itself_is_no_record() {
    let item = |n: u8| format!("<item><guid>{n}</guid><title>Rates rise</title><link>l</link></item>");
    let image = "<image><url>u</url><title>t</title><link>l</link></image>";
    let feed = format!("<rss><channel>{image}{}{}</channel></rss>", item(1), item(2));
    assert_eq!(record(&[&feed]), "/rss/channel/item");
    let library = "<library><book><id>1</id><title>Of the bank of England</title></book>\
         <book><id>2</id><title>Of the bank of Norway</title></book>\
         <author><id>1</id><title>Dr</title></author><author><id>2</id><title>Dr</title></author></library>";
    assert_eq!(record(&[library]), "/library/book");
}

#[test]
fn items_in_groups_are_records() {
    let item = |n: u8| format!("<item id='{n}'><title>Rates rise again</title></item>");
    let section = |name: &str, items: &str| format!("<section title='{name}'>{items}</section>");
    let two = section("Sport", &(item(1) + &item(2))) + &section("World", &item(3));
    assert_eq!(record(&[&format!("<feed>{two}</feed>")]), "/feed/section/item");
    let one = section("Sport", &item(1)) + &section("World", &item(2));
    assert_eq!(record(&[&format!("<feed>{one}</feed>")]), "/feed/section/item");
    let team =
        |name: &str, n: u8| format!("<team name='{name}'><items>{}{}</items></team>", item(n), item(n + 1));
    assert_eq!(record(&[&format!("<feed>{}{}</feed>", team("A", 1), team("B", 3))]), "/feed/team/items/item");
    let photo = |n: u8| format!("<photo id='p{n}'><caption>The bank on Monday</caption></photo>");
    let both = |n: u8| section("Sport", &[item(n), photo(n), item(n + 1), photo(n + 1)].concat());
    let sections = format!("<feed>{}{}</feed>", both(1), both(3));
    assert_eq!(record(&[&sections]), "/feed/section/photo | /feed/section/item");
    let json = r#"{"sections": [{"name": "Sport", "items": [{"id": "1", "title": "Rates rise again"}]},
        {"name": "World", "items": [{"id": "2", "title": "Rates fall again"}]}]}"#;
    assert_eq!(record(&[json]), "$.sections.items");
    let order = |n: u8| {
        let lines = [1, 2].map(|line| format!("<line id='{line}'><title>Some ware or other</title></line>"));
        format!("<order id='{n}'><date>2026-01-02</date>{}</order>", lines.concat())
    };
    assert_eq!(record(&[&format!("<orders>{}{}</orders>", order(1), order(2))]), "/orders/order");
}

#[test]
fn the_only_item_of_a_channel_is_a_record_and_one_of_each_name_are_parts() {
    let head =
        "<title>A wire with a long title</title><description>And more about it than news</description>";
    let feed = |n: u8| {
        format!("<rss><channel>{head}<item><guid>{n}</guid><title>Rates</title></item></channel></rss>")
    };
    assert_eq!(record(&[&feed(1)]), "/rss/channel/item");
    assert_eq!(record(&[&feed(1), &feed(2)]), "/rss/channel/item");
    let entry = "<entry><id>1</id><title>Rates rise</title></entry>";
    assert_eq!(record(&[&format!("<feed xmlns='urn:atom'><title>t</title>{entry}</feed>")]), "/feed/entry");
    let story = "<story id='1'><headline>Rates rise</headline></story><photo id='2'><caption>The bank</caption></photo>";
    assert_eq!(record(&[&format!("<news>{story}</news>")]), "/news");
}
