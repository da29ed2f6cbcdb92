//! Which properties a DNS plugin's credentials file holds: their names and the shape of their values, never a value.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The properties of one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Properties {
    /// The file.
    pub path: String,
    /// When it was changed last.
    pub modified: Option<Timestamp>,
    /// What it holds, in its order.
    pub held: Vec<Property>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Property {
    /// Its name; `***` for what does not look like one.
    pub name: String,
    /// Its line, counted from 1; 0 in JSON.
    pub line: u32,
    /// What its value is like.
    pub shape: Shape,
}

/// As much of a value as decides whether a plugin takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// Nothing.
    Empty,
    /// An IP address.
    Address,
    /// The name of an HMAC that RFC 8945 lists, or that of one of its kin.
    Hmac,
    /// `service_account`.
    ServiceAccount,
    /// An unquoted comma made a list of it.
    List,
    /// `%(name)s` with a name that is not there.
    Unresolved,
    /// Anything else.
    Text,
}

impl Properties {
    /// The shape of a property's value; `None` where there is no such property.
    pub fn shape(&self, name: &str) -> Option<Shape> {
        self.held.iter().find(|property| property.name == name).map(|property| property.shape)
    }

    /// Whether a property is there and has a value.
    pub fn is_set(&self, name: &str) -> bool {
        self.shape(name).is_some_and(|shape| shape != Shape::Empty)
    }
}
