#!/usr/bin/env python3
"""Flags of clang that change code, given to `kiln cc`: each has the effect that it has with clang, or is an error that
names it or what it shows as in bitcode.

    cc_flags.py BUILD
"""
import os
import re
import subprocess
import sys
import tempfile

SOURCE = '''
int g(int);
int (*pointer)(int) = g;
_Thread_local int t;
int zero[100];
static int add(int *p, int n) { int s = 0; while (n-- > 0) s += p[n]; return s; }
int f(int x) { int a[100]; for (int i = 0; i < 100; i++) a[i] = x; return g(add(a, 100)) + pointer(x) + t; }
'''

# What the error has to name: of the attribute, feature, module flag or metadata, or the flag itself.
REFUSED = '''
-mretpoline                             -mretpoline
-mretpoline-external-thunk              -mretpoline-external-thunk
-mlvi-cfi                               -mlvi-cfi
-mlvi-hardening                         -mlvi-hardening
-mseses                                 -mseses
-mspeculative-load-hardening            -mspeculative-load-hardening
-mharden-sls=all                        -mharden-sls=all
-msoft-float                            -msoft-float
-mno-implicit-float                     -mno-implicit-float
-fsplit-stack                           -fsplit-stack
-pg -mfentry                            -mfentry
-fxray-instrument                       -fxray-instrument
-fzero-call-used-regs=used              -fzero-call-used-regs=used
-fpatchable-function-entry=2            -fpatchable-function-entry=2
-fpatchable-function-entry=2,2          -fpatchable-function-entry=2,2
-fms-hotpatch                           -fms-hotpatch
-fsanitize=shadow-call-stack            -fsanitize=shadow-call-stack
-fsanitize=safe-stack                   -fsanitize=safe-stack
-fsanitize=kcfi                         -fsanitize=kcfi
-fsanitize=shadow-call-stack -fsanitize=address  -fsanitize=shadow-call-stack
-fsanitize=kcfi,undefined -fsanitize=null  -fsanitize=kcfi,undefined
-fsanitize=function                     -fsanitize=function
-fexperimental-sanitize-metadata=all    -fexperimental-sanitize-metadata=all
-mcmodel=medium                         -mcmodel=medium
-mcmodel=large                          -mcmodel=large
-mcmodel=kernel                         -mcmodel=kernel
-mfunction-return=thunk-extern          -mfunction-return=thunk-extern
-mno-tls-direct-seg-refs                -mno-tls-direct-seg-refs
-mstack-alignment=32                    -mstack-alignment=32
-mx32                                   target "x86_64-[a-z]+-linux-gnux32"
--target=x86_64-pc-windows-msvc         target "x86_64-pc-windows-msvc
--target=x86_64-apple-macos11           target "x86_64-apple
--target=aarch64_be-linux-gnu           target "aarch64_be
--target=aarch64-linux-gnu_ilp32        target "aarch64-unknown-linux-gnu_ilp32"
--target=aarch64-linux-gnu -mbranch-protection=pac-ret+pc  -mbranch-protection=pac-ret+pc
--target=aarch64-linux-gnu -mgeneral-regs-only             -mgeneral-regs-only
--target=aarch64-linux-gnu -mstrict-align                  -mstrict-align
--target=aarch64-linux-gnu -ffixed-x20                     -ffixed-x20
--target=aarch64-linux-gnu -ffixed-x20 -ffixed-x18         -ffixed-x20
--target=aarch64-linux-gnu -ffixed-x1 -ffixed-x18          -ffixed-x1
--target=aarch64-linux-gnu -fcall-saved-x9                 -fcall-saved-x9
--target=aarch64-linux-gnu -mtp=el1                        -mtp=el1
--target=aarch64-linux-gnu -mharden-sls=retbr              -mharden-sls=retbr
--target=aarch64-linux-gnu -mfix-cortex-a53-835769         -mfix-cortex-a53-835769
--target=aarch64-linux-gnu -mtls-size=48                   -mtls-size=48
-fbasic-block-sections=all              -fbasic-block-sections=all
-fstack-size-section                    -fstack-size-section
-fno-unique-section-names               -fno-unique-section-names
-fno-zero-initialized-in-bss            -fno-zero-initialized-in-bss
-fseparate-named-sections               -fseparate-named-sections
-fpseudo-probe-for-profiling            -fpseudo-probe-for-profiling
-fjmc                                   -fjmc
-fstack-usage                           -fstack-usage
-mtls-dialect=gnu2                      -mtls-dialect=gnu2
-mbranches-within-32B-boundaries        -mbranches-within-32B-boundaries
-malign-branch=jcc                      -malign-branch=jcc
-mllvm -x86-indirect-branch-tracking    -mllvm -x86-indirect-branch-tracking
-Xclang -mllvm -Xclang -stackrealign    -mllvm -stackrealign
-Xclang -mrelax-relocations=no          -mrelax-relocations=no
-Wa,-mrelax-relocations=no              -Wa,-mrelax-relocations=no
-Wa,--fatal-warnings,--crel             -Wa,--fatal-warnings,--crel
-Xassembler --crel                      -Xassembler --crel
-fbasic-block-address-map               -fbasic-block-address-map
-fexperimental-call-graph-section       -fexperimental-call-graph-section
-ffat-lto-objects -flto                 -ffat-lto-objects
-fno-use-init-array                     -fno-use-init-array
-fpropeller-profile-use=p               -fpropeller-profile-use=p
-fseh-exceptions                        -fseh-exceptions
-fsjlj-exceptions                       -fsjlj-exceptions
-fwasm-exceptions                       -fwasm-exceptions
-fxray-function-index                   -fxray-function-index
-malign-branch-boundary=32              -malign-branch-boundary=32
-mmapsyms=implicit                      -mmapsyms=implicit
-mmark-bti-property                     -mmark-bti-property
-mpad-max-prefix-size=5                 -mpad-max-prefix-size=5
-fsanitize=cfi -flto -fvisibility=hidden  -fsanitize=cfi
-fsanitize=cfi-cast-strict -flto -fvisibility=hidden  -fsanitize=cfi-cast-strict
-fsanitize=cfi-derived-cast -flto -fvisibility=hidden  -fsanitize=cfi-derived-cast
-fsanitize=cfi-icall -flto -fvisibility=hidden  -fsanitize=cfi-icall
-fsanitize=cfi-mfcall -flto -fvisibility=hidden  -fsanitize=cfi-mfcall
-fsanitize=cfi-nvcall -flto -fvisibility=hidden  -fsanitize=cfi-nvcall
-fsanitize=cfi-unrelated-cast -flto -fvisibility=hidden  -fsanitize=cfi-unrelated-cast
-fsanitize=cfi-vcall -flto -fvisibility=hidden  -fsanitize=cfi-vcall
-fsanitize=undefined,cfi-icall -flto -fvisibility=hidden  -fsanitize=undefined,cfi-icall
-fsanitize=cfi -fno-sanitize=cfi-icall  -fsanitize=cfi
-flto=thin -fsanitize=cfi-icall         -fsanitize=cfi-icall
-fsanitize=cfi-icall                    -fsanitize=cfi-icall
-Xclang -fsanitize=cfi-icall            -fsanitize=cfi-icall
-Wa,--execstack                         -Wa,--execstack
-Wa,--gsframe                           -Wa,--gsframe
-Wa,-malign-branch-boundary=32          -Wa,-malign-branch-boundary=32
-Wa,-malign-branch-prefix-size=5        -Wa,-malign-branch-prefix-size=5
-Wa,-malign-branch=jcc                  -Wa,-malign-branch=jcc
-Wa,-mbranches-within-32B-boundaries    -Wa,-mbranches-within-32B-boundaries
-Wa,-mfence-as-lock-add=yes             -Wa,-mfence-as-lock-add=yes
-Wa,-mlfence-after-load=yes             -Wa,-mlfence-after-load=yes
-Wa,-mlfence-before-indirect-branch=all  -Wa,-mlfence-before-indirect-branch=all
-Wa,-mlfence-before-ret=or              -Wa,-mlfence-before-ret=or
-Wa,-mmapsyms=implicit                  -Wa,-mmapsyms=implicit
-Wa,-momit-lock-prefix=yes              -Wa,-momit-lock-prefix=yes
-Wa,-mx86-used-note=yes                 -Wa,-mx86-used-note=yes
-Wa,--made-up                           -Wa,--made-up
-Wa,-W,--made-up                        -Wa,-W,--made-up
-Wa,-al=listing                         -Wa,-al=listing
-Wa,-mtune=generic                      -Wa,-mtune=generic
-Wa,--gdwarf-5                          -Wa,--gdwarf-5
-Wa,--defsym,X=1                        -Wa,--defsym,X=1
-Wa,-msse2avx                           -Wa,-msse2avx
-Wa,--64                                -Wa,--64
-Wa,-o,f.s                              -Wa,-o,f.s
-Wa,--noexecstack -Wa,-O2               -Wa,-O2
-Xassembler --made-up                   -Xassembler --made-up
-fno-integrated-as -Wa,--made-up        -Wa,--made-up
'''

# Taken, for the effect is the same or there is none.
TAKEN = '''
-fcf-protection=none
-fcf-protection
-mcmodel=small
-fno-plt
-fno-pic
-fno-pie
-fno-jump-tables
-fno-omit-frame-pointer
-fomit-frame-pointer
-fno-asynchronous-unwind-tables
-fno-semantic-interposition
-mno-red-zone
-mstackrealign
-mno-sse
-mno-sse2
-mgeneral-regs-only
-mno-80387
-march=x86-64-v3
-mtune=generic
-fdata-sections
-ffunction-sections
-falign-functions=32
-falign-loops=32
-fno-ident
-fno-addrsig
-fno-integrated-as
-ffp-contract=fast
-ffast-math
-fwrapv
-fno-strict-aliasing
-fno-delete-null-pointer-checks
-finstrument-functions
-finstrument-functions-after-inlining
-pg
-fsanitize=address
-fsanitize=undefined -fno-sanitize=function
-fbasic-block-sections=none
-femulated-tls
-femulated-tls -fno-emulated-tls
-fsanitize=cfi -flto -fvisibility=hidden -fno-sanitize=cfi
-fsanitize=cfi-icall -flto -fno-sanitize=all
-ffat-lto-objects -fno-fat-lto-objects
-fdwarf-exceptions
-mno-stack-arg-probe
--target=x86_64-w64-mingw32 -fwinx64-eh-unwindv2=best-effort
-mtls-dialect=gnu
-mllvm -asan-globals=0
-Wa,--noexecstack
-Wa,--fatal-warnings,-W
-Wa,-L,--no-warn,--no-crel
-Wa,-I,/nowhere,-W
-Wa,-I. -Wa,-I/nowhere
-Wa,-fdebug-compilation-dir,/nowhere
-Wa,-fdebug-compilation-dir=/nowhere
-Wa,-gdwarf-5
-Wa,-march=x86-64,-mcpu=native
-Wa,-force_cpusubtype_ALL
-Wa,--mrelax-relocations=yes
-Wa,-mrelax-relocations=no,-mrelax-relocations=yes
-g -Wa,-W,-compress-debug-sections
-g -Wa,--compress-debug-sections=zlib,-W
-Xassembler --noexecstack
--target=aarch64-linux-gnu -mbranch-protection=none
--target=aarch64-linux-gnu -mbranch-protection=standard
--target=aarch64-linux-gnu -ffixed-x18
--target=aarch64-linux-gnu -moutline-atomics
-flto
-flto=thin
-flto=auto
-flto -fno-lto
--target=x86_64-linux-musl
--target=x86_64-unknown-none-elf
'''


# Refused in a source with a construct: flags, the source, and what the error names. The file without it is taken, if the
# flags are marked so.
CODE = r'''
-ftrap-function=mine                    taken   void f(void) { __builtin_trap(); }
-finstrument-function-entry-bare        refused int f(void) { return 1; }
-mno-sse2                               taken   float f(float x) { return x + 1; }
-mno-sse                                taken   float f(float *x) { return *x; }
-mgeneral-regs-only                     taken   float f(float *x) { return *x; }
-mno-80387                              taken   long double x; int f(int x) { return x; }
-mno-x87                                taken   long double x; int f(int x) { return x; }
-fsymbol-partition=part                 refused int f(int x) { return x; }
-x c++ -flto -funified-lto              taken   struct A { virtual int v(); }; int A::v() { return 1; }
-x c++ -flto -fwhole-program-vtables    taken   struct A { virtual int v(); }; int f(A *a) { return a->v(); }
-x c++ -flto -fvirtual-function-elimination  taken  struct A { virtual int v(); }; int f(A *a) { return a->v(); }
-x c++ -fexperimental-relative-c++-abi-vtables  taken  struct A { virtual int v(); }; int A::v() { return 1; }
-fsanitize=hwaddress                    refused int f(int *x) { return *x; }
--target=aarch64-linux-gnu -fsanitize=hwaddress         refused int f(int *x) { return *x; }
--target=aarch64-linux-gnu -march=armv8-a+memtag -fsanitize=memtag  refused int g(int *); int f(int x) { return g(&x); }
--target=aarch64-linux-gnu -mno-unaligned-access        refused int f(int *x) { return *x; }
--target=aarch64-linux-gnu -march=armv8-a+nofp          refused int f(int *x) { return *x; }
--target=x86_64-w64-mingw32 -gcodeview                  refused int f(int x) { return x; }
--target=x86_64-w64-mingw32 -fdwarf-exceptions          refused int f(int x) { return x; }
-target x86_64-w64-mingw32 -fdwarf-exceptions           refused int f(int x) { return x; }
--target=x86_64-w64-mingw32 -fwinx64-eh-unwindv2=required  refused int f(int x) { return x; }
--target=x86_64-w64-mingw32 -mno-stack-arg-probe        refused int f(int x) { return x; }
-mkernel                                refused int f(int x) { return x; }
-fapple-kext                            refused int f(int x) { return x; }
--target=x86_64-w64-mingw32 -g -gcodeview               refused int f(int x) { return x; }
--target=x86_64-w64-mingw32 -mguard=cf                  refused int f(int x) { return x; }
--target=x86_64-w64-mingw32 -mguard=cf-nochecks         refused int f(int x) { return x; }
--target=x86_64-w64-mingw32 -fcf-protection             refused int f(int x) { return x; }
--target=x86_64-w64-mingw32 -fcf-protection=branch      refused int f(int x) { return x; }
--target=x86_64-w64-mingw32 -g -gsplit-dwarf            refused int f(int x) { return x; }
--target=x86_64-w64-mingw32 -g -gsplit-dwarf=single     refused int f(int x) { return x; }
--target=x86_64-w64-mingw32 -fprofile-instr-generate    refused int f(int x) { return x; }
--target=x86_64-w64-mingw32 -fprofile-generate          refused int f(int x) { return x; }
--target=x86_64-w64-mingw32 -Xclang -cfguard            refused int f(int x) { return x; }
--target=x86_64-w64-mingw32 -Xclang -ehcontguard        refused int f(int x) { return x; }
--target=x86_64-w64-mingw32 -Xclang -fms-kernel         refused int f(int x) { return x; }
--target=x86_64-w64-mingw32 -Xclang -import-call-optimization  refused int f(int x) { return x; }
--target=x86_64-w64-mingw32 -fsanitize=signed-integer-overflow -fsanitize-minimal-runtime -fsanitize-handler-preserve-all-regs  taken  int f(int x) { return x + 1; }
--target=aarch64-linux-gnu -mexecute-only               refused int f(int x) { return x; }
--target=aarch64-linux-gnu -mcpu=cortex-a57+nofp        refused int f(int x) { return x; }
--target=aarch64-linux-gnu -mcpu=cortex-a57+nosimd      refused int f(int x) { return x; }
--target=aarch64-linux-gnu -march=armv8-a+nosimd        refused int f(int x) { return x; }
'''


# Attributes of a function, as sources write them: the error names them so. Further columns: flags; a source, if it is not
# that of a function with the attribute.
ATTRIBUTES = r'''
zero_call_used_regs("used")             zero_call_used_regs
patchable_function_entry(2)             patchable_function_entry
no_caller_saved_registers               no_caller_saved_registers
swiftcall                               swiftcall
swiftasynccall                          swiftasynccall
vectorcall                              vectorcall
regcall                                 regcall
speculative_load_hardening              speculative_load_hardening
function_return("thunk-extern")         function_return
device_kernel                           device_kernel
preserve_most                           preserve_most     --target=x86_64-w64-mingw32
preserve_all                            preserve_all      --target=x86_64-w64-mingw32
preserve_none                           preserve_none     --target=x86_64-w64-mingw32
target("execute-only")                  target("execute-only")  --target=aarch64-linux-gnu
interrupt                               interrupt         __attribute__((interrupt)) void f(void *p) {}
target("no-x87")                        target("no-x87")  long double x; __attribute__((target("no-x87"))) int f(int x) { return x; }
target("no-sse2")                       target(...)       __attribute__((target("no-sse2"))) int f(float *x) { return *x; }
__arm_streaming                         __arm_streaming   --target=aarch64-linux-gnu -march=armv9-a+sme  void f(void) __arm_streaming {}
__arm_streaming_compatible              __arm_streaming_compatible  --target=aarch64-linux-gnu -march=armv9-a+sme  void f(void) __arm_streaming_compatible {}
__arm_locally_streaming                 __arm_locally_streaming  --target=aarch64-linux-gnu -march=armv9-a+sme  __arm_locally_streaming void f(void) {}
__arm_new                               __arm_new(...)    --target=aarch64-linux-gnu -march=armv9-a+sme  __arm_new("za") void f(void) {}
__arm_in                                __arm_in(...)     --target=aarch64-linux-gnu -march=armv9-a+sme  void f(void) __arm_in("za") {}
__arm_out                               __arm_out(...)    --target=aarch64-linux-gnu -march=armv9-a+sme  void f(void) __arm_out("za") {}
__arm_inout                             __arm_inout(...)  --target=aarch64-linux-gnu -march=armv9-a+sme  void f(void) __arm_inout("za") {}
__arm_preserves                         __arm_preserves(...)  --target=aarch64-linux-gnu -march=armv9-a+sme  void f(void) __arm_preserves("za") {}
__arm_agnostic                          __arm_agnostic(...)  --target=aarch64-linux-gnu -march=armv9-a+sme  void f(void) __arm_agnostic("sme_za_state") {}
bss                                     #pragma clang section  _Pragma("clang section bss=\"b\"") int z;
data                                    #pragma clang section  _Pragma("clang section data=\"b\"") int z = 4;
rodata                                  #pragma clang section  _Pragma("clang section rodata=\"b\"") const int z = 4;
relro                                   #pragma clang section  _Pragma("clang section relro=\"b\"") int z = 4;
'''


# Taken, with a warning: the flag, and a part of what it says.
LEFT_OUT = '''
-g -fdebug-macro                        -fdebug-macro: macros are not described
-g -fdebug-types-section                -fdebug-types-section: types
-gdwarf-2                               -gdwarf-2: it will be DWARF 4
-gdwarf-2 -gdwarf-3                     -gdwarf-3: it will be DWARF 4
-g -gdwarf64                            -gdwarf64: it will be 32-bit DWARF
-g -gdwarf-5 -gembed-source             -gembed-source: sources are not embedded
-Wframe-larger-than=100                 -Wframe-larger-than=: the sizes of frames are not checked
-g -grecord-command-line                -grecord-command-line: the command line is not recorded
-g -grecord-gcc-switches                -grecord-gcc-switches: the command line is not recorded
-g -gpubnames                           -gpubnames: there will be no index of names
-g -gsplit-dwarf -fsplit-dwarf-inlining  -fsplit-dwarf-inlining: the object does not describe inlined calls
'''
# No warning: taken back, or nothing that is left out.
SILENT = '''
-g -fdebug-macro -fno-debug-macro
-Wframe-larger-than=100 -Wno-frame-larger-than
-fforce-dwarf-frame
-g -gdwarf64 -gdwarf32
-gdwarf-2 -gdwarf-5
-gdwarf-3 -gdwarf-4
-g -gsplit-dwarf
-g -gsplit-dwarf=single
-g -ggnu-pubnames
-g -fsplit-dwarf-inlining -fno-split-dwarf-inlining
-g -gsplit-dwarf=single -gno-split-dwarf
-g -gsplit-dwarf -gno-split-dwarf
-g -gz -gz=none
-g -gz=none -gz=zlib
-g3 -ggdb -gdwarf-4 -gz=none -gcolumn-info -gdwarf-aranges
'''


class Test:
    def __init__(self, build):
        self.kiln = os.path.join(os.path.abspath(build), 'kiln')
        self.lines = self.failed = 0
        self.dir = tempfile.TemporaryDirectory(prefix='kiln-test-')
        with open(os.path.join(self.dir.name, 'f.c'), 'w') as f:
            f.write(SOURCE)

    def cc(self, flags, **env):
        p = subprocess.run([self.kiln, 'cc', '-c', *flags, 'f.c', '-o', 'f.o'], cwd=self.dir.name, text=True,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, **env}, timeout=60)
        return p.returncode, p.stderr

    def source(self, text):
        with open(os.path.join(self.dir.name, 'f.c'), 'w') as f:
            f.write(text + '\n')

    def check(self, good, name, text):
        self.lines += 1
        self.failed += not good
        if not good:
            print('# ' + text.strip().replace('\n', '\n# '))
        print('%s %d - %s' % ('ok' if good else 'not ok', self.lines, name), flush=True)


def main():
    t = Test(sys.argv[1])
    for line in REFUSED.strip().splitlines():
        flags, names = re.match(r'(\S+(?: \S+)*)  +(.*)', line).groups()
        if flags.startswith('-mllvm') or flags.startswith('-X') or names.startswith('-'):
            names = r'(^kiln: error: cc|^f.c(:f)?: error|/f.c:\d+:\d+: error): not implemented: ' + re.escape(names) + '$'
        status, err = t.cc(flags.split())
        t.check(status == 1 and re.search(names, err, re.M), 'refused: ' + flags, 'status %d\n%s' % (status, err))
    for line in ATTRIBUTES.strip().splitlines():
        written, names, *more = re.split('  +', line)
        flags = [word for m in more if m[0] == '-' for word in m.split()]
        t.source(*([m for m in more if m[0] != '-'] or ['__attribute__((%s)) int f(int x) { return x; }' % written]))
        status, err = t.cc(['-Wno-everything', *flags])
        t.check(status == 1 and re.search(r'^\S*f.c(:\w+|:\d+:\d+)?: error: not implemented: (__attribute__\(\(%s\)\)|%s)$' % ((re.escape(names),) * 2), err, re.M),
                'refused: ' + written, 'status %d\n%s' % (status, err))
    for line in CODE.strip().splitlines():
        flags, alone, source = re.match(r'(\S+(?: \S+)*)  +(taken|refused) +(.*)', line).groups()
        t.source(source)
        status, err = t.cc(['-Wno-everything', *flags.split()])
        names = r'^(kiln: error: cc|\S*f.c(:f|:\d+:\d+)?: error): not implemented: %s$' % re.escape(flags.split()[-1])
        t.check(status == 1 and re.search(names, err, re.M), 'refused: %s: %s' % (flags, source), 'status %d\n%s' % (status, err))
        t.source('int f(int x) { return x; }')
        status, err = t.cc(['-Wno-everything', *flags.split()])
        t.check(status == (alone == 'refused') and (status == 0 or re.search(names, err, re.M)), '%s: %s, without it' % (alone, flags),
                'status %d\n%s' % (status, err))
    t.source(SOURCE)
    for line in TAKEN.strip().splitlines():
        status, err = t.cc(line.split())
        t.check(status == 0, 'taken: ' + line, err)
    for line in LEFT_OUT.strip().splitlines():
        flags, says = re.match(r'(\S+(?: \S+)*)  +(.*)', line).groups()
        status, err = t.cc(flags.split())
        good = status == 0 and err.startswith('kiln: warning: cc: ' + says) and err.count('\n') == 1
        t.check(good, 'left out: ' + flags, 'status %d\n%s' % (status, err))
    for line in SILENT.strip().splitlines():
        status, err = t.cc(line.split())
        t.check(status == 0 and err == '', 'silent: ' + line, err)
    for flags in ('-g -gdwarf-aranges', '-g'):
        t.cc(flags.split())
        sections = subprocess.run(['readelf', '-SW', 'f.o'], cwd=t.dir.name, stdout=subprocess.PIPE, text=True).stdout
        t.check(('.debug_aranges' in sections) == ('aranges' in flags), '.debug_aranges: ' + flags, sections)
    status, err = t.cc(['-fsanitize=undefined'])
    t.check(status == 0 and 'does not include -fsanitize=function' in err, 'a warning: -fsanitize=undefined', err)
    for flags in (['-mretpoline'], ['-mno-implicit-float'], ['-fbasic-block-sections=all'],
                  ['--target=aarch64_be-linux-gnu']):
        status, err = t.cc(flags, KILN_FALLBACK='llvm')
        t.check(status == 0 and 'compiled by LLVM: not implemented' in err, 'by LLVM: ' + flags[0], err)
    # A clang that does not know a flag of Kiln's, as clang 19 and older do not know this one.
    old = os.path.join(t.dir.name, 'clang-old')
    with open(old, 'w') as f:
        f.write('#!/bin/sh\nfor w; do\n  [ "$w" = -opt-bisect-verbose=false ] && { echo "Unknown command line argument" >&2; exit 1; }\ndone\n'
                'exec clang-22 "$@"\n')
    os.chmod(old, 0o755)
    status, err = t.cc(['-Og'], KILN_CLANG=old)
    t.check(status == 1 and err == f"kiln: error: cc: not implemented: -Og with {old}, which cannot leave out LLVM's passes, as clang-22 can\n",
            'refused: -Og with an older clang', 'status %d\n%s' % (status, err))
    for flags in (['-Og', '-pg', '-fsanitize=address'], ['-O1'], ['-O0']):
        status, err = t.cc(flags, KILN_CLANG=old)
        t.check(status == 0 and err == '', 'taken: an older clang with ' + ' '.join(flags), 'status %d\n%s' % (status, err))
    status, err = t.cc(['-Og'], KILN_CLANG=old, KILN_FALLBACK='llvm')
    t.check(status == 0 and 'compiled by LLVM: not implemented: -Og with' in err, 'by LLVM: -Og with an older clang', err)
    print('1..%d' % t.lines)
    sys.exit(t.failed != 0)


main()
