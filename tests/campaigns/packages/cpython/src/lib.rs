//! A module for Python of what PyO3 makes of Rust: classes, inheritance, iterators, exceptions, panics, callbacks,
//! buffers, operators, what the garbage collector visits, threads.
use pyo3::create_exception;
use pyo3::exceptions::{PyException, PyIndexError, PyKeyError, PyZeroDivisionError};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};

create_exception!(shelf, ShelfError, PyException, "What a shelf refuses.");

/// An error of Rust's own, which becomes an exception at the border.
#[derive(Debug)]
enum Refused {
    Full { limit: usize },
    Unknown(String),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refused::Full { limit } => write!(f, "full: {limit}"),
            Refused::Unknown(name) => write!(f, "unknown: {name}"),
        }
    }
}

impl From<Refused> for PyErr {
    fn from(refused: Refused) -> PyErr {
        match refused {
            Refused::Full { .. } => ShelfError::new_err(refused.to_string()),
            Refused::Unknown(name) => PyKeyError::new_err(name),
        }
    }
}

static DROPPED: AtomicUsize = AtomicUsize::new(0);

/// Counts what is dropped, when a panic unwinds too.
struct Counted(#[allow(dead_code)] u8);

impl Drop for Counted {
    fn drop(&mut self) {
        DROPPED.fetch_add(1, Ordering::SeqCst);
    }
}

#[pyclass(subclass)]
struct Shelf {
    #[pyo3(get, set)]
    name: String,
    limit: usize,
    items: BTreeMap<String, i64>,
}

#[pymethods]
impl Shelf {
    #[new]
    #[pyo3(signature = (name, limit=4, **items))]
    fn new(name: String, limit: usize, items: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        let mut shelf = Shelf { name, limit, items: BTreeMap::new() };
        if let Some(items) = items {
            for (key, value) in items.iter() {
                shelf.put(key.extract()?, value.extract()?)?;
            }
        }
        Ok(shelf)
    }

    fn put(&mut self, name: String, value: i64) -> Result<(), Refused> {
        if self.items.len() >= self.limit && !self.items.contains_key(&name) {
            return Err(Refused::Full { limit: self.limit });
        }
        self.items.insert(name, value);
        Ok(())
    }

    fn __getitem__(&self, name: &str) -> Result<i64, Refused> {
        self.items.get(name).copied().ok_or_else(|| Refused::Unknown(name.to_string()))
    }

    fn __len__(&self) -> usize {
        self.items.len()
    }

    fn __contains__(&self, name: &str) -> bool {
        self.items.contains_key(name)
    }

    fn __iter__(&self) -> Items {
        Items { left: self.items.clone().into_iter().collect() }
    }

    fn __repr__(&self) -> String {
        format!("Shelf({:?}, {:?})", self.name, self.items)
    }

    /// Calls back into Python from Rust.
    fn each(&self, function: &Bound<'_, PyAny>) -> PyResult<Vec<Py<PyAny>>> {
        let mut results = Vec::new();
        for (name, value) in &self.items {
            let result = visit(function, name, *value)?;
            results.push(result.unbind());
        }
        Ok(results)
    }

    #[staticmethod]
    fn kind() -> &'static str {
        "wood"
    }

    #[classattr]
    const SIDES: u32 = 6;

    #[getter]
    fn total(&self) -> i64 {
        self.items.values().sum()
    }
}

#[inline(never)]
fn visit<'py>(function: &Bound<'py, PyAny>, name: &str, value: i64) -> PyResult<Bound<'py, PyAny>> {
    let doubled = value * 2;
    function.call1((name, doubled))
}

#[pyclass]
struct Items {
    left: std::collections::VecDeque<(String, i64)>,
}

#[pymethods]
impl Items {
    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__(&mut self) -> Option<(String, i64)> {
        self.left.pop_front()
    }
}

/// A class that derives from one in Rust.
#[pyclass(extends = Shelf)]
struct Locked {
    open: bool,
}

#[pymethods]
impl Locked {
    #[new]
    fn new(name: String) -> PyResult<PyClassInitializer<Self>> {
        Ok(PyClassInitializer::from(Shelf::new(name, 2, None)?).add_subclass(Locked { open: false }))
    }

    fn unlock(mut slf: PyRefMut<'_, Self>) -> usize {
        slf.open = true;
        slf.into_super().limit
    }

    fn put(slf: PyRefMut<'_, Self>, name: String, value: i64) -> PyResult<()> {
        if !slf.open {
            return Err(ShelfError::new_err("locked"));
        }
        slf.into_super().put(name, value)?;
        Ok(())
    }
}

#[pyclass(eq, ord, hash, frozen, from_py_object)]
#[derive(Clone, Copy, PartialEq, PartialOrd, Hash, Debug)]
struct Size {
    #[pyo3(get)]
    width: i32,
    #[pyo3(get)]
    height: i32,
}

#[pymethods]
impl Size {
    #[new]
    fn new(width: i32, height: i32) -> Self {
        Size { width, height }
    }

    fn __add__(&self, other: &Size) -> Size {
        Size { width: self.width + other.width, height: self.height + other.height }
    }

    fn __floordiv__(&self, by: i32) -> PyResult<Size> {
        match (self.width.checked_div(by), self.height.checked_div(by)) {
            (Some(width), Some(height)) => Ok(Size { width, height }),
            _ => Err(PyZeroDivisionError::new_err("size by zero")),
        }
    }
}

#[pyclass(eq, eq_int, from_py_object)]
#[derive(Clone, PartialEq)]
enum Wood {
    Oak = 3,
    Pine = 7,
}

/// Refers to objects of Python, so that cycles through it are only found if the collector is told.
#[pyclass]
struct Holder {
    held: Option<Py<PyAny>>,
    _counted: Counted,
}

#[pymethods]
impl Holder {
    #[new]
    fn new() -> Self {
        Holder { held: None, _counted: Counted(1) }
    }

    fn hold(&mut self, object: Py<PyAny>) {
        self.held = Some(object);
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.held)
    }

    fn __clear__(&mut self) {
        self.held = None;
    }
}

/// Panics below `depth` frames that each have something to drop.
#[pyfunction]
fn fall(depth: u32) -> u32 {
    let _counted = Counted(0);
    if depth == 0 {
        panic!("fell to {depth}");
    }
    fall(depth - 1) + 1
}

#[pyfunction]
fn nth(list: &Bound<'_, PyList>, i: usize) -> PyResult<Py<PyAny>> {
    if i >= list.len() {
        return Err(PyIndexError::new_err(format!("{i} of {}", list.len())));
    }
    Ok(list.get_item(i)?.unbind())
}

/// Indexes beyond the end, as a programmer's mistake: Rust's own check panics.
#[pyfunction]
fn unchecked(list: Vec<i64>, i: usize) -> i64 {
    list[i]
}

/// What a caught exception of Python's was.
#[pyfunction]
fn caught(py: Python<'_>, function: &Bound<'_, PyAny>) -> String {
    match function.call0() {
        Ok(_) => "none".to_string(),
        Err(error) if error.is_instance_of::<PyKeyError>(py) => format!("key {}", error.value(py)),
        Err(error) => format!("{} {}", error.get_type(py).name().unwrap(), error.value(py)),
    }
}

/// Sums squares in threads of its own while Python's lock is released.
#[pyfunction]
fn squares(py: Python<'_>, n: u64, threads: u64) -> u64 {
    py.detach(|| {
        let workers: Vec<_> = (0..threads)
            .map(|t| std::thread::spawn(move || (0..n).filter(|i| i % threads == t).map(|i| i * i).sum::<u64>()))
            .collect();
        workers.into_iter().map(|w| w.join().unwrap()).sum()
    })
}

/// Calls a function of Python's from a thread of Rust's.
#[pyfunction]
fn from_thread(py: Python<'_>, function: Py<PyAny>) -> PyResult<i64> {
    py.detach(|| {
        std::thread::spawn(move || Python::attach(|py| function.call1(py, (20,))?.extract::<i64>(py))).join().unwrap()
    })
}

#[pyfunction]
#[pyo3(signature = (*args, sep="-", **kwargs))]
fn join(args: &Bound<'_, PyTuple>, sep: &str, kwargs: Option<&Bound<'_, PyDict>>) -> PyResult<String> {
    let mut parts: Vec<String> = args.iter().map(|a| a.str().map(|s| s.to_string())).collect::<PyResult<_>>()?;
    for (key, value) in kwargs.iter().flat_map(|k| k.iter()) {
        parts.push(format!("{key}={value}"));
    }
    Ok(parts.join(sep))
}

#[pyfunction]
fn kinds(small: i8, wide: u64, long: i128, single: f32, double: f64, text: char, raw: &[u8], none: Option<bool>)
    -> (i8, u64, i128, f32, f64, char, Vec<u8>, Option<bool>) {
    (small.wrapping_add(1), wide / 3, long * 3, single / 3.0, double / 3.0, text, raw.iter().rev().copied().collect(),
     none.map(|b| !b))
}

#[pyfunction]
fn dropped() -> usize {
    DROPPED.load(Ordering::SeqCst)
}

#[pymodule]
fn shelf(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add("ShelfError", m.py().get_type::<ShelfError>())?;
    m.add_class::<Shelf>()?;
    m.add_class::<Items>()?;
    m.add_class::<Locked>()?;
    m.add_class::<Size>()?;
    m.add_class::<Wood>()?;
    m.add_class::<Holder>()?;
    for function in [
        wrap_pyfunction!(fall, m)?,
        wrap_pyfunction!(nth, m)?,
        wrap_pyfunction!(unchecked, m)?,
        wrap_pyfunction!(caught, m)?,
        wrap_pyfunction!(squares, m)?,
        wrap_pyfunction!(from_thread, m)?,
        wrap_pyfunction!(join, m)?,
        wrap_pyfunction!(kinds, m)?,
        wrap_pyfunction!(dropped, m)?,
    ] {
        m.add_function(function)?;
    }
    Ok(())
}
