#!/usr/bin/env bash
# cargo.sh BUILD: `kiln cargo` builds with the compiler and the wrapper that the project names, which cargo itself says;
# it compiles again what a change of Kiln or of its settings changes; it says what LLVM compiled.
set -uo pipefail
tests=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$tests/harness/tap.sh"
build=$(realpath "$1")
export kiln=$build/kiln
work=$(realpath "$(mktemp -d)")
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
[[ -x $build/kiln-rustc ]] || { skip "kiln cargo" "not built here"; finish; }
type -P cargo > /dev/null || { skip "kiln cargo" "there is no cargo"; finish; }
type -P rustc > /dev/null || { skip "kiln cargo" "there is no rustc"; finish; }
# Where $CI is set, cargo does not build incrementally.
for name in $(compgen -e | grep -E '^(CARGO_BUILD|KILN|RUSTC)' ; echo CARGO_TARGET_DIR CARGO_INCREMENTAL CI); do unset "$name"; done
export XDG_CACHE_HOME=$work/cache CARGO_NET_OFFLINE=true
rustc=$(rustup which rustc 2> /dev/null || type -P rustc)

# ---- which compiler, which wrapper ----

# The compiler; what cargo asks it each time, of its version and of targets, it is asked once.
mkdir -p top/tools top/inner/src top/inner/tools top/home bin answers
cat > remembers << END
#!/bin/sh
case " \$* " in *' -vV '* | *' ___ '*)
  answer=$work/answers/\$(echo "\$RUSTC_BOOTSTRAP \$*" | cksum | tr ' ' -)
  [ -f "\$answer" ] || { '$rustc' "\$@" > "\$answer.\$\$" && mv "\$answer.\$\$" "\$answer"; } || exit
  exec cat "\$answer"
esac
exec '$rustc' "\$@"
END
chmod +x remembers
# Compilers a to d, wrappers w to z: each notes its name, and runs what it stands for.
for name in a b c d; do printf '#!/bin/sh\necho %s >> "$NAMES"\nexec "%s" "$@"\n' $name "$work/remembers" > bin/rustc-$name; done
for name in w x y z; do printf '#!/bin/sh\necho %s >> "$NAMES"\nexec "$@"\n' $name > bin/wrap-$name; done
chmod +x bin/* && cp bin/* top/tools && cp bin/* top/inner/tools || exit 1
printf '[package]\nname = "inner"\nversion = "0.1.0"\nedition = "2021"\n[workspace]\n' > top/inner/Cargo.toml
echo 'pub fn one() -> i32 { 1 }' > top/inner/src/lib.rs
export CARGO_HOME=$work/top/home NAMES=$work/names

# programs COMMAND...: the programs of `bin` that the command runs, in top/inner.
programs() {
  rm -rf names top/inner/target
  (cd top/inner && "$@" check --quiet "${after[@]}") > said 2>&1 || { cat said; return 1; }
  sort -u names 2> /dev/null | paste -sd' '
}
# as_cargo NAME FILE TEXT ... [-- VARIABLE=VALUE...] [-- WORD...]: with the files, the variables, and the words after
# the command, `kiln cargo` runs the programs that `cargo` runs, and there is one.
as_cargo() {
  local want= got= variables=()
  after=()
  rm -rf top/.cargo top/inner/.cargo top/home/config.toml
  while (( $# > 0 )) && [[ $1 != -- ]]; do mkdir -p "$(dirname "$1")" && printf '%b\n' "$2" > "$1" || return 1; shift 2; done
  (( $# == 0 )) || shift
  while (( $# > 0 )) && [[ $1 != -- ]]; do variables+=("$1"); shift; done
  (( $# == 0 )) || shift
  after=("$@")
  want=$(programs env "${variables[@]}" cargo) && got=$(programs env "${variables[@]}" "$kiln" cargo) || { echo "$want$got"; return 1; }
  [[ $want == "$got" ]] || { echo "cargo runs '$want', kiln cargo '$got'"; return 1; }
  [[ -n $want ]] || { echo 'neither runs any'; return 1; }
}
own=top/inner/.cargo/config.toml above=top/.cargo/config.toml home=top/home/config.toml
bin=$work/bin
check "build.rustc" as_cargo $own "[build]\nrustc = '$bin/rustc-a'"
check "build.rustc, relative to the file's project" as_cargo $own '[build] # a comment\nrustc = "tools/rustc-a"'
check "build.rustc with a wrapper of the environment" as_cargo $own "[build]\nrustc = '$bin/rustc-a'" -- RUSTC_WRAPPER="$bin/wrap-w"
check "build.rustc-wrapper" as_cargo $own "build.rustc-wrapper = \"$bin/wrap-w\"\nbuild.rustc = 'tools/rustc-b'"
check "a name that PATH has" as_cargo $own "[build]\nrustc = 'rustc-a'\nrustc-wrapper = 'wrap-x'" -- PATH="$bin:$PATH"
check "a workspace's wrapper" as_cargo $own "[build]\nrustc-workspace-wrapper = '$bin/wrap-y'\nrustc = '$bin/rustc-a'"
check "both wrappers" as_cargo $own "[build]\nrustc-workspace-wrapper = '$bin/wrap-y'\nrustc-wrapper = '$bin/wrap-w'\nrustc = '$bin/rustc-a'"
check "the nearer folder's goes first" as_cargo $own "[build]\nrustc = '$bin/rustc-a'" $above "[build]\nrustc = '$bin/rustc-b'\nrustc-wrapper = 'tools/wrap-w'"
check "cargo's home comes last" as_cargo $home "[build]\nrustc = '$bin/rustc-c'\nrustc-wrapper = '$bin/wrap-z'" $above "build.rustc = '$bin/rustc-b'"
check "the file without a suffix" as_cargo top/inner/.cargo/config "[build]\nrustc = '$bin/rustc-d'" $own "[build]\nrustc = '$bin/rustc-a'\nrustc-wrapper = '$bin/wrap-w'"
check "an empty variable takes a wrapper away" as_cargo $own "[build]\nrustc = '$bin/rustc-a'\nrustc-wrapper = '$bin/wrap-w'" -- RUSTC_WRAPPER=
check "CARGO_BUILD_RUSTC goes before files" as_cargo $own "[build]\nrustc = '$bin/rustc-a'\nrustc-wrapper = '$bin/wrap-w'" -- CARGO_BUILD_RUSTC="$bin/rustc-b"
check "RUSTC goes before that" as_cargo $own "build.rustc-wrapper = '$bin/wrap-w'" -- RUSTC="$bin/rustc-c" CARGO_BUILD_RUSTC="$bin/rustc-b"
check "--config goes before CARGO_BUILD_..." as_cargo $own "[build]\nrustc = '$bin/rustc-a'" -- CARGO_BUILD_RUSTC="$bin/rustc-b" CARGO_BUILD_RUSTC_WRAPPER="$bin/wrap-w" -- --config "build.rustc='$bin/rustc-c'"
check "but not before RUSTC_WRAPPER" as_cargo $own "[build]\nrustc = '$bin/rustc-a'" -- RUSTC_WRAPPER="$bin/wrap-w" -- --config "build.rustc-wrapper='$bin/wrap-x'"
check "the last --config" as_cargo $own "build.rustc-wrapper = '$bin/wrap-w'" -- -- --config "build.rustc='$bin/rustc-c'" --config="build.rustc='$bin/rustc-d'"
check "--config with a file" as_cargo $own "build.rustc-wrapper = '$bin/wrap-w'" top/inner/more/other.toml "[build]\nrustc = '$bin/rustc-d'" -- -- --config more/other.toml
check "included files" as_cargo $own "include = ['one.toml', { path = \"two.toml\" }]\n[build]\nrustc-wrapper = '$bin/wrap-w'" \
  top/inner/.cargo/one.toml "build.rustc = '$bin/rustc-a'" top/inner/.cargo/two.toml "build.rustc = '$bin/rustc-b'"
check "all forms of TOML" as_cargo $own "\xef\xbb\xbf# \"quoted\" [build]\n'a.b'.\"c\" = [ 'q', # comment ]\n \"}\" ]\nt = { x = \"]\", y = [ 1 ] }\nterm.quiet = true\ntext = '''\n[build]\nrustc = \"no\"'''\nbuild = { \"rustc\" = \"$work/b\\\\u0069n/rustc-a\", 'rustc-wrapper' = \"\"\"\\\\\n   $bin/\\\\\n   wrap-w\"\"\" }"
check "a table behind others" as_cargo $own "[[bins]]\nrustc = 'no'\n[ build . x ]\nrustc = 'no'\n[ build ]\nrustc = '$bin/rustc-b'\nrustc-wrapper='$bin/wrap-x' # and more\n[target.'cfg(all())']\nrustc = 'no'"
rm -rf top/.cargo top/inner/.cargo top/home/config.toml

# objects COMMAND...: builds top/inner; every unit is Kiln's.
objects() {
  rm -rf top/inner/target log
  (cd top/inner && KILN_LOG=$work/log "$@" build --quiet) || return 1
  [[ -s log ]] && ! grep -vE ': [0-9]+ functions, [0-9]+ instructions$' log
}
major=$(rustc -vV | sed -n 's/^LLVM version: \([0-9]*\)\..*/\1/p')
reads=$("$kiln" --version | sed -n 's/.*LLVM [0-9]* to \([0-9]*\).*/\1/p')
if (( ${major:-0} < 15 || major > ${reads:-99} )); then skip "objects" "rustc has LLVM ${major:-of another kind}"; finish; fi
wrapped() { mkdir -p top/inner/.cargo && printf '[build]\nrustc = "%s"\nrustc-wrapper = "%s"\n' "$bin/rustc-a" "$1" > $own && rm -f names && objects "$kiln" cargo; }
check "objects with the project's wrapper are Kiln's" wrapped "$bin/wrap-w"
check "it was run, and the compiler" bash -c '[[ $(sort -u names | paste -sd" ") == "a w" ]]'
check "kiln-rustc as the project's wrapper" env PATH="$build:$PATH" bash -c "$(declare -f wrapped objects); bin=$bin own=$own work=$work; wrapped kiln-rustc"
rm -rf top/inner/.cargo
if type -P rustup > /dev/null; then
  # as in a program that `cargo run` has started, where $CARGO is not rustup's
  check "+TOOLCHAIN in a program of cargo's" objects env CARGO="$(rustup which cargo)" "$kiln" cargo "+$(rustup show active-toolchain | cut -d' ' -f1)"
else skip "+TOOLCHAIN" "there is no rustup"
fi
# workspace_wrapper: the project's wrapper for its packages runs, and kiln-rustc is its compiler, once.
workspace_wrapper() { objects env "$@" RUSTC_WORKSPACE_WRAPPER="$bin/wrap-y" "$kiln" cargo && grep -qx y names && [[ $(find top/inner/target/debug/incremental -name 'kiln-*' | wc -l) == 1 ]]; }
rm -f names
check "RUSTC_WORKSPACE_WRAPPER" workspace_wrapper
check "and kiln-rustc as the other wrapper" workspace_wrapper RUSTC_WRAPPER="$build/kiln-rustc"
check "in a build of its own" objects env RUSTC_WRAPPER="$bin/wrap-w" "$kiln" cargo --config "build.rustc='$kiln-rustc'"

# ---- what is built again ----

# built COMMAND...: how many units the command compiled.
built() {
  rm -f log
  (cd top/inner && env KILN_LOG="$work/log" "$@" build --quiet) > said 2>&1 || { cat said; return 1; }
  cat log 2> /dev/null | wc -l
}
# changes NAME [VARIABLE=VALUE...] KILN WORD...: after a build without, one with the settings compiles; the next one does
# not; and the first one's objects are still there, or made again.
changes() {
  local plain=$1 first second third
  shift
  rm -rf top/inner/target
  first=$(built $plain) && second=$(built "$@") && third=$(built "$@") || { echo "$first$second$third"; return 1; }
  (( first > 0 && second > 0 && third == 0 )) || { echo "units: $first, $second, $third"; return 1; }
}
check "inlining" changes "$kiln cargo" "$kiln" cargo --inline
check "and back" changes "$kiln cargo --inline" "$kiln" cargo
check "another size" changes "$kiln cargo --inline" "$kiln" cargo --inline=60
check "KILN_OPT_LEVEL" changes "$kiln cargo" KILN_OPT_LEVEL=1 "$kiln" cargo
check "KILN_STRESS" changes "$kiln cargo" KILN_STRESS=5 "$kiln" cargo
check "KILN_VARIABLES" changes "$kiln cargo" KILN_VARIABLES=all "$kiln" cargo
check "KILN_AS" changes "$kiln cargo" KILN_AS=as "$kiln" cargo
mkdir upgraded && cp "$kiln" "$build"/kiln-rustc upgraded && cp -L "$build"/libkiln-shim.so upgraded || exit 1
echo >> upgraded/libkiln-shim.so
check "another Kiln" changes "$kiln cargo" "$work/upgraded/kiln" cargo
upgraded_in_place() {
  rm -rf top/inner/target
  (( $(built "$work/upgraded/kiln" cargo) > 0 && $(built "$work/upgraded/kiln" cargo) == 0 )) && echo >> upgraded/libkiln-shim.so &&
    (( $(built "$work/upgraded/kiln" cargo) > 0 )) && (( $(built "$work/upgraded/kiln" cargo) == 0 ))
}
check "Kiln upgraded in its place" upgraded_in_place
settled() { rm -rf top/inner/target; (( $(built "$kiln" cargo) > 0 )) && (( $(built KILN_RUSTC=rustc "$kiln" cargo) == 0 )); }
check "but not what changes no object" settled
cargo_alone() { rm -rf top/inner/target; (( $(built "$kiln" cargo) > 0 )) && [[ $(cd top/inner && cargo build 2>&1) == *Compiling* ]] && (( $(built env RUSTC_WRAPPER="$build/kiln-rustc" cargo) >= 0 )); }
check "cargo alone does not take Kiln's objects" cargo_alone
version() { local line; line=$("$build/kiln-rustc" -vV | tail -n 1) && [[ $line == 'code generator: Kiln '*', shim' ]] && diff <("$build/kiln-rustc" -vV | head -n -1) <(rustc -vV) && diff <("$build/kiln-rustc" -V) <(rustc -V); }
check "the version says so" version
same_version() { diff <(KILN_INLINE=small KILN_OPT_LEVEL=1 "$build/kiln-rustc" --version --verbose) <(KILN_OPT_LEVEL=1 KILN_INLINE=small "$build/kiln-rustc" "$rustc" -Vv) && ! diff -q <("$build/kiln-rustc" -vV) <(KILN_INLINE=must "$build/kiln-rustc" -vV); }
check "for each setting, whatever their order" same_version

# ---- the code generator that rustc loads ----

# fails WORDS COMMAND...: the command fails and says the words.
fails() { local words=$1; shift; ! "$@" > said 2>&1 && grep -qF -- "$words" said || { cat said; return 1; }; }
in_inner() { (cd top/inner && "$@"); }

# A toolchain's compiler, and a driver for it: each notes for each call who it is, the call's kind, and RUSTC_BOOTSTRAP;
# and compiles without Kiln. A crate whose build script asks the compiler for an unstable feature, as those of published
# crates do, and has it compile.
mkdir -p fake/bin fake/lib/rustlib
for name in rustc driver; do
  printf '#!/bin/bash\nkind=other\nfor w; do case $w in metadata=*) kind=compile ;; -vV) kind=version ;; probe.rs) kind=probe ;; esac; done\n[[ $*" " != *"--emit=dep-info,metadata "* ]] || kind=check\necho "$kind %s ${RUSTC_BOOTSTRAP:-0}" >> "$CALLS"\nunset LD_LIBRARY_PATH\nexec "%s" "$@"\n' $name "$work/remembers" > fake/bin/$name
done
chmod +x fake/bin/*
mkdir -p asks/src
printf '[package]\nname = "asks"\nversion = "0.1.0"\nedition = "2021"\n[workspace]\n[profile.release]\nopt-level = 2\n' > asks/Cargo.toml
cat > asks/build.rs << 'END'
use std::{env, fs, process::Command};
fn main() {
    let folder = env::var("OUT_DIR").unwrap();
    fs::write(format!("{folder}/probe.rs"), "#![feature(never_type)]").unwrap();
    let words = [env::var("RUSTC_WRAPPER").ok(), env::var("RUSTC").ok()].into_iter().flatten().collect::<Vec<_>>();
    let accepted = Command::new(&words[0]).args(&words[1..]).current_dir(folder).args(["--crate-type=lib", "--emit=metadata", "probe.rs"]).status().unwrap();
    println!("cargo:warning=accepted: {}", accepted.success());
}
END
echo 'pub fn three() -> i32 { 3 }' > asks/src/lib.rs
export CALLS=$work/calls
commit=$(rustc -vV | sed -n 's/^commit-hash: //p')
hash=$("$build/kiln-rustc" -vV | sed -n 's/^code generator: .*(\(.*\)).*/\1/p')
loaded=$XDG_CACHE_HOME/kiln/rustc-$commit-$hash
# loads VARIABLE=VALUE... KILN WORD...: the kinds of calls of a new build.
loads() {
  rm -rf asks/target calls
  (cd asks && env RUSTC="$work/fake/bin/rustc" "$@") > said 2>&1 || { cat said; return 1; }
  grep -q 'accepted: false' said || { cat said; return 1; }
  grep -v '^other' calls | sort -u
}
library() { rm -rf "$XDG_CACHE_HOME"/kiln/rustc-*; mkdir -p "$1" && chmod 755 "$1" && echo "$2" > "$1/librustc_codegen_kiln.so" && cp fake/bin/driver "$1/kiln-driver"; }
with_it=$(printf '%s\n' 'compile driver 0' 'probe rustc 0' 'version rustc 0')
without=$(printf '%s\n' 'compile rustc 0' 'probe rustc 0' 'version rustc 0')
does() { local want=$1 got; shift; got=$(loads "$@") && [[ $got == "$want" ]] || { echo "$got"; return 1; }; }
# quietly COMMAND...: and nothing is said of another Kiln.
quietly() { "$@" && ! grep -q 'is not used' said; }
faked=RUSTC=$work/fake/bin/rustc
if [[ $commit =~ ^[0-9a-f]{40}$ ]]; then
  library "$loaded" one || exit 1
  check "the driver of this compiler and this Kiln runs, for cargo's compilations alone, without RUSTC_BOOTSTRAP" quietly does "$with_it" "$kiln" cargo build
  check "so it does with a wrapper for the workspace" does "$with_it" RUSTC_WORKSPACE_WRAPPER="$work/bin/wrap-y" "$kiln" cargo build
  check "not with --no-bootstrap" quietly does "$without" "$kiln" cargo --no-bootstrap build
  check "with --inline, too" does "$with_it" "$kiln" cargo --inline build
  check "nor with both" does "$without" "$kiln" cargo --inline --no-bootstrap build
  check "nor by units that are optimized" bash -c "$(declare -f loads); work=$work; loads \"\$kiln\" cargo build --release > got && [[ \$(grep -c 'compile rustc 0' got) == 1 ]]"
  check "nor where no code is generated" bash -c "$(declare -f loads); work=$work; loads \"\$kiln\" cargo check > got && grep -q 'check rustc 0' got && ! grep -q 'check driver' got"
  check "not by kiln-rustc without it" does "$without" env RUSTC_WRAPPER="$build/kiln-rustc" cargo build
  script() { rm -rf asks/target calls; (cd asks && RUSTC=$bin/rustc-a "$kiln" cargo build > ../said 2>&1) && [[ ! -e calls ]]; }
  check "nor in place of a script" script
  changed() { [[ $(built $faked "$kiln" cargo) == 0 ]]; }
  rebuilt() { rm -rf top/inner/target; (( $(built $faked "$kiln" cargo) > 0 )) && changed && echo two > "$loaded/librustc_codegen_kiln.so" && (( $(built $faked "$kiln" cargo) > 0 )) && changed; }
  check "another one compiles again" rebuilt
  check "going to the shim compiles" changes "$kiln cargo --no-bootstrap" $faked "$kiln" cargo
  # asked N: the compiler is started N times before cargo is.
  asked() { : > calls; in_inner env "$faked" CARGO=true "$kiln" cargo build > said 2>&1 && [[ $(wc -l < calls) == "$1" ]] || { cat said calls; return 1; }; }
  once() { rm -rf "$XDG_CACHE_HOME/kiln/answers" && asked 1 && asked 0; }
  check "the compiler is asked once for its version" once
  asked_again() { touch fake/bin/rustc && asked 1 && asked 0 && touch fake/lib/librustc_driver.so && asked 1 && asked 0; }
  check "and again when it has changed" asked_again
  # A rustup that chooses the toolchain, and notes when it is asked which one.
  mkdir rustup rustup/home
  printf '#!/bin/bash\n[[ $1 != --print=sysroot ]] || { echo asked >> "$CALLS"; echo "%s"; exit; }\nexec "%s" "$@"\n' "$work/fake" "$work/fake/bin/rustc" > rustup/rustup
  chmod +x rustup/rustup && ln rustup/rustup rustup/rustc
  # chosen N VARIABLE=VALUE...: rustup is asked N times.
  chosen() { : > calls; in_inner env "${@:2}" PATH="$work/rustup:$PATH" RUSTUP_HOME="$work/rustup/home" CARGO=true "$kiln" cargo build > said 2>&1 && [[ $(grep -c asked calls) == "$1" ]] || { cat said calls; return 1; }; }
  chosen_once() { rm -rf "$XDG_CACHE_HOME/kiln/answers" && chosen 1 && chosen 0; }
  check "rustup is asked once which one it is" chosen_once
  other_file() { echo 1.2.3 > top/$1 && chosen 1 && chosen 0 && echo 1.2.34 > top/$1 && chosen 1 && rm top/$1 && chosen 0; }
  check "again where a folder above has a file rust-toolchain" other_file rust-toolchain
  check "or rust-toolchain.toml" other_file rust-toolchain.toml
  check "for another RUSTUP_TOOLCHAIN" chosen 1 RUSTUP_TOOLCHAIN=other
  other_settings() { echo > rustup/home/settings.toml && chosen 1 && chosen 0; }
  check "and when rustup's settings have changed" other_settings
  library "$XDG_CACHE_HOME/kiln/rustc-$commit-0123456789abcdef" one
  check "that of another Kiln is not" does "$without" "$kiln" cargo build
  check "which is said" grep -q 'is not used: it belongs to another Kiln, ' said
  rm "$XDG_CACHE_HOME/kiln/rustc-$commit-0123456789abcdef/librustc_codegen_kiln.so"
  check "what an unfinished setup has left is no library" quietly does "$without" "$kiln" cargo build
  library "$XDG_CACHE_HOME/kiln/rustc-0123456789012345678901234567890123456789-$hash" one
  check "that of another compiler is not" quietly does "$without" "$kiln" cargo build
  library "$loaded" one && chmod 777 "$loaded"
  check "nor one that others can write to" does "$without" "$kiln" cargo build
  library "$loaded" one && mv "$loaded" "$work/elsewhere" && ln -s "$work/elsewhere" "$loaded"
  check "nor one behind a link" does "$without" "$kiln" cargo build
  rm -rf "$XDG_CACHE_HOME"/kiln/rustc-*
  mkdir named && echo three > named/named.so && cp fake/bin/driver named/kiln-driver
  check "KILN_BACKEND names one" does "$(printf "%s\n" "compile driver 0" "probe rustc 0" "version driver 0" "version rustc 0")" KILN_BACKEND=../named/named.so "$kiln" cargo build
  printf '#!/bin/sh\necho rustc 1\necho commit-hash: 1\n' > named/kiln-driver
  check "which is for this compiler" fails "kiln-driver is not for rustc" in_inner env "$faked" KILN_BACKEND="$work/named/named.so" "$kiln" cargo build
  rm named/kiln-driver
  check "and has its driver" fails "there is no program kiln-driver beside" in_inner env "$faked" KILN_BACKEND="$work/named/named.so" "$kiln" cargo build
else skip "the code generator that rustc loads" "this rustc does not name its commit"
fi
check "KILN_BACKEND of a file that does not exist" fails 'KILN_BACKEND: /no/file: No such file' env KILN_BACKEND=/no/file "$kiln" cargo --version
check "--setup behind the command" fails '--setup is Kiln' in_inner "$kiln" cargo build --setup
check "--setup with more words" fails '--setup takes no more than +TOOLCHAIN' "$kiln" cargo --setup build
check "a word of Kiln's that is misspelled" fails "cargo: unknown option '--setpu'; did you mean '--setup'?" "$kiln" cargo +some --setpu
check "--setup behind a toolchain and a command" fails 'stands first: kiln cargo +some --setup' in_inner "$kiln" cargo +some build --setup
check "cargo's options are cargo's" bash -c "\"\$kiln\" cargo --list | grep -q build && \"\$kiln\" cargo --offline --version | grep -q '^cargo '"
both_helps() { "$kiln" cargo "$@" > said 2>&1 && [[ $(grep -oE -- '^  --setup |^The help of cargo:$|^      --offline ' said | paste -sd, | tr -d ' ') == '--setup,Thehelpofcargo:,--offline' ]] || { cat said; return 1; }; }
for words in --help -h help; do check "kiln cargo $words has Kiln's options first" both_helps $words; done
check "help of a command is cargo's" bash -c "! \"\$kiln\" cargo help build | grep -q -e --setup"
check "--no-bootstrap behind the command" fails 'kiln cargo --no-bootstrap build' in_inner "$kiln" cargo build --no-bootstrap
# compiler NAME COMMIT HOST RELEASE DATE: a compiler of which only the version is there.
compiler() { printf '#!/bin/sh\n[ "$1" != -vV ] || { echo rustc; echo commit-hash: %s; echo commit-date: %s; echo host: %s; echo release: %s; }\n' "$2" "$5" "$3" "$4" > "$bin/$1" && chmod +x "$bin/$1"; }
some=0123456789012345678901234567890123456789 here=$(uname -m)-unknown-linux-gnu
compiler rustc-unknown unknown $here 1.85.0 2025-01-01
compiler rustc-foreign $some riscv64gc-unknown-linux-gnu 1.99.1 2026-10-13
check "--setup with a compiler that does not name its commit" fails 'does not name its commit' env RUSTC="$bin/rustc-unknown" "$kiln" cargo --setup
check "--setup on another machine" fails "is for $here, not riscv64gc-unknown-linux-gnu" env RUSTC="$bin/rustc-foreign" "$kiln" cargo --setup
# One line, and nothing is left in the cache.
refused() { compiler rustc-old $some $here "$1" "$2"; rm -rf none; ! RUSTC=$bin/rustc-old XDG_CACHE_HOME=$work/none "$kiln" cargo --setup > said 2>&1 && (( $(wc -l < said) == 1 )) && grep -q "rustc $1 of $2 is not supported, only nightly-.*1\.99 and newer ones" said && [[ ! -e none ]] || { cat said; return 1; }; }
for version in '1.95.0 2026-04-14' '1.9.0 2016-05-24' '1.97.0-nightly 2026-05-19'; do
  check "--setup refuses ${version% *}" refused ${version% *} ${version#* }
done
# An accepted one goes on, to what is not there.
accepted() { compiler rustc-new $some $here "$1" "$2"; fails 'is not a toolchain' env RUSTC="$bin/rustc-new" "$kiln" cargo --setup; }
nightly=$(sed -n 's/^nightly-//p' "$tests/../integrations/rustc/rust-toolchains" | head -1)
check "--setup takes 1.99.0" accepted 1.99.0 2026-10-01
for version in '1.100.0-beta.1 2026-10-20' '1.99.1-nightly 2026-05-19' '1.102.0 2027-03-01'; do
  check "--setup tries ${version% *}" accepted ${version% *} ${version#* }
done
check "--setup takes the nightly, whose last commit is of the day before" accepted 1.101.0-nightly "$(date -u -d "$nightly - 1 day" +%F)"

# A toolchain whose cargo says what it was given in `setups`, and makes files, or not, when it has read a word of `gate`.
mkdir -p chain/bin chain/lib/rustlib/rustc-src
bin=$work/chain/bin compiler rustc $some $here 1.99.1 2026-10-13
cat > chain/bin/cargo << 'END'
#!/bin/sh
while [ "$1" != --target-dir ]; do shift; done
echo "CC=$CC" >> "$SETUPS"
read word < "$GATE"
[ "$word" = make ] && mkdir -p "$2/release" && echo > "$2/release/librustc_codegen_kiln.so" && cp "${0%cargo}rustc" "$2/release/kiln-driver"
END
chmod +x chain/bin/cargo
mkfifo gate
export SETUPS=$work/setups GATE=$work/gate
set_up() { RUSTC=$work/chain/bin/rustc XDG_CACHE_HOME=$work/ready exec "$kiln" cargo --setup; }
# until_done COMMAND...: the command succeeds, some time.
until_done() { local n=0; until "$@" 2> /dev/null; do (( n++ < 600 )) || { tail -n 5 first second; return 1; }; sleep 0.1; done; }
builds() { [[ $(wc -l < setups) == "$1" ]]; }
# begun: a setup runs, and its cargo waits; as `first`.
begun() { rm -rf ready setups first second; (set_up) > first 2>&1 & first=$!; until_done builds 1; }
# another: so does a second one, for the first.
another() { (set_up) > second 2>&1 & second=$!; until_done grep -q 'this one waits' second && builds 1; }
ready() { [[ $(cd ready/kiln && echo *) =~ ^rustc-$some-[0-9a-f]{16}$ && $(cd ready/kiln/* && echo *) == 'kiln-driver librustc_codegen_kiln.so' ]] || { ls -R ready; return 1; }; }
at_once() { begun && another && echo make > gate && wait $first && wait $second && builds 1 && ready && grep -q ' has its code' first && grep -q 'already has its code' second; }
check "two setups at once: the second waits and builds nothing" at_once
offers() { mkdir -p offered && echo '[package]' > offered/Cargo.toml && (cd offered && set_up) > said 2>&1 && grep -q 'debug = "line-tables-only"' said && grep -q 'kiln cargo --dynamic-deps' said && [[ $(ls -A offered; cat offered/Cargo.toml) == 'Cargo.toml'$'\n''[package]' ]] || { cat said; return 1; }; }
check "a setup names the lines that shorten builds, and writes nothing into the project" offers
one_fails() { begun && another && echo fail > gate && ! wait $first && until_done builds 2 && echo make > gate && wait $second && ready && grep -q 'could not build' first && grep -q ' has its code' second; }
check "if the first fails, the second builds" one_fails
alone_fails() { begun && echo fail > gate && ! wait $first && [[ ! -e ready/kiln ]]; }
check "a setup that fails leaves nothing" alone_fails
interrupted() { local status=0; begun && kill $first && { wait $first || status=$?; (( status == 143 )); } && [[ ! -e ready/kiln ]]; }
check "nor does one that a signal ends" interrupted
# It leaves its cargo, too, which another word ends.
killed() { begun && kill -KILL $first && ! wait $first && ls -d ready/kiln/*.* && echo fail > gate && { (set_up) > second 2>&1 & second=$!; } && until_done builds 2 && echo make > gate && wait $second && ready; }
check "what one that is killed leaves is removed by the next" killed
# As with rustup, the toolchain may be named before Kiln's options, and after them.
either_way() { for words in "+some --setup" "--setup +some"; do (bin=$work/chain/bin RUSTC=$work/chain/bin/rustc XDG_CACHE_HOME=$work/ready exec "$kiln" cargo $words) > said 2>&1 && grep -q 'already has its code' said && grep -q 'kiln cargo +some --dynamic-deps' said || { cat said; return 1; }; done; }
check "--setup before and after +TOOLCHAIN" either_way
own_cc() { CC='launcher gcc' begun && echo make > gate && wait $first && [[ $(cat setups) == CC= ]] || { cat setups; return 1; }; }
check "a setup does not take the user's CC" own_cc

# ---- a compiler that is not listed ----

# Its cargo makes a driver, or has errors; the driver makes a program, and says that Kiln, or LLVM, compiled it.
mkdir -p next/bin next/lib/rustlib/rustc-src
bin=$work/next/bin compiler rustc $some $here 1.102.0 2027-03-01
cat > next/bin/cargo << 'END'
#!/bin/sh
while [ "$1" != --target-dir ]; do shift; done
case $NEXT in
  calls) echo "src/calls.rs:40:8: error[E0407]: method \`tail_call\` is not a member of trait \`BuilderMethods\`" >&2; echo "error: could not compile" >&2; exit 101 ;;
  silent) exit 101 ;;
esac
mkdir -p "$2/release" && echo > "$2/release/librustc_codegen_kiln.so" && cp "${0%cargo}driver" "$2/release/kiln-driver"
END
cat > next/bin/driver << 'END'
#!/bin/sh
[ -z "$RUSTC_BOOTSTRAP" ] || exit 3
source=
while [ "$1" != -o ]; do case $1 in *.rs) source=$1 ;; esac; shift; done
grep -q 'fn main' "$source" || exit 4
by='5 functions, 9 instructions'
[ "$NEXT" != llvm ] || by='compiled by LLVM: an intrinsic'
[ "$NEXT" != crash ] || kill -SEGV $$
echo "smoke: $by" >> "$KILN_LOG"
status=0
[ "$NEXT" != wrong ] || status=101
[ "$NEXT:$KILN_INLINE" != inlined:small ] || status=102
printf '#!/bin/sh\nexit %s\n' $status > "$2" && chmod +x "$2"
END
chmod +x next/bin/*
try() { rm -rf tried; NEXT=$1 RUSTC=$work/next/bin/rustc XDG_CACHE_HOME=$work/tried "$kiln" cargo --setup > said 2>&1; }
installs() { try good && grep -q 'rustc 1.102.0 of 2027-03-01 is none that Kiln was tested with' said && grep -q 'rustc 1.102.0 has its code generator' said && [[ $(cd tried/kiln/* && echo *) == 'kiln-driver librustc_codegen_kiln.so' ]] || { cat said; return 1; }; }
check "--setup installs for a compiler that is not listed, if a program of Kiln's runs" installs
# gives_up HOW WORDS: a line at the end has the words, and names the shim; nothing is left in the cache.
gives_up() { ! try "$1" && tail -n 1 said | grep -F -- "$2" | grep -qF 'kiln cargo builds with the shim' && [[ ! -e tried/kiln ]] || { cat said; return 1; }; }
check "it says which calls differ, if it is not built" gives_up calls 'rustc 1.102.0 of 2027-03-01 has another interface for code generators, in these places'
check "in a line each" grep -q '^    src/calls.rs:40:8: error.E0407.: method .tail_call. is not a member' said
check "or that cargo said nothing" gives_up silent 'has another interface'
check "that LLVM compiled the program" gives_up llvm 'LLVM compiles the test program'
check "and why" grep -q '^    smoke: compiled by LLVM: an intrinsic' said
check "that the driver crashes" gives_up crash 'fails with rustc 1.102.0: status 139 of the command to compile it'
check "that the program's results are wrong" gives_up wrong 'fails with rustc 1.102.0: status 101 of the command to run it'
check "or those of the inlined one" gives_up inlined 'fails with rustc 1.102.0 and inlining: status 102'

# ---- what a build sees ----

# A build script, a program and a test that write down their environment; and a macro, which is in the compiler.
mkdir -p sees/src sees/macros/src
printf '[package]\nname = "sees"\nversion = "0.1.0"\nedition = "2021"\n[dependencies]\nmacros = { path = "macros" }\n[workspace]\n' > sees/Cargo.toml
printf '[package]\nname = "macros"\nversion = "0.1.0"\nedition = "2021"\n[lib]\nproc-macro = true\n' > sees/macros/Cargo.toml
write='{ let mut all: Vec<String> = std::env::vars_os().map(|(k, v)| format!("{k:?}={v:?}")).collect(); all.sort(); std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/WHO.env"), all.join("\\n") + "\\n").unwrap(); }'
echo "fn main() ${write/WHO/script}" > sees/build.rs
echo "#[proc_macro] pub fn see(_: proc_macro::TokenStream) -> proc_macro::TokenStream ${write/WHO.env/../macro.env}" | sed 's/unwrap(); }$/unwrap(); proc_macro::TokenStream::new() }/' > sees/macros/src/lib.rs
printf 'macros::see!();\nfn main() %s\n#[test]\nfn test() %s\n' "${write/WHO/program}" "${write/WHO/test}" > sees/src/main.rs
# seen FOLDER COMMAND...: what they see; the folder's name of a package's output has the compiler's version in its hash.
seen() {
  mkdir -p "$1" && rm -rf sees/target sees/*.env
  (cd sees && "${@:2}" run --quiet && "${@:2}" test --quiet) > said 2>&1 || { cat said; return 1; }
  for who in script macro program test; do sed -E 's,(/sees-)[0-9a-f]{16}/,\1HASH/,; /^"_"=/d' sees/$who.env > "$1/$who" || return 1; done
}
same_view() {
  seen view.cargo cargo && seen view.kiln "$@" || return 1
  ! diff -r view.cargo view.kiln | grep '^[<>]' | grep -vE '^> "(RUSTC_WRAPPER|RUSTC)"='
}
check "a build's programs see what they see under cargo, but for RUSTC_WRAPPER" same_view "$kiln" cargo
check "with --inline" same_view "$kiln" cargo --inline
check "with --stats" same_view "$kiln" cargo --stats

# ---- files and settings ----

relative() {
  rm -rf top/inner/target top/inner/build.log top/build.log
  (cd top && KILN_LOG=build.log "$kiln" cargo build --quiet --manifest-path inner/Cargo.toml) && grep -q functions, top/build.log && [[ ! -e top/inner/build.log ]]
}
check "KILN_LOG is relative to where cargo is started" relative
relative_wrapper() {
  rm -rf top/inner/target top/build.log top/costs
  (cd top && KILN_LOG=build.log KILN_STATS=costs RUSTC_WRAPPER=$build/kiln-rustc cargo build --quiet --manifest-path inner/Cargo.toml) && grep -q functions, top/build.log && [[ $("$kiln" stats top/costs) == *'units by Kiln'* ]]
}
check "with the wrapper alone, too, and KILN_STATS" relative_wrapper
unopened() { rm -rf top/inner/target; (cd top/inner && KILN_LOG=$work/no/log "$kiln" cargo build 2> "$work/said") && (( $(grep -c "warning: KILN_LOG: $work/no/log: No such file" said) == 1 )); }
check "a log that cannot be opened gets one warning" unopened
for setting in "KILN_INLINE=all: 'all'" "KILN_INLINE=0: '0'" "KILN_OPT_LEVEL=4: '4'" "KILN_OPT_LEVEL=s: 's'" "KILN_OPT_LEVEL=1x: '1x'" "KILN_UNKNOWN=no: 'no'" "KILN_STRESS=0: '0'" "KILN_STRESS=-1: '-1'" "KILN_STRESS=1x: '1x'" "KILN_VARIABLES=none: 'none'"; do
  value=${setting%%:*} name=${setting%%=*} words=${setting#*: }
  check "$value is an error of kiln cargo" fails "$name: bad value $words" env "$value" "$kiln" cargo --version
  check "$value is an error of kiln with" fails "$name: bad value $words" env "$value" "$kiln" with true
  check "$value is an error of kiln-rustc" fails "$name: bad value $words" env "$value" "$build/kiln-rustc" -vV
  check "$value is an error of kiln cc" fails "$name: bad value $words" env "$value" "$kiln" cc -c nothing.c
done
check "--inline behind the command" fails 'kiln cargo --inline build' in_inner "$kiln" cargo build --inline
check "--inline=60 behind it" fails 'kiln cargo --inline=60 build' in_inner "$kiln" cargo build --inline=60
program_word() { rm -rf top/inner/target; ! in_inner "$kiln" cargo run --quiet -- --inline > said 2>&1 && grep -q 'a bin target must be available' said; }
check "but not behind --" program_word

# ---- the line at the end ----

last_line() { rm -rf top/inner/target; in_inner "$kiln" cargo "$@" > said 2>&1; tail -n 1 said; }
none() { [[ $(last_line build --release) == 'kiln: warning: Kiln compiled none of '[1-9]*' units, LLVM all; '*': the crate is optimized; '* ]] || { cat said; return 1; }; }
check "a build that LLVM compiles ends with a warning" none
all() { [[ $(last_line build) == *Finished* ]] || { cat said; return 1; }; }
check "one that Kiln compiles has no such line" all
mkdir -p top/inner/other/src && printf '[package]\nname = "other"\nversion = "0.1.0"\nedition = "2021"\n' > top/inner/other/Cargo.toml
echo 'pub fn two() -> i32 { 2 }' > top/inner/other/src/lib.rs
printf '[dependencies]\nother = { path = "other" }\n[profile.dev.package.other]\nopt-level = 2\n' >> top/inner/Cargo.toml
some() { [[ $(last_line build) =~ ^kiln:\ LLVM\ compiled\ [0-9]+\ of\ [0-9]+\ units\;\ [0-9]+\ for\ this\ reason:\ the\ crate\ is\ optimized\;\ .+ ]] || { cat said; return 1; }; }
check "one that both compile says how many" some
again() { in_inner "$kiln" cargo build > said 2>&1 && ! grep -q LLVM said; }
check "one that compiles nothing does not" again
kept() { rm -rf top/inner/target costs; printf 'unit\tllvm\t1\t1\t0\tx\ta reason of yesterday\n' > costs; [[ $(KILN_STATS=$work/costs last_line build) == *'LLVM compiled'* ]] && ! grep -q yesterday said && grep -q yesterday costs && (( $(wc -l < costs) > 2 )); }
check "lines that a file of costs had do not count" kept
# said [WORD]...: the lines about who compiled the project, of a build of it all.
told() { rm -rf top/inner/target; in_inner "$kiln" cargo "$@" > said 2>&1 || { cat said; return 1; }; grep -E 'compiled units of this project|does not load' said; }
own_cache() { rm -rf own; local -x XDG_CACHE_HOME=$work/own; "$@"; }
# Compilers of a folder of their own, which say that they are of a version for which `--setup` builds, and of one for which it does not.
for release in 1.99.1 1.95.0; do
  mkdir -p said-$release/bin said-$release/lib/rustlib/rustc-src
  printf '#!/bin/sh\ncase " $* " in *" -vV "*) "%s" "$@" | sed "s/^release: .*/release: %s/; s/^commit-hash: .*/commit-hash: %s/; s/^commit-date: .*/commit-date: 2026-10-13/" ;; *) exec "%s" "$@" ;; esac\n' "$work/remembers" $release $some "$work/remembers" > said-$release/bin/rustc
  chmod +x said-$release/bin/rustc
done
# A cargo that takes +TOOLCHAIN, as rustup's does.
mkdir -p plus && printf '#!/bin/sh\n[ "${1#+}" = "$1" ] || shift\nunset RUSTUP_TOOLCHAIN\nexec "%s" "$@"\n' "$(rustup which cargo 2> /dev/null || type -P cargo)" > plus/cargo && chmod +x plus/cargo
export RUSTC=$work/said-1.99.1/bin/rustc
once() {
  [[ -z $(told build --quiet) ]] || { echo 'a quiet build says it'; return 1; }
  [[ $(told build) == 'kiln: compiled units of this project: 0 by Kiln in rustc, '[1-9]*' by Kiln from bitcode, '[0-9]*' by LLVM; to use Kiln in rustc, run kiln cargo --setup' ]] || { cat said; return 1; }
  [[ -z $(told build) ]] || { echo 'it is said twice'; return 1; }
}
check "the first build says who compiled the project" own_cache once
# A linker that takes so many seconds of CPU time.
cat > slow-linker << 'EOF'
#!/bin/sh
python3 -c 'import sys, time
while time.process_time() < float(sys.argv[1]): pass' "${LINK_SECONDS:-0.25}"
exec cc "$@"
EOF
chmod +x slow-linker
# links FIRST SECOND [WORD]...: the lines about links, of a build of all whose links take FIRST seconds, and of one after an
# edit.
links() {
  local -x LINK_SECONDS=$1 RUSTFLAGS=-Clinker=$work/slow-linker
  echo 'fn main() {}' > top/inner/src/main.rs
  told "${@:3}" > /dev/null; mv said before; touch top/inner/src/main.rs
  LINK_SECONDS=$2; in_inner "$kiln" cargo "${@:3}" > said 2>&1
  rm top/inner/src/main.rs; grep -h 'a link took' before said
}
slow_links() {
  [[ -z $(KILN_DYNAMIC_DEPS=1 links 0 1.5 build) ]] || { echo 'it is said of what the variable does'; return 1; }
  [[ -z $(links 0 1.5 --dynamic-deps build) ]] || { echo 'it is said of what the option does'; return 1; }
  [[ $(links 0 1.5 build) == 'kiln: a link took '[1-9]*' s of CPU time; kiln cargo --dynamic-deps links dependencies once' ]] || { cat said; return 1; }
  [[ -z $(links 0 1.5 build) ]] || { echo 'it is said twice'; return 1; }
}
check "a slow link says once what makes it shorter" own_cache slow_links
quick_links() { [[ -z $(links 0 0 build) ]] || { cat said; return 1; }; }
check "a quick one says nothing" own_cache quick_links
optimized_links() { [[ -z $(links 1.5 0 build) ]] || { cat before; return 1; }; }
check "nor does one of a build in which LLVM compiles" own_cache optimized_links
with_toolchain() { PATH=$work/plus:$PATH; [[ $(told +some build) == *'; to use Kiln in rustc, run kiln cargo +some --setup' ]] || { cat said; return 1; }; }
check "and names the toolchain that was" own_cache with_toolchain
wrapped_hint() { local -x RUSTC_WRAPPER=$bin/wrap-w; [[ $(told build) == *'run kiln cargo --setup' ]] || { cat said; return 1; }; }
check "with a wrapper, too" own_cache wrapped_hint
another_kiln() { set -- "${1-}"; library "own/kiln/rustc-$some-0123456789abcdef" one && told ${1:+"$1"} build > /dev/null; grep 'is not used: it belongs to another Kiln' said | grep -q "folder; kiln cargo ${1:+$1 }--setup builds it again" || { cat said; return 1; }; }
check "and where the code generator belongs to another Kiln" own_cache another_kiln
PATH=$work/plus:$PATH check "with the toolchain, there, too" own_cache another_kiln +some
not_offered() { local -x RUSTC=$work/said-1.95.0/bin/rustc; [[ $(told build) == *' by LLVM' ]] || { cat said; return 1; }; }
check "but no command that this compiler would make fail" own_cache not_offered
lost() {
  local file
  told build > /dev/null
  file=$(echo own/kiln/said/*-shim)
  : > "${file%shim}library"
  [[ $(told --no-bootstrap build) == '' ]] || { echo 'it is said of a build without it'; return 1; }
  [[ $(told build) == 'kiln: warning: cargo: rustc does not load Kiln any more, '*'; kiln cargo --setup '* ]] || { cat said; return 1; }
  [[ -z $(told build) ]] || { echo 'it is said twice'; return 1; }
}
check "a code generator that rustc does not load any more is missed, once" own_cache lost
unset RUSTC
terminated() {
  printf 'fn main() { println!("up"); std::thread::sleep(std::time::Duration::from_secs(60)); }\n' > top/inner/src/main.rs
  rm -f said
  (cd top/inner && exec "$kiln" cargo run --quiet) > said 2>&1 &
  local pid=$! n=0 status=0
  until grep -q up said 2> /dev/null || (( n++ > 300 )); do sleep 0.1; done
  kill $pid
  wait $pid || status=$?
  rm -f top/inner/src/main.rs
  (( status == 143 )) || { echo "exit status $status"; cat said; return 1; }
}
check "a signal goes to cargo" terminated
finish
