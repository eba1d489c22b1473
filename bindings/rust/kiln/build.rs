//! Makes a method of `Function` of each operation in the table of kiln-sys' headers, `kiln/ops.def`.

use std::fmt::Write;
use std::path::PathBuf;
use std::{env, fs};

/// What follows a method's name, by the shape of operations: parameters, whether there is a result, and the call.
/// `TYPE` is the type parameter, or nothing where the operation has one type alone, which stands for `TY`.
const SHAPES: [(&str, &str, bool, &str); 21] = [
    ("NULLARY", "", true, "nullary(OP)"),
    ("NULLARYV", "", false, "nullary(OP)"),
    ("UN", "TYPE, a: impl Operand<'id>", true, "unary(OP, TY, a)"),
    ("UNV", "a: impl Operand<'id>", false, "unary(OP, TY, a)"),
    ("SLOTV", "a: Slot<'id>", false, "unary(OP, TY, a)"),
    ("BIN", "TYPE, a: impl Operand<'id>, b: impl Operand<'id>", true, "binary(OP, TY, a, b)"),
    ("BINV", "a: impl Operand<'id>, b: impl Operand<'id>", false, "binary(OP, TY, a, b)"),
    (
        "TERN",
        "TYPE, a: impl Operand<'id>, b: impl Operand<'id>, c: impl Operand<'id>",
        true,
        "ternary(OP, TY, a, b, c)",
    ),
    ("MEM3", MEMORY, false, "memory(OP, a, b, c, flags)"),
    ("MEMSET", MEMORY, false, "memory(OP, a, b, c, flags)"),
    ("CONV_II", CONVERSION, true, "convert(OP, to, from, a)"),
    ("CONV_FF", CONVERSION, true, "convert(OP, to, from, a)"),
    ("CONV_FI", CONVERSION, true, "convert(OP, to, from, a)"),
    ("CONV_IF", CONVERSION, true, "convert(OP, to, from, a)"),
    ("CONV_BITS", CONVERSION, true, "convert(OP, to, from, a)"),
    ("LEVEL", "level: u32", true, "level(OP, level)"),
    ("VUN", "ty: Type, lane: Type, a: impl Operand<'id>", true, "vector(OP, (ty, lane), 0, a, None)"),
    ("VSPLAT", "ty: Type, lane: Type, a: impl Operand<'id>", true, "vector(OP, (ty, lane), 0, a, None)"),
    (
        "VBIN",
        "ty: Type, lane: Type, a: impl Operand<'id>, b: impl Operand<'id>",
        true,
        "vector(OP, (ty, lane), 0, a, Some(b.value(self)))",
    ),
    ("VSHIFT", LANE_NUMBER, true, "vector(OP, (ty, lane), number, a, None)"),
    ("VEXTRACT", LANE_NUMBER, true, "vector(OP, (ty, lane), number, a, None)"),
];
const MEMORY: &str = "a: impl Operand<'id>, b: impl Operand<'id>, c: impl Operand<'id>, flags: MemFlags";
const CONVERSION: &str = "to: Type, from: Type, a: impl Operand<'id>";
const LANE_NUMBER: &str = "ty: Type, lane: Type, number: u32, a: impl Operand<'id>";

/// Those with a number or a condition and two operands.
const LANES: [(&str, &str, &str); 3] = [
    ("VINSERT", "number: u32", "number"),
    ("VICMP", "cond: IntCond", "cond as u32"),
    ("VFCMP", "cond: FloatCond", "cond as u32"),
];

/// The cells of a row, `KILN_OP(A, b, C, D, E, "text")`.
fn row(line: &str) -> Option<(Vec<&str>, &str)> {
    let (cells, doc) = line.strip_prefix("KILN_OP(")?.split_once(", \"")?;
    Some((cells.split(", ").collect(), doc.strip_suffix("\")")?))
}

fn method(cells: &[&str]) -> Option<String> {
    let &[constant, name, shape, types, ..] = cells else { return None };
    let op = format!("sys::KILN_OP_{constant}");
    if let Some((_, number, value)) = LANES.iter().find(|(s, ..)| *s == shape) {
        return Some(format!(
            "    pub fn {name}(&self, ty: Type, lane: Type, {number}, a: impl Operand<'id>, \
             b: impl Operand<'id>) -> Value<'id> {{\n        \
             self.vector({op}, (ty, lane), {value}, a, Some(b.value(self)))\n    }}\n"
        ));
    }
    let (_, parameters, gives, call) = SHAPES.iter().find(|(s, ..)| *s == shape)?;
    let only = match types {
        "PTR" => Some("sys::KILN_TYPE_I64"),
        "I32" => Some("sys::KILN_TYPE_I32"),
        _ => None,
    };
    let parameters = match only {
        Some(_) => parameters.replace("TYPE, ", ""),
        None => parameters.replace("TYPE", "ty: Type"),
    };
    let call = call.replace("OP", &op).replace("TY,", &format!("{},", only.unwrap_or("ty as u32")));
    let (result, end) = if *gives { (" -> Value<'id>", "") } else { ("", ";") };
    Some(format!("    pub fn {name}(&self, {parameters}){result} {{\n        self.{call}{end}\n    }}\n"))
}

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let include = PathBuf::from(env::var_os("DEP_KILN_INCLUDE").expect("kiln-sys says where its headers are"));
    let table = include.join("kiln/ops.def");
    println!("cargo::rerun-if-changed={}", table.display());
    let mut out = String::from("/// The operations of the table `kiln/ops.def`.\nimpl<'id> Function<'id> {\n");
    let text = fs::read_to_string(&table).expect("the table of operations can be read");
    for (cells, doc) in text.lines().filter_map(row) {
        if let Some(method) = method(&cells) {
            writeln!(out, "    #[doc = {doc:?}]\n    #[inline]\n{method}").unwrap();
        }
    }
    out.push_str("}\n");
    let folder = PathBuf::from(env::var_os("OUT_DIR").unwrap());
    fs::write(folder.join("operations.rs"), out).unwrap();
}
