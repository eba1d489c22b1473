#!/usr/bin/env bash
# rustc.sh BUILD: kiln-rustc and `kiln cargo`: rustc's objects are Kiln's at opt-level 0, programs do what LLVM's do, and
# whatever is not for Kiln goes on to LLVM without a message but in the log.
set -uo pipefail
tests=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$tests/harness/tap.sh"
build=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
[[ -x $build/kiln-rustc ]] || { skip "kiln-rustc" "not built here"; finish; }
type -P rustc > /dev/null || { skip "kiln-rustc" "there is no rustc"; finish; }
major=$(rustc -vV | sed -n 's/^LLVM version: \([0-9]*\)\..*/\1/p')
reads=$("$build/kiln" --version | sed -n 's/.*LLVM [0-9]* to \([0-9]*\).*/\1/p')
(( ${major:-0} >= 15 && major <= ${reads:-99} )) || { skip "kiln-rustc" "rustc has LLVM ${major:-of another kind}"; finish; }
export KILN_LOG=$work/log RUST_BACKTRACE=0 XDG_CACHE_HOME=$work/cache # without a code generator that rustc loads
export rustc=$build/kiln-rustc

cat > main.rs <<'END'
use std::collections::BTreeMap;
struct Loud(&'static str);
impl Drop for Loud { fn drop(&mut self) { println!("dropped {}", self.0) } }
fn at(v: &[i32], i: usize) -> i32 { let _l = Loud("at"); v[i] }
fn main() {
    let mut counts = BTreeMap::new();
    for w in "the quick brown fox and the lazy dog and the end".split(' ') { *counts.entry(w).or_insert(0u32) += 1; }
    println!("{counts:?} {:.3}", counts.values().map(|&n| f64::from(n).sqrt()).sum::<f64>());
    std::panic::set_hook(Box::new(|i| println!("panic at line {}", i.location().unwrap().line())));
    println!("{:?}", std::panic::catch_unwind(|| at(&[1, 2, 3], std::env::args().count() + 6)).is_err());
    println!("{:?}", std::thread::spawn(|| at(&[1, 2, 3], 1)).join().ok());
    std::process::exit(at(&[1, 2, 40], 2));
}
END
cat > refused.rs <<'END'
use std::arch::x86_64::*;
#[target_feature(enable = "avx512vbmi")]
fn permuted(x: __m512i) -> __m512i { _mm512_permutexvar_epi8(x, x) }
#[target_feature(enable = "avx512cd")]
fn conflicts(x: __m512i) -> __m512i { _mm512_conflict_epi32(x) }
fn main() {
    let x: u64;
    unsafe { std::arch::asm!("mov {}, 42", out(reg) x) };
    if x != 42 { unsafe { permuted(std::mem::zeroed()); conflicts(std::mem::zeroed()); } }
    println!("{x}");
}
END
printf '#!/bin/sh\necho "preloaded: $LD_PRELOAD" >> linker.log\nexec cc "$@"\n' > linker.sh
chmod +x linker.sh
rustc -C codegen-units=2 main.rs -o llvm || exit 1
result() { "$@" > "$1.out" 2>&1; echo "status $?" >> "$1.out"; }
result ./llvm

# logged PATTERN COUNT: so many lines of the log match; all do.
logged() {
  local all matching
  all=$(wc -l < log)
  matching=$(grep -cE "$1" log)
  (( all > 0 && matching == all )) || { echo "$matching of $all lines: $1"; cat log; return 1; }
}
by_kiln='\.o: [0-9]+ functions, [0-9]+ instructions$'
# same NAME COMMAND...: the command makes NAME, which does what LLVM's does.
same() {
  local name=$1
  shift
  rm -f log
  "$@" -o "$name" || return 1
  result "./$name"
  diff llvm.out "$name.out"
}
check "compiles" same plain "$rustc" -C codegen-units=2 main.rs
check "all objects are Kiln's" logged "$by_kiln"
check "as cargo's wrapper" same wrapped "$rustc" "$(type -P rustc)" -g -C codegen-units=2 -C linker=./linker.sh main.rs
check "all objects are Kiln's, with -g" logged "$by_kiln"
check "the linker does not load the library" grep -qx 'preloaded: ' linker.log
mkdir "of: a user" && cp -L "$build"/kiln-rustc "$build"/libkiln-shim.so "of: a user" || exit 1
check "installed where a path has spaces" same spaces "of: a user/kiln-rustc" -C codegen-units=2 -C linker=./linker.sh main.rs
check "all objects are Kiln's, there" logged "$by_kiln"
check "nor does the linker there" bash -c '! grep -qvx "preloaded: " linker.log'
# without_shim: kiln-rustc warns, logs and counts that LLVM compiles the crate.
without_shim() {
  mkdir alone && cp "$rustc" alone && same lonely alone/kiln-rustc main.rs 2> said && cat said &&
    logged '^main\.rs: all units of the crate: compiled by LLVM: there is no libkiln-shim\.so$' &&
    grep -qx 'kiln-rustc: warning: there is no libkiln-shim.so: LLVM compiles' said &&
    same lonely env KILN_STATS="$work/costs" alone/kiln-rustc main.rs 2> said && [[ ! -s said ]] &&
    grep -qP '^unit\tllvm\t0\t0\t0\tmain\.rs\tthere is no libkiln-shim\.so$' costs
}
check "without the shim's library" without_shim
mkdir versions && printf '#!/bin/sh\nexec rustc "$@"\n' > versions/rustc-1.85.0 && chmod +x versions/rustc-1.85.0
for name in rustc-1.85.0 versions/rustc-1.85.0; do
  check "as the wrapper of $name" same named env PATH="$work/versions:$PATH" "$rustc" $name -C codegen-units=2 main.rs
  check "all objects are Kiln's, of $name" logged "$by_kiln"
done
printf '#!/bin/sh\nversion=$(echo 1 | sed s/1/2/)\nexec rustc "$@"\n' > rustc.sh && chmod +x rustc.sh
check "a script in place of rustc" same script env KILN_RUSTC=./rustc.sh "$rustc" -C codegen-units=2 -C linker=./linker.sh main.rs
check "all objects are Kiln's, with a script" logged "$by_kiln"
check "nor does the linker with a script" bash -c '! grep -qvx "preloaded: " linker.log'
printf '%s\n' -C codegen-units=2 main.rs > arguments
check "a file of arguments" same named "$rustc" @arguments
check "all objects are Kiln's, with a file of arguments" logged "$by_kiln"
check "optimized code" same optimized "$rustc" -O main.rs
check "is LLVM's" logged 'compiled by LLVM: the crate is optimized$'
check "opt-level 1" same level1 "$rustc" -C opt-level=1 main.rs
check "is LLVM's too" logged 'compiled by LLVM: the crate is optimized$'
check "options for LLVM" same passed "$rustc" -C llvm-args=-enable-load-pre=0 main.rs
check "leave the crate to LLVM" logged 'compiled by LLVM: -C llvm-args$'
emulated() {
  printf 'use std::cell::Cell;\nthread_local! { static T: Cell<u8> = const { Cell::new(1) } }\npub fn get() -> u8 { T.get() }\n' > tls.rs
  RUSTC_BOOTSTRAP=1 "$rustc" -Z tls-model=emulated --crate-type=lib --emit=obj tls.rs -o tls.o && nm tls.o | grep __emutls_get_address
}
check "-Z tls-model" emulated
sections() { RUSTC_BOOTSTRAP=1 "$@" --crate-type=lib --emit=obj -C codegen-units=1 part.rs -o part.o && readelf -SW part.o | grep -c "$section"; }
# as_llvms SECTION OPTION...: with the option the object has as many such sections as LLVM's, and with its default another number.
as_llvms() {
  local section=$1 ours llvms plain
  ours=$(sections "$rustc" "${@:2}") llvms=$(sections rustc "${@:2}") # grep's status is 1 for none
  [[ -n $ours && $ours == "$llvms" ]] || { echo "$ours, LLVM $llvms"; return 1; }
  plain=$(sections "$rustc")
  [[ $plain != "$ours" ]] || { echo "$plain without the option, too"; return 1; }
}
echo 'pub fn first(x: &[u8]) -> u8 { x[0] } pub fn second(x: &[u8]) -> u8 { x[1] }' > part.rs
check "-Z function-sections" as_llvms ' \.text\.' -Z function-sections=off
check "-Zfunction_sections" as_llvms ' \.text\.' -Zfunction_sections=n
check "-Z emit-stack-sizes" as_llvms ' \.stack_sizes' -Zemit_stack_sizes
# text FILE OPTION...: the file is assembly, and nothing of it is Kiln's.
text() { local file=$1; shift; rm -f log "$file"; "$rustc" -C codegen-units=1 "$@" main.rs && grep -q cfi_startproc "$file" && ! grep -vq 'by LLVM: assembly$' log; }
check "assembly text" text main.s --emit=asm -o main.s
check "assembly in a file that ends as an object does" text t.o --emit=asm -o t.o
check "and by --emit's own path" text u.o --emit asm=u.o
both() { rm -f log v.o w.o; "$rustc" -C codegen-units=1 --emit=asm=v.o,obj=w.o main.rs && grep -q cfi_startproc v.o && grep -q 'by LLVM: assembly$' log; }
check "beside an object" both
check "which is Kiln's" bash -c "grep -qE 'w\.o.*functions,|rcgu\.o: [0-9]+ functions' log && readelf -h w.o > /dev/null"
check "an object in a file that ends as assembly does" bash -c "rm -f log; \"\$rustc\" -C codegen-units=1 --emit=obj main.rs -o x.s && readelf -h x.s > /dev/null && grep -qE ': [0-9]+ functions' log"
# one_file KIND: of an incremental build, too, --emit makes as many files as rustc does by itself, with the same suffix.
for i in {1..40}; do echo "pub mod m$i { pub fn f(x: &str) -> String { x.repeat($i) } }"; done > modules.rs
emitted() { rm -rf emitted increments && mkdir emitted && "$@" --crate-type=lib -C incremental=increments --out-dir emitted modules.rs && (cd emitted && echo *); }
one_file() { local want got; want=$(emitted rustc --emit="$1") && got=$(emitted "$rustc" --emit="$1") && [[ $got == "$want" && $want == modules.* && $(wc -w <<< "$want") == "$2" ]] || { echo "rustc: $want; kiln-rustc: $got"; return 1; }; }
for kind in asm llvm-ir llvm-bc obj mir; do check "--emit=$kind is one file" one_file $kind 1; done
check "beside a list of dependencies, too" one_file dep-info,asm 2
named_file() { rm -rf named.ll increments; "$rustc" --crate-type=lib -C incremental=increments --emit=dep-info,link --emit=llvm-ir=named.ll modules.rs && grep -q '^define' named.ll; }
check "--emit=llvm-ir=FILE makes that file" named_file
# as_rustc OPTION...: what is written of LLVM's IR is rustc's, also where Kiln inlines.
as_rustc() { for who in rustc "env KILN_INLINE=small $rustc"; do $who --crate-type=lib -C opt-level=1 -C codegen-units=1 "$@" modules.rs && mv modules.ll "modules-${who%% *}.ll" || return 1; done; cmp modules-rustc.ll modules-env.ll; }
for option in lto=off linker-plugin-lto=no; do check "of opt-level 1 and $option, too" as_rustc --emit=llvm-ir,link -C $option; done
# units: how many units a build without debug information has.
units() { rm -f log; "$@" --crate-type=lib --emit=metadata,link -o libunits.rlib 2> /dev/null; grep -c 'functions,' log; }
printf 'pub mod a { pub fn f(x: &str) -> String { x.to_uppercase() } }\npub mod b { pub fn g(x: &str) -> Vec<char> { x.chars().collect() } }\npub mod c { pub fn h(x: u8) -> Option<u8> { x.checked_add(1) } }\n' > units.rs
one_unit() { (( $(units "$rustc" units.rs) == 1 )); }
check "one unit where no number is given" one_unit
check "but the number that is" bash -c "(( \$(rm -f log; \"\$rustc\" -C codegen-units=3 --crate-type=lib units.rs -o l.rlib; grep -c functions, log) > 1 ))"
incremental_units() { (rm -rf log inc; "$rustc" -C incremental=inc "$@" --crate-type=lib modules.rs -o l.rlib; grep -c functions, log); }
check "16 in an incremental build, if there are as many" bash -c "(( $(incremental_units) == 16 ))"
check "or the number that is given" bash -c "(( $(incremental_units -C codegen-units=256) > 16 ))"
check "unless Kiln inlines, and the crate is small" bash -c "mkdir -p small && cp units.rs small && (( \$(rm -rf log inc2; KILN_INLINE=small \"\$rustc\" -C incremental=inc2 --crate-type=lib small/units.rs -o l.rlib; grep -c functions, log) == 1 ))"
grown() { { echo '/*'; head -c 300000 /dev/zero | tr '\0' x; echo '*/'; } > small/more.rs && (( $(: > log; KILN_INLINE=small "$rustc" -C incremental=inc2 --crate-type=lib small/units.rs -o l.rlib; grep -c functions, log) <= 1 )) && (( $(rm -rf log inc2; KILN_INLINE=small "$rustc" -C incremental=inc2 --crate-type=lib small/units.rs -o l.rlib; grep -c functions, log) > 1 )); }
check "which an edit that makes it large does not change, until the folder is another one" grown
check "not in a large one" bash -c "mkdir -p large/b && cp units.rs large && { echo '/*'; head -c 300000 /dev/zero | tr '\\0' x; echo '*/'; } > large/b/more.rs && (( \$(rm -rf log inc3; KILN_INLINE=small \"\$rustc\" -C incremental=inc3 --crate-type=lib large/units.rs -o l.rlib; grep -c functions, log) > 1 ))"
check "nor what LLVM optimizes" bash -c "\"\$rustc\" -O --crate-type=lib units.rs -o l.rlib && mv l.rlib m.rlib && rustc -O --crate-type=lib units.rs -o l.rlib && cmp l.rlib m.rlib"
# counts PROGRAM: how often each function of the program ran, of a build that counts.
counts() {
  LLVM_PROFILE_FILE=$1.profraw "./$1" > "$1.out" 2>&1
  llvm-profdata-22 merge "$1.profraw" -o "$1.profdata" && llvm-profdata-22 show --all-functions --counts "$1.profdata"
}
covered() {
  rm -f log
  rustc -C instrument-coverage -C codegen-units=2 main.rs -o counted || return 1
  "$rustc" -C instrument-coverage -C codegen-units=2 main.rs -o counted_too && logged "$by_kiln" &&
    counts counted > llvm.counts && counts counted_too > kiln.counts && grep -q 'Function count: [1-9]' llvm.counts &&
    diff llvm.counts kiln.counts
}
if ! type -P llvm-profdata-22 > /dev/null || (( major != 22 )); then skip "coverage" "there is no llvm-profdata of its version"
else check "coverage" covered; fi
rm -f log
quiet() { [[ -z $("$rustc" -C codegen-units=1 refused.rs -o refused 2>&1) && $(./refused) == 42 ]]; }
# A target of rustc's that Kiln does not have is named, before anything is made of it.
other_target() {
  rm -f log
  printf '#![feature(no_core, lang_items)]\n#![no_core]\n#[lang = "pointee_sized"] pub trait PointeeSized {}\n#[lang = "meta_sized"] pub trait MetaSized: PointeeSized {}\n#[lang = "sized"] pub trait Sized: MetaSized {}\n#[lang = "copy"] pub trait Copy {}\nimpl Copy for i32 {}\n#[no_mangle] pub extern "C" fn one() -> i32 { 1 }\n' > bare.rs
  RUSTC_BOOTSTRAP=1 "$rustc" --target="$1" --crate-type=lib --emit=obj bare.rs -o bare.o && grep -qE "compiled by LLVM: $2 is not a target of Kiln\$" log && ! grep -q 'at bit' log
}
check "wasm32 is not a target of Kiln" other_target wasm32-wasip1 wasm32-wasip1
check "nor is i686" other_target i686-unknown-linux-gnu i686-unknown-linux-gnu
check "nor is riscv64" other_target riscv64gc-unknown-linux-gnu 'riscv64[^ ]*'
check "what Kiln refuses is LLVM's, without a word" quiet
check "but in the log" grep -q 'compiled by LLVM: .*avx512.permvar' log
check "with what else the unit has" grep -q 'also: .*avx512.conflict' log
# LLVM reads a NUL in assembly as a blank.
with_nul() {
  printf '#![crate_type = "lib"]\npub fn f() -> u64 { let x; unsafe { std::arch::asm!("mov {}, 5\\0", out(reg) x) }; x }\n' > nul.rs
  printf '#![crate_type = "lib"]\nstd::arch::global_asm!(".globl five\\0", "five: ret");\n' > nul_module.rs
  for file in nul nul_module; do rm -f log; "$rustc" -C codegen-units=1 --emit=obj $file.rs && grep -qE "compiled by LLVM: .*not implemented: a NUL in $([[ $file == nul ]] && echo inline || echo module-level) assembly" log && ! grep malformed log || { cat log; return 1; }; done
  nm nul_module.o | grep -q 'T five$'
}
if [[ $(uname -m) == x86_64 ]]; then check "a NUL in assembly" with_nul; else skip "a NUL in assembly" "the assembly is x86-64's"; fi
twice() {
  for n in 1 2; do "$rustc" -g --emit=obj -C codegen-units=1 main.rs -o twice.o && mv twice.o twice$n.o || return 1; done
  cmp twice1.o twice2.o
}
check "the same bytes again" twice
# rustc reuses the objects of unchanged code: those of another code generator, or of other settings, must not be there.
apart() {
  rm -rf increments && "$rustc" -C incremental=increments main.rs -o a && KILN_INLINE=small "$rustc" -C incremental=increments main.rs -o b &&
    [[ $(ls -d increments/* | wc -l) == 2 && $(ls -d increments/kiln-*/main-* | wc -l) == 2 ]]
}
check "a folder of its own for incremental builds" apart
# rustc gives each object a name of its own, of which nothing may be in the object; LLVM has the unit's name there.
elsewhere() {
  mkdir -p one two && (cd one && "$rustc" -g --emit=obj -C codegen-units=1 ../main.rs -o a.o) && (cd one && "$rustc" -g --emit=obj -C codegen-units=1 ../main.rs -o b.o) &&
    cmp one/a.o one/b.o && file_symbol one/a.o > kiln-file && RUSTC_BOOTSTRAP=1 "$plain" --emit=obj -C codegen-units=1 main.rs -o llvm.o && diff kiln-file <(file_symbol llvm.o)
}
file_symbol() { readelf -sW "$1" | awk '$4 == "FILE" {print $8}'; }
plain=$(rustup which rustc 2> /dev/null || type -P rustc)
check "whatever the object's name, with LLVM's name of the source" elsewhere

functions() { sed -nE 's/.*: ([0-9]+) functions.*/\1/p' log | awk '{ sum += $1 } END { print sum + 0 }'; }
# KILN_INLINE: units of opt-level 0 and 1 are Kiln's, at 1 in place of LLVM's passes, and small functions are inlined.
inlined() {
  KILN_INLINE=$1 same "inlined$2" "$rustc" -C codegen-units=2 -C opt-level="$2" main.rs && logged "$by_kiln" &&
    (( $(functions) < all * 4 / 5 ))
}
same all "$rustc" -C codegen-units=2 main.rs && all=$(functions)
check "a build without inlining" [ "${all:-0}" -gt 0 ]
check "inlines at opt-level 0" inlined small 0
check "inlines at opt-level 1" inlined 60 1
optimizes() { KILN_INLINE=small "$rustc" -C opt-level=1 -C codegen-units=1 "$1" --emit=obj main.rs -o opt1.o 2> /dev/null && rustc -C opt-level=1 -C codegen-units=1 "$1" --emit=obj main.rs -o opt2.o 2> /dev/null && cmp opt1.o opt2.o; }
level_2() { KILN_INLINE=small same level2 "$rustc" -C opt-level=2 main.rs && grep -q 'the crate is optimized' log; }
check "leaves opt-level 2 to LLVM" level_2
# Of a unit that Kiln does not compile LLVM's passes run after all: the function that is called once is not there any more.
passes() {
  rm -f log
  KILN_INLINE=small "$rustc" -C opt-level=1 -C codegen-units=1 --emit=obj refused.rs -o passes.o && grep -q 'compiled by LLVM: .*avx512' log &&
    rustc -C opt-level=1 -C codegen-units=1 --emit=obj refused.rs -o llvm.o && same_functions llvm.o passes.o
}
functions_of() { nm "$1" | sed -nE 's/^[0-9a-f]+ [tTW] //p' | sed -E 's/17h[0-9a-f]{16}E$//' | sort; }
same_functions() { diff <(functions_of "$1") <(functions_of "$2") && [[ -n $(functions_of "$1") ]]; }
check "LLVM's passes run where LLVM compiles after all" passes
for option in -Cllvm-args=-enable-load-pre=0 -Cremark=all; do
  check "and are not taken out with $option" optimizes "$option"
done
cargo_inlines() {
  rm -rf crate/target log
  (cd crate && "$build/kiln" cargo --inline build --quiet --offline) && cp crate/target/debug/crate inlining && result ./inlining &&
    diff llvm.out inlining.out && logged "$by_kiln" && ! "$build/kiln" cargo --inline=all build 2> said; (( $? == 0 )) && grep -q "bad value 'all' of --inline" said
}

cargo_runs() {
  mkdir -p crate/src && cp main.rs crate/src && printf '[package]\nname = "crate"\nversion = "0.1.0"\nedition = "2021"\n' > crate/Cargo.toml
  rm -f log
  (cd crate && CARGO_TARGET_DIR=target "$build/kiln" cargo build --quiet --offline) && cp crate/target/debug/crate cargo &&
    result ./cargo && diff llvm.out cargo.out && logged "$by_kiln"
}
# counted [OPTION] KILN LLVM: the table of a build counts as many units as the log has lines; a build of nothing has none.
counted() {
  rm -rf log crate/target
  (cd crate && KILN_STATS=1 "$build/kiln" cargo build "${@:3}" --offline > ../table 2>&1) || { cat table; return 1; }
  grep -E "^kiln: $(grep -cE "$by_kiln" log) units by Kiln, [0-9]+ instructions of LLVM's; $(grep -c 'by LLVM' log) units by LLVM$" table &&
    grep -qE "^kiln: $1 units by Kiln, .* $2 units by LLVM$" table && grep -E '^  linker +[0-9.]+ s +[1-9][0-9.]* %$' table || { cat table log; return 1; }
  (cd crate && KILN_STATS=1 "$build/kiln" cargo build "${@:3}" --offline 2>&1) | grep -qx 'kiln: nothing was compiled' &&
    ! (cd crate && KILN_STATS=1 "$build/kiln" cargo build --bin none --offline 2>&1) | grep 'nothing was compiled' # cargo failed
}
# uncounted: the units of a rustc that fails are not counted, and reasons for LLVM have no names of units and functions.
uncounted() {
  local reasons
  echo 'pub fn f() { unsafe { core::arch::asm!("clrex") } }' > wrong.rs
  rm -f costs
  ! KILN_STATS=$work/costs "$build/kiln-rustc" --crate-type=lib --emit=obj wrong.rs 2> said && grep -q clrex said &&
    [[ $(cut -f1 costs) == compiler ]] || { cat said costs; return 1; }
  printf 'pub fn f() { unsafe { core::arch::asm!(".cfi_escape 0x2e, 0x10") } }\npub fn g() { f() }\n' > left.rs
  KILN_STATS=$work/costs KILN_AS=/nonexistent KILN_CLANG=/nonexistent "$build/kiln-rustc" --crate-type=lib --emit=obj left.rs || return
  reasons=$(grep $'^unit\tllvm' costs | cut -f7)
  [[ -n $reasons && $reasons != *_ZN* && $reasons != *rcgu* && $reasons != *'at bit'* ]] || { cat costs; return 1; }
}
# cached: with sccache as cargo's wrapper, the second build is hits alone, and no object is LLVM's; what cargo alone had it keep before is
# not taken for Kiln's.
cached() {
  local -x SCCACHE_DIR=$work/sccache SCCACHE_SERVER_PORT RUSTC_WRAPPER=sccache CARGO_INCREMENTAL=0
  SCCACHE_SERVER_PORT=$((20000 + $$ % 12000))
  sccache --start-server > /dev/null 2>&1 || { echo "its server does not start"; return 1; }
  mkdir -p crate/part/src && echo 'pub fn seven() -> i32 { 7 }' > crate/part/src/lib.rs
  printf '[package]\nname = "part"\nversion = "0.1.0"\nedition = "2021"\n[workspace]\n' > crate/part/Cargo.toml
  local ok=0 n
  (cd crate/part && cargo build --quiet --offline) || ok=1
  rm -f log
  for n in 1 2; do
    rm -rf crate/part/target
    (cd crate/part && "$build/kiln" cargo build --quiet --offline) || ok=1
  done
  logged "$by_kiln" && sccache --show-stats > stats && grep -qE '^Cache hits +1$' stats && grep -qE '^Cache misses +2$' stats || ok=1
  sccache --stop-server > /dev/null 2>&1
  (( ok == 0 )) || { cat stats; return 1; }
}
# wrapped VARIABLE: the wrapper that the variable names, by itself or by cargo's other name for it, is run, and has Kiln for its compiler.
wrapped() {
  rm -rf log wrapper.log crate/target
  (cd crate && env "$1=$work/wrapper" "$build/kiln" cargo build --quiet --offline) && grep -q . wrapper.log && logged "$by_kiln"
}
printf '#!/bin/sh\necho "$1" >> %q\nexec "$@"\n' "$work/wrapper.log" > wrapper && chmod +x wrapper
if type -P cargo > /dev/null; then
  check "kiln cargo build" cargo_runs
  check "kiln cargo --inline build" cargo_inlines
  if type -P sccache > /dev/null; then check "with sccache" cached; else skip "with sccache" "there is none"; fi
  check "with a wrapper" wrapped RUSTC_WRAPPER
  check "with a wrapper by its other name" wrapped CARGO_BUILD_RUSTC_WRAPPER
  check "units of a rustc that fails, and reasons without names" uncounted
  check "the table of costs" counted '[1-9][0-9]*' 0
  check "names why LLVM compiled" counted 0 '[1-9][0-9]*' --release
  check "in a line" grep -qE '^  by LLVM: [0-9]+: the crate is optimized$' table
else
  skip "kiln cargo" "there is no cargo"
fi
finish
