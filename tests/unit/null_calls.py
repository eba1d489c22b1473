#!/usr/bin/env python3
"""null_calls.py [--given] OUT.c BITCODE HEADER...: a C program that calls every public function of the headers with NULL
in each of its pointer arguments, one after the other, and in all of them at once. A call in which the NULL is
the object that a failed call would have given (a module, a session, a function, ...) must give none or an error;
of all others it is enough that they return. tests/harness/null_fixture.h makes the other arguments. With --given
no argument is NULL: it is enough that each function returns, for targets that lack things (tests/stub).

Fails if a function cannot be read, or has an argument of an unknown type, so that every new function is tested."""

import re
import sys

# What ends the process or the caller's frame by design.
CHANGES_STACK = ('kiln_interp_throw',)

# Objects whose constructor returns NULL when it fails.
HANDLES = ('kiln_module', 'kiln_session', 'kiln_func', 'kiln_ctypes', 'kiln_ssa', 'kiln_jit',
           'kiln_jit_stream', 'kiln_interp', 'kiln_llvm', 'kiln_llvm_builder', 'kiln_debug')

# The value for an argument that is not NULL, by type and then by name.
POINTERS = {
    'kiln_module': 'x->m', 'kiln_session': 'x->s', 'kiln_func': 'x->f', 'kiln_ctypes': 'x->c',
    'kiln_ssa': 'x->ssa', 'kiln_jit': 'x->jit', 'kiln_jit_stream': 'x->stream',
    'kiln_interp': 'x->interp', 'kiln_llvm': 'x->llvm', 'kiln_llvm_builder': 'x->operations', 'kiln_llvm_operand': '&x->operand',
    'kiln_llvm_asm_desc': '&(const kiln_llvm_asm_desc){.text = "nop", .constraints = "", .result = "void"}', 'kiln_llvm_unknown_info': '(kiln_llvm_unknown_info[64]){{0}}',
    'kiln_module_options': '&x->module_options', 'kiln_jit_options': '&x->jit_options',
    'kiln_interp_options': '&x->interp_options', 'kiln_symbol_desc': '&x->symbol_desc',
    'kiln_data_desc': '&x->data_desc', 'kiln_section_desc': '&x->section_desc', 'kiln_module_attrs': '&x->module_attrs', 'kiln_func_attrs': '&x->func_attrs', 'kiln_ctor_desc': '&x->ctor_desc',
    'kiln_diag': '&x->diag', 'kiln_jit_pc_info': '&(kiln_jit_pc_info){0}',
    'kiln_buffer': '&x->buffer', 'kiln_jit_error': '&x->jit_error', 'kiln_jit_unit': '&x->unit',
    'kiln_jit_input': '&x->jit_input', 'kiln_param': '&x->param', 'kiln_type': '&x->type',
    'kiln_value': '&x->v', 'kiln_block': '&x->block', 'kiln_switch_case': '&x->case_', 'kiln_try_desc': '&x->try_', 'kiln_clause': '&x->clause', 'kiln_asm': '&x->machine_code', 'kiln_assembly': '&x->assembly', 'kiln_cfield': '&x->cfield',
    'kiln_ctype_options': '&x->clayout', 'kiln_ctype': '&x->ctype', 'kiln_code': '&x->code',
    'kiln_debug': 'x->debug', 'kiln_location': '&x->location', 'kiln_debug_variable': '&x->variable', 'kiln_debug_value': '&x->variable_value', 'kiln_die_member': '&x->member', 'kiln_die_enumerator': '&x->enumerator',
    'kiln_die_declaration': '&x->declaration', 'kiln_die_shape_attr': '&x->shape_attr', 'kiln_debug_expr': '&x->expr',
    'kiln_stack_point': '&(kiln_stack_point){0}', 'kiln_stack_walk': '&(kiln_stack_walk){0}', 'kiln_stack_frame': '&(kiln_stack_frame){0}',
    'kiln_root_map': 'NULL', 'kiln_jit_lazy_desc': '&(kiln_jit_lazy_desc){.name = x->name}', 'kiln_jit_stream_options': '&(kiln_jit_stream_options){0}',
    'kiln_llvm_options': '&(kiln_llvm_options){0}', 'kiln_as_options': '&(kiln_as_options){0}', 'kiln_root_map_options': '&(kiln_root_map_options){0}',
    'kiln_die': '&x->die', 'uint8_t': 'x->md5', 'kiln_interp_value': '&x->bits', 'kiln_target': '&x->target', 'kiln_machine_info': '&x->machine', 'kiln_symbol': '&x->symbol_out',
    'char': 'x->name', 'void': 'x->bytes', 'uint64_t': '&x->number64', 'uint32_t': '&x->number32',
    'int64_t': '&x->signed64', 'unsigned': '&x->number', 'bool': '&x->flag',
}
VALUES = {
    'kiln_value': 'x->v', 'kiln_block': 'x->block', 'kiln_symbol': 'x->symbol', 'kiln_sig': 'x->sig', 'kiln_clauses': 'x->clauses',
    'kiln_ctype': 'x->ctype', 'kiln_csig': 'x->csig', 'kiln_ssa_variable': 'x->var', 'kiln_inst': 'x->inst',
    'kiln_jit_unit': 'x->unit', 'kiln_die': 'x->die', 'kiln_debug_string': '(kiln_debug_string){1}', 'kiln_die_shape': '(kiln_die_shape){1, 1}', 'kiln_type': 'KILN_TYPE_I64', 'kiln_op': 'KILN_OP_ADD',
    'kiln_icond': 'KILN_ICOND_EQ', 'kiln_fcond': 'KILN_FCOND_OEQ', 'kiln_ordering': 'KILN_ORDERING_SEQ_CST',
    'kiln_rmw': 'KILN_RMW_ADD', 'kiln_cc': 'KILN_CC_C', 'kiln_processor': 'x->processor',
    'kiln_linkage': 'KILN_LINKAGE_EXTERNAL', 'kiln_visibility': 'KILN_VISIBILITY_DEFAULT', 'kiln_system': 'KILN_SYSTEM_LINUX', 'kiln_reloc_kind': 'KILN_RELOC_ABS64', 'kiln_format': 'KILN_FORMAT_ELF',
    'kiln_guard': 'KILN_GUARD_ALWAYS', 'kiln_status': 'KILN_ERR_ARGUMENT', 'kiln_ctype_kind': 'KILN_CTYPE_INT', 'kiln_func_sink_fn': 'NULL', 'kiln_jit_name_fn': 'NULL', 'kiln_print_fn': 'NULL', 'kiln_interp_root_fn': 'NULL', 'kiln_interp_point': '(kiln_interp_point){0}',
    'bool': 'true', 'float': '1', 'double': '1', 'int': '0', 'unsigned': '1', 'uint32_t': '1',
    'uint64_t': '1', 'int64_t': '1', 'int32_t': '0', 'size_t': '1',
}
NAMED = {  # name of function, name of argument
    ('*', 'bytes', 'size_bytes'): 'x->size', ('*', 'text', 'text_length'): 'x->size', ('*', 'mem'): 'KILN_TYPE_I32',
    ('kiln_sig_new', 'flags'): '0', ('kiln_csig_new', 'flags'): '0', ('kiln_const_bits', 'type'): 'KILN_TYPE_F64',
    ('kiln_ssa_begin', 'flags'): '0', ('*', 'first'): '0',
    ('kiln_build_convert', 'op'): 'KILN_OP_ZEXT', ('kiln_build_convert', 'from'): 'KILN_TYPE_I32',
    ('*', 'callee'): 'x->callee', ('kiln_interp_throw', 'exception'): 'x->name', ('*', 'user'): 'x->name', ('kiln_interp_sink', 'interp'): 'x->interp',
}
# Readers of finished functions get one; printers too.
FINISHED = {'inspect.h', 'text.h', 'interp.h'}

# What a call with a NULL object returns, where that is not all zero.
GIVES = {
    'kiln_module_name': 'strcmp(got, "") == 0',
    'kiln_module_diag': 'got->status == KILN_ERR_ARGUMENT && got->message[0] != 0',
    'kiln_llvm_diag': 'got->status == KILN_ERR_ARGUMENT && got->message[0] != 0',
    'kiln_llvm_builder_message': 'strcmp(got, "") != 0',
    'kiln_const_int': 'got.id != UINT32_MAX',  # a small constant needs no function
    'kiln_const_i128': 'got.id != UINT32_MAX',
    'kiln_const_bits': 'got.id != UINT32_MAX',
    'kiln_operand_get': 'got.kind == KILN_OPERAND_NONE',
    'kiln_inst_get_clause': 'got.kind == KILN_CLAUSE_CLEANUP',
}


def functions(header):
    with open(header, encoding='utf-8') as file:
        text = re.sub(r'/\*.*?\*/', ' ', file.read(), flags=re.S)
    text = re.sub(r'^#.*?(?<!\\)$', '', text, flags=re.M)
    found = re.findall(r'\bKILN_API\b\s+([^;{}]*?\b)(kiln_\w+)\((.*?)\)\s*;', text, flags=re.S)
    if len(found) != len(re.findall(r'\bKILN_API\b', text)):
        sys.exit(f'{header}: a declaration that cannot be read')
    for returns, name, args in found:
        yield ' '.join(returns.split()), name, [' '.join(a.split()) for a in split_args(args)]


def split_args(text):
    depth, start, out = 0, 0, []
    for i, ch in enumerate(text + ','):
        depth += (ch == '(') - (ch == ')')
        if ch == ',' and depth == 0:
            out.append(text[start:i])
            start = i + 1
    return [] if out == ['void'] or out == [''] else out


class Arg:
    def __init__(self, text):
        callback = re.match(r'.*\(\*(\w+)\)\(.*\)$', text)
        if callback:
            self.name, self.type, self.pointer, self.sample = callback[1], 'callback', True, 'NULL'
            return
        match = re.match(r'^(?:const )?(\w+) ?((?:\*|const)(?:[* ]|const)*)?(\w+)$', text)
        if not match:
            sys.exit(f'an argument that cannot be read: {text}')
        self.type, stars, self.name = match[1], (match[2] or '').count('*'), match[3]
        self.pointer = stars > 0 or self.type.endswith('_fn')
        if stars == 0:
            self.sample = VALUES.get(self.type)
        elif stars == 2:
            self.sample = {'kiln_session': '&x->s', 'char': 'x->strings'}.get(self.type)
        else:
            self.sample = POINTERS.get(self.type)
        if self.sample is None:
            sys.exit(f'an argument of a type that nothing is known of: {text}')

    @property
    def handle(self):
        return self.pointer and self.type in HANDLES


def sample(header, function, args, i):
    names = [a.name for a in args]
    for key in ((function, names[i]), ('*', names[i]), ('*', names[i - 1], names[i])):
        if key in NAMED:
            return NAMED[key]
    if header in FINISHED and args[i].type == 'kiln_func' and args[i].pointer:
        return 'x->done'
    return args[i].sample


def expectation(returns, name):
    if name in GIVES:
        return GIVES[name]
    if returns == 'kiln_status':
        return 'got != KILN_OK'
    if returns == 'kiln_block':
        return 'got.id == UINT32_MAX'
    if returns == 'kiln_slot_info': # which has padding
        return 'got.size_bytes == 0 && got.align_log2 == 0'
    return 'all_zero(&got, sizeof got)'


def main(given_all, out, bitcode, headers):
    bodies, rows, n_functions = [], [], 0
    for path in headers:
        header = path.rsplit('/', 1)[-1]
        for returns, name, texts in functions(path):
            n_functions += 1
            args = [Arg(t) for t in texts]
            pointers = [i for i, a in enumerate(args) if a.pointer]
            each = [[i] for i in pointers] + ([pointers] if len(pointers) > 1 else [])
            for nulls in [[]] * (name not in CHANGES_STACK) if given_all else each:
                given = ['NULL' if i in nulls else sample(header, name, args, i) for i in range(len(args))]
                call = f'{name}({", ".join(given)})'
                label = f'{name}: {", ".join(args[i].name for i in nulls) or "all arguments"}'
                failed_object = any(args[i].handle for i in nulls) and args[pointers[0]].handle and 0 in nulls
                check = expectation(returns, name) if failed_object and returns != 'void' else None
                number = len(rows)
                body = [f'static bool call_{number}(struct null_fixture *x) {{', '  (void)x;']
                if check is None:
                    body += [f'  (void){call};' if returns != 'void' else f'  {call};', '  return true;']
                else:
                    star = '' if returns.endswith('*') else ' '
                    body += [f'  {returns}{star}got = {call};', f'  return {check};']
                bodies.append('\n'.join(body + ['}']))
                rows.append(f'  {{"{label}", call_{number}}},')
    with open(bitcode, 'rb') as file:
        content = file.read()
    with open(out, 'w', encoding='utf-8') as file:
        file.write('/* Made by tests/null_calls.py. */\n')
        for path in headers:
            file.write(f'#include <kiln/{path.rsplit("/", 1)[-1]}>\n')
        file.write('static const unsigned char null_bitcode[] = {' + ','.join(map(str, content)) + '};\n')
        file.write('#include "null_fixture.h"\n\n')
        file.write('\n\n'.join(bodies))
        file.write('\n\nstatic const struct null_case cases[] = {\n' + '\n'.join(rows) + '\n};\n\n')
        file.write('int main(void) { return null_main(cases, sizeof cases / sizeof *cases); }\n')
    if n_functions < 100:
        sys.exit(f'only {n_functions} functions found')


if __name__ == '__main__':
    given_all = sys.argv[1] == '--given'
    main(given_all, sys.argv[1 + given_all], sys.argv[2 + given_all], sys.argv[3 + given_all:])
