#!/usr/bin/env bash
# link.sh BUILD: `kiln cargo --dynamic-deps`: the second link with the same dependencies makes a shared object of them, and
# programs do what they do without it. What it does not know is linked as it was asked.
set -uo pipefail
tests=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$tests/harness/tap.sh"
build=$(realpath "$1")
export kiln=$build/kiln
work=$(realpath "$(mktemp -d)")
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
[[ -x $build/kiln-rustc ]] || { skip "--dynamic-deps" "not built here"; finish; }
for name in cargo rustc readelf; do type -P $name > /dev/null || { skip "--dynamic-deps" "there is no $name"; finish; }; done
for name in $(compgen -e | grep -E '^(CARGO_BUILD|KILN|RUSTC)'; echo CARGO_TARGET_DIR CARGO_INCREMENTAL RUSTFLAGS RUST_BACKTRACE); do unset "$name"; done
export XDG_CACHE_HOME=$work/cache CARGO_NET_OFFLINE=true KILN_LOG=$work/log

# A workspace: a program with a library of its own; and a dependency that cargo has unpacked, as its registry's are: it has
# C with a hidden symbol; another one has elements of a section that is found by its bounds.
mkdir -p app/src app/own/src unpacked/src elements/src plain/src
touch unpacked/.cargo-ok elements/.cargo-ok plain/.cargo-ok
cat > app/Cargo.toml << 'END'
[package]
name = "app"
version = "0.1.0"
edition = "2021"
[dependencies]
own = { path = "own" }
plain = { path = "../plain" }
unpacked = { path = "../unpacked" }
elements = { path = "../elements" }
[workspace]
END
printf '[package]\nname = "own"\nversion = "0.1.0"\nedition = "2021"\n[dependencies]\nplain = { path = "../../plain" }\n' > app/own/Cargo.toml
printf '[package]\nname = "plain"\nversion = "0.1.0"\nedition = "2021"\n[workspace]\n' > plain/Cargo.toml
printf '[package]\nname = "unpacked"\nversion = "0.1.0"\nedition = "2021"\nbuild = "build.rs"\n[workspace]\n' > unpacked/Cargo.toml
printf '[package]\nname = "elements"\nversion = "0.1.0"\nedition = "2021"\n[workspace]\n' > elements/Cargo.toml
cat > plain/src/lib.rs << 'END'
use std::cell::Cell;
use std::sync::atomic::{AtomicU32, Ordering};
pub static COUNT: AtomicU32 = AtomicU32::new(5);
thread_local! { pub static LOCAL: Cell<u32> = const { Cell::new(7) }; }
pub fn count() -> u32 { COUNT.fetch_add(1, Ordering::SeqCst) }
pub fn local() -> u32 { LOCAL.with(|l| { l.set(l.get() + 1); l.get() }) }
pub fn fails(n: u32) -> u32 { if n > 2 { panic!("{n} is too much") } n }
pub fn generic<T: std::fmt::Debug>(x: T) -> String { format!("{x:?}") }
pub fn count_address() -> usize { &COUNT as *const _ as usize }
END
cat > unpacked/build.rs << 'END'
use std::{env, process::Command};
fn main() {
    let out = env::var("OUT_DIR").unwrap();
    let run = |words: &[&str]| assert!(Command::new(words[0]).args(&words[1..]).status().unwrap().success());
    run(&["cc", "-fPIC", "-c", "hidden.c", "-o", &format!("{out}/hidden.o")]);
    run(&["ar", "rcs", &format!("{out}/libhidden.a"), &format!("{out}/hidden.o")]);
    println!("cargo:rustc-link-search=native={out}\ncargo:rustc-link-lib=static=hidden");
}
END
cat > unpacked/hidden.c << 'END'
__attribute__((visibility("hidden"))) int hidden_count = 40;
__attribute__((visibility("hidden"))) int hidden_next(void) { return ++hidden_count; }
END
cat > unpacked/src/lib.rs << 'END'
extern "C" { fn hidden_next() -> i32; }
pub fn next() -> i32 { unsafe { hidden_next() } }
END
cat > elements/src/lib.rs << 'END'
extern "C" { static __start_things: u32; static __stop_things: u32; }
#[used] #[link_section = "things"] static ONE: u32 = 1;
#[used] #[link_section = "things"] static TWO: u32 = 2;
pub fn things() -> u32 {
    unsafe { (&raw const __start_things as usize..&raw const __stop_things as usize).step_by(4).map(|p| *(p as *const u32)).sum() }
}
END
echo 'pub fn twice() -> u32 { plain::count() * 2 + plain::local() }' > app/own/src/lib.rs
cat > app/src/main.rs << 'END'
#![allow(dead_code)]
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};
struct Counting;
static BYTES: AtomicUsize = AtomicUsize::new(0);
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, l: Layout) -> *mut u8 { BYTES.fetch_add(l.size(), Ordering::SeqCst); System.alloc(l) }
    unsafe fn dealloc(&self, p: *mut u8, l: Layout) { System.dealloc(p, l) }
}
#[cfg(feature = "counting")] #[global_allocator] static ALLOCATOR: Counting = Counting;
#[used] #[link_section = "things"] static THREE: u32 = 4;
fn main() {
    std::panic::set_hook(Box::new(|i| println!("panics at {}", i.location().unwrap().file().rsplit('/').next().unwrap())));
    println!("edit {}", 0);
    println!("{} {} {}", own::twice(), plain::count(), plain::COUNT.load(Ordering::SeqCst));
    println!("{} {}", plain::count_address() == &plain::COUNT as *const _ as usize, plain::generic(Some("x")));
    println!("{} {} {}", unpacked::next(), unpacked::next(), elements::things());
    println!("{:?}", std::thread::spawn(|| (plain::local(), std::panic::catch_unwind(|| plain::fails(3)).is_err())).join().unwrap());
    let before = BYTES.load(Ordering::SeqCst);
    drop(vec![1u8; 1000]);
    println!("{}", BYTES.load(Ordering::SeqCst) - before);
    println!("{:?}", std::env::args().skip(1).collect::<Vec<_>>());
    if std::env::args().len() > 1 { plain::fails(9); }
}
#[test] fn passes() { assert_eq!(plain::fails(1), 1); }
#[test] #[should_panic] fn panics() { plain::fails(8); }
END
echo '[features]
counting = []' >> app/Cargo.toml
program=app/target/debug/app
edits() { sed -n 's/.*edit {}", \([0-9]*\).*/\1/p' app/src/main.rs; }
edit() { local next=$(($(edits) + 1)); sed -i "s/edit {}\", [0-9]*/edit {}\", $next/" app/src/main.rs; }
# cargo WORD...: of `kiln cargo` with the option, in the workspace.
cargo() { rm -f log && (cd app && "$kiln" cargo --dynamic-deps "$@" --quiet) > said 2>&1 || { cat said; return 1; }; }
# linked HOW: as the log says, and as the program is.
linked() {
  local needs='' is='' log
  log=$(grep -E ': linked ' log) || { echo "no link"; return 1; }
  [[ $1 == shared ]] && needs=yes
  case $1 in shared) [[ $log == *': linked with lib'* ]] ;; *) [[ $log == *": linked as asked: $1"* ]] ;; esac || { echo "$log"; return 1; }
  [[ $(readelf -d $program) == *NEEDED*lib????????????????.so* ]] && is=yes
  [[ $is == "$needs" ]] || { echo "$log"; readelf -d $program | grep NEEDED; return 1; }
}
# runs NUMBER: the program prints what it has to, with and without a word; the second time it panics.
runs() {
  local expected=$'edit '$(edits)$'\n18 6 7\ntrue Some("x")\n41 42 7\npanics at lib.rs\n(8, true)\n'$1$'\n'
  [[ $($program) == "$expected[]" ]] || { echo "it prints:"; $program; return 1; }
  [[ $($program a) == "${expected}[\"a\"]"$'\npanics at lib.rs' ]] || { $program a; return 1; }
  expect_status 101 $program a > /dev/null
}
both() { "${@:2}" && linked "$1" && runs 0; }
edited() { edit && cargo build; }
check "the first link is as asked" both "the first link" cargo build
check "the second makes the shared object" both shared edited
check "the third links with it" both shared edited
apart() { [[ $(sed -n 's/^s .*lib\(.*\)-.*/\1/p' app/target/debug/kiln-deps/*.state | sort | paste -sd' ') == 'elements unpacked' ]]; }
check "C, and sections with bounds, stay with the program" apart
nothing() { (cd app && "$kiln" cargo --dynamic-deps build 2>&1) > said; ! grep -q Compiling said || { cat said; return 1; }; }
check "then cargo does nothing" nothing
moved() { local status; cp app/src/main.rs main.rs && mv app moved && mkdir -p app/src && cp main.rs app/src && program=moved/target/debug/app && runs 0; status=$?; rm -rf app; mv moved app; return $status; }
check "the target folder may be elsewhere" moved
copied() { cp $program copy && program=./copy && runs 0; }
check "so may a copy of the program" copied
static_again() { (cd app && "$kiln" cargo build --quiet) && [[ $(readelf -d $program) != *NEEDED*lib????????????????.so* ]] && runs 0; }
check "without the option it is linked again" static_again
check "and with it" both shared edited
gone() { rm -rf app/target/debug/kiln-deps && cargo build && linked "the first link" && runs 0; }
check "somebody removes the shared object" gone
counted() { edit && cargo build --features counting && edit && cargo build --features counting && linked shared && runs 1000; }
check "a global allocator of the program's" counted
busy() { edit && (flock -n 9 && cargo build && linked "the shared object is being made") 9> "$(ls app/target/debug/kiln-deps/*.lock)" && runs 0; }
edited > /dev/null && rm -f app/target/debug/kiln-deps/*.so
check "the shared object is being made by another" busy
left() { local key stale; edit && key=$(ls app/target/debug/kiln-deps/*.lock | head -n 1) && stale=${key%.lock}.abcdef && mkdir "$stale" && echo copy > "$stale/0-lib.rlib" &&
  cargo build && linked shared && [[ ! -e $stale ]]; }
check "what a killed link left is removed" left
tested() { cargo test && cargo test --features counting && edit && cargo test && [[ $(grep -c '3 passed\|2 passed' said) == 1 ]] && grep -q ': linked with lib' log; }
check "tests" tested
check "an option that is not known" both "-Wl,--build-id" env CARGO_ENCODED_RUSTFLAGS=-Clink-arg=-Wl,--build-id bash -c "$(declare -f cargo); cargo build"
covered() { CARGO_ENCODED_RUSTFLAGS=-Cinstrument-coverage cargo build && linked -u && LLVM_PROFILE_FILE=$work/profile runs 0 && [[ -s profile ]]; }
check "coverage, whose counters the linker finds by their sections' bounds" covered
broken() { edit && printf '#!/bin/sh\ncase "$*" in *lib????????????????.so*) echo it breaks >&2; exit 1;; esac\nexec cc "$@"\n' > bad && chmod +x bad &&
  CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER=$work/bad cargo build && edit && CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER=$work/bad cargo build &&
  linked "the shared object cannot be made" && grep -q 'it breaks' app/target/debug/kiln-deps/*.no && runs 0; }
check "a linker that fails" broken
installed() { rm -f log && edit && (cd app && "$kiln" cargo --dynamic-deps install --debug --path . --root "$work/root" --quiet --offline) > said 2>&1 && ! grep -q ': linked' log; }
check "not for cargo install" installed
finish
