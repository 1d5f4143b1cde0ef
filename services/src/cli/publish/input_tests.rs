//! What of an input becomes an event, shape by shape.

use super::*;

fn texts(input: impl AsRef<[u8]>, shape: Shape) -> Vec<String> {
    pieces(input, shape)
        .into_iter()
        .map(|piece| match piece {
            Ok(Piece { content: Content::Event(bytes), .. }) => {
                String::from_utf8_lossy(&bytes).into_owned()
            }
            Ok(Piece { content: Content::TooLarge { bytes }, .. }) => format!("too large: {bytes}"),
            Err(error) => format!("error: {error}"),
        })
        .collect()
}

fn pieces(input: impl AsRef<[u8]>, shape: Shape) -> Vec<io::Result<Piece>> {
    split(Cursor::new(input.as_ref().to_vec()), shape).unwrap().collect()
}

#[test]
fn one_document_is_one_event_byte_for_byte_over_many_lines() {
    let document = "{\n  \"a\" : 1.0,\n  \"b\": \"\\u00e4\"\n}";
    assert_eq!(texts(format!("\n {document}\n\n"), Shape::Unknown), [document]);
}

#[test]
fn a_list_gives_its_elements_as_they_stand() {
    let list = r#" [ {"a": "],[\"" , "b":[1, {"c":2}]} ,7,
        {"d" : 1e2}, "x" ] "#;
    assert_eq!(
        texts(list, Shape::Unknown),
        [r#"{"a": "],[\"" , "b":[1, {"c":2}]}"#, "7", r#"{"d" : 1e2}"#, r#""x""#]
    );
    assert_eq!(texts("[]", Shape::Unknown), [""; 0]);
    assert_eq!(texts("[{}]\n[{\"a\":1}]", Shape::Unknown), ["{}", "{\"a\":1}"]);
}

#[test]
fn a_list_that_is_cut_off_gives_what_it_has_and_an_error() {
    let cut = texts(r#"[{"a":1},{"b":"#, Shape::Unknown);
    assert_eq!(cut[..2], [r#"{"a":1}"#, r#"{"b":"#]);
    assert!(cut[2].starts_with("error: the list has no end"), "{cut:?}");
    assert_eq!(cut.len(), 3);
}

#[test]
fn lines_are_found_without_being_announced_and_broken_ones_stay_as_they_are() {
    let lines = "{\"a\":1}\n{\"a\":\n\n  \r\n{\"b\":2}\r\nnonsense";
    for shape in [Shape::Unknown, Shape::Lines] {
        assert_eq!(texts(lines, shape), ["{\"a\":1}", "{\"a\":", "{\"b\":2}", "nonsense"]);
    }
}

/// Undo the reading of the first line by itself in `undecided` to see this wait for ever.
#[test]
fn a_pipe_is_read_as_it_comes() {
    let (reader, mut writer) = io::pipe().unwrap();
    io::Write::write_all(&mut writer, b"{\"a\":1}\n{\"a\"").unwrap();
    let mut pieces = split(reader, Shape::Unknown).unwrap();
    let first = pieces.next().unwrap().unwrap();
    assert_eq!(first.content, Content::Event(b"{\"a\":1}".to_vec()));
    io::Write::write_all(&mut writer, b":2}").unwrap();
    drop(writer);
    assert_eq!(pieces.next().unwrap().unwrap().content, Content::Event(b"{\"a\":2}".to_vec()));
}

#[test]
fn the_first_line_may_be_the_broken_one() {
    assert_eq!(texts("{\"a\":\n{\"b\":2}\n", Shape::Unknown), ["{\"a\":", "{\"b\":2}"]);
}

#[test]
fn a_broken_document_over_many_lines_is_one_event_and_not_many() {
    let document = "{\n  \"a\": 1,,\n  \"b\": {}\n}";
    assert_eq!(texts(document, Shape::Unknown), [document]);
}

#[test]
fn what_is_not_utf_8_passes_unchanged() {
    let split = pieces(b"{\"a\":1}\n{\"a\":\"\xff\"}\n", Shape::Unknown);
    let Ok(Piece { content: Content::Event(bytes), line: 2, number: 2, .. }) = &split[1] else {
        panic!("{split:?}")
    };
    assert_eq!(bytes, b"{\"a\":\"\xff\"}");
    assert_eq!(pieces(b"\xff\xfe", Shape::Unknown).len(), 1);
}

#[test]
fn nothing_is_no_event() {
    for nothing in ["", " \n\t\n", "\u{feff}", "[ ]"] {
        assert_eq!(texts(nothing, Shape::Unknown), [""; 0], "{nothing:?}");
    }
    assert_eq!(texts("\u{feff}{}", Shape::Unknown), ["{}"]);
}

#[test]
fn depth_is_no_matter_here() {
    let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    let event = format!("{{\"a\":{deep}}}");
    assert_eq!(texts(&event, Shape::Unknown), std::slice::from_ref(&event));
    assert_eq!(texts(format!("[{event}]"), Shape::Unknown), [event]);
}

#[test]
fn what_is_too_large_is_counted_and_what_follows_it_lands() {
    let large = format!("{{\"a\":\"{}\"}}", "x".repeat(PUBLISH_BYTES_MAX));
    let said = format!("too large: {}", large.len());
    assert_eq!(texts(format!("{large}\n{{}}\n"), Shape::Lines), [said.as_str(), "{}"]);
    assert_eq!(
        texts(format!("{{}}\n{large}\n{{}}\n"), Shape::Unknown),
        ["{}", said.as_str(), "{}"]
    );
    assert_eq!(texts(format!("[{large}, {{}}]"), Shape::Unknown), [said.as_str(), "{}"]);
    assert_eq!(texts(&large, Shape::Unknown), [said.as_str()]);
    let fits = format!("\"{}\"", "x".repeat(PUBLISH_BYTES_MAX - 2));
    assert_eq!(texts(&fits, Shape::Unknown), std::slice::from_ref(&fits));
}

#[test]
fn an_event_knows_where_it_stands() {
    let split = pieces("\n{\"a\":\n1}", Shape::Unknown);
    assert_eq!(split[0].as_ref().unwrap().line, 2);
    let split: Vec<_> =
        pieces("[\n{},\n\n{}]", Shape::Unknown).into_iter().map(Result::unwrap).collect();
    let places: Vec<_> =
        split.iter().map(|piece| (piece.number, piece.line, piece.read_to)).collect();
    assert_eq!(places, [(1, 2, 4), (2, 4, 9)]);
}

#[test]
fn the_name_of_a_file_promises_its_shape() {
    for (name, shape) in [
        ("a.NDJSON", Shape::Lines),
        ("a.jsonl", Shape::Lines),
        ("a.json", Shape::Unknown),
        ("-", Shape::Unknown),
    ] {
        assert_eq!(shape_of(name), shape, "{name}");
    }
}
