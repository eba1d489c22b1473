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
-femulated-tls                          -femulated-tls
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
-flto -fsanitize=cfi-icall              intrinsic llvm\\.type\\.test
-flto=thin -fsanitize=cfi-icall         several modules in one file
-fsanitize=cfi-icall                    '-fsanitize=cfi-icall' only allowed with '-flto'
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
-femulated-tls -fno-emulated-tls
-mtls-dialect=gnu
-mllvm -asan-globals=0
-Wa,--noexecstack
-Wa,--fatal-warnings,-W
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


# Attributes of a function, as sources write them: the error names them so.
ATTRIBUTES = '''
zero_call_used_regs("used")             zero_call_used_regs
patchable_function_entry(2)             patchable_function_entry
no_caller_saved_registers               no_caller_saved_registers
swiftcall                               swiftcall
swiftasynccall                          swiftasynccall
vectorcall                              vectorcall
regcall                                 regcall
speculative_load_hardening              speculative_load_hardening
function_return("thunk-extern")         function_return
'''


# Taken, with a warning: the flag, and a part of what it says.
LEFT_OUT = '''
-g -fdebug-macro                        -fdebug-macro: macros are not described
-g -fdebug-types-section                -fdebug-types-section: types
-gdwarf-2                               -gdwarf-2: it will be DWARF 4
-gdwarf-2 -gdwarf-3                     -gdwarf-3: it will be DWARF 4
-g -gdwarf64                            -gdwarf64: it will be 32-bit DWARF
-g -gdwarf-5 -gembed-source             -gembed-source: sources are not embedded
-g -gpubnames                           -gpubnames: there will be no index of names
-g -gsplit-dwarf -fsplit-dwarf-inlining  -fsplit-dwarf-inlining: the object does not describe inlined calls
'''
# No warning: taken back, or nothing that is left out.
SILENT = '''
-g -fdebug-macro -fno-debug-macro
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
        written, names = line.split()
        with open(os.path.join(t.dir.name, 'f.c'), 'w') as f: f.write('__attribute__((%s)) int f(int x) { return x; }\n' % written)
        status, err = t.cc(['-Wno-everything'])
        t.check(status == 1 and re.search(r'^f.c:\w+: error: not implemented: __attribute__\(\(%s\)\)$' % names, err, re.M),
                'refused: ' + written, 'status %d\n%s' % (status, err))
    with open(os.path.join(t.dir.name, 'f.c'), 'w') as f: f.write(SOURCE)
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
    print('1..%d' % t.lines)
    sys.exit(t.failed != 0)


main()
