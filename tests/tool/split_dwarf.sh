#!/usr/bin/env bash
# split_dwarf.sh BUILD: split DWARF. For both targets and versions, llvm-dwarfdump finds no error in the object and its
# .dwo file, and once linked, they say together what the object says that is not split; names in the index are LLVM's.
# gdb shows the same of a program, split or not, by each linker, packed by llvm-dwp, and with the linker's index.
# `kiln cc` makes the files that clang makes, under the same names.
set -uo pipefail
tests=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$tests/harness/tap.sh"
build=$(realpath "$1")
kiln=$build/kiln
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

cat > p.cpp <<'END'
struct point { int x; double y; point *next; int sum(int k) const { return x + k; } static int made; enum kind { ROUND = 3 }; };
int point::made = 2;
enum color { RED, GREEN = 5 };
enum class shape { FLAT };
typedef point point_t;
namespace space { template <class T> T twice(T x) { T y = x + x; return y; } namespace { int hidden = 4; } }
static int counter = 3;
thread_local int own = 4;
int table[2][3];
__attribute__((always_inline)) inline int added(int q) { int z = q * 2; return z + counter; }
__attribute__((noinline)) int work(int n, color c, shape s) {
  point_t p{n, 2.5, nullptr};
  static int calls;
  { int k = p.sum(2); own += k; }
  for (int i = 0; i < 2; i++) { int square = i * i; table[1][i] += square + calls++; }
  goto out;
out:
  return added(n) + space::twice(n) + space::hidden + c + (int)s;
}
int main(int argc, char **) { return work(argc, GREEN, shape::FLAT) + point::made > 1000; }
END

# What a linked program says, without what differs: the forms of addresses and of lists, numbers of files, and all of
# a unit's own entry but its language and code.
entries() {
  llvm-dwarfdump-22 --debug-info --dwo "$1" |
    sed -E 's/^0x[0-9a-f]+://; s/\(0x0000[0-9a-f]{4} /(/; s/\(0x0000[0-9a-f]{4}\)$/()/; s/indexed \(0x[0-9a-f]+\) (range|loc)list = 0x[0-9a-f]+|0x0000[0-9a-f]{4}$//
            s/\(0x[0-9a-f]{8}: *\)?$|\(indexed \(0x[0-9a-f]+\) (range|loc)list = 0x[0-9a-f]{8}: *$/(/; s/indexed \([0-9a-f]+\) address = //
            s/DW_OP_(addrx|GNU_addr_index|addr) 0x[0-9a-f]+/DW_OP_addr/; s/DW_OP_(GNU_const_index|const8u) 0x[0-9a-f]+/DW_OP_const/; s/DW_AT_decl_file.*/DW_AT_decl_file/; s/DW_AT_call_file.*/DW_AT_call_file/; s/ +$//' |
    awk '/DW_TAG_variable|DW_TAG_base_type|DW_TAG_subprogram|DW_TAG_structure_type|DW_TAG_enumeration_type|DW_TAG_namespace/ { all = 1 } all'
}
# relocations OBJECT [SECTION]: how many its debug sections have, or that one.
relocations() { readelf -rW "$1" | awk -v of="${2:-debug}" '/^Relocation section/ { counts = index($0, of) } counts && /^[0-9a-f]+ /' | wc -l; }
no_relocations() { ! readelf -SW "$1" | grep -q '\.rela'; }
verify() { llvm-dwarfdump-22 --verify "$1"; }
same_entries() { diff <(entries plain) <(entries split) && (( $(entries plain | wc -l) > 200 )); }
same_id() {
  local of='s/.*(DWO_id = |DW_AT_GNU_dwo_id.\()(0x[0-9a-f]+).*/\2/p' a b
  a=$(llvm-dwarfdump-22 --debug-info split.o | sed -nE "$of") b=$(llvm-dwarfdump-22 --debug-info split.dwo | sed -nE "$of")
  [[ $a == 0x* && $a == "$b" ]] || { echo "$a $b"; return 1; }
}
# A smaller object, in which entries have no relocations but the skeleton's, which refer to seven places. In version 5
# there are fewer in all, too; in version 4 nearly all strings of the other object are in its entries, without relocations.
less_to_link() {
  (( $(stat -c %s split.o) < $(stat -c %s plain.o) && $(relocations split.o debug_info) <= 7 )) && (( version == 4 || $(relocations split.o) < $(relocations plain.o) ))
}
single() {
  "$kiln" c++ --target=$target-linux-gnu -g -gdwarf-$version -gsplit-dwarf=single -O$level -c p.cpp -o single.o && llvm-dwarfdump-22 --verify single.o &&
    ld.lld-22 -e main -z muldefs single.o -o single && ! readelf -SW single | grep -q dwo && readelf -SW single.o | grep -q 'debug_info\.dwo .* E '
}
for target in x86_64 aarch64; do
  for version in 4 5; do
    for level in $([[ $target == x86_64 ]] && echo 0 1 || echo 1); do
      name="$target, DWARF $version, -O$level"
      clang++-22 --target=$target-linux-gnu -g -gdwarf-$version -O$level -ffunction-sections -emit-llvm -c p.cpp -o p.bc
      check "$name: compiles" "$kiln" compile --function-sections p.bc -o plain.o
      check "$name: splits" "$kiln" compile --function-sections --split-dwarf p.bc -o split.o
      for o in plain split; do ld.lld-22 --unresolved-symbols=ignore-all -e main $o.o -o $o; done
      check "$name: no errors in the object" verify split.o
      check "$name: no errors in the .dwo file" verify split.dwo
      check "$name: no relocations in the .dwo file" no_relocations split.dwo
      check "$name: one identifier" same_id
      check "$name: the same entries" same_entries
      check "$name: less to link" less_to_link
    done
    level=0
    check "$target, DWARF $version: in one file" single
  done
done

# The index of names, but for a type that LLVM adds by itself.
names() { llvm-dwarfdump-22 --debug-gnu-pubnames --debug-gnu-pubtypes "$1" | awk -F'0x[0-9a-f]+ ' '/"/ { print $2 }' | grep -v __ARRAY_SIZE_TYPE__ | sort; }
same_names() {
  clang++-22 -g $1 -c p.cpp -o theirs.o && "$kiln" c++ -g $1 -c p.cpp -o ours.o && diff <(names theirs.o) <(names ours.o) && (( $(names ours.o | wc -l) > 15 ))
}
check "index of names as LLVM's" same_names -ggnu-pubnames
check "index of names as LLVM's, split" same_names -gsplit-dwarf

# Text.
round() {
  "$kiln" c++ -g -gsplit-dwarf -c p.cpp -o p.o && clang++-22 -g -gsplit-dwarf -emit-llvm -c p.cpp -o p.bc && "$kiln" print p.bc -o p.kir && grep -x 'dwo_name "p.dwo"' p.kir &&
    "$kiln" compile --split-dwarf p.bc -o a.o && mv a.dwo b.dwo && "$kiln" compile --split-dwarf p.kir -o a.o && "$kiln" compile p.bc -o one.o &&
    ! readelf -SW one.o | grep dwo
}
check "the text form has the name" round
inlined() { "$kiln" c++ -g -gsplit-dwarf -fsplit-dwarf-inlining -c p.cpp -o i.o 2> said; grep 'does not describe inlined calls' said && clang++-22 -g -O1 -gsplit-dwarf -fsplit-dwarf-inlining -emit-llvm -c p.cpp -o i.bc && ! "$kiln" compile i.bc -o i.o 2> said && grep splitDebugInlining said; }
check "inlined calls in the object are refused" inlined

# Names of files, and what is in them.
mkdir src && cp p.cpp src/q.cpp && echo 'int other;' > r.c
made() { # COMPILER FLAGS...: the files that it makes, and the names that objects have for .dwo files
  rm -rf "out$number" && mkdir -p "out$number/in" && cp -r src r.c "out$number" && (cd "out$number" && "$@" > /dev/null 2>&1; echo "status $?"; find . -type f ! -name '*.cpp' ! -name '*.c' | sort
    find . -type f ! -name '*.dwo' ! -name '*.c*' | sort | while read -r f; do llvm-dwarfdump-22 --debug-info "$f" 2> /dev/null | grep -E 'DW_AT_(GNU_)?dwo_name|DW_AT_comp_dir' | sort -u | sed "s/out$number/out/; s#/tmp/q-[0-9a-f]*\.o#TEMPORARY#"; done; find . -name '*.dwo' -exec llvm-dwarfdump-22 --verify {} \; | tail -1)
}
same_files() {
  number=1 made clang++-22 "$@" > theirs && number=2 made "$kiln" c++ "$@" > ours && diff theirs ours && grep -q "^status 0" ours
}
check "files: -c" same_files -g -gsplit-dwarf -c src/q.cpp
check "files: -c -o" same_files -g -gsplit-dwarf=split -c src/q.cpp -o in/x.y.o
check "files: two, a program" same_files -g -gsplit-dwarf src/q.cpp r.c
check "files: a program with a name" same_files -g -gsplit-dwarf src/q.cpp -o in/prog
check "files: -dumpdir" same_files -g -gsplit-dwarf -dumpdir in/d_ -c src/q.cpp -o x.o
check "files: -gno-split-dwarf" same_files -g -gsplit-dwarf -gno-split-dwarf -c src/q.cpp
check "files: without -g" same_files -gsplit-dwarf -c src/q.cpp
check "files: lines alone" same_files -gsplit-dwarf -g1 -c src/q.cpp
check "files: single" same_files -gsplit-dwarf=single -g -c src/q.cpp -o x.o
check "files: a folder that is said" same_files -g -gsplit-dwarf -fdebug-compilation-dir=/somewhere -c src/q.cpp
check "files: a folder that is said in two words" same_files -g -gsplit-dwarf -fdebug-compilation-dir /somewhere -c src/q.cpp
check "files: prefixes" same_files -g -gsplit-dwarf -ffile-prefix-map="$PWD"=/mapped -c src/q.cpp
check "files: DWARF 4" same_files -g -gdwarf-4 -gsplit-dwarf -c src/q.cpp

# gdb, where it can run programs.
cat > script <<'END'
set width 0
set confirm off
set style enabled off
set debuginfod enabled off
break added
run
bt
info locals
up
info locals
p p
p *&point::made
p own
p space::hidden
ptype point
ptype color
p $_siginfo.si_signo == 0
info line work
info scope work
p table
p calls
END
transcript() { gdb -nx -batch -x script "$1" 2>&1 | sed -E 's/0x[0-9a-f]+/ADDRESS/g; s/process [0-9]+//; s#^(Starting program: ).*#\1#; /^warning: Error disabling address space|thread_db|debuginfod/d'; }
same_transcript() { # PROGRAM
  transcript "$1" > now
  diff whole "now"
}
if [[ $(uname -m) == x86_64 ]] && command -v gdb > /dev/null && ! sanitized "$kiln"; then
  "$kiln" c++ -g p.cpp -o whole.exe && transcript whole.exe > whole
  shows() { grep -x '\$3 = 7' whole && grep -x '\$4 = 4' whole && grep 'static made' whole && (( $(wc -l < whole) > 40 )); }
  check "gdb: a program that is not split" shows
  for version in 4 5; do
    "$kiln" c++ -g -gdwarf-$version -gsplit-dwarf -c p.cpp -o p$version.o
    for linker in lld $( ((version == 5)) && echo bfd mold); do
      clang++-22 -fuse-ld=$linker p$version.o -o p$version.$linker
      check "gdb: DWARF $version, $linker" same_transcript p$version.$linker
    done
    "$kiln" c++ -g -gdwarf-$version -gsplit-dwarf=single -c p.cpp -o s$version.o && clang++-22 -fuse-ld=lld s$version.o -o s$version
    check "gdb: DWARF $version, in one file" same_transcript s$version
    rm -f p$version.a && ar rcsT p$version.a p$version.o && clang++-22 -fuse-ld=lld p$version.a -o p$version.thin
    check "gdb: DWARF $version, of a thin archive" same_transcript p$version.thin
    clang++-22 -fuse-ld=lld -Wl,--gdb-index p$version.o -o p$version.index
    check "gdb: DWARF $version, with an index" same_transcript p$version.index
    packs() {
      cp p$version.lld dwp$version && entries dwp$version > one && llvm-dwp-22 -e p$version.lld -o p$version.lld.dwp && llvm-dwarfdump-22 --verify p$version.lld.dwp && rm p$version.dwo &&
        cp p$version.lld.dwp dwp$version.dwp && diff one <(entries dwp$version) && (( $(wc -l < one) > 200 )) && if ((version == 4)); then same_transcript p$version.lld; fi
    }
    check "packed, DWARF $version (gdb 13 crashes on any .dwp file of DWARF 5)" packs
  done
else
  skip "gdb: split programs" "no gdb, or another machine"
fi
finish
