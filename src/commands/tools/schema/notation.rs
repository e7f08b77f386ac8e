//! The notation of `docs/json.md`, read into JSON Schema: `name = { field: type, other: [type]? }`.

use serde_json::{Map, Value, json};

/// A name and the schema of what it stands for.
pub(crate) type Definition = (String, Value);

/// The definitions in a page: what stands in its blocks that are called `shape`.
pub(crate) fn definitions(page: &str) -> Result<Vec<Definition>, String> {
    let mut text = String::new();
    for block in page.split("```shape\n").skip(1) {
        text += block.split("```").next().unwrap_or_default();
    }
    let mut all = Vec::new();
    let mut reader = Reader { rest: text.trim() };
    while !reader.rest.is_empty() {
        all.push(reader.definition()?);
        reader.rest = reader.rest.trim_start();
    }
    Ok(all)
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn definition(&mut self) -> Result<Definition, String> {
        let (name, rest) = self.rest.split_once(" = ").ok_or_else(|| self.fail("a definition"))?;
        self.rest = rest;
        Ok((name.trim().to_owned(), self.shape()?))
    }

    fn fail(&self, wanted: &str) -> String {
        format!("want {wanted} at '{}'", self.rest.chars().take(30).collect::<String>())
    }

    /// Goes past a token, if it is next.
    fn takes(&mut self, token: &str) -> bool {
        let rest = self.rest.trim_start();
        let found = rest.strip_prefix(token);
        self.rest = found.unwrap_or(rest);
        found.is_some()
    }

    fn word(&mut self) -> &'a str {
        let rest = self.rest.trim_start();
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        self.rest = &rest[end..];
        &rest[..end]
    }

    fn shape(&mut self) -> Result<Value, String> {
        let shape = if self.takes("{") {
            self.object()?
        } else if self.takes("[") {
            let items = self.shape()?;
            if !self.takes("]") {
                return Err(self.fail("]"));
            }
            json!({ "type": "array", "items": items })
        } else if self.rest.trim_start().starts_with('"') {
            self.words()?
        } else {
            match self.word() {
                "text" => json!({ "type": "string" }),
                "time" => json!({ "type": "string", "format": "date-time" }),
                "id" => json!({ "type": "string", "format": "uuid" }),
                "number" => json!({ "type": "number" }),
                "bool" => json!({ "type": "boolean" }),
                "any" => json!({}),
                "" => return Err(self.fail("a type")),
                name => json!({ "$ref": format!("#/$defs/{name}") }),
            }
        };
        Ok(if self.takes("?") { json!({ "anyOf": [shape, { "type": "null" }] }) } else { shape })
    }

    fn words(&mut self) -> Result<Value, String> {
        let mut words = Vec::new();
        loop {
            if !self.takes("\"") {
                return Err(self.fail("a word in quotes"));
            }
            words.push(self.word());
            if !self.takes("\"") {
                return Err(self.fail("the end of a word"));
            }
            if !self.takes("|") {
                return Ok(json!({ "enum": words }));
            }
        }
    }

    fn object(&mut self) -> Result<Value, String> {
        let mut members = Map::new();
        let mut others = json!(false);
        while !self.takes("}") {
            if self.takes("…") {
                others = json!(true);
            } else if self.takes("*:") {
                others = self.shape()?;
            } else {
                let name = self.word().to_owned();
                if name.is_empty() || !self.takes(":") {
                    return Err(self.fail("a member"));
                }
                members.insert(name, self.shape()?);
            }
            if !self.takes(",") && !self.rest.trim_start().starts_with('}') {
                return Err(self.fail(", or }"));
            }
        }
        let required: Vec<&String> = members.keys().collect();
        Ok(json!({ "type": "object", "properties": members, "required": required, "additionalProperties": others }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_notation_is_read_and_a_mistake_in_it_is_told() {
        let page = "x\n```shape\nA = { b: [text]?, c: { * : number } }\n```\ny = 1\n```shape\nw x = \"a\" | \"b\"\nD = A?\n```\n";
        let all = definitions(&page.replace("* :", "*:")).expect("valid");
        let names: Vec<&str> = all.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["A", "w x", "D"]);
        assert_eq!(all[0].1["required"], json!(["b", "c"]));
        assert_eq!(all[0].1["properties"]["b"]["anyOf"][0], json!({ "type": "array", "items": { "type": "string" } }));
        assert_eq!(all[0].1["properties"]["c"]["additionalProperties"], json!({ "type": "number" }));
        assert_eq!((&all[1].1, &all[2].1["anyOf"][0]), (&json!({ "enum": ["a", "b"] }), &json!({ "$ref": "#/$defs/A" })));
        for bad in ["A { }", "A = { b }", "A = [text", "A = {b: text c: text}", "A = ", "A = \"x"] {
            assert!(definitions(&format!("```shape\n{bad}\n```")).is_err(), "{bad}");
        }
    }
}
