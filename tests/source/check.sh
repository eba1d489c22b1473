#!/usr/bin/env bash
# check.sh [all|source BUILD|short BUILD|long|builds]: what holds for the source as a whole. Prints a line for each check, and
# what is wrong. `./dev check` runs all; `source` are the checks that build nothing, which `./dev test` runs as two tests:
# `short`, a part of `./dev test quick`, and `long`; `builds` is the rest. In a tree that git does not track, such as a
# tarball, each check of what git tracks says that it was skipped. A missing program fails.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
. tests/harness/tap.sh

sources() { find "${@:-.}" \( -name 'build*' -o -name .git \) -prune -o -name '*.[ch]' -print | sort; }

# fail_lines WHAT: fails with the lines of standard input, if there are any.
fail_lines() {
  local lines
  lines=$(cat)
  [[ -z $lines ]] || { printf '%s:\n%s\n' "$1" "$lines"; return 1; }
}

# What the checks run. `./dev test` and `./dev check` install it.
programs=(awk clang++-22 clang-format-22 cloc ctags doxygen g++ gcc nm perl python3 readelf x86_64-w64-mingw32-gcc)

check_programs() {
  local p
  for p in "${programs[@]}"; do command -v "$p" > /dev/null || echo "$p"; done | fail_lines "missing programs"
}

# Without any one of the programs, the check of programs fails and names it.
check_planted_programs() {
  local p folder all ok=0 said
  folder=$(mktemp -d)
  all=(cat mktemp "${programs[@]}")
  for p in "${all[@]}"; do ln -s "$(command -v "$p")" "$folder/$p"; done
  PATH=$folder check_programs || ok=1
  for p in "${programs[@]}"; do
    mv "$folder/$p" "$folder/$p.gone"
    said=$(PATH=$folder check_programs) && { echo "not missed: $p"; ok=1; }
    [[ $said == *$'\n'"$p" ]] || { echo "not named: $p: $said"; ok=1; }
    mv "$folder/$p.gone" "$folder/$p"
  done
  rm -r "$folder"
  return $ok
}

# tracked NAME COMMAND...: a check of the files that git tracks, or of their history.
git ls-files --error-unmatch dev > /dev/null 2>&1 && in_git=true || in_git=false
tracked() { if $in_git; then check "$@"; else skip "$1" "git does not track this tree"; fi; }

# In a copy that is no clone, nothing asks git a second time: what would then look at no file, and pass, is skipped. The
# commit's name for a table (tests/harness/costs.py) may be unknown.
check_without_git() {
  local build=$PWD/$1 folder said asked ok=0
  folder=$(mktemp -d)
  mkdir "$folder/tree" "$folder/bin"
  git ls-files -z | xargs -0 cp -P --parents -t "$folder/tree" || return 1
  printf '#!/bin/sh\necho "$@" >> "%s/asked"\nexit 128\n' "$folder" > "$folder/bin/git"
  chmod +x "$folder/bin/git"
  said=$(PATH=$folder/bin:$PATH "$folder/tree/tests/source/check.sh" source "$build") || { grep -A3 '^not ok' <<< "$said"; ok=1; }
  asked=$(grep -vxE 'ls-files --error-unmatch dev|rev-parse --short=8 HEAD' "$folder/asked") && { echo "asked git: $asked"; ok=1; }
  (( $(grep -c '# SKIP git does not' <<< "$said") == $(grep -cE '^  (tracked|of_history) "' tests/source/check.sh) )) || { echo "not skipped"; ok=1; }
  rm -r "$folder"
  return $ok
}

# The ceiling of words.py is computed from the commits before.
check_ceiling() { tests/source/words.py --planted && tests/source/words.py --ceiling; }

# of_history NAME COMMAND...: a check of the commits before.
of_history() {
  if ! $in_git || [[ $(git rev-parse --is-shallow-repository) == false ]]; then tracked "$@"; else skip "$1" "a clone without its history"; fi
}

# ---- source ----

# forbidden_includes WHERE PATTERN: includes in a folder, or in the .c and .h files of a glob, of what those may not see.
# Brackets are the public headers, or the system's.
forbidden_includes() {
  sources $1 | xargs -r grep -nE '^# *include +"' /dev/null |
    grep -vE "# *include +\"($2)" | fail_lines "$1 may not include"
}

# The rooms of lib in their order: each sees those before it, targets/target.h, and ir.
check_include_direction() {
  local ok=0 jit folder t='base/|ir/|runtime/stack/|targets/target\.h"|lib/codegen/'
  forbidden_includes include '$^' || ok=1
  forbidden_includes base 'base/' || ok=1
  forbidden_includes ir '(base|ir)/' || ok=1
  forbidden_includes runtime 'base/|runtime/' || ok=1
  forbidden_includes lib/codegen "$t" || ok=1
  forbidden_includes lib/check "$t|lib/check/" || ok=1
  forbidden_includes lib/debug "$t|lib/debug/" || ok=1
  forbidden_includes lib/image "$t|lib/image/" || ok=1
  forbidden_includes lib/dwarf "$t|lib/(image|dwarf)/" || ok=1
  forbidden_includes lib/object "$t|lib/(image|dwarf|object)/" || ok=1
  forbidden_includes 'lib/*.[ch]' "$t|lib/(check/check|debug/debugger)\.h\"" || ok=1
  # The JIT's headers, its folders, and above them its other files. No folder sees one that is after it.
  jit="(base|ir)/|runtime/stack/|targets/target\.h\"|lib/codegen/(eh_table|sig_place)\.h\"|lib/(image|dwarf|object)/|lib/jit/[a-z_]+\.h\""
  forbidden_includes 'lib/jit/*.h' "$jit" || ok=1
  for folder in memory load link serve; do
    jit+="|lib/jit/$folder/"
    forbidden_includes lib/jit/$folder "$jit" || ok=1
  done
  forbidden_includes 'lib/jit/*.c' "$jit" || ok=1
  forbidden_includes lib/frontend 'lib/frontend/|base/' || ok=1
  forbidden_includes dwarf 'base/|line_reader\.h"' || ok=1
  forbidden_includes targets '(base|ir)/|lib/codegen/|targets/' || ok=1
  # Users of the public API: local headers, without a folder but in frontends/llvm.
  for folder in assembler frontends interp bench examples fuzz; do forbidden_includes $folder 'base/|((asm|debug|numbers|vectors)/)?[a-z0-9_]+\.(h|def)"|(bits|body|debug/nodes)\.c"' || ok=1; done
  forbidden_includes tools '[a-z0-9_]+\.(h|def)"|frontends/qbe/qbe\.h"|\.\./lib/(frontend/host_files|object/elf_format)\.h"' || ok=1
  return $ok
}

check_targets_named_once() {
  sources ir lib | xargs grep -lE 'kn_target_(x86_64|aarch64)|kn_(x64|a64)_' |
    sort -u | tail -n +2 | fail_lines "more than one file names the targets"
}

# The runtime of WebAssembly traps by kn_do_trap. By the stub of kiln_wasmrt_trap, a trap would have no backtrace.
check_wasm_traps() {
  grep -nE '\bkiln_wasmrt_trap\(' frontends/wasm/runtime/*.c | fail_lines "calls of kiln_wasmrt_trap"
}

# What differs between targets is in a target's table, in an array with a row for each ([KILN_PROCESSOR_...] = ), or in
# a switch with a case for each, never in a test for one of them, where a new target would silently be treated as the
# others.
check_target_tests() {
  sources base ir lib frontends assembler interp tools | grep -vxE 'ir/module/triple\.c|lib/object/elf_format\.h' |
    xargs grep -nE 'KILN_PROCESSOR_|\bEM_|cmp\(.*"(x86_64|aarch64)"' /dev/null |
    sed -E 's/KILN_PROCESSOR_COUNT|\[KILN_PROCESSOR_[A-Z0-9_]+\] *=|case KILN_PROCESSOR_[A-Z0-9_]+:|\{EM_[A-Z0-9_]+,//g' |
    grep -E 'KILN_PROCESSOR_|\bEM_|cmp\(.*"(x86_64|aarch64)"' | fail_lines "tests for one target"
}

# Which registers are free, and what the others hold, is said by lib/codegen alone: lowerings ask for it by functions
# (lib/codegen/walk.h).
check_register_file() {
  local assignment='\bregs\.[a-z_]+(\[[^]]*\])?( *([-+|&^]|<<|>>)?=[^=]|\+\+|--)'
  sources targets | xargs grep -nE "$assignment|(\+\+|--)[a-z>.-]*\bregs\.|\bregs\.(owner|cached)\b" |
    fail_lines "targets write the register file, or read what its registers hold"
}

# The arguments of EMIT emit nothing: C does not say whether the place of EMIT's own bytes is read before or after them.
check_emit_alone() {
  local argument='EMIT\((?:[^;()]|\([^;()]*\))*\b(kn_(reg|temp|def|claim|drop|overwrite)|take_half|x64_(half|operand|def|hook))[a-z_]*\('
  sources targets | grep '\.[ch]$' | xargs perl -0777 -ne \
    'while (/'"$argument"'/g) { print "$ARGV: ", substr($_, $-[0], 80) =~ s/\n.*//sr, "\n" }' |
    fail_lines "EMIT has an argument that emits"
}

# A test for one target by something else that stands for it: the host's architecture where it is not what is asked, a
# fact of the target that is compared with the value that one of them has, relocations and the like of one of them.
# How the reader of bitcode decodes numbers, and the runtime of WebAssembly, are about the host.
check_target_proxies() {
  local ok=0
  sources base ir lib frontends assembler interp tools | grep -vxF 'ir/module/triple.c' | grep -vE '^frontends/(wasm/runtime/|llvm/(decoder|pext)\.c)' |
    xargs grep -nE '^# *(el)?if.*__(x86_64|amd64|i386|aarch64|arm|riscv)' /dev/null | fail_lines "code by the host's architecture" || ok=1
  sources base ir lib frontends assembler interp tools |
    xargs grep -nE '(\b(target|elf|machine|mc)(->|\.)|targets\[[^]]*\]\.)[a-z0-9_]+ *[!=]= *([1-9]|0x|[A-Z])' /dev/null |
    grep -vE '[!=]= *(NULL|UINT32_MAX|KN_NO_REG|KILN_GUARD_SOURCE_)' | fail_lines "facts compared with one target's" || ok=1
  sources ir lib | grep -vxE 'lib/object/elf_(machine\.c|format\.h)' |
    xargs grep -nE '\b(R|STO|EF|EM|SHT|PT|GNU_PROPERTY)_(X86_64|X86|AARCH64)_\w*[^.a-zA-Z0-9_]' /dev/null |
    fail_lines "one target's numbers" || ok=1
  return $ok
}

# ELF is one format of objects: its names are in the writer's files, lib/object/elf*, and in those that read objects
# (lib/jit/load/, assembler/, integrations/link/, tools/dis*, tools/language.c, tools/listing.c, frontends/wasm/runtime/lines.c, fuzz/, bench/, tests/). Comments may name them.
# lib/object/formats.c has the table of writers.
check_elf_alone() {
  sources include base ir lib runtime targets frontends interp integrations tools |
    grep -vE '^(lib/object/(elf|formats)|lib/jit/load/|integrations/link/|frontends/wasm/runtime/lines\.c|tools/(dis|language|listing))' | xargs perl -0ne '
    s{/\*.*?\*/}{$& =~ s/[^\n]//gr}gse;
    my $line = 0;
    for my $text (split /\n/) {
      $line++;
      print "$ARGV:$line: $text\n"
        if $text =~ m{<g?elf\.h>|lib/object/elf\.h|\b(?:R_X86_64|R_AARCH64|SHT|SHF|STT|STB|STV|SHN|EM)_[A-Z0-9]};
    }' | fail_lines "ELF's numbers outside lib/object/elf*"
}

# And COFF another, in lib/object/coff*, and in those that read objects.
check_coff_alone() {
  sources include base ir lib runtime targets frontends interp integrations tools | grep -vE '^lib/(object/(coff|formats)|jit/load/(read|load)_coff)' |
    xargs grep -nE 'lib/object/coff\.h|\bKN_COFF_|\bIMAGE_(REL|SCN|SYM|FILE|COMDAT)_' /dev/null | fail_lines "COFF's numbers outside lib/object/coff*"
}

# What libkiln asks of the system that it runs on is in one file, what the tool asks in tools/. The JIT, walks of
# the stack, the runtime of WebAssembly and the interpreter are for Linux alone.
check_system_tests() {
  sources include base ir lib frontends dwarf assembler interp |
    grep -vE '^(lib/object/|lib/jit/|frontends/wasm/runtime/|lib/frontend/host_files\.h|ir/module/triple\.c)' |
    xargs grep -nE '^# *(el)?if.*(_WIN|__MINGW|__CYGWIN__|__linux|__unix|__APPLE__|__GLIBC__)' /dev/null | fail_lines "code by the system"
}

# What is built for Windows compiles there, without a warning: that it runs is for `./dev windows host`.
check_windows_compiles() {
  local portable
  portable=$(sed -nE "/^portable/,/\)/ s/'([a-z_]+\.c)',?/tools\/\1\n/gp" tools/meson.build | grep -oE 'tools/[a-z_]+\.c')
  (( $(wc -l <<< "$portable") > 20 )) || { echo "only: $portable"; return 1; }
  { printf '%s\n' $portable tools/system_windows.c
    sources base ir lib targets dwarf frontends | grep -E '\.c$' | grep -vE '^(lib/check/|frontends/wasm/runtime/)|_linux\.c$'
  } | xargs -P2 -n20 x86_64-w64-mingw32-gcc -std=gnu11 -fsyntax-only -Wall -Wextra -Wno-format -Wno-attributes -Wshadow \
    -Wmissing-prototypes -Werror -Iinclude -I. -Ifrontends/llvm -Ifrontends/qbe -Idwarf 2>&1 | grep -E 'error|warning' | fail_lines "not for Windows"
}

# The numbers of lib/object/elf_format.h and elf_relocs.def are those of the system's header, and there are some.
check_elf_numbers() {
  local rows
  rows=$(sed -nE 's/^(enum \{)? *([A-Z][A-Z0-9_]+) = ([^,}]+).*/_Static_assert(\2 == (\3), "\2");/p' lib/object/elf_format.h
    sed -nE 's/^(R_[A-Z0-9_]+)\([A-Z0-9_]+, ([A-Z0-9_]+), ([0-9]+)\)$/_Static_assert(\1_\2 == \3, "\1_\2");/p' lib/object/elf_relocs.def)
  (( $(wc -l <<< "$rows") > 90 )) || { echo "only: $rows"; return 1; }
  gcc -xc -fsyntax-only - <<< "#include <elf.h>
$rows"
}

# A table with a row for each target asserts that it has one, so that a new target stops the compiler there.
check_target_tables() {
  sources base ir lib frontends assembler interp tools bench fuzz examples | xargs perl -0ne '
    my ($rows, $tables) = (scalar(() = /\[KILN_PROCESSOR_X86_64\]\s*=/g), 0);
    while (/(\w+)\[[^\]]*\][^=;{}]*=\s*\{\s*(?:\/\*.*?\*\/\s*)*\[KILN_PROCESSOR_/gs) {
      my $table = $1;
      $tables++;
      print "$ARGV: $table\n" unless /_Static_assert\(\s*sizeof $table\b[^;]*KILN_PROCESSOR_COUNT/s;
    }
    print "$ARGV: rows of a table that begins otherwise\n" if $rows != $tables;' | fail_lines "tables by target without an assertion"
}

# A file of the core is found by its name alone. Targets share names by design.
# Conventions are rows of data: nothing asks for one by its name but the tables of the targets and what reads and writes
# names.
check_conventions_are_data() {
  grep -rnE '\bKILN_CC_[A-Z0-9]+' --include='*.[ch]' ir lib/compile.c lib/codegen lib/check lib/debug lib/image lib/dwarf lib/object lib/jit targets |
    grep -vE '^targets/[a-z0-9_]+/conventions\.c:|^ir/(lex/parse_read|text/print_module)\.c:|^lib/codegen/targets\.c:|KILN_CC_COUNT' |
    fail_lines "a convention is named (read a field of struct kn_convention)"
}

# Pointers into arrays that a call may move, and that what is planted is found.
check_moving() { python3 tests/source/moving.py --self && python3 tests/source/moving.py; }

check_unique_names() {
  git ls-files base ir lib runtime/stack include | grep -E '\.(c|h|def)$' | sed 's|.*/||' | sort | uniq -d | fail_lines "names of several files"
}

check_file_sizes() {
  git ls-files '*.c' '*.h' '*.hpp' '*.py' '*.sh' dev | xargs wc -l |
    awk '$2 != "total" && $1 > 900' | fail_lines "files of more than 900 lines"
}

# The formatter leaves comments as they are.
check_line_widths() {
  git ls-files '*.c' '*.h' 'include/*.hpp' | grep -vE '^tests/run/(programs|differential)/' | xargs awk 'length > 120 {print FILENAME ":" FNR}' |
    fail_lines "lines of more than 120 columns"
}

# The lists in meson.build are written by hand.
check_listed() {
  { git grep -oE "'[a-z0-9_/]+(\.c)?'" -- '*meson.build' | tr -d "'"
    git ls-files {base,ir,lib,runtime,targets,frontends,interp,assembler,dwarf,tools,tests/unit}/'*.c'; } | awk -F: '
    {room = $1; sub(/\/.*/, "", room); name = $NF; sub(/.*\//, "", name); sub(/\.c$/, "", name)}
    NF == 2 {listed[room, name]}
    NF == 1 && !((room, name) in listed) {print $1}' | fail_lines "in no meson.build"
}

# A script that nothing starts tests nothing.
check_scripts() {
  { git grep -oE "[A-Za-z0-9_]+\.(sh|py)|'[A-Za-z0-9_]+'|import [A-Za-z0-9_]+" -- dev 'tests/*' | tr -d "'" | sed 's/:import /:/'
    git ls-files 'tests/kir/*.sh' 'tests/tool/*.sh' 'tests/tool/*.py' 'tests/run/*.sh' 'tests/run/*.py'; } | awk -F: '
    function others(name, file) {return (name in users) && users[name] > ((name, file) in uses)}
    NF == 2 && !uses[$2, $1]++ {users[$2]++}
    NF == 1 {name = $1; sub(/.*\//, "", name); stem = name; sub(/\..*/, "", stem)
      if (!others(name, $1) && !others(stem, $1)) print}' | fail_lines "started by nothing"
}

# What a command of ./dev runs is there, and says its options.
check_commands() {
  local name said
  ./dev help | sed -nE 's/^  ([a-z-]+( --[a-z-]+)?)  +.*/\1/p' | while IFS= read -r name; do
    said=$(./dev help $name) && { [[ $name == build ]] || (( $(wc -l <<< "$said") > 2 )); } || echo "$name"
  done | fail_lines "commands of ./dev without a head" || return 1
  sed -nE 's/^  .*\| *((tests|bench|fuzz|examples|proof)\/[A-Za-z0-9_\/-]+\.(py|sh)).*/\1/p' dev | while IFS= read -r name; do
    [[ -x $name ]] || echo "$name"
  done | fail_lines "what ./dev runs and is not executable"
}

# A bug that tests/mutants plants replaces a text of the source, which a change of the source must not lose.
check_mutants_apply() {
  python3 tests/mutants/plant.py --places | fail_lines "planted bugs that do not apply"
}

# What was downloaded or built does not belong in the tree.
check_binaries() {
  git ls-files -z 2>/dev/null | xargs -r0 sh -c 'find "$@" -size +512k' sh | fail_lines "files of more than 512 KB"
}

# What a tool or a test wrote is no source. The top has few files, each known by its name.
check_leftovers() {
  local top='(CHANGELOG|CONTRIBUTING|README|SECURITY)\.md|LICENSE|PROJECT|CMakeLists\.txt|meson(_options\.txt|\.build)|dev|\..*'
  { git ls-files | grep -v / | grep -vxE "$top"
    git ls-files | grep -E '(^|/)(crash|leak|oom|timeout)-[0-9a-f]+$|\.(o|a|so|obj|exe|orig|rej)$'; } | fail_lines "not of the source"
}

check_whitespace() {
  git ls-files | grep -vE '\.(bc|o|png|out|tsv)$|^LICENSE$|^debian/rules$' | xargs grep -nIP '\s+$|\t' |
    fail_lines "tabs or spaces at the end of a line"
}

check_format() {
  git ls-files '*.c' '*.h' | grep -vE '^tests/run/(programs|differential)/' | xargs clang-format-22 --dry-run --Werror 2>&1 |
    grep -E 'error|warning' | sed -nE 's/^([^: ]+\.[ch]):.*/\1/p' | sort | uniq -c | fail_lines "not formatted"
}

# By the same style, which is written for C.
check_format_cpp() {
  local style ok=0
  style=$(mktemp)
  sed 's/^Language: C$/Language: Cpp/' .clang-format > "$style"
  git ls-files 'include/*.hpp' | xargs clang-format-22 --style="file:$style" --dry-run --Werror 2>&1 |
    grep -E 'error|warning' | sed -nE 's/^([^: ]+\.hpp):.*/\1/p' | sort | uniq -c | fail_lines "not formatted" || ok=1
  rm -f "$style"
  return $ok
}

check_header() {
  gcc -std=c11 -Wall -Wextra -Wpedantic -Werror -Iinclude -fsyntax-only -x c "$1" &&
    g++ -std=c++17 -Wall -Wextra -Wpedantic -Werror -Iinclude -fsyntax-only -x c++ "$1" &&
    clang++-22 -std=c++17 -Wall -Wextra -Wpedantic -Werror -Iinclude -fsyntax-only -x c++ "$1"
}

# The last one includes the others.
check_cpp_header() {
  local compiler flags
  for compiler in g++ clang++-22; do
    for flags in -std=c++17 -std=c++20 '-std=c++17 -fno-exceptions -fno-rtti'; do
      [[ $flags == -std=c++17 || $1 == */kiln.hpp ]] || continue
      $compiler $flags -Wall -Wextra -Wpedantic -Werror -Iinclude -fsyntax-only -x c++ "$1" || return 1
    done
  done
}

# Every public name has a comment, and the documentation renders without a warning.
check_documented() {
  local out ok=0
  out=$(mktemp -d)
  DOC_DIR=$out doxygen docs/Doxyfile 2>&1 && tests/source/api_doc.py "$out/xml" include/kiln || ok=1
  rm -rf "$out"
  return $ok
}

# The version stands in four places.
check_versions() {
  local version
  version=$(sed -nE "s/^ *version: '([0-9.]+)',/\1/p" meson.build)
  diff <(printf '%s\n' "$version" "$version" "$version" "$version") <(
    awk '/^#define KILN_VERSION_(MAJOR|MINOR|PATCH)/ {v = v "." $3} END {print substr(v, 2)}' include/kiln/types.h
    sed -nE '1s/^kiln \(([0-9.]+)(-[0-9]+)?\).*/\1/p' debian/changelog
    sed -nE 's/^Version: +//p' packaging/rpm/kiln.spec
    sed -nE 's/^\.TH KILN 1 "" "kiln ([0-9.]+)".*/\1/p' docs/kiln.1)
}

# ---- built ----

# gdb's JIT interface, which it finds by name (lib/jit/serve/gdb.c). With what a process has once for all JITs
# (lib/jit/memory/process.c) the library's only state.
for_gdb='__jit_debug_(descriptor|register_code)'

# Symbols that a library exports, or that others could collide with.
check_exported() {
  nm -D --defined-only "$1" | awk '{print $3}' | grep -vE "^kiln_|^KILN_PRIVATE_[0-9.]+$|^kn_[a-z_]+@@KILN_PRIVATE_[0-9.]+$|^$for_gdb\$" |
    fail_lines "$1 exports"
}

check_archive_names() {
  nm -g --defined-only "$1" 2>/dev/null | awk 'NF == 3 {print $3}' | grep -vE "^(kiln|kn|x64|a64)_|^$for_gdb\$" |
    fail_lines "$1 has global names of others"
}

check_needs_libc_only() {
  readelf -d "$1" | sed -nE 's/.*NEEDED.*\[(.*)\]/\1/p' |
    grep -vE '^(libc\.so\.6|libkiln\.so.*|ld-linux.*)$' | fail_lines "$1 needs"
}

# The library neither ends the process, nor prints, nor keeps state between calls.
check_forbidden_calls() {
  nm -u "$1" 2>/dev/null | awk 'NF == 2 {print $2}' | sort -u |
    grep -xE 'abort|exit|_exit|__assert_fail|printf|puts|putchar|perror|fprintf|fputs|fwrite|stdout|stderr|raise|longjmp|setlocale|signal' |
    fail_lines "$1 calls"
}

check_no_state() {
  readelf -SW "$1" | awk '/^File:/ {file = $2} / \.(data|bss|tdata|tbss) / {
      sub(/.*\] */, ""); if (strtonum("0x" $5) > 0) print file, $1 }' |
    grep -vE 'lib_jit_(serve_gdb|memory_process)\.c\.o' |
    fail_lines "$1 has writable data"
}

# As check_include_direction, of what is called: a room uses no name of a room after it but public ones (kiln_).
check_call_direction() {
  nm "$1" 2>/dev/null | awk '
    BEGIN {split("(base|runtime)_ ir_ (lib_codegen|targets)_ lib_(check|debug)_ lib_image_ lib_dwarf_ lib_object_ .", rooms)}
    function room(o, k) {for (k = 1; o !~ "^" rooms[k]; k++); return k}
    /:$/ {object = $1}
    NF == 3 && $2 ~ /[A-Z]/ {defined[$3] = room(object)}
    $1 == "U" && $2 ~ /^kn_/ {uses[object " " $2]}
    END {if (object == "") print "nothing"; for (u in uses) {split(u, of, " "); if (defined[of[2]] > room(of[1])) print u}}' | sort | fail_lines "$1 calls backwards"
}

# Loops and switches over the codes of records or operations, one case after the other.
long_functions='interp/decode.c:decode_op interp/run.c:loop interp/run.c:rare frontends/llvm/body.c:body'
check_function_lengths() {
  ctags --languages=C --c-kinds=f --fields=ne -R --links=no -f - base ir lib runtime targets frontends interp tools integrations \
    fuzz assembler dwarf bench examples |
    awk -F '\t' -v known="$long_functions" '
      { line = end = 0
        for (i = 4; i <= NF; i++) { if ($i ~ /^line:/) line = substr($i, 6); if ($i ~ /^end:/) end = substr($i, 5) }
        if (end - line >= 80 && !index(" " known " ", " " $2 ":" $1 " ")) print $2 ":" line ": " $1 ", " end - line + 1 }' |
    fail_lines "functions of more than 80 lines"
}

# What a debugger or a profile names can be looked up: every function in the archive's objects of lib/ and targets/, without
# what compilers append to names, has its definition where ctags finds it. Compilers choose which inline functions, of the
# headers of base/ and ir/ too, are functions there.
check_functions_found() {
  comm -23 <(nm "$1" 2>/dev/null | awk '/^(lib|runtime|targets)_.*:$/ {ours = 1; next} /:$/ {ours = 0}
      ours && $2 ~ /^[tT]$/ {sub(/\..*/, "", $3); print $3}' | sort -u) \
    <(ctags -x --kinds-C=f -R base ir lib runtime targets | awk '{print $1}' | sort -u) |
    fail_lines "functions that ctags does not find"
}

check_source() {
  local h
  check "the programs that the checks run are there" check_programs
  check "a missing one is found" check_planted_programs
  check "includes point one way" check_include_direction
  check "one file names the targets" check_targets_named_once
  check "no convention is asked for by its name" check_conventions_are_data
  check "no tests for one target" check_target_tests
  check "no test for one target by what stands for it" check_target_proxies
  check "the runtime of WebAssembly traps where it has a backtrace" check_wasm_traps
  check "no target writes the register file" check_register_file
  check "no argument of EMIT emits" check_emit_alone
  check "ELF's numbers are in its writer alone" check_elf_alone
  check "COFF's numbers are in its writer alone" check_coff_alone
  check "every table by target asserts its size" check_target_tables
  check "no test of the system outside its files" check_system_tests
  check "ELF's numbers are those of <elf.h>" check_elf_numbers
  tracked "no two files of the core with one name" check_unique_names
  tracked "rooms keep within their limits" tests/source/rooms.py
  tracked "a line too many, and a file without a room, are found" tests/source/rooms.py --planted
  check "every table of hashes has its row in a test" tests/tool/tables.py --check
  tracked "no file of more than 900 lines" check_file_sizes
  tracked "no line of more than 120 columns" check_line_widths
  tracked "every source file is built" check_listed
  tracked "every test script is started by something" check_scripts
  check "every command of ./dev says what it does" check_commands
  check "every planted bug applies" check_mutants_apply
  tracked "no large files" check_binaries
  tracked "nothing that a tool wrote" check_leftovers
  tracked "no tabs, no spaces at line ends" check_whitespace
  tracked "the English of pages, heads of files, public comments and messages" tests/source/words.py
  of_history "the ceiling of words to avoid only falls" check_ceiling
  check "one version" check_versions
  check "each callback of the API has a test that calls back" tests/source/callbacks.py
  check "the API keeps its conventions" tests/source/api_conventions.py include
  check "the headers for C++ keep theirs" tests/source/api_cpp.py
  check "comments of the headers have at most four sentences before a list" tests/source/comments.py
  tracked "public functions are where the table of files says" tests/source/api_files.py
  tracked "public functions are used, or say what for" tests/source/api_uses.py
  tracked "what pages say of this tree is so" tests/source/pages.py
  tracked "the check of what pages say finds what is planted" tests/source/pages.py --planted
  check "what tests cost is as they print it, and adds up" tests/harness/costs.py --check
  check "the check of costs finds each number that is changed" tests/harness/costs.py --planted
  tracked "what Python files import is there" tests/source/imports.py
  tracked "an import of what is nowhere is found" tests/source/imports.py --planted
  check "figures have the day and the commit that was measured" tests/source/measured.py
  of_history "the commits of figures are in the history" tests/source/measured.py --history
  of_history "the check of days and commits finds each that is changed" tests/source/measured.py --planted
  check "refusals name what the user wrote" tests/source/flags.py
  check "the check of flags finds what is planted" tests/source/flags.py --planted
  check "the pages and pictures have the figures that were measured" bench/figures.py --check
  check "the check of figures finds each number that is changed" bench/figures.py --planted
  for h in include/kiln/*.h; do check "<kiln/${h##*/}> alone, as C11 and C++17" check_header "$h"; done
}

# What takes long.
check_source_long() {
  local h
  tracked "no pointer into an array that a call may move" check_moving
  tracked "format" check_format
  tracked "format of C++" check_format_cpp
  check "every public name has a comment" check_documented
  check "what is built for Windows compiles by MinGW-w64" check_windows_compiles
  for h in include/kiln/*.hpp; do check "<kiln/${h##*/}> alone, as C++17 and C++20" check_cpp_header "$h"; done
}

check_built() {
  local l
  for l in "$1"/libkiln.so "$1"/libkiln-text.so "$1"/frontends/llvm/libkiln-llvm.so; do
    check "${l##*/} exports kiln_ only" check_exported "$l"
    check "${l##*/} needs libc only" check_needs_libc_only "$l"
  done
  for l in "$1"/libkiln.a "$1"/libkiln-text.a "$1"/frontends/llvm/libkiln-llvm.a; do
    check "${l##*/} has names of its own only" check_archive_names "$l"
    check "${l##*/} neither prints nor exits" check_forbidden_calls "$l"
    check "${l##*/} keeps no state" check_no_state "$l"
  done
  check "calls point one way" check_call_direction "$1/libkiln.a"
  check "ctags finds the functions of lib/ and targets/" check_functions_found "$1/libkiln.a"
  check "no function of more than 80 lines" check_function_lengths
  check "the ABI is that of tests/source/abi" tests/source/abi.py --build="$1"
  check "libkiln-as.so exports kiln_ only" check_exported "$1/assembler/libkiln-as.so"
  check "libkiln-as.so needs libc only" check_needs_libc_only "$1/assembler/libkiln-as.so"
  check "libkiln-as.a has names of its own only" check_archive_names "$1/assembler/libkiln-as.a"
  check "libkiln-as.a keeps no state" check_no_state "$1/assembler/libkiln-as.a"
  if [[ -f $1/interp/libkiln-interp.so ]]; then
    check "libkiln-interp.so exports kiln_ only" check_exported "$1/interp/libkiln-interp.so"
    check "libkiln-interp.a has names of its own only" check_archive_names "$1/interp/libkiln-interp.a"
  fi
}

# ---- builds ----

check_build() {
  local dir=$1 compiler=$2
  shift 2
  [[ -f $dir/build.ninja ]] || CC=$compiler meson setup "$dir" "$@" > "$dir.log" || { cat "$dir.log"; return 1; }
  ninja -C "$dir" -k 0 > "$dir.log" || { grep -E 'error|undefined' "$dir.log" | grep -v '^FAILED'; return 1; }
}

check_builds() {
  check "gcc, warnings as errors" check_build build-werror-gcc gcc --werror
  check "clang, warnings as errors" check_build build-clang clang-22 --werror -Dbench=disabled
  check "MinGW-w64: the tool is linked, too" check_build build-mingw gcc --werror --cross-file packaging/cross/x86_64-w64-mingw32.ini -Dtests=false
  check "tests of clang's build" meson test -C build-clang --suite clang
  check "sanitizers, gcc, checking build" check_build build-sanitize-gcc gcc --werror \
    -Doptimization=1 -Db_ndebug=false -Db_sanitize=address,undefined -Dchecks=true -Dbench=disabled \
    -Dc_args=-Wno-maybe-uninitialized
  check "unit tests with gcc's sanitizers" meson test -C build-sanitize-gcc --suite unit
}

check_rest() {
  check "the check of the ABI finds planted changes" tests/source/abi.py --planted
  check "without git, what needs it is skipped" check_without_git build
  check_builds
}

case ${1:-all} in
  short) check_source; check_built "$2" ;;
  long) check_source_long ;;
  source) check_source; check_source_long; check_built "$2" ;;
  all)
    ./dev build
    check_source
    check_source_long
    check_built build
    check_rest ;;
  builds) check_rest ;;
  *) echo "check.sh: no checks of the name $1" >&2; exit 2 ;;
esac
finish
