#!/usr/bin/env python3
"""api_files.py: the files in which public functions are defined, by the header that declares them. Prints each function
that is defined elsewhere or nowhere, and each header that is not in the table."""
import fnmatch
import glob
import re
import subprocess
import sys

FILES = {
    'build.h exceptions.h': ['ir/builder/*.c', 'ir/module/session.c', 'ir/verify.c', 'lib/compile.c'],  # session.c: source locations
    'module.h': ['ir/module/module*.c', 'ir/module/session.c', 'lib/compile.c'],  # compile.c: what needs code generation
    'section.h': ['ir/module/module_sections.c', 'ir/builder/build_asm_label.c'],  # build_asm_label.c: data that belongs to a function's code
    'attrs.h': ['ir/builder/build_attrs.c', 'ir/module/module_attrs.c'],
    'asm.h': ['ir/builder/build_asm*.c', 'ir/module/module.c'],  # module.c: texts for the whole module
    'machine_ops.h': ['ir/builder/build_machine.c', 'lib/codegen/targets.c'],
    'reloc.h': ['ir/reloc_kinds.c'],
    'inline.h': ['ir/inline/inline_keep.c', 'ir/inline/inline_policy.c', 'ir/inline/inline_replay.c', 'ir/inline/inline_settle.c'],
    'reachable.h': ['ir/module/reachable.c'],
    'inspect.h': ['ir/inspect.c', 'ir/builder/build_asm.c'],
    'text.h': ['ir/text/*.c'],
    'types.h': ['ir/type_info.c'],
    'target.h': ['ir/module/triple.c', 'lib/codegen/targets.c'],
    'listing.h': ['lib/codegen/map.c', 'lib/codegen/witness.c', 'lib/compile.c'],
    'debug.h debug_entries.h': ['ir/debug/die.c', 'ir/debug/foreign.c', 'lib/frontend/debug.c', 'ir/module/session.c',  # session.c: source locations
                                'ir/builder/build_func.c'],  # those of instructions
    'emit.h': ['lib/object/elf_machine.c', 'lib/object/formats.c', 'lib/frontend/emit_file.c'],
    'jit.h': ['lib/jit/*.c'],
    'stack.h': ['runtime/stack/*.c'],
    'throw.h': ['runtime/throw/throw.c'],
    'ssa.h': ['lib/frontend/ssa*.c'],
    'ctypes.h': ['lib/frontend/ctypes*.c'],
    'fold.h': ['ir/fold/fold_build.c'],
    'interp.h': ['interp/*.c'],
    'llvm.h llvm_asm.h llvm_operation.h': ['frontends/llvm/*.c'],
    'wasm.h': ['frontends/wasm/*.c'],
    'as.h': ['assembler/*.c'],
}
COMMENT = re.compile(r'/\*.*?\*/|//[^\n]*', re.S)


def rows():
    """Patterns of files by header."""
    return {header: files for headers, files in FILES.items() for header in headers.split()}


def declared(header):
    return set(re.findall(r'KILN_API[^;{(]*?\b(kiln_\w+)\(', COMMENT.sub('', open(header).read())))


def defined():
    """The file that defines each public function."""
    found = {}
    for name in subprocess.check_output(['git', 'ls-files', '*.c'], text=True).split():
        if not name.startswith(('bench/', 'examples/', 'fuzz/', 'tests/', 'tools/')):
            text = COMMENT.sub('', open(name).read())
            for function in re.findall(r'^(?!static)\w[^\n;=#(]*?\b(kiln_\w+)\([^;{]*\)\s*\{', text, re.M):
                found[function] = name
    return found


def main():
    table, files, bad = rows(), defined(), 0
    for path in sorted(glob.glob('include/kiln/*.h')):
        header = path.rsplit('/', 1)[1]
        functions = declared(path)
        if functions and header not in table:
            print('%s has no row here' % header)
            bad = 1
        if not any(function in files for function in functions):
            continue  # declared ahead of what implements it
        for function in sorted(functions):
            at = files.get(function)
            if at is None or not any(fnmatch.fnmatch(at, p) for p in table.get(header, ())):
                print('%s of <kiln/%s>: %s' % (function, header, 'defined in ' + at if at else 'not found'))
                bad = 1
    return bad


sys.exit(main())
