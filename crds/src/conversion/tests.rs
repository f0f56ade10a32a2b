use std::collections::BTreeMap;

use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use super::*;

fn conversion(value: Value) -> Conversion {
    serde_json::from_value(value).unwrap()
}

fn fault(value: Value) -> String {
    conversion(value).resolve().unwrap_err().to_string()
}

fn path(text: &str) -> Result<Path, PathFault> {
    let namespaces = BTreeMap::from([("h".to_owned(), "urn:h".to_owned())]);
    let default_namespaces = &[String::new()];
    Path::parse(text, &Scope { format: Format::Xml, namespaces: &namespaces, default_namespaces })
}

#[test]
fn every_preset_resolves_and_requires_what_its_documents_cannot_lack() {
    for preset in Preset::ALL {
        let model = Conversion { preset: Some(preset), ..Conversion::default() }.resolve().unwrap();
        let required: Vec<_> = model.fields.iter().filter(|f| f.required).map(|f| f.name.as_str()).collect();
        let expected: &[_] = match preset {
            // A body too, except of a flash: `requiredIf`.
            Preset::Nitf => &["headline", "publishedAt"],
            Preset::NewsmlG2 => &["guid", "publishedAt"],
            _ => &["guid"],
        };
        assert_eq!(required, expected, "{}", preset.as_str());
        assert_eq!(Preset::named(preset.as_str()), Some(preset));
        assert_eq!(serde_json::to_value(preset).unwrap(), preset.as_str());
    }
}

#[test]
fn what_a_preset_says_a_user_may_write() {
    fn check(preset: &str, fields: &[Field]) {
        for field in fields {
            let place = format!("{preset}: {}", field.name);
            assert!(field.path.len() <= 8 && field.exclude.len() <= 16, "{place}");
            assert!(field.path.iter().chain(&field.exclude).all(|path| path.len() <= 512), "{place}");
            check(preset, &field.fields);
        }
    }
    for preset in Preset::ALL {
        let model = Conversion { preset: Some(preset), ..Conversion::default() }.resolve().unwrap();
        assert!(model.record.len() <= 512, "{}", preset.as_str());
        assert!(model.empty_if.len() <= 8 && model.default_namespaces.len() <= 8, "{}", preset.as_str());
        assert!(model.fields.len() <= 200, "{}", preset.as_str());
        check(preset.as_str(), &model.fields);
    }
}

#[test]
fn a_users_field_replaces_the_presets_in_its_place_or_is_added() {
    let mine = json!([
        {"name": "body", "path": ["body"], "type": "markup"},
        {"name": "desk", "path": ["head/meta[@name='desk']/@content"]},
    ]);
    let plain = conversion(json!({"preset": "nitf"})).resolve().unwrap();
    let amended = conversion(json!({"preset": "nitf", "fields": mine})).resolve().unwrap();
    let place = plain.fields.iter().position(|f| f.name == "body").unwrap();
    assert_eq!(amended.fields[place].kind, FieldType::Markup);
    assert_eq!(amended.fields.len(), plain.fields.len() + 1);
    assert_eq!(amended.fields.last().unwrap().name, "desk");
}

#[test]
fn a_revision_names_the_logic_and_not_how_it_was_written() {
    let preset = conversion(json!({"preset": "nitf"})).resolve().unwrap();
    let written_out: Conversion = serde_saphyr::from_str(Preset::Nitf.yaml()).unwrap();
    assert_eq!(preset.revision(), written_out.revision().unwrap());
    assert_eq!(preset.revision().len(), 12);
    let amended = conversion(json!({"preset": "nitf", "fields": [{"name": "x", "path": ["y"]}]}));
    assert_ne!(preset.revision(), amended.revision().unwrap());
}

#[test]
fn a_wrong_model_is_named_by_field_and_place() {
    let one = |field: Value| fault(json!({"record": "/a", "fields": [{"name": "ok", "path": ["x"]}, field]}));
    let cases = [
        (fault(json!({"record": "/a"})), "fields: name a preset"),
        (fault(json!({"fields": [{"name": "a", "path": ["a"]}]})), "record: name a preset"),
        (
            fault(json!({"record": "/a/@b", "fields": [{"name": "a", "path": ["a"]}]})),
            "record: \"/a/@b\" is not an element",
        ),
        (one(json!({"name": "b", "path": ["a/"]})), "fields[1].path[0]: expected the name of an element"),
        (
            one(json!({"name": "b", "path": ["a", "q:b"]})),
            "fields[1].path[1]: the prefix \"q\" is not among the namespaces",
        ),
        (one(json!({"name": "ok", "path": ["a"]})), "fields[1].name (ok): another field"),
        (one(json!({"name": "_b", "path": ["a"]})), "fields[1].name (_b): a name starts with a letter"),
        (one(json!({"name": "b", "path": []})), "fields[1].path (b): a field needs"),
        (one(json!({"name": "b", "path": ["a"], "type": "object"})), "fields[1].fields (b): an object"),
        (
            one(json!({"name": "b", "path": ["a"], "pattern": "a(b"})),
            "fields[1].pattern (b): expected a regular",
        ),
        (one(json!({"name": "b", "path": ["a"], "minItems": 1})), "fields[1].minItems (b): minItems"),
        (one(json!({"name": "b", "path": ["a"], "timeZone": "UTC"})), "fields[1].timeZone (b): timeZone is"),
        (
            one(json!({"name": "b", "path": ["a"], "resolution": "ok", "type": "date"})),
            "fields[1].resolution (b): another field",
        ),
        (
            one(json!({"name": "b", "path": ["a"], "resolution": "c"})),
            "fields[1].resolution (b): resolution is",
        ),
        (
            one(json!({"name": "b", "path": ["a"], "resolution": "c", "type": "date", "repeated": true})),
            "fields[1].resolution (b): of a repeated",
        ),
        (
            one(json!({"name": "b", "path": ["a"], "timeZone": "CET/Berlin", "type": "dateTime"})),
            "fields[1].timeZone: expected a time zone",
        ),
        (
            one(json!({"name": "b", "path": ["a"], "formats": ["%F", "%H"], "type": "dateTime"})),
            "fields[1].formats[1] (b): expected a form with a year",
        ),
        (
            fault(json!({"record": "/a", "timeZone": "Mars", "fields": [{"name": "a", "path": ["a"]}]})),
            "timeZone: expected a time zone such as Europe/Berlin, UTC or +01:00, found \"Mars\"",
        ),
        (one(json!({"name": "b", "path": ["a"], "exclude": ["x"], "type": "date"})), "fields[1].exclude (b)"),
        (
            one(json!({"name": "b", "path": ["a"], "default": "x", "required": true})),
            "fields[1].default (b): a required",
        ),
        (
            one(json!({"name": "b", "path": ["a"], "resolve": true, "split": ",", "repeated": true})),
            "fields[1].resolve (b): URIs that stand in one value",
        ),
        (
            one(json!({"name": "b", "path": ["a"], "default": "x", "repeated": true})),
            "no default, except for values that its map has not",
        ),
        (
            one(json!({"name": "b", "path": ["a"], "default": "2026-02-30", "type": "date"})),
            "fields[1].default (b): expected a day",
        ),
        (
            one(json!({"name": "b", "path": ["a"], "requiredIf": ["c"], "required": true})),
            "fields[1].requiredIf (b): the field is required",
        ),
        (
            one(json!({"name": "b", "path": ["a"], "requiredIf": ["/c"]})),
            "fields[1].requiredIf[0] (b): only an element",
        ),
        (
            one(json!({"name": "b", "path": ["a"], "parts": {"year": "y"}})),
            "fields[1].parts (b): parts is for dateTime",
        ),
        (
            one(json!({"name": "b", "path": ["a/text()"], "type": "date", "parts": {"year": "y"}})),
            "fields[1].path[0] (b): parts are within",
        ),
        (
            one(json!({"name": "b", "path": ["a"], "type": "date", "parts": {"year": "y", "day": "d"}})),
            "fields[1].parts (b): a day without a month",
        ),
        (
            one(json!({"name": "b", "path": ["a"], "type": "date", "parts": {"year": "/y"}})),
            "fields[1].parts.year (b): a part of a date",
        ),
    ];
    for (found, expected) in cases {
        assert!(found.contains(expected), "{found}\nshould contain\n{expected}");
    }
}

#[test]
fn a_wrong_path_is_named_by_field_and_place() {
    let one = |field: Value| fault(json!({"record": "/a", "fields": [{"name": "ok", "path": ["x"]}, field]}));
    let cases = [
        (one(json!({"name": "b", "path": ["count(a)"]})), "fields[1].path[0] (b): count() is the only path"),
        (
            one(json!({"name": "b", "path": ["a | /b"]})),
            "fields[1].path[0] (b): the paths of a union all start at the record, or all at the root",
        ),
        (one(json!({"name": "b", "path": ["a/../b"]})), "fields[1].path[0]: the parent .. is not part"),
        (one(json!({"name": "b", "path": ["./b"]})), "fields[1].path[0]: a path needs no ./: it starts"),
        (
            one(json!({"name": "b", "path": ["ancestor::b/title"]})),
            "fields[1].path[0]: axes such as ancestor:: are not part of the path language",
        ),
        (
            one(json!({"name": "b", "path": ["count(/a)"], "type": "integer"})),
            "fields[1].path[0]: count() is of elements",
        ),
        (
            fault(json!({"record": "//a | b/@c", "fields": [{"name": "a", "path": ["a"]}]})),
            "record: \"//a | b/@c\" is not an element",
        ),
        (
            fault(json!({"record": "/a", "emptyIf": ["/b", "."], "fields": [{"name": "a", "path": ["a"]}]})),
            "emptyIf[1]: \".\" is not an element",
        ),
        (
            fault(json!({"record": "//a |", "fields": [{"name": "a", "path": ["a"]}]})),
            "record: expected the name of an element",
        ),
        (
            one(json!({"name": "b", "path": ["@a"], "type": "markup"})),
            "fields[1].path[0] (b): markup is of an element",
        ),
        (
            one(
                json!({"name": "b", "path": ["a"], "type": "object", "fields": [{"name": "c", "path": ["/x"]}]}),
            ),
            "fields[1].fields[0].path[0] (c): a nested field",
        ),
        (
            one(json!({"name": "b", "path": ["/a/b[c='x']"]})),
            "fields[1].path[0] (b): conditions on what is in",
        ),
        (
            one(json!({"name": "b", "path": ["/o"], "type": "object", "fields": [
                {"name": "c", "path": ["c[last()]"]},
            ]})),
            "fields[1].fields[0].path[0] (c): conditions on what is in an element, and last(), are for paths",
        ),
        (
            one(json!({"name": "b", "path": ["count(c[last()])"], "type": "integer"})),
            "fields[1].path[0] (b): what is counted has no place from the end",
        ),
        (
            one(json!({"name": "b", "path": ["b"], "exclude": ["c[d]"]})),
            "fields[1].exclude[0] (b): what is left out has conditions on attributes alone",
        ),
        (
            fault(json!({"record": "/a", "base": ["b"], "fields": [{"name": "a", "path": ["a"]}]})),
            "base[0]: expected the path of a text from the root of the object",
        ),
        (
            one(json!({"name": "b", "path": ["a"], "resolve": true, "type": "integer"})),
            "fields[1].resolve (b): resolve is for string and uri",
        ),
        (
            fault(json!({"record": "//a[b='x']", "fields": [{"name": "a", "path": ["a"]}]})),
            "record: \"//a[b='x']\" has a condition on what is in an element, or last()",
        ),
        (
            one(json!({"name": "b", "path": ["position()"], "type": "integer"})),
            "fields[1].path[0] (b): position() is the number of a repeated object",
        ),
        (
            one(json!({"name": "b", "path": ["o"], "type": "object", "repeated": true, "fields": [
                {"name": "c", "path": ["position()"]},
            ]})),
            "fields[1].fields[0].path[0] (c): position() is the only path of an integer",
        ),
    ];
    for (found, expected) in cases {
        assert!(found.contains(expected), "{found}\nshould contain\n{expected}");
    }
}

#[test]
fn a_wrong_template_is_named_by_field_and_place() {
    let one = |field: Value| {
        let list = json!({"name": "list", "path": ["l"], "repeated": true});
        let object =
            json!({"name": "o", "path": ["o"], "type": "object", "fields": [{"name": "c", "path": ["c"]}]});
        fault(json!({"record": "/a", "fields": [{"name": "ok", "path": ["x"]}, field, list, object]}))
    };
    for (field, expected) in [
        (json!({"name": "b"}), "fields[1].path (b): a field needs at least one path, or a template"),
        (json!({"name": "b", "template": "{ok"}), "fields[1].template: expected } at character 4"),
        (
            json!({"name": "b", "template": "{okay}"}),
            "fields[1].template (b): there is no field \"okay\" beside",
        ),
        (json!({"name": "b", "template": "{list}"}), "fields[1].template (b): the field \"list\" is a list"),
        (json!({"name": "b", "template": "{o}"}), "fields[1].template (b): the field \"o\" is an object"),
        (json!({"name": "b", "template": "{o.d}"}), "fields[1].template (b): there is no field \"o.d\""),
        (
            json!({"name": "b", "template": "{ok:%Y}"}),
            "fields[1].template (b): the field \"ok\" is no dateTime",
        ),
        (json!({"name": "b", "template": "{b}"}), "fields[1].template (b): the template needs its own field"),
        (json!({"name": "b", "template": "{./x[}"}), "fields[1].template: expected }"),
        (json!({"name": "b", "template": "{q:x}"}), "the prefix \"q\" is not among the namespaces"),
        (
            json!({"name": "b", "template": "{ok}", "repeated": true}),
            "fields[1].template (b): a template makes one",
        ),
        (
            json!({"name": "b", "template": "{ok}", "type": "object"}),
            "fields[1].template (b): a template makes a",
        ),
    ] {
        let found = one(field);
        assert!(found.contains(expected), "{found}\nshould contain\n{expected}");
    }
    let sound = json!({"record": "/a", "fields": [
        {"name": "b", "template": "{o.c}-{sha256(./x, at:%Y-%m, _unit.digest)}-{name()|'?'}", "required": true},
        {"name": "at", "path": ["at"], "type": "date"},
        {"name": "o", "path": ["o"], "type": "object", "fields": [{"name": "c", "template": "{@x}"}]},
    ]});
    conversion(sound).resolve().unwrap();
}

#[test]
fn what_json_has_not_is_refused_with_its_place() {
    let a = json!([{"name": "a", "path": ["a"]}]);
    let of = |field: Value| json!({"format": "Json", "record": "$", "fields": [{"name": "a", "path": ["a"]}, field]});
    let nested = json!({"name": "o", "path": ["o"], "type": "object", "fields": [{"name": "h", "path": ["h"], "type": "markup"}]});
    let absolute =
        json!({"name": "o", "path": ["o"], "type": "object", "fields": [{"name": "h", "path": ["$.h"]}]});
    for (model, expected) in [
        (json!({"format": "Json", "preset": "rss"}), "preset: presets are for Xml"),
        (
            json!({"format": "Json", "record": "$", "fields": a, "namespaces": {"a": "b"}}),
            "namespaces: members",
        ),
        (
            json!({"format": "Json", "record": "$", "fields": a, "defaultNamespaces": [""]}),
            "defaultNamespaces: members",
        ),
        (
            json!({"format": "Json", "record": "$", "fields": a, "entities": "Named"}),
            "entities: it is for Xml",
        ),
        (
            json!({"format": "Json", "record": "$", "fields": a, "repairs": ["Encoding"]}),
            "repairs: it is for Xml",
        ),
        (json!({"format": "Json", "record": "$", "fields": a, "encoding": "utf-8"}), "encoding: it is for"),
        (json!({"format": "Json", "record": "$", "fields": a, "concatenated": true}), "concatenated: it is"),
        (json!({"format": "Json", "record": "item", "fields": a}), "record: \"item\" does not start with $"),
        (
            json!({"format": "Json", "record": "$.items", "emptyIf": ["$.n", "n"], "fields": a}),
            "emptyIf[1]: \"n\" does not start with $",
        ),
        (json!({"format": "Json", "record": "/item", "fields": a}), "record: expected the name of a member"),
        (of(json!({"name": "b", "path": ["b"], "type": "markup"})), "fields[1].type: markup is for Xml"),
        (of(json!({"name": "b", "path": ["b"], "html": "ByType"})), "fields[1].html: ByType is for Xml"),
        (of(json!({"name": "b", "path": ["b"], "exclude": ["c"]})), "fields[1].exclude: exclude is for Xml"),
        (of(json!({"name": "b", "path": ["b[1:2]"]})), "fields[1].path[0]: expected ]: an index is one"),
        (of(nested), "fields[1].fields[0].type: markup is for Xml"),
        (
            of(absolute),
            "fields[1].fields[0].path[0] (h): a nested field is within its object: its path does not start with $",
        ),
    ] {
        let found = fault(model);
        assert!(found.contains(expected), "{found}\nshould contain\n{expected}");
    }
    let itself =
        json!({"name": "o", "path": ["@"], "type": "object", "fields": [{"name": "h", "path": ["h"]}]});
    conversion(of(itself)).resolve().unwrap();
}

#[test]
fn how_an_object_is_read_is_part_of_the_revision_only_where_it_is_set() {
    let of = |more: Value| {
        let mut model = json!({"record": "/a", "fields": [{"name": "a", "path": ["a"]}]});
        model.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        conversion(model)
    };
    // What it was before there were these settings, and before `maxNodes` was raised.
    let plain = of(json!({})).resolve().unwrap();
    let canonical = serde_json::to_value(&plain).unwrap();
    for name in ["entities", "repairs", "encoding", "concatenated", "text", "archive"] {
        assert_eq!(canonical.get(name), None, "{name}");
    }
    let revision = |more: Value| of(more).revision().unwrap();
    for same in [
        json!({"entities": "Refuse"}),
        json!({"repairs": []}),
        json!({"concatenated": false}),
        json!({"blocks": [], "inline": []}),
        json!({"limits": {"maxNodes": plain.limits.max_nodes}}),
    ] {
        assert_eq!(revision(same.clone()), plain.revision(), "{same}");
    }
    for other in [
        json!({"entities": "Named"}),
        json!({"repairs": ["LeadingSpace"]}),
        json!({"encoding": "koi8-r"}),
        json!({"concatenated": true}),
        json!({"cells": ["a"]}),
        json!({"archive": {}}),
        json!({"limits": {"maxNodes": 250_000}}),
    ] {
        assert_ne!(revision(other.clone()), plain.revision(), "{other}");
    }
    let (once, twice) =
        (json!(["Encoding", "LeadingSpace"]), json!(["LeadingSpace", "Encoding", "Encoding"]));
    assert_eq!(revision(json!({"repairs": once})), revision(json!({"repairs": twice})));
}

#[test]
fn presets_know_the_names_of_characters() {
    for preset in Preset::ALL {
        let model = Conversion { preset: Some(preset), ..Conversion::default() };
        assert_eq!(model.resolve().unwrap().entities, Entities::Named, "{}", preset.as_str());
        let strict = Conversion { entities: Some(Entities::Refuse), ..model };
        assert_eq!(strict.resolve().unwrap().entities, Entities::Refuse);
    }
}

#[test]
fn an_encoding_is_named_in_any_case_and_has_to_exist() {
    let model =
        |name: &str| json!({"record": "/a", "encoding": name, "fields": [{"name": "a", "path": ["a"]}]});
    assert_eq!(conversion(model("Windows-1252")).resolve().unwrap().encoding, Some("windows-1252"));
    let found = fault(model("utf-7"));
    assert!(found.starts_with("encoding: expected the name of an encoding such as"), "{found}");
    assert!(encoding_named(DEFAULT_ENCODING).is_some());
}

#[test]
fn objects_nest_three_deep_and_no_deeper() {
    let nest = |levels: usize| {
        let leaf = json!({"name": "leaf", "path": ["@x"]});
        let field = (1..levels)
            .fold(leaf, |inner, _| json!({"name": "o", "path": ["a"], "type": "object", "fields": [inner]}));
        conversion(json!({"record": "/r", "fields": [field]})).resolve()
    };
    nest(3).unwrap();
    assert!(nest(4).unwrap_err().to_string().contains("nest at most 3 deep"));
}

#[test]
fn defaults_are_written_as_documents_show_them() {
    let resolve = |kind: &str, value: &str| {
        conversion(
            json!({"record": "/r", "fields": [{"name": "a", "path": ["a"], "type": kind, "default": value}]}),
        )
        .resolve()
    };
    for (kind, value) in [
        ("integer", "-7"),
        ("integer", "18446744073709551615"),
        ("number", "1.5"),
        ("boolean", "true"),
        ("date", "2024-02-29"),
        ("dateTime", "2026-01-02T09:11:12Z"),
        ("string", "x"),
        ("language", "en"),
    ] {
        resolve(kind, value).unwrap();
    }
    for (kind, value) in [
        ("integer", "1.0"),
        ("number", "NaN"),
        ("boolean", "1"),
        ("date", "2023-02-29"),
        ("date", "20240101"),
        ("dateTime", "2026-01-02T09:11:12+01:00"),
        ("dateTime", "2026-01-02T24:00:00Z"),
        ("string", " "),
    ] {
        assert!(resolve(kind, value).is_err(), "{kind} {value}");
    }
}

#[test]
fn paths_are_read_with_their_namespaces() {
    let step = |descend, local: &str, namespace: &str| Step {
        descend,
        test: NameTest::Named { namespaces: vec![namespace.into()], local: local.into() },
        predicates: Vec::new(),
    };
    let attribute = |local: &str| Attribute { namespace: String::new(), local: local.into() };
    assert_eq!(
        path("/a//h:b/@c").unwrap(),
        Path {
            absolute: true,
            steps: vec![step(false, "a", ""), step(true, "b", "urn:h")],
            target: Target::Attribute(attribute("c")),
        }
    );
    assert_eq!(path(".//a"), path("//a"));
    let inherited = path("a/inherited(@b)").unwrap();
    assert_eq!(inherited.target, Target::Inherited(attribute("b")));
    assert!(
        path("inherited(b)").is_err()
            && path(".//inherited(@b)").is_err()
            && path("inherited(@b)/c").is_err()
    );
    assert_eq!(path(".").unwrap(), Path { absolute: false, steps: vec![], target: Target::Element });
    assert_eq!(path("text()").unwrap().target, Target::Text);
    assert_eq!(path("*:a/h:*/*").unwrap().steps.len(), 3);
    for name in ["título", "U\u{308}ber", "заголовок", "標題", "शीर्षक", "หัวข้อ", "عُنوان"]
    {
        assert_eq!(path(name).unwrap().steps, [step(false, name, "")], "{name}");
    }
    let predicates =
        path("a[@b='x' ][@c!=\"y\"][not(@d)][@e][contains(@f, 'z')]").unwrap().steps.remove(0).predicates;
    let attribute_test = |predicate| match predicate {
        Predicate::Holds(Condition::Attribute(_, test)) => test,
        other => panic!("{other:?}"),
    };
    let tests: Vec<_> = predicates.into_iter().map(attribute_test).collect();
    let text = |s: &str| s.to_owned();
    assert_eq!(
        tests,
        [
            Test::Equals(text("x")),
            Test::Differs(text("y")),
            Test::Absent,
            Test::Present,
            Test::Contains(text("z"))
        ]
    );
    let xml = path("@xml:lang").unwrap();
    assert!(matches!(xml.target, Target::Attribute(a) if a.namespace.ends_with("/XML/1998/namespace")));
}

#[test]
fn conditions_are_read_with_their_precedence() {
    let text = |s: &str| s.to_owned();
    let has = |local: &str, test| {
        Condition::Attribute(Attribute { namespace: String::new(), local: local.into() }, test)
    };
    let condition = |text: &str| match path(text).unwrap().steps.remove(0).predicates.remove(0) {
        Predicate::Holds(condition) => condition,
        other @ Predicate::Place(_) => panic!("{other:?}"),
    };
    let (a, b) = (has("a", Test::Present), has("b", Test::Present));
    let c = has("c", Test::StartsWith(text("x")));
    assert_eq!(
        condition("r[@a or @b and starts-with(@c,'x')]"),
        Condition::Any(vec![a.clone(), Condition::All(vec![b.clone(), c.clone()])])
    );
    assert_eq!(
        condition("r[ (@a or @b) and not(starts-with(@c, 'x')) ]"),
        Condition::All(vec![Condition::Any(vec![a, b]), Condition::Not(Box::new(c))])
    );
    let content = |path: &str, test| Condition::Content(Box::new(self::path(path).unwrap()), test);
    assert_eq!(condition("r[not]"), content("not", Test::Present));
    assert_eq!(condition("r[.='x']"), content(".", Test::Equals(text("x"))));
    assert_eq!(
        condition("r[.//h:b[@k]/@l!='x' or or]"),
        Condition::Any(vec![
            content(".//h:b[@k]/@l", Test::Differs(text("x"))),
            content("or", Test::Present)
        ])
    );
}

#[test]
fn what_is_known_early_is_told_apart() {
    let known = |text: &str| {
        let step = path(text).unwrap().steps.remove(0);
        let (early, late) = step.by_time();
        (early.len(), late.len(), step.is_late())
    };
    for (text, expected) in [
        ("a[@b][2][@c]", (3, 0, false)),
        ("a[b][@c]", (1, 1, true)),
        ("a[@c][2][b]", (2, 1, true)),
        ("a[@c][last()-1][@d]", (1, 2, true)),
        ("a[b][2][@c]", (0, 3, true)),
    ] {
        assert_eq!(known(text), expected, "{text}");
    }
}

#[test]
fn a_wrong_path_is_named_by_its_character() {
    for (text, column) in [
        ("", 1),
        ("/", 2),
        ("a/", 3),
        ("a b", 2),
        ("a[0]", 3),
        ("a[1][last()]", 12),
        ("a[b=]", 5),
        ("a[b='']", 7),
        ("a[/b]", 5),
        ("a[b[c]]", 7),
        ("a[count(b)]", 8),
        ("a[not(@b]", 9),
        ("a[@b orr @c]", 6),
        ("a[@b=c]", 6),
        ("a[@b='c]", 6),
        ("//@a", 3),
        ("q:a", 3),
        ("a/@b/c", 5),
        ("1a", 1),
        ("é[", 3),
        ("../a", 1),
    ] {
        assert_eq!(path(text).unwrap_err().column, column, "{text:?}: {}", path(text).unwrap_err());
    }
}

#[test]
fn unknown_words_are_refused() {
    let error = serde_json::from_value::<Conversion>(json!({"preset": "nitf", "feilds": []})).unwrap_err();
    assert!(error.to_string().contains("feilds"), "{error}");
    assert!(serde_json::from_value::<Conversion>(json!({"preset": "docbook"})).is_err());
}

/// Kubernetes takes no `$ref`, and its tools can only explain what is described.
#[test]
fn the_schema_is_finite_and_every_property_is_described() {
    let settings = SchemaSettings::openapi3().with(|s| s.inline_subschemas = true);
    let schema = settings.into_generator().into_root_schema_for::<Conversion>().to_value();
    assert!(!schema.to_string().contains("$ref"));
    let mut level = &schema["properties"]["fields"];
    for depth in 1..=3 {
        let properties = level["items"]["properties"].as_object().unwrap();
        for (name, property) in properties {
            assert!(property.to_string().contains("description"), "{name} at depth {depth}");
        }
        level = properties.get("fields").unwrap_or(&Value::Null);
    }
    assert_eq!(level, &Value::Null, "the third level has no nested fields");
}
