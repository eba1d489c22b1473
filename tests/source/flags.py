#!/usr/bin/env python3
"""flags.py [--planted]: refusals of `kiln cc` name what the user wrote. Prints what does not:

- each flag of tools/cc_flags.def that is refused, left out, or named in place of LLVM's words has a row in
  tests/tool/cc_flags.py, and so has each attribute;
- what frontends/llvm/support.def refuses of module flags, of string attributes and of features, and what a flag of clang's
  driver causes, is among the words of cc_flags.def. NO_FLAG lists what no such flag causes, or whose message says itself what it is.

--planted changes what the check reads, which it has to find.
"""
import re
import sys

# What cc_flags.def refuses by the flag itself, before there is bitcode.
BY_FLAG = {
    'function_return_thunk_extern': '-mfunction-return=', 'split-stack': '-fsplit-stack',
    'xray-instruction-threshold': '-fxray-instrument', '+lvi-cfi': '-mlvi-cfi', '+lvi-load-hardening': '-mlvi-hardening',
    '+retpoline': '-mretpoline', '+retpoline-indirect-branches': '-mretpoline', '+retpoline-indirect-calls': '-mretpoline',
    '+retpoline-external-thunk': '-mretpoline-external-thunk', '+seses': '-mseses', '+harden-sls-blr': '-mharden-sls=',
    '+harden-sls-ijmp': '-mharden-sls=', '+harden-sls-nocomdat': '-mharden-sls=', '+harden-sls-ret': '-mharden-sls=',
    '+harden-sls-retbr': '-mharden-sls=', 'Code Model': '-mcmodel=', 'kcfi-offset': '-fpatchable-function-entry=',
    'function-instrument': '-fxray-instrument', 'patchable-function': '-fms-hotpatch',
}
# What clang's flags and attributes cannot cause on the systems that Kiln knows, or only beside something else that is refused
# before; -sse, -sse2 and -x87 have words of their own.
NO_FLAG = {
    '+16bit-mode', '+32bit-mode', '+soft-float', '+x32', '-64bit', '-cmov', '-cx8', '-sse', '-sse2', '-x87',
    'dontcall-error', 'Objective-C Image Info Section', 'aarch64-elf-pauthabi-platform', 'aarch64-elf-pauthabi-version', 'eh-asynch',
    'implicit-section-name', 'instrument-function-entry', 'instrument-function-exit', 'interrupt', 'kcfi-arity',
    'no_callee_saved_registers', 'ptrauth-auth-traps', 'ptrauth-calls', 'ptrauth-elf-got', 'ptrauth-indirect-gotos', 'ptrauth-returns',
    'ptrauth-sign-personality',
}


def read(path):
    with open(path, encoding='utf-8') as f:
        return f.read()


def rows(text, name):
    """The strings of each row NAME(...)."""
    for line in re.findall(r'(?m)^%s\((.*)\)' % name, text):
        yield [re.sub(r'\\(.)', r'\1', s) for s in re.findall(r'"((?:[^"\\]|\\.)*)"', line)]


def tested(flag, tests):
    return re.search(r'(?m)(^|[\s,])%s' % re.escape(flag), tests) is not None


def missing(flags, tests, support):
    """What has no row."""
    for kind in ('REFUSED', 'SYSTEM', 'ASSEMBLER', 'LEFT_OUT'):
        for flag, *_ in rows(flags, kind):
            if not tested(flag, tests):
                yield f'tests/tool/cc_flags.py: no row for {flag} ({kind})'
    for name, _ in rows(flags, 'SANITIZER'):
        if not tested('-fsanitize=' + name, tests):
            yield f'tests/tool/cc_flags.py: no row for -fsanitize={name}'
    for words, flag, attribute in rows(flags, 'WRITTEN'):
        if flag and not tested(flag, tests):
            yield f'tests/tool/cc_flags.py: no row for {flag}, which {words} stands for'
        if attribute and not tested(attribute.partition('(')[0], tests):
            yield f'tests/tool/cc_flags.py: no row for the attribute {attribute}'
    refused = {flag for flag, *_ in rows(flags, 'REFUSED')}
    for name, flag in BY_FLAG.items():
        if flag not in refused:
            yield f'tools/cc_flags.def: no REFUSED for {flag}, which {name} comes of'
    written = [words for words, *_ in rows(flags, 'WRITTEN')]
    for kind, named in (('FLAG', 'module flag'), ('STRING', 'attribute'), ('FEATURE', 'target feature')):
        for name, verdict in re.findall(r'(?m)^%s\("(.*?)", (\w+)' % kind, support):
            if verdict not in ('DONE', 'IDLE') and name not in NO_FLAG and name not in BY_FLAG and \
               not any(f'{named} "{name}"'.startswith(w) for w in written):
                yield f'tools/cc_flags.def: no WRITTEN for {named} "{name}"'


def planted(flags, tests, support):
    """What missing() does not find: a row more in each table, and a row less."""
    for row in ('REFUSED("-fplanted", "")', 'SYSTEM(WINDOWS, "-fplanted", "")', 'ASSEMBLER("--planted", "")', 'SANITIZER("planted", "cfi")',
                'LEFT_OUT("-gplanted", "", "x")', 'WRITTEN("x", "-fplanted", "")', 'WRITTEN("x", "", "planted")'):
        if not any(missing(flags + row + '\n', tests, support)):
            yield f'tools/cc_flags.def: {row} without a test is not found'
    for row in ('FLAG("planted", REFUSED, "")', 'STRING("planted", UNLESS, "x")', 'FEATURE("+planted", REFUSED, "")'):
        if not any(missing(flags, tests, support + row + '\n')):
            yield f'frontends/llvm/support.def: {row} without a WRITTEN is not found'
    for row in re.findall(r'(?m)^WRITTEN\("module flag \\"(?:CodeView|cfguard).*\n', flags)[:1]:
        if not any(missing(flags.replace(row, ''), tests, support)):
            yield f'tools/cc_flags.def without {row.strip()} is not found'


def main():
    texts = read('tools/cc_flags.def'), read('tests/tool/cc_flags.py'), read('frontends/llvm/support.def')
    bad = [*(planted if '--planted' in sys.argv else missing)(*texts)]
    print('\n'.join(bad), end='\n' if bad else '')
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
