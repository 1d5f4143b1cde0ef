//! Makes one instance of a JSON Schema: every property filled, every choice taken first, the same
//! result every time.
//!
//! Understands what our own types become (and says so about the rest); it is no validator. A schema
//! may give `examples`, and then the first of them is taken as it is.

use serde_json::{Map, Value, json};

#[derive(Debug, PartialEq)]
pub(crate) enum SampleError {
    /// No value can be made up for this pattern or format.
    NeedsExample { property: String, rule: String },
    /// A `$ref` that leads out of the schema.
    Unresolved(String),
    /// Every value of it holds another one of itself.
    Endless,
}

/// `name` stands for texts that say nothing about themselves.
pub(crate) fn sample(schema: &Value, name: &str) -> Result<Value, SampleError> {
    let mut maker = Maker { definitions: schema.get("$defs"), open: Vec::new() };
    maker.make(schema, name)?.ok_or(SampleError::Endless)
}

struct Maker<'a> {
    definitions: Option<&'a Value>,
    /// The definitions we are inside of. Meeting one again means recursion, which ends by leaving
    /// it out.
    open: Vec<&'a str>,
}

/// `None` where only an endless value would do.
type Made = Result<Option<Value>, SampleError>;

impl<'a> Maker<'a> {
    fn make(&mut self, schema: &'a Value, name: &str) -> Made {
        let given = [&schema["examples"][0], &schema["const"], &schema["enum"][0]];
        if let Some(value) = given.into_iter().find(|value| !value.is_null()) {
            return Ok(Some(value.clone()));
        }
        // Parts of one value: a flattened or tagged type is an object in several pieces.
        let mut parts = Vec::new();
        if let Some(reference) = schema["$ref"].as_str() {
            parts.push(self.definition(reference, name)?);
        }
        for part in schema["allOf"].as_array().into_iter().flatten() {
            parts.push(self.make(part, name)?);
        }
        for choice in ["oneOf", "anyOf"] {
            if let Some(alternatives) = schema[choice].as_array() {
                parts.push(self.first_of(alternatives, name)?);
            }
        }
        if parts.is_empty() || schema.get("type").is_some() || schema.get("properties").is_some() {
            parts.push(self.by_type(schema, name)?);
        }
        let Some(parts) = parts.into_iter().collect::<Option<Vec<_>>>() else { return Ok(None) };
        Ok(parts.into_iter().reduce(merge))
    }

    fn definition(&mut self, reference: &'a str, name: &str) -> Made {
        let unresolved = || SampleError::Unresolved(reference.to_string());
        let key = reference.strip_prefix("#/$defs/").ok_or_else(unresolved)?;
        let schema =
            self.definitions.and_then(|definitions| definitions.get(key)).ok_or_else(unresolved)?;
        if self.open.contains(&key) {
            return Ok(None);
        }
        self.open.push(key);
        let made = self.make(schema, name);
        self.open.pop();
        made
    }

    /// An optional value is filled, not null.
    fn first_of(&mut self, alternatives: &'a [Value], name: &str) -> Made {
        for alternative in alternatives.iter().filter(|alternative| alternative["type"] != "null") {
            if let Some(value) = self.make(alternative, name)? {
                return Ok(Some(value));
            }
        }
        Ok(alternatives
            .iter()
            .any(|alternative| alternative["type"] == "null")
            .then_some(Value::Null))
    }

    fn by_type(&mut self, schema: &'a Value, name: &str) -> Made {
        Ok(match type_of(schema) {
            "null" => Some(Value::Null),
            "boolean" => Some(json!(true)),
            "integer" => Some(json!(within(schema, 1.0) as i64)),
            "number" => Some(json!(within(schema, 1.5))),
            "array" => self.array(schema, name)?,
            "object" => self.object(schema)?,
            _ => Some(Value::String(text(schema, name)?)),
        })
    }

    fn array(&mut self, schema: &'a Value, name: &str) -> Made {
        let mut items = Vec::new();
        for item in schema["prefixItems"].as_array().into_iter().flatten() {
            let Some(item) = self.make(item, name)? else { return Ok(None) };
            items.push(item);
        }
        let at_least = schema["minItems"].as_u64().unwrap_or(0) as usize;
        if schema["items"] != false && (items.is_empty() || items.len() < at_least) {
            match self.make(&schema["items"], name)? {
                Some(item) => items.resize(at_least.max(1), item),
                None if at_least > items.len() => return Ok(None),
                None => {}
            }
        }
        Ok(Some(Value::Array(items)))
    }

    fn object(&mut self, schema: &'a Value) -> Made {
        let mut object = Map::new();
        let required = |name: &str| {
            schema["required"].as_array().is_some_and(|all| all.iter().any(|one| one == name))
        };
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            match self.make(property, name)? {
                Some(value) => _ = object.insert(name.clone(), value),
                None if required(name) => return Ok(None),
                None => {}
            }
        }
        let others = &schema["additionalProperties"];
        if object.is_empty() && (others.is_object() || *others == true) {
            object.extend(self.make(others, "value")?.map(|value| ("key".to_string(), value)));
        }
        Ok(Some(Value::Object(object)))
    }
}

fn type_of(schema: &Value) -> &str {
    let named = match &schema["type"] {
        Value::Array(types) => types.iter().find(|one| *one != "null").unwrap_or(&Value::Null),
        one => one,
    };
    named.as_str().unwrap_or(match () {
        () if schema.get("properties").is_some() => "object",
        () if schema.get("items").is_some() => "array",
        () => "string", // any value will do, and a text is one
    })
}

fn text(schema: &Value, name: &str) -> Result<String, SampleError> {
    let needs_example = |rule: &str| SampleError::NeedsExample {
        property: name.to_string(),
        rule: rule.to_string(),
    };
    if let Some(pattern) = schema["pattern"].as_str() {
        return of_one_class(pattern).ok_or_else(|| needs_example(pattern));
    }
    let text = match schema["format"].as_str() {
        None => name.replace('_', " "),
        Some("uuid") => "00000000-0000-4000-8000-000000000001".to_string(),
        Some("date-time") => "2026-01-02T03:04:05Z".to_string(),
        Some("date") => "2026-01-02".to_string(),
        Some("duration") => "PT1H".to_string(),
        Some("uri") => format!("https://example.com/{name}"),
        Some(format) => return Err(needs_example(format)),
    };
    let at_least = schema["minLength"].as_u64().unwrap_or(0) as usize;
    let at_most = schema["maxLength"].as_u64().map_or(usize::MAX, |length| length as usize);
    let length = text.chars().count().max(at_least).min(at_most);
    Ok(text.chars().cycle().take(length).collect())
}

/// `^[0-9a-f]{64}$` and its like: the characters of the class in turn.
fn of_one_class(pattern: &str) -> Option<String> {
    let (class, length) = pattern.strip_prefix("^[")?.strip_suffix("}$")?.split_once("]{")?;
    let mut characters = Vec::new();
    let mut rest = class;
    while let Some(from) = rest.chars().next().filter(|first| first.is_ascii_alphanumeric()) {
        let mut after = rest[1..].chars();
        match (after.next(), after.next()) {
            (Some('-'), Some(to)) if to.is_ascii_alphanumeric() => {
                characters.extend(from..=to);
                rest = &rest[3..];
            }
            _ => {
                characters.push(from);
                rest = &rest[1..];
            }
        }
    }
    let length = length.parse().ok()?;
    (rest.is_empty() && !characters.is_empty())
        .then(|| characters.into_iter().cycle().take(length).collect())
}

fn within(schema: &Value, wished: f64) -> f64 {
    let bound = |name: &str| schema[name].as_f64();
    wished.max(bound("minimum").unwrap_or(f64::MIN)).min(bound("maximum").unwrap_or(f64::MAX))
}

fn merge(one: Value, other: Value) -> Value {
    match (one, other) {
        (Value::Object(mut one), Value::Object(other)) => {
            one.extend(other);
            Value::Object(one)
        }
        (_, other) => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(schema: Value) -> Value {
        sample(&schema, "word").expect("a sample can be made")
    }

    #[test]
    fn every_property_is_filled_with_a_plain_value_of_its_type() {
        let schema = json!({"type": "object", "required": ["run_id"], "properties": {
            "run_id": {"type": "string", "format": "uuid"},
            "begun_at": {"type": "string", "format": "date-time"},
            "phase_name": {"type": ["string", "null"]},
            "attempts": {"type": "integer", "minimum": 3},
            "percent": {"type": "number", "maximum": 1.0},
            "dry": {"type": "boolean"},
            "labels": {"type": "object", "additionalProperties": {"type": "string"}},
            "data": true,
            "digest": {"type": "string", "pattern": "^[0-9a-f]{18}$"},
        }});
        assert_eq!(
            made(schema),
            json!({
                "run_id": "00000000-0000-4000-8000-000000000001",
                "begun_at": "2026-01-02T03:04:05Z",
                "phase_name": "phase name",
                "attempts": 3,
                "percent": 1.0,
                "dry": true,
                "labels": {"key": "value"},
                "data": "data",
                "digest": "0123456789abcdef01",
            })
        );
    }

    #[test]
    fn of_several_choices_the_first_is_taken_and_an_optional_value_is_there() {
        assert_eq!(made(json!({"enum": ["guarded", "free"]})), "guarded");
        assert_eq!(made(json!({"anyOf": [{"type": "null"}, {"type": "integer"}]})), 1);
        assert_eq!(made(json!({"oneOf": [{"const": "one"}, {"const": "two"}]})), "one");
        assert_eq!(
            made(json!({"type": "string", "format": "arn", "examples": ["arn:aws:s3:::b"]})),
            "arn:aws:s3:::b"
        );
    }

    #[test]
    fn a_tagged_type_is_its_own_properties_and_those_of_its_first_variant() {
        let schema = json!({
            "properties": {"at": {"type": "integer"}},
            "allOf": [{"$ref": "#/$defs/Claim"}],
            "oneOf": [{"properties": {"kind": {"const": "a"}}}, {"properties": {"kind": {"const": "b"}}}],
            "$defs": {"Claim": {"properties": {"number": {"type": "integer", "minimum": 0}}}},
        });
        assert_eq!(made(schema), json!({"at": 1, "number": 1, "kind": "a"}));
    }

    #[test]
    fn arrays_hold_as_many_as_they_must_and_one_where_they_may() {
        assert_eq!(made(json!({"type": "array", "items": {"type": "integer"}})), json!([1]));
        assert_eq!(made(json!({"items": {"const": 7}, "minItems": 2})), json!([7, 7]));
        assert_eq!(
            made(
                json!({"type": "array", "prefixItems": [{"const": 1}, {"const": "b"}], "minItems": 2})
            ),
            json!([1, "b"])
        );
    }

    #[test]
    fn a_recursive_type_ends_where_it_would_begin_again() {
        let tree = |required: Value| {
            json!({"$ref": "#/$defs/Step", "$defs": {"Step": {"type": "object", "required": required, "properties": {
                "name": {"type": "string"},
                "before": {"$ref": "#/$defs/Step"},
                "parts": {"type": "array", "items": {"$ref": "#/$defs/Step"}},
            }}}})
        };
        assert_eq!(made(tree(json!(["name", "parts"]))), json!({"name": "name", "parts": []}));
        assert_eq!(sample(&tree(json!(["before"])), "word"), Err(SampleError::Endless));
    }

    #[test]
    fn what_cannot_be_made_up_asks_for_an_example() {
        let error = |schema: Value| sample(&schema, "arn").unwrap_err();
        let rule =
            |rule: &str| SampleError::NeedsExample { property: "arn".into(), rule: rule.into() };
        assert_eq!(error(json!({"type": "string", "pattern": "^arn:.+$"})), rule("^arn:.+$"));
        assert_eq!(error(json!({"type": "string", "format": "ipv6"})), rule("ipv6"));
        assert_eq!(
            error(json!({"$ref": "other.json"})),
            SampleError::Unresolved("other.json".into())
        );
    }
}
