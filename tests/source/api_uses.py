#!/usr/bin/env python3
"""api_uses.py: the public functions that nothing uses: no front end, helper, library on the public API, tool, integration,
bench, binding, example or page of docs/. Each is in UNUSED, with what it is for, or should be deleted; prints those that are
not, and rows of UNUSED that are used or gone."""
import re
import subprocess
import sys

USERS = ('assembler/', 'bench/', 'docs/', 'examples/', 'frontends/', 'lib/frontend/', 'include/kiln/base.hpp', 'include/kiln/func.hpp',
         'include/kiln/kiln.hpp', 'integrations/', 'interp/', 'ir/fold/', 'ir/text/', 'bindings/', 'README.md', 'tools/')
COMMENT = re.compile(r'/\*.*?\*/|//[^\n]*', re.S)

UNUSED = {
    'kiln_build_cresult': 'results in memory without a copy; tests/run/abi compares it with C compilers',
    'kiln_build_cva_arg': "C's va_arg, which a C front end needs; tests/run/abi compares it with C compilers",
    'kiln_csig_get_arg': 'where the ABI puts an argument: for front ends and bridges that pass arguments themselves',
    'kiln_csig_get_result': 'where the ABI puts the result',
    'kiln_ctype_new_aligned': 'typedefs with an alignment: a type of C that nothing else makes',
    'kiln_ctype_new_flexible': 'flexible array members: a type of C that nothing else makes',
    'kiln_func_is_finished': 'sinks get functions that are built and, with inlining, kept ones that are finished',
    'kiln_interp_address': 'C calls interpreted functions by it: the oracle of tests/kir',
    'kiln_llvm_builder_message': 'why kiln_llvm_builder_check says no: there is no function that would have the error',
    'kiln_module_get_inline_attrs': 'to change one attribute: get, change, set',
    'kiln_ssa_brind': 'computed gotos in functions with variables: the edges of no other call are complete',
    'kiln_wasi_set_instance': "the host's own calls of WASI have no calling instance whose memory pointers mean",
    'kiln_wasmrt_define_instance': 'modules that import from another instance, as in the official test suite',
    'kiln_wasmrt_f32': 'a value of each type, with the three below',
    'kiln_wasmrt_f64': 'a value of the type',
    'kiln_wasmrt_fuel': 'what a host bills: fuel that is left',
    'kiln_wasmrt_global_new': 'imports that the host makes: each kind, with the three below',
    'kiln_wasmrt_i32': 'a value of the type',
    'kiln_wasmrt_i64': 'a value of the type',
    'kiln_wasmrt_memory_new': 'an import of its kind',
    'kiln_wasmrt_table_new': 'an import of its kind',
    'kiln_wasmrt_tag_new': 'an import of its kind',
}


def declared():
    found = set()
    for path in subprocess.check_output(['git', 'ls-files', 'include/kiln/*.h'], text=True).split():
        with open(path, encoding='utf-8') as file:
            code = COMMENT.sub('', file.read())
        found |= set(re.findall(r'^[A-Za-z_][^;{}()#=]*?\b(kiln_\w+)\(', code, re.M))
    with open('include/kiln/ops.def', encoding='utf-8') as file:
        of_operations = set(re.findall(r'^KILN_OP\(\w+, (\w+),', file.read(), re.M))
    return {f for f in found if f[len('kiln_build_'):] not in of_operations}


def used():
    found = set()
    for path in subprocess.check_output(['git', 'ls-files', *USERS], text=True).split():
        if not path.endswith(('.c', '.h', '.hpp', '.cc', '.cpp', '.md', '.py', '.rs', '.def')):
            continue
        with open(path, encoding='utf-8') as file:
            text = file.read()
        if path.endswith(('.c', '.h')):
            # what defines a function does not use it
            text = re.sub(r'^[A-Za-z_][^;{}()#=\n]*?\bkiln_\w+\(', '', COMMENT.sub('', text), flags=re.M)
        found |= set(re.findall(r'\bkiln_\w+', text))
    return found


def main():
    functions, uses = declared(), used()
    unused = functions - uses
    wrong = [f'{name}: nothing uses it' for name in sorted(unused - set(UNUSED))]
    wrong += [f'{name}: is used, or gone, and has a row in api_uses.py' for name in sorted(set(UNUSED) - unused)]
    if len(functions) < 300:
        wrong.append(f'few functions are found: {len(functions)}')
    print('\n'.join(wrong), end='\n' if wrong else '')
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
