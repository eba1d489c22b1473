//! Units of table NUMBER: declarations, constants and documentation, as much of many crates is.
//!
//! A unit has a symbol, a quantity, and a factor that converts a value to the unit of the SI. The functions here are
//! few and short. They find a unit by its symbol, and convert between two units of the same quantity.

/// What is measured. Only units of the same quantity convert to each other.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    /// Seconds, in the SI.
    Time,
    /// Metres, in the SI.
    Length,
    /// Kilograms, in the SI.
    Mass,
    /// Cubic metres, in the SI.
    Volume,
}

/// A unit as the table has it.
pub struct Unit {
    /// The name, in English and in the singular.
    pub name: &'static str,
    /// What stands after a number, without a space.
    pub symbol: &'static str,
    /// How many of the SI's unit it is. Greater than zero.
    pub factor: f64,
    /// What it measures.
    pub quantity: Quantity,
}

/// The second. Its symbol is `s`.
///
/// It is exact, and does not change with later editions of the table.
pub const SECOND: Unit = Unit { name: "second", symbol: "s", factor: 1.0, quantity: Quantity::Time };

/// The minute. Its symbol is `min`.
///
/// It is exact, and does not change with later editions of the table.
pub const MINUTE: Unit = Unit { name: "minute", symbol: "min", factor: 60.0, quantity: Quantity::Time };

/// The hour. Its symbol is `h`.
///
/// It is exact, and does not change with later editions of the table.
pub const HOUR: Unit = Unit { name: "hour", symbol: "h", factor: 3600.0, quantity: Quantity::Time };

/// The metre. Its symbol is `m`.
///
/// It is exact, and does not change with later editions of the table.
pub const METRE: Unit = Unit { name: "metre", symbol: "m", factor: 1.0, quantity: Quantity::Length };

/// The inch. Its symbol is `in`.
///
/// It is exact, and does not change with later editions of the table.
pub const INCH: Unit = Unit { name: "inch", symbol: "in", factor: 0.0254, quantity: Quantity::Length };

/// The mile. Its symbol is `mi`.
///
/// It is exact, and does not change with later editions of the table.
pub const MILE: Unit = Unit { name: "mile", symbol: "mi", factor: 1609.344, quantity: Quantity::Length };

/// The gram. Its symbol is `g`.
///
/// It is exact, and does not change with later editions of the table.
pub const GRAM: Unit = Unit { name: "gram", symbol: "g", factor: 0.001, quantity: Quantity::Mass };

/// All units, in no particular order: a search looks at each.
pub const UNITS: [&Unit; 7] = [&SECOND, &MINUTE, &HOUR, &METRE, &INCH, &MILE, &GRAM];

/// The unit with this symbol. None: there is none in this table. The comparison distinguishes small and capital letters,
/// because symbols do (`m` is a metre, and `M` would be mega).
pub fn find(symbol: &str) -> Option<&'static Unit> {
    UNITS.into_iter().find(|unit| unit.symbol == symbol)
}

/// Converts a value from one unit to another. None: they measure different quantities. The result is rounded once for
/// each of the two factors, which is good enough for what this table is used for.
pub fn convert(value: f64, from: &Unit, to: &Unit) -> Option<f64> {
    (from.quantity == to.quantity).then(|| value * from.factor / to.factor)
}

/// What one conversion of this table gives, as a line of text.
pub fn run() -> String {
    let (from, to) = (find("h").unwrap_or(&SECOND), find("min").unwrap_or(&SECOND));
    let value = f64::from(STEP) + f64::from(NUMBER);
    format!("NUMBER: {value} {} are {:.1} {}", from.symbol, convert(value, from, to).unwrap_or(0.0), to.symbol)
}
