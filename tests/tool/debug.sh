#!/usr/bin/env bash
# debug.sh BUILD: debugging information from bitcode, for both targets: llvm-dwarfdump finds no error in it, it says the
# same as LLVM's object about lines, functions, variables and types, and it depends on no number of threads. Steps
# through a program in gdb where that can run.
set -uo pipefail
tests=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$tests/harness/tap.sh"
build=$(realpath "$1")
kiln=$build/kiln
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

cat > p.c <<'END'
struct point { int x, y; unsigned flag : 3; const char *name; };
typedef struct point point_t;
enum color { RED, GREEN = 5 };
union word { int i; float f; };
static _Thread_local int own;
static int counter = 7;
int table[3][4];
static int shape(point_t *p, enum color c, union word w, double d, char name[3]) {
  static int calls;
  int copy[3] = {1, 2, 3};
  calls++;
  own += calls;
  p->x += c + copy[1];
  return p->x + w.i + (int)d + name[0];
}
struct large { long parts[8]; };
static long aligned(struct large by_value) {
  _Alignas(64) int line[16] = {1, 2};
  line[1] += (int)by_value.parts[3];
  return line[1] + by_value.parts[0];
}
int main(int argc, char **argv) {
  struct large large = {{3, 2, 1}};
  counter += (int)aligned(large);
  point_t p = {1, 2, 3, argv[0] ? "name" : 0};
  int total = 0;
  for (int i = 0; i < 4; i++) {
    union word w;
    w.i = i;
    total += shape(&p, GREEN, w, i * 0.5, "ab");
    if (total > 20) {
      int over = total - 20;
      counter += over;
    }
  }
  int vla[argc + 1];
  vla[argc] = total;
  return vla[argc] - counter + table[1][2];
}
END

# What an object says, without what may differ: offsets, addresses, places of variables.
facts() {
  llvm-dwarfdump-22 --debug-info "$1" |
    grep -E 'DW_TAG|DW_AT_(name|decl_line|type|count|byte_size|encoding|bit_size|data_bit_offset|const_value|prototyped|external|data_member_location)' |
    sed -E 's/^0x[0-9a-f]+://; s/0x[0-9a-f]{8}[ )]//; s/^ +//' | sort | uniq -c
}
# The lines that statements of an object begin at.
lines() { llvm-dwarfdump-22 --debug-line "$1" | awk '/is_stmt/ && !/end_sequence/ { print $2 }' | sort -nu; }
located() { llvm-dwarfdump-22 --debug-info "$1" | grep -c DW_AT_location; }

same_facts() { diff <(facts theirs.o) <(facts ours.o) && (( $(facts ours.o | wc -l) > 60 )); }
same_lines() { diff <(lines theirs.o) <(lines ours.o) && (( $(lines ours.o | wc -l) > 15 )); }
same_located() { (( $(located ours.o) == $(located theirs.o) )); }
verifies() { llvm-dwarfdump-22 --verify ours.o; }
same_threads() { "$kiln" compile --threads=3 "p$1.bc" -o threads.o && cmp ours.o threads.o; }

for target in x86_64 aarch64; do
  for version in 4 5; do
    clang-22 --target=$target-linux-gnu -O0 -g -gdwarf-$version -emit-llvm -c p.c -o p$version.bc &&
      clang-22 --target=$target-linux-gnu -O0 -c p$version.bc -o theirs.o
    check "$target, DWARF $version: compiles" "$kiln" compile p$version.bc -o ours.o
    check "$target, DWARF $version: no errors" verifies
    check "$target, DWARF $version: entries as LLVM's" same_facts
    check "$target, DWARF $version: lines as LLVM's" same_lines
    check "$target, DWARF $version: as many variables with places" same_located
    check "$target, DWARF $version: same with threads" same_threads $version
  done
done

# Nothing is kept for debuggers alone in a function whose source is that of a package: its code is that without -g. A
# folder that is only called as cargo's are is the user's.
foreign() {
  local package=registry/src/index.crates.io-1949cf8c6b5b557f/p-1.0.0 user=registry/src/p-1.0.0
  mkdir -p $package $user && cp p.c $package && cp p.c $user &&
    while read -r name variables source flags; do
      KILN_VARIABLES=$variables "$kiln" cc --target=$target-linux-gnu -O0 $flags -c "$PWD/$source" -o $name.o &&
        llvm-objcopy-22 -O binary -j .text $name.o $name.text || return 1
    done <<END && cmp plain.text package.text && cmp own.text all.text && ! cmp -s own.text package.text
plain own $user/p.c
own own $user/p.c -g
package own $package/p.c -g
all all $package/p.c -g
END
}
for target in x86_64 aarch64; do check "$target: variables of a package's functions change no code" foreign; done

# In version 4, a string of at most 8 bytes, its NUL included, is in its entry, and so is a longer one in the first that has
# it; others have it from .debug_str. A string with a NUL inside ends there for readers, and the next attribute is after it.
forms() { llvm-dwarfdump-22 -v --debug-info "$1" | sed -nE 's/.*DW_AT_name \[DW_FORM_(str[a-z0-9]+)\].*= "(.*)"\)|.*DW_AT_name \[DW_FORM_(string)\]\s*\("(.*)"\)/\1\3 \2\4/p'; }
short_strings() {
  echo 'int n7_____, once____; struct twice___ { int a; } twice___; struct n7_____ *p;' > short.c && clang-22 -O0 -g -gdwarf-4 -S -emit-llvm short.c -o - | sed 's/name: "a"/name: "a\\00b"/' > short.ll &&
    llvm-as-22 short.ll -o short.bc && "$kiln" compile short.bc -o short.o && forms short.o > short.forms && llvm-dwarfdump-22 --verify short.o &&
    grep -qx 'string int' short.forms && diff <(grep '_$' short.forms | sort) <(printf '%s\n' 'string n7_____' 'string n7_____' 'string once____' 'string twice___' 'strp twice___') && grep -qx 'strp a' short.forms || { cat short.forms; return 1; }
}
check "strings in DWARF 4" short_strings

# Constants of all widths: integers, floating-point numbers, what no form of 64 bits holds.
cat > constants.cpp <<'CODE'
struct small { static constexpr double d = 1.5, z = 0; static constexpr float f = 2.5f; static constexpr _Float16 h = 1.5; static constexpr bool b = true;
  static constexpr short s = -3; static constexpr unsigned long u = -1ul; int x; };
constexpr double small::d;
struct wide { static constexpr long double l = 3.25L; static constexpr __int128 m = -5, v = 6, o = 0; int y; };
template <class T, T v> struct holds { T x; };
small a; wide w; holds<__int128, (__int128)1 << 70> ti; holds<double, 1.25> td; holds<float, 0.0f> tf;
CODE
same_constants() {
  clang++-22 --target=$1-linux-gnu -std=gnu++20 -O0 -g -emit-llvm -c constants.cpp -o c.bc && clang-22 --target=$1-linux-gnu -O0 -c c.bc -o theirs.o &&
    "$kiln" compile c.bc -o ours.o && for o in ours theirs; do llvm-dwarfdump-22 --debug-info $o.o | grep -E 'DW_AT_(const_value|name)' | sed 's/<0x0/<0x/; s/^ *//' | sort > $o.facts; done &&
    diff theirs.facts ours.facts && (( $(grep -c const_value ours.facts) == 14 ))
}
check "x86_64: constants as LLVM's" same_constants x86_64
check "aarch64: constants as LLVM's" same_constants aarch64

# Each statement: blocks that other lines go on to, also by a block that only passes arguments; a naked function.
cat > blocks.c <<'END'
__attribute__((naked)) int naked(void) {
  __asm__("nop");
}
int choose(int a, int b) {
  if (a > 3) {
    b = 1;
  } else if (b > 3) {
    b = a > 1 ? 7 : b > 5 ? 8 : naked();
  }
  if (b == 5) goto out;
  while (b > 100) b--;
out:
  return b;
}
END
statements() { llvm-dwarfdump-22 --debug-line "$1" | awk '/is_stmt/ && !/end_sequence/ { print $2 }' | sort -n | uniq -c; }
same_statements() {
  clang-22 -O0 -g -emit-llvm -c blocks.c -o blocks.bc && clang-22 -O0 -c blocks.bc -o theirs.o &&
    "$kiln" compile blocks.bc -o ours.o && diff <(statements theirs.o) <(statements ours.o) && (( $(statements ours.o | wc -l) > 8 ))
}
check "statements as LLVM's" same_statements
label_is_placed() { llvm-dwarfdump-22 --debug-info ours.o | grep -A6 DW_TAG_label | grep DW_AT_low_pc; }
check "a label is where its code is" label_is_placed

# Key instructions: also in the middle of a line, after a call, and where the instruction of the lowest rank is gone (-Og).
cat > keys.c <<'END'
int g(int), *h(void);
int f(int a, int b) {
  int c = a + b;
  c = g(c) + g(a);
  if (c > 3) c += 2;
  for (int i = 0; i < b; i++)
    c += g(i);
  *h() = c * 3;
  return c;
}
static inline int twice(int x) { return x + x; }
int k(int a, int n) {
  char buffer[1 << 10];
  __builtin_memset(buffer, a, n); int i = buffer[a];
  a = twice(a) + g(3); g(4);
  return a ? i : g(a);
}
END
same_keys() {
  clang-22 -g -gkey-instructions $1 -emit-llvm -c keys.c -o keys.bc && clang-22 -O0 -c keys.bc -o theirs.o &&
    "$kiln" compile keys.bc -o ours.o && diff <(statements theirs.o) <(statements ours.o) && (( $(statements ours.o | awk '$1 > 1' | wc -l) > 5 ))
}
check "-O0: key instructions as LLVM's" same_keys -O0
check "-Og: key instructions as LLVM's" same_keys -Og

# Jumps after conditions that are statements of their own; a function that needs no frame, whose first line is before its code.
cat > jumps.c <<'END'
int n;
void one(int d) {
  if (d <= 0)
    return;
  one(d - 1);
}
int sum(int *p, int k) {
  int s = 0;
  for (int i = 0; i < k; i++) {
    if (p[i] < 0)
      continue;
    if (p[i] > 99)
      break;
    if (p[i] == 50)
      goto out;
    s += p[i];
  }
  n++;
out:
  return s;
}
int leaf(void)
{
  int a;
  a = 21;
  return a;
}
END
same_jumps() {
  clang-22 --target=$1-linux-gnu -O0 -g -emit-llvm -c jumps.c -o jumps.bc && clang-22 --target=$1-linux-gnu -O0 -c jumps.bc -o theirs.o &&
    "$kiln" compile jumps.bc -o ours.o && (( $(statements theirs.o | wc -l) > 18 )) &&
    diff <(statements theirs.o | awk '{ print $2 }') <(statements ours.o | awk '{ print $2 }')
}
check "x86_64: lines of jumps as LLVM's" same_jumps x86_64
check "aarch64: lines of jumps as LLVM's" same_jumps aarch64

# A function whose first line begins late, after one that ended late in its list of lines.
cat > late.c <<'END'
int g;
int many(int a, int b, int c, int d, int e) {
  g += g + g;
  g += g;
  g += g;
  g += g + g + g + g + g + g;
  g += g;
  g += g + g;
  g += g;
  g += g;
  g += g + g + g + g + g + g;
  return g;
}
int few(int a, int b) {
  g += g + g;
  return g;
}
int late(int a, int b, int c, int d, int e, int f, int h, int i, int j, int k, int l, int m, int n, int o, int p, int q) {
  g += g;
  return g;
}
END
own_lines() {
  clang-22 -O0 -g -emit-llvm -c late.c -o late.bc && "$kiln" compile late.bc -o ours.o &&
    [[ $(llvm-objdump-22 -dl --disassemble-symbols=late ours.o | grep -o 'late\.c:[0-9]*' | sort -u | xargs) == 'late.c:18 late.c:19 late.c:20' ]]
}
check "a function has its own lines" own_lines

# Lines without code, at which debuggers do not stop: of a value that nothing uses, of assembly that is empty.
cat > unused.c <<'END'
int g;
void unused(int a, char **list) {
  (void)list;
  __asm__ volatile("");
  g = a;
  a;
}
END
coded() { llvm-objdump-22 -dl "$1" | grep -o 'unused\.c:[0-9]*' | sort -u; }
same_coded() {
  clang-22 --target=$1-linux-gnu -w -O0 -g -emit-llvm -c unused.c -o unused.bc && clang-22 --target=$1-linux-gnu -O0 -c unused.bc -o theirs.o &&
    "$kiln" compile unused.bc -o ours.o && diff <(coded theirs.o) <(coded ours.o) && (( $(coded ours.o | wc -l) == 3 ))
}
check "x86_64: lines with code as LLVM's" same_coded x86_64
check "aarch64: lines with code as LLVM's" same_coded aarch64

# Thunks jump where LLVM's do, and have no line.
cat > thunks.cpp <<'END'
struct first { virtual int f(); };
struct large { long parts[5]; };
struct second { virtual int g(char, double); virtual large h(large); virtual second *self(); virtual bool b(bool); virtual ~second(); };
struct both : first, second { int g(char, double) override; large h(large) override; both *self() override; bool b(bool) override; ~both(); };
struct base : virtual second { bool b(bool) override; };
int both::g(char c, double d) { return c + (int)d; }
large both::h(large x) { return x; }
both *both::self() { return this; }
bool both::b(bool x) { return !x; }
both::~both() {}
bool base::b(bool x) { return x; }
END
calling_thunks() {
  llvm-objdump-22 -d --no-show-raw-insn "$1" | awk '/^[0-9a-f]+ </ { name = $2 } name ~ /^<_ZT/ && $2 ~ /^(callq?|bl)$/ { print name, $2 }'
}
lines_at() { llvm-dwarfdump-22 --debug-line "$1" | awk '/is_stmt/ && !/end_sequence/ && $2 == 0' | wc -l; }
thunks() {
  clang++-22 --target=$1-linux-gnu -O0 -g -emit-llvm -c thunks.cpp -o thunks.bc && clang-22 --target=$1-linux-gnu -O0 -c thunks.bc -o theirs.o &&
    "$kiln" compile thunks.bc -o ours.o && diff <(calling_thunks theirs.o) <(calling_thunks ours.o) &&
    (( $(calling_thunks ours.o | wc -l) >= 1 && $(lines_at theirs.o) > 4 && $(lines_at ours.o) >= $(lines_at theirs.o) ))
}
check "x86_64: thunks as LLVM's" thunks x86_64
check "aarch64: thunks as LLVM's" thunks aarch64

# Arrays of a guarded frame are addressed from its end, where the guard is (16 bytes with padding); what is aligned beyond the
# frame is rounded up on AArch64, and there is a pointer to it on x86-64.
cat > guarded.c <<'END'
void use(void *, void *);
void f(void) {
  char name[24];
  _Alignas(64) char line[64];
  use(name, line);
}
END
places() {
  clang-22 --target=$1-linux-gnu -O0 -g -fstack-protector-all -emit-llvm -c guarded.c -o guarded.bc &&
    "$kiln" compile guarded.bc -o guarded.o && llvm-dwarfdump-22 --debug-info guarded.o |
    grep -A9 DW_TAG_variable | grep DW_AT_location | tee places && grep -q -- "$2" places && grep -q -- "$3" places
}
check "aarch64: places in a guarded frame" places aarch64 'fbreg -40)' 'fbreg -[0-9]*, DW_OP_consts -64, DW_OP_and)'
check "x86_64: places in a guarded frame" places x86_64 'fbreg -[0-9]*)' 'fbreg -[0-9]*, DW_OP_deref)'

# A result in memory of the caller, declared after other code: it is known from there on, where its address has a place,
# and not before, where that place has anything.
cat > result.cpp <<'END'
struct s { long a, b, c, d, e; };
long g(long);
s f(long n) {
  long k = g(n);
  while (g(k)) k++;
  s result;
  result.a = g(k);
  result.b = result.c = 3, result.d = n, result.e = 5;
  g(result.a);
  return result;
}
END
result_from() {
  clang++-22 --target=$1-linux-gnu -O1 -g -emit-llvm -c result.cpp -o result.bc && "$kiln" compile result.bc -o result.o &&
    llvm-dwarfdump-22 --debug-info result.o | grep -A5 'DW_AT_name.*("result")' | tee places &&
    grep -qE '\[0x0*[1-9a-f][0-9a-f]*, 0x[0-9a-f]+\): DW_OP_fbreg -[0-9]+, DW_OP_deref\)' places
}
check "x86_64: a result in memory is known from its declaration on" result_from x86_64
check "aarch64: a result in memory is known from its declaration on" result_from aarch64

# Versions that write intrinsics, and records with other fields.
for clang in clang-16 clang-19; do
  if command -v $clang > /dev/null; then
    $clang --target=x86_64-linux-gnu -O0 -g -emit-llvm -c p.c -o old.bc && $clang --target=x86_64-linux-gnu -O0 -c old.bc -o theirs.o
    check "$clang: compiles" "$kiln" compile old.bc -o ours.o
    check "$clang: no errors" verifies
    check "$clang: entries as LLVM's" same_facts
    check "$clang: as many variables with places" same_located
  else
    skip "$clang" "it is not installed"
  fi
done

aranges() {
  "$kiln" compile --aranges "p$1.bc" -o aranges.o && llvm-dwarfdump-22 --verify aranges.o &&
    [[ $(llvm-dwarfdump-22 --debug-aranges aranges.o | grep -c '^\[0x') == 3 ]] &&
    ! readelf -SW ours.o | grep -q debug_aranges
}
check "--aranges" aranges 5
check "--aranges, DWARF 4" aranges 4

stripped() {
  opt-22 --strip-debug p5.bc -o stripped.bc && "$kiln" compile stripped.bc -o stripped.o || return
  ! readelf -SW stripped.o | grep debug_
}
check "none without" stripped

# As text: read again, and compiled from there, it says the same.
same_as_text() {
  "$kiln" print p5.bc -o p.kir && "$kiln" print p.kir | cmp - p.kir && "$kiln" compile p.kir -o ours.o &&
    clang-22 -O0 -c p5.bc -o theirs.o && same_facts && same_lines && verifies
}
clang-22 -O0 -g -emit-llvm -c p.c -o p5.bc
check "the same as text" same_as_text

info() { llvm-dwarfdump-22 --debug-info --debug-line "$1" | tail -n +2; }
# Files have their folders as the compiler was told them.
files() {
  llvm-dwarfdump-22 --debug-line "$1" | awk '/^include_directories/ { sub(/.*= /, ""); dir[k++] = $0 }
    /^file_names/ { sub(/file_names\[ */, ""); n = $0 + 0 } / name: / { name = $2 } / dir_index: / { print dir[$2 - early], name }' early=$2 | sort
}
same_files() {
  mkdir -p sub/inc/deep && echo 'static int f(int x) { return x + 1; }' > sub/inc/b.h && echo 'static int g(int x) { return x + 2; }' > sub/inc/deep/c.h &&
    echo 'static int h(int x) { return x + 3; }' > top.h &&
    printf '#include "b.h"\n#include "deep/c.h"\n#include "top.h"\n#include "%s/sub/inc/d.h"\nint main(void) { return f(1) + g(2) + h(3) + i(4); }\n' "$PWD" > sub/a.c &&
    echo 'static int i(int x) { return x + 4; }' > sub/inc/d.h &&
    clang-22 -O0 -g -gdwarf-$1 -I. -I./sub/inc -emit-llvm -c ./sub/a.c -o files.bc && clang-22 -O0 -c files.bc -o theirs.o &&
    "$kiln" compile files.bc -o ours.o && diff <(files theirs.o $((5 - $1)) | grep -v 'a\.c') <(files ours.o $((5 - $1)) | grep -v 'a\.c') &&
    (( $(files ours.o $((5 - $1)) | wc -l) >= 5 ))
}
check "DWARF 4: the folders of files as LLVM's" same_files 4
check "DWARF 5: the folders of files as LLVM's" same_files 5

# A namespace is before its aliases: gdb does not know them otherwise. A function that refers to the outer one does not
# change that.
cat > alias.cpp <<'END'
namespace E { int ex = 4; }
namespace F { namespace FE = E; }
namespace G { namespace GF = F; }
int main() {
  namespace GX = G;
  return GX::GF::FE::ex;
}
END
aliases_before() {
  llvm-dwarfdump-22 --debug-info "$1" | tr -d ':()\t' | awk '/DW_TAG/ { tag = $2; at = $1 }
    $1 == "DW_AT_import" || $1 ~ /^DW_AT_import0x/ { sub(/DW_AT_import */, ""); if (tag ~ /declaration/) print ($1 "" < at "" ? "before" : "behind") }'
}
aliases() {
  clang++-22 -O0 -g -emit-llvm -c alias.cpp -o alias.bc && "$kiln" compile alias.bc -o ours.o && aliases_before ours.o > order &&
    (( $(wc -l < order) == 3 )) && ! grep behind order
}
check "namespaces before their aliases" aliases

# A function is after the class that declares it, inlined or not: gdb's index does not find all of those that are before it.
declared() {
  cat > declared.cpp <<'END'
namespace N { struct C { static __attribute__((always_inline)) int in(int i) { return i + 1; } int out(int); static int data; }; }
int N::C::data = 3;
int N::C::out(int i) { return i + data; }
namespace N { int call() { return C::in(2); } }
END
  clang++-22 -O0 -g -emit-llvm -c declared.cpp -o declared.bc && "$kiln" compile declared.bc -o ours.o &&
    llvm-dwarfdump-22 --debug-info ours.o | tr -d ':()\t' |
    awk '/DW_TAG/ { at = $1 } $1 ~ /^DW_AT_specification/ { sub(/DW_AT_specification */, ""); print ($1 "" < at "" ? "before" : "behind") }' > order &&
    (( $(wc -l < order) == 3 )) && ! grep behind order
}
check "declarations before what they declare" declared

# In LLVM's names a byte 1 at the beginning is a mark, not part of the name.
cat > marked.c <<'END'
int variable = 1;
int function(void) { return variable; }
END
linkage_names() { llvm-dwarfdump-22 --debug-info "$1" | grep DW_AT_linkage_name | sort; }
marked() {
  clang-22 -O0 -g -S -emit-llvm -o - marked.c |
    sed -E 's/(!DI(Subprogram|GlobalVariable)\(name: "[a-z]*")/\1, linkageName: "\\01marked"/' > marked.ll &&
    clang-22 -x ir -c marked.ll -o theirs.o && clang-22 -x ir -c -emit-llvm marked.ll -o marked.bc &&
    "$kiln" compile marked.bc -o ours.o &&
    diff <(linkage_names theirs.o) <(linkage_names ours.o) && (( $(linkage_names ours.o | wc -l) == 2 ))
}
check "linkage names with LLVM's mark" marked

# A unit of a file without variables and functions has nothing to say.
empty_unit() {
  echo 'extern int nothing; typedef int unused;' > empty.c
  clang-22 -O0 -g -emit-llvm -c empty.c -o empty.bc && "$kiln" compile empty.bc -o ours.o && clang-22 -O0 -c empty.bc -o theirs.o &&
    ! readelf -SW ours.o theirs.o | grep debug_ && "$kiln" print empty.bc | grep -q "compile_unit {"
}
check "no sections for an empty unit" empty_unit

# The same of inlined functions, one in the other.
inlined_as_text() {
  cat > inlined.c <<'END'
static inline __attribute__((always_inline)) int twice(int x) { int y = x; return y + y; }
static inline __attribute__((always_inline)) int both(int a) { return twice(a) + twice(a + 1); }
int use(int n) { return both(n) - both(n * 2); }
END
  clang-22 -O0 -g -emit-llvm -c inlined.c -o inlined.bc && "$kiln" print inlined.bc -o inlined.kir &&
    "$kiln" print inlined.kir | cmp - inlined.kir && "$kiln" compile inlined.bc -o ours.o && "$kiln" compile inlined.kir -o text.o &&
    diff <(info ours.o) <(info text.o) && (( $(info text.o | grep -c DW_TAG_inlined_subroutine) == 6 ))
}
check "inlined functions the same as text" inlined_as_text

# Optimized code: a loop's parameter, values that are local to a block, a structure that is cleared, then changed by a call; an
# address that only accesses compute, the constant of a float, a part of a structure in memory, a
# vector in a register, and one in two; what is made of two values and of three, of a value that a call spilled, null; a parameter that is
# nowhere any more, but its caller knows what it was, and a tail call.
cat > values.c <<'END'
struct pair { long a, b, c; };
void look(long v);
void change(struct pair *p);
long loop(int n) {
  long sum = 0;
  for (int i = 0; i < n; i++) {
    look(i);
    sum += i;
  }
  return sum;
}
long change_it(void) {
  struct pair pair = {0};
  change(&pair);
  look(pair.a);
  return pair.b;
}
long second(struct pair *p) {
  long *at = &p->b;
  double half = 0.5;
  look(7);
  return *at;
}
typedef float lanes __attribute__((vector_size(16)));
typedef float wide __attribute__((vector_size(32)));
volatile int seen;
long of_two(int a, int b, unsigned char low) {
  int sum = a + b;
  long difference = (long)a - b;
  int joined = a << 8 | low;
  void *none = 0;
  int several = a * b + low;
  look(0);
  return a + b + low;
}
wide add_wide(wide *a, wide b) {
  wide sum = *a + b;
  seen = 1;
  *a = sum;
  return sum;
}
lanes add(lanes a, int n) {
  lanes sum = a;
  for (int i = 0; i < n; i++) {
    sum += a;
    seen = i;
  }
  return sum;
}
long entered(long x, int y) {
  look(x + y);
  look(1);
  return 4;
}
long tails(long a, int b) {
  __attribute__((musttail)) return entered(a + 1, b);
}
int main(void) {
  struct pair pair = {1, 2, 3};
  struct named { long n; const char *text; } named;
  long sum = loop(3) + change_it() + second(&pair);
  named.n = sum;
  named.text = "text";
  look((long)&named);
  add((lanes){1, 2, 3, 4}, 2);
  of_two(seen + 6, seen - 6, 5);
  wide eight = {1, 2, 3, 4, 5, 6, 7, 8};
  add_wide(&eight, eight);
  tails(7, 5);
  return sum == 3 + 20 + 2 ? 0 : 1;
}
END
cat > look.c <<'END'
void look(long v) {}
void change(long *p) { p[0] = 10, p[1] = 20, p[2] = 30; }
END
values_as_text() {
  clang-22 -O1 -fno-inline -g -emit-llvm -c values.c -o values.bc && "$kiln" print values.bc -o values.kir &&
    "$kiln" print values.kir | cmp - values.kir && "$kiln" compile values.bc -o ours.o && "$kiln" compile values.kir -o text.o &&
    diff <(info ours.o) <(info text.o) && verifies && grep -q '!value ' values.kir && "$kiln" compile --threads=3 values.bc -o threads.o &&
    cmp ours.o threads.o
}
check "values the same as text" values_as_text
calls() {
  clang-22 --target=$1-linux-gnu -O1 -fno-inline -g -gdwarf-$2 -emit-llvm -c values.c -o calls.bc && "$kiln" compile calls.bc -o ours.o && verifies &&
    llvm-dwarfdump-22 --debug-info ours.o > calls.txt && grep -Eq "$3" calls.txt && grep -Eq "$4" calls.txt &&
    (( $(grep -Ec 'DW_TAG_(GNU_)?call_site$|DW_AT_(GNU_)?(call_all_calls|all_call_sites)' calls.txt) > 20 ))
}
check "x86_64: calls in DWARF 4" calls x86_64 4 'DW_AT_GNU_call_site_value' 'DW_OP_GNU_entry_value\(DW_OP_reg5'
check "aarch64: calls in DWARF 5" calls aarch64 5 'DW_AT_call_tail_call' 'DW_OP_entry_value\(DW_OP_reg0'

# names_of KIND PREFIX: the names in the table of the text form, as llvm-dwarfdump spells them.
names_of() { sed -nE "s/^$1\(0x[0-9a-f]+, ([A-Za-z0-9_]+).*/$2\1/p" "$tests/../include/kiln/dwarf.def"; }
# Every tag, attribute and operation, with operands 1 (or `A`): llvm-dwarfdump knows the numbers by the same names.
names() {
  {
    echo '!u = compile_unit { name "u", language 12 }'
    echo 'unit !u'
    names_of KILN_DW_TAG '' | grep -v -e '^compile_unit$' | sed -E 's/.*/!T& = & in !u\nkeep !T& in !u/'
    names_of KILN_DW_AT '' | grep -v -e '_base$' | sed -E 's/.*/!A& = variable in !u { & 1 }\nkeep !A& in !u/'
    printf '!x = variable in !u { location ['
    sed -nE 's/^KILN_DW_OP\(0x[0-9a-f]+, ([a-zA-Z0-9_]+), "([^"]*)"\)/\1 \2/p' "$tests/../include/kiln/dwarf.def" |
      awk '{ gsub("b", " \"A\"", $2); gsub("[us0-9]", " 1", $2) } NR > 1 { print "," } { print $1, $2 }' | tr -d '\n'
    echo '] }'
    echo 'keep !x in !u'
  } > names.kir
  (( $(wc -l < names.kir) > 400 )) || { echo "few names"; return 1; }
  "$kiln" compile names.kir -o names.o && llvm-dwarfdump-22 --debug-info names.o > names.txt 2>&1
  for name in $(names_of KILN_DW_TAG DW_TAG_) $(names_of KILN_DW_AT DW_AT_ | grep -v '_base$') $(names_of KILN_DW_OP DW_OP_); do
    grep -qw "$name" names.txt || { echo "no $name"; return 1; }
  done
}
check "names of tags, attributes and operations" names

# What cannot be compiled is named with its line in the source.
refused() {
  printf '__attribute__((swiftcall)) int g(int);\nint f(int x) {\n  x++;\n  return g(x);\n}\n' > refused.c
  clang-22 -O0 -g -emit-llvm -c refused.c -o refused.bc || return
  ! "$kiln" compile refused.bc -o refused.o 2> refused.err && cat refused.err &&
    grep -E '^/.*/refused\.c:4:10: error: .*"swiftcc"$' refused.err && grep -E '^  in refused\.bc:f:b0:[0-9]+ at bit [0-9]+$' refused.err
}
check "an error with its line" refused

# Lines in disassemblies and listings, with their source.
lines_of() { grep -o '^; /[^ ]*:[0-9][0-9]*' | uniq; }
dis_shows_lines() {
  "$kiln" compile p5.bc -o ours.o && "$kiln" dis ours.o > dis.txt || return
  diff <(lines_of < dis.txt) <(llvm-objdump-22 -dl ours.o | lines_of) && (( $(lines_of < dis.txt | wc -l) > 25 )) &&
    grep -F '  int copy[3] = {1, 2, 3};' dis.txt
}
listing_shows_lines() {
  "$kiln" compile --listing=listing.txt p5.bc -o ours.o &&
    grep -A1 '!loc ".*p.c" 12:' listing.txt | grep -F '  ;   own += calls;'
}
if [[ -x $build/kiln-dis ]]; then
  check "disassembly with lines, as llvm-objdump's" dis_shows_lines
  check "listing with lines" listing_shows_lines
else
  skip "disassembly and listing with lines" "built without Zydis, Capstone or libelf"
fi

if gdb -nx -batch -ex 'python print(1)' > /dev/null 2>&1 && [[ $(uname -m) == x86_64 && ! -v QEMU_LD_PREFIX ]]; then
  # Code in memory, of bitcode that `kiln run` is given.
  run_in_gdb() {
    clang-22 -O0 -g -emit-llvm -c p.c -o run.bc && timeout 120 env ASAN_OPTIONS=detect_leaks=0 gdb -nx -batch \
      -iex 'set debuginfod enabled off' -iex 'set breakpoint pending on' -ex 'break p.c:13' -ex run -ex 'info locals' \
      -ex 'print *p' -ex 'print counter' -ex 'print c' -ex backtrace -ex 'delete' -ex continue \
      --args "$build/kiln-run" --gdb run.bc > gdb.out 2>&1
    for text in 'shape (p=0x.* c=GREEN' 'copy = {1, 2, 3}' '{x = 1, y = 2, flag = 3, name = 0x.*"name"}' ' = 12' ' = GREEN' \
      '#1 .* in main (argc=1, ' ' exited '; do
      grep -q -- "$text" gdb.out || { cat gdb.out; echo "no $text"; return 1; }
    done
  }
  check "gdb shows lines, variables and types of code in memory" run_in_gdb
  # Each value is right, in the frame of a caller too.
  values_in_gdb() {
    clang-22 -O0 -c look.c -o look.o && "$kiln" compile values.bc -o ours.o && clang-22 ours.o look.o -o values &&
      gdb -nx -batch -iex 'set debuginfod enabled off' -ex 'break look' -ex run -ex 'up' -ex 'print i' -ex 'print sum' -ex continue \
        -ex 'up' -ex 'print i' -ex 'print sum' -ex continue -ex 'up' -ex 'print i' -ex 'print sum' -ex continue -ex 'up' \
        -ex 'print pair' -ex continue -ex finish -ex 'print *at' -ex 'print half' \
        -ex continue -ex up -ex 'print named.text[0]' -ex "break values.c:$(grep -n 'seen = i' values.c | cut -d: -f1)" \
        -ex continue -ex continue -ex 'print sum' -ex continue -ex up -ex 'print sum' -ex 'print difference' -ex 'print/x joined' -ex 'print none' -ex 'print several' \
        -ex "break values.c:$(grep -n 'a = sum' values.c | cut -d: -f1)" -ex continue -ex 'print sum' \
        -ex continue -ex continue -ex up -ex 'print x@entry' -ex 'print y' -ex up -ex 'python print("$20 =", gdb.selected_frame().name())' \
        values > gdb.out 2>&1
    diff <(grep -o '^\$[0-9]* = .*' gdb.out) - <<'END' || { cat gdb.out; return 1; }
$1 = 0
$2 = 0
$3 = 1
$4 = 0
$5 = 2
$6 = 1
$7 = {a = 10, b = 20, c = 30}
$8 = 2
$9 = 0.5
$10 = 116 't'
$11 = {3, 6, 9, 12}
$12 = 2
$13 = 12
$14 = 0x705
$15 = (void *) 0x0
$16 = -30
$17 = {2, 4, 6, 8, 10, 12, 14, 16}
$18 = 8
$19 = 5
$20 = tails
END
  }
  check "gdb shows values of optimized code" values_in_gdb
  # Variables of 128 bits in two registers, or in a register and the frame; numbers as LLVM's code has them.
  cat > pairs.c <<'CODE'
typedef unsigned __int128 u;
static u twice(u x) { u y = x + x; return y ^ 1; }
__attribute__((noinline)) int stop(int x) { return x + 1; }
u work(u a, u b) {
  u c = a * b, d = twice(c);
  int k = stop(3);
  return d + c + k;
}
int main(void) { return work((u)0x1122334455667788 << 64 | 0x99aabbccddeeff00, 3) >> 120 == 0x9a ? 0 : 1; }
CODE
  pairs_in_gdb() {
    clang-22 -O0 -g -emit-llvm -c pairs.c -o pairs.bc && "$kiln" compile "$@" pairs.bc -o pairs.o && clang-22 pairs.o -o pairs &&
      llvm-dwarfdump-22 --debug-info pairs | grep -q DW_OP_piece &&
      gdb -nx -batch -iex 'set debuginfod enabled off' -ex 'break stop' -ex run -ex up -ex 'print/x a' -ex 'print/x c' -ex 'print/x d' pairs > gdb.out 2>&1
    diff <(grep -o '^\$[0-9]* = .*' gdb.out) - <<'END' || { cat gdb.out; return 1; }
$1 = 0x112233445566778899aabbccddeeff00
$2 = 0x336699cd00336699cd00336699ccfd00
$3 = 0x66cd339a0066cd339a0066cd3399fa01
END
  }
  check "gdb shows integers of 128 bits" pairs_in_gdb
  check "gdb shows integers of 128 bits, inlined" pairs_in_gdb --inline
  # The expression around a place: bits in memory, constants of more than 64 bits, pieces, bounds. gdb stops where each
  # function of a program of run/debug/programs stores to `sink`, and prints what is listed for that stop; the values are
  # the source's.
  # shown PROGRAM LEVEL 'EXPRESSION EXPRESSION...'... < VALUES
  shown() {
    local file=$tests/run/debug/programs/$1 go=run inline='' line expression
    local -a level=(-O0) options=()
    [[ $2 == O0 ]] || { level=(-O1 -mllvm -opt-bisect-limit=0 -mllvm -opt-bisect-verbose=false) inline=--inline; }
    for line in $(grep -nE '^  sink = ' "$file" | cut -d: -f1); do options+=(-ex "tbreak ${file##*/}:$line"); done
    for line in "${@:3}"; do
      options+=(-ex "$go")
      for expression in $line; do options+=(-ex "output $expression" -ex 'echo \ ='); done
      options+=(-ex 'echo \n')
      go=continue
    done
    [[ $1 == *.c ]] || level+=(-std=c++17)
    clang-22 "${level[@]}" -w -g -emit-llvm -c "$file" -o shown.bc && "$kiln" compile $inline shown.bc -o shown.o &&
      llvm-dwarfdump-22 --verify shown.o > gdb.out && clang-22 shown.o -o shown &&
      gdb -nx -batch -iex 'set debuginfod enabled off' "${options[@]}" shown > gdb.out 2>&1
    diff <(sed -n 's/ =$//p' gdb.out | sed 's/ =/ /g') - || { cat gdb.out; return 1; }
  }
  for level in O0 Og; do
    check "gdb shows structured bindings, -$level" shown bindings.cpp $level 'x y' 'x y z w q f' 'c a b d e c2 e2' 'x y' 'a b' \
      'a b c ra rb rc' << 'END'
5 7.5
6 9 -6 1000 -5000000000 true
99 'c' 5 -77 -2305843009213693952 9 99 'c' 9
4 5
1 2
1 2 3 1 2 3
END
    check "gdb shows wide constants, -$level" shown constants.c $level 'k u big' 'b c' 'v w' 'l z' 'none==0 n p==0' 'w.halves[0]' << 'END'
-7 18446744073709551615 6338253001141147007483516026880
-3 17
{1, 2, 3, 4} {1, 2, 3, 4, 5, 6, 7, 8}
3.25 1.5 + 0i
1 1 1
-9
END
  done
  check "gdb shows bit-fields that a value is bound to" shown bindings.cpp O0 'x y z w q f' <<< '5 7.5 -5 1000 -5000000000 true'
  check "gdb shows arrays of variable length" shown constants.c O0 1 1 1 1 1 1 'sizeof(a) sizeof(a[0]) a[2][3]' < \
    <(printf '1\n%.0s' 1 2 3 4 5 6; echo '48 16 23')
  check "a bound that is nowhere is not said" shown constants.c Og 1 1 1 1 1 1 'sizeof(a) sizeof(a[0]) a[2][3]' < \
    <(printf '1\n%.0s' 1 2 3 4 5 6; echo '<optimized out> 16 23')
  # finish: whether a debugger is then in the middle of the call's line, or where the next line begins, is as by LLVM.
  cat > finish.cpp << 'END'
struct A {
  bool set;
  int n;
  int add(int v);
  void grow();
  int all(int v);
};
int A::add(int v) { return n + v; }
void A::grow() { n++; }
static int more(int a, int b) { return a + b; }
int A::all(int v) {
  if (!set)
    grow();
  n += v;
  grow();
  grow();
  set = true;
  int x =
    add(v);
  x = more(v,
           add(x));
  if (add(v) ==
      add(x))
    x = v +
        add(2);
  else
    grow();
  x =
    add(2) + 4;
  v = add(1);
  return
    add(x + v);
}
int main() { A a{false, 1}; return a.all(2) != 28; }
END
  finishes() {
    local k by
    local -a words=(-ex 'break A::add' -ex 'break A::grow' -ex run)
    for k in {1..12}; do words+=(-ex 'echo \nthen:' -ex finish -ex 'frame' -ex continue); done
    clang-22 -O0 -g -emit-llvm -c finish.cpp -o finish.bc && clang-22 -O0 -c finish.bc -o theirs.o && "$kiln" compile finish.bc -o ours.o || return
    for by in theirs ours; do
      clang-22 $by.o -o finish && gdb -nx -batch -iex 'set debuginfod enabled off' "${words[@]}" finish > gdb.out 2>&1
      grep -A2 '^then:' gdb.out | grep -o 'A::all .*finish.cpp:[0-9]*' | sed 's/ (.*:/ /' > $by.lines
    done
    diff theirs.lines ours.lines && (( $(wc -l < ours.lines) >= 10 )) || { cat gdb.out; return 1; }
  }
  check "finish in gdb as in LLVM's code" finishes
  check "stops and values in gdb as LLVM's" "$tests/run/debug/transcripts.py" --ways=step,set --stops=40 "$kiln" p.c
else
  skip "stops and values in gdb as LLVM's" "no gdb for x86-64 with Python"
fi
finish
