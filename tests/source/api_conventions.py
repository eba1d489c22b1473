#!/usr/bin/env python3
"""api_conventions.py INCLUDE: checks docs/api.md for every function, type, enumerator and macro of the public
headers in INCLUDE/kiln, by clang's syntax tree. Prints what breaks a rule. What is exempt is in EXEMPT, with its reason.
"""
import glob
import json
import os
import re
import subprocess
import sys

# What the first word or words of a function's name say: the type of its first argument (a handle of that object may be
# the second one), or of what it makes. '': no object.
NOUNS = {
    'as': 'kiln_as', 'asm': 'kiln_func', 'alias': 'kiln_module', 'block': 'kiln_func', 'buffer': 'kiln_buffer',
    'build': 'kiln_func', 'clauses': 'kiln_func', 'const': 'kiln_func', 'csig': 'kiln_ctypes', 'ctor': 'kiln_module',
    'ctype': 'kiln_ctypes', 'ctypes': 'kiln_ctypes', 'data': 'kiln_module', 'debug': 'kiln_debug',
    'debug_expr': 'kiln_debug_expr', 'diag': 'kiln_diag', 'die': 'kiln_debug', 'die_shape': 'kiln_debug',
    'exception': 'void', 'throw': 'void', 'rethrow': 'void',
    'edge': 'kiln_func', 'elf': 'kiln_processor', 'emit': 'kiln_module', 'feature': 'kiln_processor', 'format': 'kiln_format', 'file': 'kiln_session', 'fold': 'kiln_func',
    'forward': 'kiln_func', 'func': 'kiln_func', 'inst': 'kiln_func', 'interp': 'kiln_interp', 'jit': 'kiln_jit',
    'jit_error': 'kiln_jit_error', 'jit_stream': 'kiln_jit_stream', 'llvm': 'kiln_llvm', 'llvm_builder': 'kiln_llvm_builder', 'loc': 'kiln_session',
    'machine': 'kiln_processor', 'module': 'kiln_module', 'op': 'kiln_op', 'operand': 'kiln_func',
    'processor': 'kiln_processor', 'root_map': 'kiln_root_map', 'register': 'kiln_processor', 'reloc': 'kiln_reloc_kind', 'section': 'kiln_module', 'session': 'kiln_session', 'sig': 'kiln_module',
    'slot': 'kiln_func', 'ssa': 'kiln_ssa', 'stack_walk': 'kiln_stack_walk', 'stack_frame': 'kiln_stack_frame', 'stack_point': 'kiln_stack_point', 'status': 'kiln_status', 'symbol': 'kiln_module', 'target': 'kiln_target',
    'system': 'kiln_system', 'text': 'kiln_session', 'try': 'kiln_func', 'type': 'kiln_type', 'value': 'kiln_func', 'version': '', 'wasm': 'kiln_wasm',
}
# Objects that keep their first error, or whose module does: calls that build with them return nothing, or what they make.
BUILDERS = {'kiln_func', 'kiln_debug', 'kiln_debug_expr', 'kiln_ssa', 'kiln_ctypes'}
# Other acts that end what is built, and so tell.
ENDS = re.compile(r'kiln_func_(finish|keep|verify|compile|try_compile|fail|print|status)|kiln_ssa_end$')
GROWS = re.compile(r'_(options|attrs|desc|stats)$')
# Structs that programs fill in, and that need no room.
COMPLETE = {
    'kiln_interp_value': 'bits', 'kiln_switch_case': 'a value and a block',
    'kiln_clause': 'its kind says what more there is',
    'kiln_die_declaration': 'kiln_die_set_... adds to the entry',
    'kiln_die_member': 'members with more attributes are entries: kiln_die_new, kiln_die_set_children',
    'kiln_die_enumerator': 'a name and a value', 'kiln_die_shape_attr': 'a name and a kind',
    'kiln_allocator': "realloc's arguments", 'kiln_buffer': 'a container', 'kiln_debug_expr': 'bytes of an expression',
    'kiln_code_piece': 'many of a function: kiln_code has room',
    'kiln_wasm_value': 'a value', 'kiln_wasm_tag': 'compiled code knows its layout',
    'kiln_wasm_exn': 'compiled code knows its layout', 'kiln_wasmrt_typed': 'a type and a value',
}
NUMBERS = {'uint8_t', 'uint16_t', 'uint32_t', 'uint64_t', 'int32_t', 'int64_t', 'size_t', 'bool', 'float', 'double', 'void',
           'char'}
PLURAL_ARRAYS = re.compile(r'^n_(\w+)$')

EXEMPT = {
    'kiln_llvm_is_bitcode': 'noun', 'kiln_llvm_find_target': 'noun',  # ask before there is a reader,
    'kiln_llvm_read': 'noun',  # or need none
    'kiln_func_declare': 'noun',  # a function of a module, before it has a body
    'kiln_func_begin': 'noun',  # makes it
    'kiln_ctype_basic': 'noun',  # the same in all tables
    'kiln_interp_sink': 'noun',  # a kiln_func_sink_fn
    'kiln_as_assemble': 'noun',  # a kiln_assemble_fn
    'kiln_target_find': 'noun', 'kiln_reloc_find': 'noun',  # gives it
    'kiln_jit_run_constructors': 'number',  # main's argc
    'kiln_block_symbol': 'noun',  # of a function whose body may come later
    'kiln_status': 'enumerator',  # KILN_OK and KILN_ERR_...: checked at every call
    'kiln_buffer': 'size',  # data, size and capacity, as of a container
    'kiln_allocator': 'callback',  # realloc's own order
    'kiln_wasmrt_status': 'enumerator',  # as kiln_status
    'kiln_wasm_is_module': 'noun',  # asks before there is a reader
    'kiln_file_is_foreign': 'noun',  # asks of a path, before the file has a number
    'kiln_wasm_value': 'tag',  # a union: any type's bytes
    'kiln_personality': 'noun',  # only unwinders call it, with the parameters of theirs
    'kiln_wasm_functype': 'callback',  # `entry` is compiled code
}


def main(include):
    headers = sorted(glob.glob(os.path.join(include, 'kiln', '*.h')))
    source = ''.join(f'#include <kiln/{os.path.basename(h)}>\n' for h in headers)
    tree = json.loads(subprocess.run(
        ['clang-22', '-std=c11', '-I', include, '-x', 'c', '-fsyntax-only', '-Xclang', '-ast-dump=json', '-'],
        input=source, capture_output=True, text=True, check=True).stdout)
    wrong, used = [], set()

    def check(ok, name, rule, text):
        if ok:
            return
        if EXEMPT.get(name) == rule:
            used.add(name)
        else:
            wrong.append(f'{name}: {text}')

    functions, structs, enums, callbacks, opaque = {}, {}, {}, {}, set()
    for node in tree['inner']:
        name = node.get('name', '')
        kind = node['kind']
        if kind == 'EnumDecl':
            values = [v['name'] for v in node.get('inner', []) if v['kind'] == 'EnumConstantDecl']
            if any(v.startswith('KILN_') for v in values):
                enums[name or values[0]] = (name, values)
        if not name.startswith('kiln_'):
            continue
        if kind == 'FunctionDecl':
            if name.startswith(('kiln_wasmrt_', 'kiln_wasi_')):
                continue  # of WebAssembly's runtime, which does not need this library: errors are values of its own
            params = [(p['type']['qualType'], p.get('name', '')) for p in node.get('inner', [])
                      if p['kind'] == 'ParmVarDecl']
            returns = node['type']['qualType'].split('(')[0].strip().replace('_Bool', 'bool')
            functions[name] = (returns, params, node.get('inline', False))
        elif kind == 'RecordDecl':
            fields = [(f['type']['qualType'], f['name']) for f in node.get('inner', []) if f['kind'] == 'FieldDecl']
            if node.get('completeDefinition'):
                structs[name] = fields
            else:
                opaque.add(name)
        elif kind == 'TypedefDecl':
            spelled = node['type']['qualType']
            if '(*)' in spelled:
                callbacks[name] = spelled
            check(re.fullmatch(rf'(struct|enum) {name}', spelled) or '(*)' in spelled, name, 'tag',
                  'a type is a struct or an enumeration of its own name, or a pointer to a function')
    opaque -= set(structs)
    handles = {s for s, fields in structs.items() if fields[0] == ('uint32_t', 'id') or fields[0] == ('uint64_t', 'id')}

    def base(spelled):
        return re.sub(r'\b(const|struct|enum)\b|\[\d*\]|[* ]', '', spelled).replace('_Bool', 'bool')

    # functions
    for name, (returns, params, inline) in functions.items():
        words = name[5:].split('_')
        noun = next(('_'.join(words[:k]) for k in (2, 1) if '_'.join(words[:k]) in NOUNS), None)
        check(noun is not None, name, 'noun', 'begins with no noun that the conventions have')
        first = base(params[0][0]) if params else ''
        made = base(returns)
        expected = NOUNS.get(noun)
        makes = name.endswith(('_new', '_fork')) and '*' in returns and made == expected
        check(noun is None or first == expected or makes, name, 'noun',
              f'is about a {expected}, and takes a {first} first')
        if makes and name.endswith('_new'):
            free = functions.get(name[:-4] + '_free')
            check(free is not None and free[0] == 'void', name, 'free', 'makes what no _free frees')
        by_value = made in structs and '*' not in returns
        check(noun == 'build' or (by_value and made not in handles) == bool(re.search(r'_get(_|$)', name)), name, 'get',
              '_get is for structs, which are returned by value, and for nothing else')
        if returns == 'bool':
            check(re.search(r'_(is|has|find)(_|$)', name), name, 'bool', 'gives a bool, and is no question')
        if re.search(r'_find(_|$)', name):
            out = params[-1][0]
            check(returns == 'bool' and '*' in out and 'const' not in out, name, 'find',
                  '_find gives a bool, and writes what it finds to its last argument')
        if re.search(r'_lookup(_|$)', name):
            check('*' in returns or made in handles, name, 'find', '_lookup returns a handle or a pointer')
        if re.search(r'_(is|has)_', name):
            check(returns == 'bool', name, 'bool', 'asks, and gives no bool')
        if '_set_' in name or name.endswith('_set'):
            check(returns == ('void' if expected in BUILDERS else 'kiln_status'), name, 'set',
                  'sets: void where errors stick, kiln_status elsewhere')
        if returns == 'void':
            check(expected in BUILDERS or re.search(r'_(free|discard)$', name), name, 'void',
                  'may fail, and does not tell')
        if returns == 'kiln_status' and expected in BUILDERS and not inline:
            check(ENDS.match(name), name, 'status', 'builds: errors stick to the object')
        written = False
        for k, (spelled, own) in enumerate(params):
            kind, pointer = base(spelled), '*' in spelled
            before = params[k - 1] if k else ('', '')
            check(own not in ('n', 'size', 'length') or kind not in NUMBERS, name, 'number', f'{own}: of what?')
            check(kind.startswith('kiln_') or kind in NUMBERS, name, 'number', f'{own}: a {kind}')
            if kind == 'size_t':
                check(own.endswith(('_bytes', '_length')), name, 'number', f'{own}: size_t is for bytes')
            many = PLURAL_ARRAYS.match(own)
            if many:
                check(kind == 'uint32_t' and '*' in before[0] and
                      (before[1] == many[1] or many[1] in before[1]), name, 'count',
                      f'{own} counts no array before it')
            if kind in callbacks:
                check(k + 1 < len(params) and params[k + 1][1] == 'user', name, 'callback', f'{own}: without its user')
            is_out = (pointer and 'const' not in spelled and kind not in opaque and k > 0 and
                      spelled.count('*') == 1 and kind not in ('void', 'char', 'kiln_assembly'))
            if written:
                check(is_out or own in ('max', 'out_bytes'), name, 'order', f'{own}: an input behind what is written')
            written = written or is_out

    # what is given to calls, or filled in for them: by pointer, by callbacks too, and what such structs consist of
    given = {base(spelled) for _, params, _ in functions.values() for spelled, _ in params if re.match(r'(const )?kiln_\w+ \*', spelled)}
    given.update(name for spelled in callbacks.values() for name in re.findall(r'\b(kiln_\w+) \*', spelled))
    given &= set(structs)
    while True:
        inner = {base(spelled) for name in given for spelled, _ in structs[name]} & set(structs)
        if inner <= given:
            break
        given |= inner

    # types
    for name, fields in structs.items():
        last = fields[-1]
        grows = bool(GROWS.search(name))
        room = last[1] == 'reserved' and last[0].startswith('uint64_t[')
        check(not grows or room, name, 'grows', '_options, _attrs, _desc and _stats have room to grow (reserved)')
        check(room or name in COMPLETE or name in handles or name not in given, name, 'grows',
              'is given to calls: without room to grow (reserved), and not in COMPLETE')
        check(name not in COMPLETE or name in given, name, 'grows', 'is in COMPLETE, and given to no call')
        names = {f[1]: f[0] for f in fields}
        for spelled, own in fields:
            kind = base(spelled)
            if '(*' in spelled or kind in callbacks:
                check(own + '_user' in names, name, 'callback', f'{own}: without {own}_user')
                continue
            check(kind.startswith('kiln_') or kind in NUMBERS, name, 'number', f'{own}: a {kind}')
            check(own not in ('n', 'size', 'length'), name, 'size', f'{own}: of what?')
            if kind == 'size_t':
                check(own.endswith(('_bytes', '_length')), name, 'size', f'{own}: size_t is for bytes')
            many = PLURAL_ARRAYS.match(own)
            if many:
                check(kind == 'uint32_t', name, 'count', f'{own}: counts are uint32_t')
    for name, spelled in callbacks.items():
        check(name.endswith('_fn'), name, 'callback', 'a pointer to a function is called ..._fn')
        check(re.search(r'\(\*\)\(void \*', spelled), name, 'callback', 'its user is its first argument')

    # enumerators
    for name, (type_name, values) in enums.items():
        if not type_name:
            check(all(v.startswith('KILN_') for v in values), name, 'enumerator', 'begins otherwise than KILN_')
            continue
        prefix = type_name.upper() + '_'
        short = re.sub(r'_KIND_$', '_', prefix)
        check(all(v.startswith((prefix, short)) for v in values), type_name, 'enumerator',
              f'its enumerators begin with {short}')
        check(values[-1] == prefix + 'COUNT', type_name, 'count', f'its last enumerator is {prefix}COUNT')

    # macros, and the operations' calls
    for path in headers + glob.glob(os.path.join(include, 'kiln', '*.def')):
        with open(path, encoding='utf-8') as file:
            for macro in re.findall(r'^ *# *define (\w+)', file.read(), flags=re.M):
                check(macro.startswith('KILN_'), macro, 'macro', f'a macro of {os.path.basename(path)}')
    with open(os.path.join(include, 'kiln', 'ops.def'), encoding='utf-8') as file:
        rows = re.findall(r'^KILN_OP\(\w+, (\w+), (\w+),', file.read(), flags=re.M)
    for own, shape in rows:
        if shape not in ('INTERNAL', 'MACHINE', 'MACHINEV'):
            check('kiln_build_' + own in functions, 'kiln_build_' + own, 'built', 'there is no such function')
    for name in sorted(set(EXEMPT) - used):
        wrong.append(f'{name}: is exempt from a rule that it keeps')
    print('\n'.join(wrong), end='\n' if wrong else '')
    if len(functions) < 300 or len(structs) < 50 or len(rows) < 100:
        print(f'few are read: {len(functions)} functions, {len(structs)} structs, {len(rows)} operations')
        return 1
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
