// A program for WASI: files, folders, maps, sorting, numbers, and the ways to end.
use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};

fn count(from: &str, to: &str) -> io::Result<()> {
    let mut counts: HashMap<String, usize> = HashMap::new();
    for line in BufReader::new(File::open(from)?).lines() {
        for word in line?.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()) {
            *counts.entry(word.to_lowercase()).or_default() += 1;
        }
    }
    let mut sorted: Vec<_> = counts.into_iter().collect();
    sorted.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let mut out = BufWriter::new(File::create(to)?);
    for (word, n) in &sorted {
        writeln!(out, "{n:>5} {word:?}")?;
    }
    println!("{} words, most often {:?}", sorted.len(), &sorted[..5.min(sorted.len())]);
    Ok(())
}

fn show(path: &str) -> io::Result<()> {
    let mut names: Vec<_> = fs::read_dir(path)?.map(|e| e.map(|e| e.path())).collect::<Result<_, _>>()?;
    names.sort();
    for name in names {
        let meta = fs::symlink_metadata(&name)?;
        println!("{} {} {:?}", name.display(), if meta.is_dir() { 0 } else { meta.len() }, meta.file_type().is_dir());
        if meta.is_dir() {
            show(name.to_str().unwrap())?;
        }
    }
    Ok(())
}

fn folders(root: &str) -> io::Result<()> {
    fs::create_dir_all(format!("{root}/a/b/c"))?;
    for i in 0..150 {
        fs::write(format!("{root}/a/{i:03}-{}", "long".repeat(i % 40)), vec![b'x'; i])?;
    }
    println!("again: {:?}", fs::create_dir(root).unwrap_err().kind());
    println!("full: {:?}", fs::remove_dir(root).is_err());
    println!("none: {:?}", File::open(format!("{root}/none")).unwrap_err().kind());
    println!("outside: {:?}", File::open("../outside").is_err());
    println!("absolute: {:?}", File::open("/etc/passwd").is_err());
    fs::rename(format!("{root}/a/001-long"), format!("{root}/a/b/moved"))?;
    fs::copy(format!("{root}/a/b/moved"), format!("{root}/a/b/copied"))?;
    fs::remove_file(format!("{root}/a/002-longlong"))?;
    let mut f = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(format!("{root}/file"))?;
    f.write_all(b"0123456789")?;
    f.seek(SeekFrom::Start(3))?;
    f.write_all(b"abc")?;
    f.set_len(15)?;
    f.seek(SeekFrom::End(-13))?;
    let mut rest = Vec::new();
    f.read_to_end(&mut rest)?;
    println!("{rest:?} {} {:?}", f.stream_position()?, f.seek(SeekFrom::Current(-99)).is_err());
    drop(f);
    OpenOptions::new().append(true).open(format!("{root}/file"))?.write_all(b"appended")?;
    show(root)
}

fn numbers(n: u64) {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut values: Vec<f64> = Vec::new();
    let mut wide = 1u128;
    for i in 0..n {
        state = state.wrapping_mul(6364136223846793005).rotate_left((i % 64) as u32) ^ i;
        values.push((state >> 11) as f64 / (1u64 << 53) as f64 - 0.5);
        wide = wide.wrapping_mul(state as u128 | 1).wrapping_add(wide / (i as u128 + 3));
    }
    values.sort_by(|a, b| a.total_cmp(b));
    let sum: f64 = values.iter().map(|v| v.sin().exp().sqrt() + v.powi(3)).sum();
    println!("{state:#x} {wide} {sum} {:e} {:.3}", values[0], values[values.len() / 2]);
    println!("{} {} {}", f64::NAN as i32, 1e20 as i64, -1.5f32 as u8);
    let histogram = values.iter().fold(BTreeMap::new(), |mut m: BTreeMap<i32, u32>, v| {
        *m.entry((v * 10.0).floor() as i32).or_default() += 1;
        m
    });
    println!("{histogram:?} {} {}", i64::MIN.leading_zeros(), state.count_ones());
}

fn deep(n: u64) -> u64 {
    let array = std::hint::black_box([n; 64]);
    if n == u64::MAX { 0 } else { deep(n + 1).wrapping_add(array[(n % 64) as usize]) }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().collect();
    let arg = |i: usize| args.get(i).map(String::as_str).unwrap_or("");
    match arg(1) {
        "count" | "again" => count(arg(2), if arg(3).is_empty() { "again" } else { arg(3) })?,
        "folders" => folders(arg(2))?,
        "numbers" => numbers(arg(2).parse()?),
        "lines" => {
            let all = io::read_to_string(io::stdin())?;
            println!("{} lines, {} characters, longest {:?}", all.lines().count(), all.chars().count(), all.lines().max_by_key(|l| l.len()));
        }
        "panic" => panic!("as was asked"),
        "overflow" => println!("{:?} {}", 200u8.checked_add(100), [i32::MIN, 1].iter().product::<i32>() / std::hint::black_box(0)),
        "index" => println!("{}", args[std::hint::black_box(99)]),
        "exit" => {
            print!("without a line's end");
            io::stdout().flush()?;
            std::process::exit(77)
        }
        "error" => "not a number".parse::<i32>().map(|_| ())?,
        "deep" => println!("{}", deep(0)),
        other => println!("{other:?} {:?} {:?}", std::env::vars().count(), File::open("missing").map(|_| ())),
    }
    Ok(())
}
