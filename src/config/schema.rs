//! The file's JSON Schema, for editors: <https://json-schema.org/draft/2020-12>.

use serde_json::{Map, Value, json};

use super::shape::{Entry, FILE, Shape};
use crate::checks::CHECKS;

/// The schema.
pub fn schema() -> Value {
    let mut schema = of(FILE);
    if let Value::Object(object) = &mut schema {
        object.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
        object.insert("title".to_owned(), json!("acme-audit.yaml"));
        object.insert("description".to_owned(), json!("what the user has decided about this host"));
    }
    schema
}

fn of(shape: Shape) -> Value {
    match shape {
        Shape::Text => json!({"type": "string", "minLength": 1}),
        Shape::Url => json!({"type": "string", "format": "uri", "pattern": "^https://"}),
        Shape::Folder | Shape::File => json!({"type": "string", "pattern": "^/"}),
        Shape::Word(words) => json!({"enum": words}),
        Shape::Check => json!({"enum": CHECKS.iter().map(|check| check.id).collect::<Vec<_>>()}),
        Shape::Switch => json!({"type": "boolean"}),
        Shape::Count(least, most) => json!({"type": "integer", "minimum": least, "maximum": most}),
        Shape::Day => json!({"type": "string", "format": "date", "pattern": "^\\d{4}-\\d{2}-\\d{2}$"}),
        Shape::Until => json!({"type": "string", "examples": ["3y", "18months", "2029-01-01"]}),
        Shape::List(shape) => json!({"type": "array", "items": of(*shape)}),
        Shape::OneOrMore(shape) => {
            json!({"anyOf": [of(*shape), {"type": "array", "items": of(*shape), "minItems": 1}]})
        }
        Shape::ByLineage(shape) => json!({"type": "object", "additionalProperties": of(*shape)}),
        Shape::Map(entries) => map(entries),
    }
}

fn map(entries: &[Entry]) -> Value {
    let property = |entry: &Entry| {
        let mut schema = of(entry.shape);
        if let Value::Object(object) = &mut schema {
            object.insert("description".to_owned(), json!(entry.about));
        }
        (entry.key.to_owned(), schema)
    };
    let properties: Map<String, Value> = entries.iter().map(property).collect();
    let required: Vec<&str> = entries.iter().filter(|entry| entry.required).map(|entry| entry.key).collect();
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_knows_every_key_and_every_check() {
        let schema = schema();
        let ids =
            schema.pointer("/properties/ignore/items/properties/id/enum").and_then(Value::as_array).unwrap();
        assert_eq!(ids.len(), CHECKS.len());
        assert_eq!(schema.pointer("/properties/jobs/minimum"), Some(&json!(1)));
        assert_eq!(schema.pointer("/properties/ignore/items/required"), Some(&json!(["id", "because"])));
        assert!(schema.pointer("/properties/lineages/additionalProperties/properties/at-most").is_some());
    }
}
