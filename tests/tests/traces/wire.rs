//! A request of OTLP as a receiver reads it, written from the published contract
//! (`opentelemetry/proto/trace/v1/trace.proto` and those that it imports) and from nothing of ours. A
//! field that the contract does not have at its place fails the test.

use std::collections::BTreeMap;

/// A span as it was received.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Span {
    pub(crate) service: String,
    pub(crate) trace_id: String,
    pub(crate) span_id: String,
    /// Empty if it is the first of its trace.
    pub(crate) parent: String,
    pub(crate) name: String,
    pub(crate) kind: &'static str,
    pub(crate) began: u64,
    pub(crate) ended: u64,
    pub(crate) told: BTreeMap<String, String>,
    /// Traces that it names besides its own.
    pub(crate) links: Vec<String>,
    pub(crate) failed: bool,
}

/// One field of a message.
enum Field<'a> {
    Varint(u64),
    Fixed64(u64),
    Bytes(&'a [u8]),
    Fixed32(u32),
}

impl<'a> Field<'a> {
    fn bytes(self) -> &'a [u8] {
        match self {
            Self::Bytes(bytes) => bytes,
            _ => panic!("the field has bytes"),
        }
    }

    fn text(self) -> String {
        String::from_utf8(self.bytes().to_vec()).expect("a string is UTF-8")
    }

    fn varint(self) -> u64 {
        match self {
            Self::Varint(number) => number,
            _ => panic!("the field has a number"),
        }
    }

    fn fixed64(self) -> u64 {
        match self {
            Self::Fixed64(number) => number,
            _ => panic!("the field has 64 bits"),
        }
    }
}

/// `ExportTraceServiceRequest`
pub(crate) fn request(bytes: &[u8]) -> Vec<Span> {
    let each = fields(bytes).into_iter().map(|(number, field)| {
        assert_eq!(number, 1, "resource_spans");
        resource_spans(field.bytes())
    });
    each.flatten().collect()
}

fn resource_spans(bytes: &[u8]) -> Vec<Span> {
    let (mut spans, mut resource) = (Vec::new(), BTreeMap::new());
    for (number, field) in fields(bytes) {
        match number {
            1 => {
                for (number, field) in fields(field.bytes()) {
                    assert_eq!(number, 1, "attributes of a resource");
                    resource.extend([key_value(field.bytes())]);
                }
            }
            2 => spans.extend(scope_spans(field.bytes())),
            other => panic!("ResourceSpans has no field {other} here"),
        }
    }
    assert_eq!(resource["service.namespace"], "helmstream");
    assert!(!resource["service.version"].is_empty() && !resource["service.instance.id"].is_empty());
    for span in &mut spans {
        span.service.clone_from(&resource["service.name"]);
    }
    spans
}

fn scope_spans(bytes: &[u8]) -> Vec<Span> {
    let mut spans = Vec::new();
    for (number, field) in fields(bytes) {
        match number {
            1 => {
                let named: Vec<_> =
                    fields(field.bytes()).into_iter().map(|(number, _)| number).collect();
                assert_eq!(named, [1, 2], "name and version");
            }
            2 => spans.push(span(field.bytes())),
            other => panic!("ScopeSpans has no field {other} here"),
        }
    }
    spans
}

fn span(bytes: &[u8]) -> Span {
    let mut read = Span::default();
    for (number, field) in fields(bytes) {
        match number {
            1 => read.trace_id = id(field.bytes(), 16),
            2 => read.span_id = id(field.bytes(), 8),
            4 => read.parent = id(field.bytes(), 8),
            5 => read.name = field.text(),
            6 => {
                let kinds = ["unspecified", "internal", "server", "client", "producer", "consumer"];
                read.kind = kinds[field.varint() as usize];
            }
            7 => read.began = field.fixed64(),
            8 => read.ended = field.fixed64(),
            9 => {
                let (name, value) = key_value(field.bytes());
                let before = read.told.insert(name.clone(), value);
                assert_eq!(before, None, "{name} is told once");
            }
            13 => {
                let (_, trace) = fields(field.bytes()).remove(0);
                read.links.push(id(trace.bytes(), 16));
            }
            15 => {
                read.failed = fields(field.bytes()).into_iter().any(|(number, field)| {
                    assert!(matches!(number, 2 | 3), "message and code of a status");
                    number == 3 && field.varint() == 2
                });
            }
            16 => assert!(matches!(field, Field::Fixed32(flags) if flags & 1 == 1), "sampled"),
            other => panic!("Span has no field {other} here"),
        }
    }
    assert!(!read.trace_id.is_empty() && !read.span_id.is_empty() && !read.name.is_empty());
    assert!(read.began > 0 && read.began <= read.ended, "{read:?}");
    read
}

fn id(bytes: &[u8], length: usize) -> String {
    assert_eq!(bytes.len(), length);
    assert!(bytes.iter().any(|byte| *byte != 0), "nought is no id");
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn key_value(bytes: &[u8]) -> (String, String) {
    let (mut key, mut value) = (String::new(), String::new());
    for (number, field) in fields(bytes) {
        match number {
            1 => key = field.text(),
            2 => {
                let (number, any) = fields(field.bytes()).remove(0);
                value = match number {
                    1 => any.text(),
                    3 => any.varint().cast_signed().to_string(),
                    other => panic!("AnyValue has no field {other} here"),
                };
            }
            other => panic!("KeyValue has no field {other}"),
        }
    }
    assert!(!key.is_empty(), "a name");
    (key, value)
}

fn fields(mut bytes: &[u8]) -> Vec<(u64, Field<'_>)> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes);
        let field = match key & 7 {
            0 => Field::Varint(varint(&mut bytes)),
            1 => Field::Fixed64(u64::from_le_bytes(take(&mut bytes, 8).try_into().expect("eight"))),
            2 => {
                let length = varint(&mut bytes) as usize;
                Field::Bytes(take(&mut bytes, length))
            }
            5 => Field::Fixed32(u32::from_le_bytes(take(&mut bytes, 4).try_into().expect("four"))),
            other => panic!("there is no wire type {other}"),
        };
        found.push((key >> 3, field));
    }
    found
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> &'a [u8] {
    let (taken, rest) = bytes.split_at(length);
    *bytes = rest;
    taken
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let byte = take(bytes, 1)[0];
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return number;
        }
    }
    panic!("a number has ten bytes at most")
}
