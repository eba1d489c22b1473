#!/usr/bin/env bash
# flang.sh BUILD: `kiln flang` as a build system sees it: what it takes for Fortran, modules, preprocessing, OpenMP, what
# it leaves to LLVM. Programs print what flang's code prints. What it shares with `kiln cc`, cc.sh tests.
set -u
tests=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$tests/harness/tap.sh"
build=$(realpath "$1")
. "$tests/harness/compiler.sh"
theirs=flang-22
if ! command -v $theirs > /dev/null; then
  skip 'kiln flang' "there is no $theirs"
  finish
fi
flang() { "$kiln" flang "$@"; }

cat > shapes.f90 <<'END_F'
module shapes
  implicit none
  type, abstract :: shape
    character(len=:), allocatable :: name
  contains
    procedure(area_of), deferred :: area
  end type
  abstract interface
    real(8) function area_of(self)
      import shape
      class(shape), intent(in) :: self
    end function
  end interface
  type, extends(shape) :: square
    real(8) :: side
  contains
    procedure :: area => area_of_square
  end type
contains
  real(8) function area_of_square(self)
    class(square), intent(in) :: self
    area_of_square = self%side ** 2
  end function
end module
END_F
cat > main.f90 <<'END_F'
program main
  use shapes
  implicit none
  class(shape), allocatable :: s
  complex(8) :: z(2)
  integer(16) :: big
  integer :: i
  real(4) :: a(3, 3)
  s = square(name='square', side=1.5d0)
  print *, s%name, s%area()
  z = [(cmplx(i, -i, 8), i = 1, 2)]
  print *, sum(z * conjg(z)), abs(z(2))
  big = 2_16 ** 100
  print *, big / 3, mod(big, 1000007_16)
  a = reshape([(real(i), i = 1, 9)], [3, 3])
  print *, matmul(a, transpose(a))
  write (*, '(a,i5.3,es12.4)') trim('formatted  '), 42, 1.25e-7
  call fixed(i)
  print *, i
  if (i /= 14) stop 9
  stop 3
end program
END_F
printf '%s\n' '      subroutine fixed(n)' '      integer n' '#ifdef ELEVEN' '      n = 11' '#else' '      n = 0' '#endif' \
  'c     a comment, and a line that goes on' '      n = n +' '     &    3' '      end' > fixed.F

# same PROGRAM: it exits and prints as flang's program, which is `theirs`.
same() {
  local ours_=0 theirs_=0
  "$1" > "$work/ours.out" 2>&1 || ours_=$?
  "$work/theirs" > "$work/theirs.out" 2>&1 || theirs_=$?
  [[ $theirs_ == 3 && $ours_ == "$theirs_" ]] && diff "$work/theirs.out" "$work/ours.out"
}
$theirs -O0 -DELEVEN shapes.f90 main.f90 fixed.F -o theirs 2> theirs.err || cat theirs.err
rm -f ./*.mod

objects_and_link() {
  local f
  for f in shapes.f90 main.f90 fixed.F; do flang "$@" -DELEVEN -c $f || return 1; done
  made shapes.mod shapes.o main.o fixed.o && ours shapes.o && ours main.o && ours fixed.o && flang "$@" shapes.o main.o fixed.o -o p && same ./p
}
for level in -O0 '-O0 -g' -Og '-Og -g' -O2; do
  # shellcheck disable=SC2086 # several words
  check "compiles with -c, links with flang's runtime, $level" objects_and_link $level
done
at_once() { flang -g -DELEVEN shapes.f90 main.f90 fixed.F && same ./a.out && temporaries; }
check 'compiles and links several sources at once' at_once
folder() {
  rm -f ./*.mod && flang -c -J sub shapes.f90 -o sub/shapes.o && made sub/shapes.mod && [[ ! -e shapes.mod ]] && ours sub/shapes.o &&
    flang -c -Isub main.f90 && rm sub/shapes.mod && flang -c -module-dir sub shapes.f90 && made sub/shapes.mod && [[ ! -e shapes.mod ]]
}
check 'files of modules go where -J and -module-dir say' folder
suffixes() {
  local s text
  for s in f for fpp F FOR FPP; do
    printf '      integer function g()\n      g = 7\n      end\n' > "s.$s"
    rm -f s.o && flang -c "s.$s" && ours s.o || { echo "suffix $s"; return 1; }
  done
  for s in f90 f95 f03 f08 F90 F95 F03 F08; do
    text=7
    if [[ $s == F* ]]; then text=SEVEN; fi
    printf 'integer function g()\n  g = %s\nend\n' $text > "s.$s"
    rm -f s.o && flang -DSEVEN=7 -c "s.$s" && ours s.o && nm s.o | grep -q ' T g_$' || { echo "suffix $s"; return 1; }
  done
}
check 'knows the suffixes of Fortran, preprocessed or not' suffixes
said() { flang -x f95 -c - -o x.o < s.f90 && ours x.o && cp s.f90 plain && flang -c -x f95 plain -o x.o && ours x.o; }
check 'takes the language that -x says, and standard input' said
bitcode() { $theirs -c -emit-llvm s.f90 -o s.bc && flang -c s.bc -o b.o && ours b.o && nm b.o | grep -q ' T g_$'; }
check 'takes bitcode' bitcode
other() { "$kiln" cc -### -c s.f90 2>&1 | grep -q gcc; }
check 'kiln cc leaves Fortran to what clang runs' other
threads() {
  printf '%s\n' 'program p' '  use omp_lib' '  integer :: i, n' '  n = 0' '  !$omp parallel do reduction(+:n) num_threads(3)' '  do i = 1, 1000' \
    '    n = n + i' '  end do' '  if (n /= 500500) stop 4' '  !$omp parallel num_threads(3)' '  !$omp single' '  print *, omp_get_num_threads(), n' \
    '  !$omp end single' '  !$omp end parallel' 'end' > omp.f90
  flang "$1" -fopenmp -c omp.f90 && ours omp.o && flang -fopenmp omp.o -o omp && [[ $(./omp | tr -s ' ') == ' 3 500500' ]]
}
if [[ -n $(ls /usr/lib/llvm-22/lib/libomp.so 2> /dev/null) ]]; then
  for level in -O0 -Og; do check "-fopenmp, $level" threads $level; done
else
  skip '-fopenmp' 'there is no libomp-22-dev'
fi
debugger() {
  flang -g shapes.f90 main.f90 fixed.F -DELEVEN -o d && gdb -nx -batch -ex 'break shapes::area_of_square' -ex run -ex bt \
    -ex 'print self%side' d > gdb.out 2>&1
  grep -q 'shapes.f90:2[0-9]' gdb.out && grep -q ' = 1.5' gdb.out && grep -q 'main.f90:10' gdb.out || { cat gdb.out; return 1; }
}
if command -v gdb > /dev/null; then check '-g: gdb has lines, arguments and values' debugger; else skip '-g' 'there is no gdb'; fi
echo 'print *, missing(' > wrong.f90
fails() { says 1 'wrong.f90:1:[0-9]*: error: ' "$kiln" flang -c wrong.f90 && [[ ! -e wrong.o ]]; }
check 'passes an error on, and makes no object of it' fails
check 'a flag whose effect Kiln does not have' says 1 'flang: not implemented: -mcmodel=large' "$kiln" flang -mcmodel=large -c s.f90
refused() { KILN_FALLBACK=llvm says 0 'flang: compiled by LLVM: not implemented: -mcmodel=large' "$kiln" flang -mcmodel=large -Og -c s.f90 && made s.o && ! ours s.o; }
check 'KILN_FALLBACK=llvm: such a flag' refused
# In LLVM's text, since flang has no source of what Kiln does not compile.
echo 'define ghccc void @f() { ret void }' > convention.ll
check 'a construct that Kiln does not compile' says 1 'convention.ll:f: error: not implemented: calling convention' "$kiln" flang -c convention.ll
fallback() {
  KILN_FALLBACK=llvm says 0 'flang: convention.ll: compiled by LLVM: .*calling convention' "$kiln" flang -Og -c convention.ll && made convention.o &&
    ! ours convention.o
}
check 'KILN_FALLBACK=llvm: such a construct' fallback
check 'a flag of flang alone' says 1 'unknown argument.*-fno-such-flag' "$kiln" flang -fno-such-flag -c s.f90
missing() { KILN_FLANG=/nowhere/flang says 1 'flang: /nowhere/flang: No such file' env "$kiln" flang -c s.f90 || KILN_FLANG=/nowhere/flang says 1 'flang.*package flang-22.*KILN_FLANG' "$kiln" flang -c s.f90; }
check 'without flang' missing
version() { flang --version > version && grep -q 'flang version' version && grep -q '^Code generator: Kiln ' version; }
check '--version' version
named() { ln -sf "$kiln" kiln-flang && ./kiln-flang -c s.f90 && ours s.o; }
check 'kiln-flang' named
files() {
  mkdir -p both && cd both && cp ../s.f90 . && $theirs "$@" -c s.f90 -o kept.o && ls > ../list && rm -f kept.* s.[!f]* && flang "$@" -c s.f90 -o kept.o &&
    ours kept.o && ls | diff ../list - && (($(wc -l < ../list) > 2))
}
check 'files beside the object: -fsave-optimization-record' files -O2 -fsave-optimization-record
assembly() { flang -S s.f90 -o s.s && grep -q '^g_:\|<g_>\|g_' s.s; }
check '-S' assembly
# shellcheck disable=SC2016 # $ORIGIN and the like are the build's
cmake_project() {
  mkdir -p cm && cp shapes.f90 main.f90 fixed.F cm && printf '%s\n' 'cmake_minimum_required(VERSION 3.20)' 'project(p LANGUAGES Fortran)' \
    'add_executable(p shapes.f90 main.f90 fixed.F)' 'target_compile_definitions(p PRIVATE ELEVEN)' > cm/CMakeLists.txt
  cmake -G Ninja -S cm -B cm/build -DCMAKE_Fortran_COMPILER="$work/kiln-flang" -DCMAKE_BUILD_TYPE=Debug > cm.log 2>&1 &&
    cmake --build cm/build >> cm.log 2>&1 && same cm/build/p && ours cm/build/CMakeFiles/p.dir/main.f90.o || { tail -20 cm.log; return 1; }
}
check 'a project of CMake' cmake_project
finish
