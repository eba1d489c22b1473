"""Wrong locations of variables, which checking builds find without running code. Before that, compiles the same programs
without a bug: no location may be reported as wrong, and at most 2 % of the locations' bytes may be such that nothing is
proved of them.

The last rows are wrong expressions around places that are right: lib/dwarf/check/dwarf_check.c finds most of them, when the
object is made. The file is linked with locations.c and the libraries of BUILD, a checking build, and run over bitcode of a
few programs, by clang -O1 -g without key instructions, so that statements begin where lines change, and with them, but
without LLVM's passes, so that Kiln inlines. Programs that take clang long are compiled for the bugs that the others do not
show and, if each row is planted, to see that none of their locations is reported."""
import functools
import json
import os
import subprocess

from campaign import ROOT, Campaign, NotFound, Row

FOUND = 3
MOST_UNPROVED = 0.02
SMALL = ['tests/run/programs/%s.c' % name for name in (
    'bitfields', 'flow', 'integers', 'numeric', 'pointers', 'sorting', 'struct_value', 'switches', 'text', 'va_list')]
SMALL += ['tests/run/debug/programs/%s.cpp' % name for name in ('inheritance', 'lambdas', 'throwing')]
EXPRESSIONS = ['tests/run/debug/programs/%s' % name for name in ('bindings.cpp', 'constants.c')]
SMALL += EXPRESSIONS
LARGE = ['bench/programs/debug/%s.cpp' % name for name in ('expressions', 'words', 'sorts', 'json')]
DWARF_ATTR, DWARF_PARTS, READER = 'lib/dwarf/dwarf_attr.c', 'lib/dwarf/dwarf_ranges.c', 'frontends/llvm/debug/debug_expr.c'
WHERE, ROWS, VARS, CALLS = ('lib/debug/%s.c' % name for name in ('where', 'rows', 'observe_vars', 'observe_calls'))

MUTANTS = [
    # ---- where a value is ----
    ('a register that is taken', WHERE, 'if (!(h->regs & wrote) &&', 'if (!(h->regs & wrote & 0) &&'),
    ('what a step wrote', WHERE, 't->steps.at[last].wrote = wrote;', 't->steps.at[last].wrote = 0;'),
    ('what calls write', WHERE, 't->steps.at[last].wrote = wrote;', 't->steps.at[last].wrote = wrote & w->target->callee_homes;'),
    ('what ends a block', WHERE, 'b->wrote |= wrote;\n  for', 'b->wrote = 0;\n  for'),
    ('a stretch that ends does not go on', WHERE, '    h->stays = false;\n', ''),
    ('a stretch that ends with its block', WHERE, 'h->stays &= !h->spilled && !(h->regs & wrote);', ''),
    ('where a stretch ends', WHERE, '    h->end = last;\n', '    h->end = last + 1;\n'),
    ('the home of a variable that was loaded', WHERE, 'if (step->wrote >> reg & 1) return false;', ''),
    ('the next round in the home of a parameter', WHERE, '((w->regs.written | d->values', '(0 & (w->regs.written | d->values'),
    ('a home whose interval is over', WHERE, 'if (pos < r->first || pos > r->last) return false;', ''),
    ('the home of a value', WHERE, '    reg = r->reg;\n', '    reg = r->reg ^ 1;\n'),
    ('the register of a value', WHERE, 'is->reg = in_frame ? KN_NO_REG : (uint8_t)reg;', 'is->reg = in_frame ? KN_NO_REG : (uint8_t)(reg ^ 1);'),
    ('the frame home of a value', WHERE, 'in_frame ? val->frame : 0;', 'in_frame ? val->frame + 8 : 0;'),
    ('which parameter it is', CALLS, 'while (d->calls.entered[k].reg != KN_NO_REG && d->calls.entered[k].value != value) k++;', ''),
    # ---- which value it is ----
    ('all predecessors agree', ROWS, 'now = in == ANY || in == k ? k : meet(in, k);', 'now = k;'),
    ('where a place is lost on one path', ROWS, 'a | LOST : 0;', 'a & ~LOST : 0;'),
    ('what is lost', ROWS, '? k | LOST : 0;\n', '? k : 0;\n'),
    ('moves of edges', ROWS, 'moved ? after(x, out, moved, pos, edge) : out', 'moved && edge == NULL ? 0 : out'),
    ('what edges move', WHERE, 'moved_by(d->w, &d->w->f->edges.at[e]);', '0;'),
    ('paths on which nothing is known', ROWS, 'b->in = b->passed == b->preds ? ANY : 0;', 'b->in = ANY;'),
    ('moves of edges to the frame', ROWS, '&w->f->edges.at[block->edge_first + e])) k = b->term;',
     '&w->f->edges.at[block->edge_first + e])) k = b->end;'),
    ('a register that a block writes', ROWS, 'after(x, b->in, b->wrote, pos, NULL)', 'after(x, b->in, 0, pos, NULL)'),
    ('a range ends where the register is written', ROWS, 'while (k < b->end && !(steps[k].wrote >> is->reg & 1)) k++;', 'k = b->end;'),
    ('a range ends with the instruction', ROWS, 'return until(d, k) < end ? until(d, k) : end;', 'return until(d, k) + 15 < end ? until(d, k) + 15 : end;'),
    ('what a parameter was', ROWS, 'if (s->entry != 0)\n',
     'if (s->entry != 0) x->d->values.places.at[s->entry - 1].reg ^= 1;\n  if (s->entry != 0)\n'),
    # ---- how it is written ----
    ('a register that is computed with', WHERE, 'p = put_reg(p, value, reg);', 'p = put_reg(p, value, reg ^ value);'),
    ('a place in the frame', WHERE, 'p = put_frame(w, p, is->frame, kn_is_slot', 'p = put_frame(w, p, is->frame + 8, kn_is_slot'),
    ('a constant', WHERE, '(int64_t)c->low : kn_imm(h)));', '(int64_t)c->low : kn_imm(h) + 1));'),
    ('a large constant', WHERE, '(uint64_t)(c ? (int64_t)c->low :', '(uint64_t)(c ? (int64_t)c->low + 1 :'),
    ('a number of a register', WHERE, 'KILN_DW_OP_breg0 : KILN_DW_OP_reg0) + reg);', 'KILN_DW_OP_breg0 : KILN_DW_OP_reg0) + (reg ^ 1));'),
    ('the register of a variable', VARS, '.reg = (uint8_t)reg,\n                                    .frame', '.reg = (uint8_t)(reg ^ 1), .frame'),
    ('the memory of a slot', WHERE, 'put_frame(w, p, frame, kn_slot_align(w', 'put_frame(w, p, frame + 8, kn_slot_align(w'),
    ('the address of a symbol', WHERE, 'symbol ? w->f->pool.at[kn_index(is->handle)].symbol :', 'symbol ? w->f->pool.at[kn_index(is->handle)].symbol + 1 :'),
    ('what a pointer points to', WHERE, 'kn_put32(p += 4, v->inlined);', 'kn_put32(p += 4, v->inlined + 1);'),
    ('the frame', WHERE, 'int64_t at = (int64_t)frame - w->frame.cfa;', 'int64_t at = (int64_t)frame - w->frame.cfa + 16;'),
    ('a variable while calls run', ROWS, 'calls == 0 || !(w->target->around_calls >> reg & 1);', 'calls == 0 || true || reg;'),
    ('a variable whose register a branch writes', ROWS, 'end_of(d, &is, pos, d->values.blocks.at[pos].term) : from;', 'block_end(w, pos) + 0 * is.reg : from;'),
    ('a variable whose interval is over', VARS, 'pos <= r->last && pos < d->values.blocks.n', 'pos <= r->last + 3 && pos < d->values.blocks.n'),
    # ---- the expression around it: bits ----
    ('bits of an address', READER, 'if (in_memory || so_far->at_once) {', 'if (so_far->at_once) {'),
    ('bits are loaded', READER, '(uint8_t)((from + bits + 7) / 8);', '(uint8_t)((bits + 7) / 8);'),
    ('from which bit on', READER, 'p = put_number(p, 64 - from - bits);', 'p = put_number(p, 64 - bits);'),
    ('how many bits', READER, 'p = put_number(p, 64 - bits);\n    *p++ = is_signed', 'p = put_number(p, 64 - bits - from);\n    *p++ = is_signed'),
    ('what is loaded from the frame', WHERE, 'if (bits != 64) *p++ = (uint8_t)(bits / 8);', 'if (bits != 64) *p++ = (uint8_t)(bits / 8 * 2);'),
    ('which bits of a register', WHERE, 'kn_put_uleb(p, (UINT64_C(1) << bits) - 1);', 'kn_put_uleb(p, (UINT64_C(1) << (bits - 1)) - 1);'),
    # ---- memory, or a value ----
    ('extracted bits are a value', READER, '  is->value |= so_far.extracted;\n', ''),
    ('what is in memory is no value', ROWS, 'return !v->address &&', 'return'),
    ('a number is a value', ROWS, 'is->where == KN_DP_NUMBER || is->where == KN_DP_SLOT ||', 'is->where == KN_DP_SLOT ||'),
    ('the address of a slot is a value', ROWS, 'is->where == KN_DP_NUMBER || is->where == KN_DP_SLOT ||', 'is->where == KN_DP_NUMBER ||'),
    ('what a parameter was is a value', ROWS, ' || is->where == KN_DP_ENTRY);', ');'),
    ('what a call passes is a value', CALLS, '? KN_PUT_LOCATION : KN_PUT_VALUE);', '? KN_PUT_LOCATION : KN_PUT_LOCATION);'),
    # ---- constants of more than 64 bits ----
    ('a wide constant is no number', WHERE, 'kn_type_log2[c->type] > 3;', 'kn_type_log2[c->type] > 9;'),
    ('both halves of a wide constant', WHERE, 'kn_put64(p + 8, c->high);', 'kn_put64(p + 8, c->low);'),
    ('the bytes of a wide constant', WHERE, '*p++ = 16;', '*p++ = 8;'),
    ('a number for a wide type', DWARF_PARTS, 'if (bits > 64 && row->n > 1 &&', 'if (bits > 64 && row->n > 99 &&'),
    ('a pointer has its own size', DWARF_ATTR, 'case KILN_DW_TAG_pointer_type:\n    case KILN_DW_TAG_reference_type:', 'case KILN_DW_TAG_pointer_type: break;\n    case KILN_DW_TAG_reference_type:'),
    # ---- pieces ----
    ('pieces beyond the type', DWARF_PARTS, 'n = parts_within(parts, n, bits);', 'bits = 0;'),
    ('a gap before a piece', DWARF_PARTS, 'if (best->part_at > at) p = put_piece(p, best->part_at - at);', ''),
    ('what comes after the last piece', DWARF_PARTS, 'if (at < bits) p = put_piece(p, bits - at);', ''),
    ('the bits of a piece', DWARF_PARTS, 'p = put_piece(p + *size, of);', 'p = put_piece(p + *size, of + 8);'),
    ('where a piece is in the variable', VARS, 'v->part_at + 8 * (piece->offset - (uint32_t)at),', 'v->part_at + 8 * piece->offset + 8,'),
    # ---- bounds ----
    ('a bound that is nowhere', DWARF_ATTR, 'if (is_somewhere(d, v)) return v;', 'return v;'),
]


class Planted(Campaign):
    rows = [Row(*columns) for columns in MUTANTS]
    flags = ['-std=gnu11', '-O1', '-w', '-DKN_CHECKS']
    libraries = ('frontends/llvm/libkiln-llvm.a', 'assembler/libkiln-as.a', 'libkiln.a')

    def __init__(self, args, work):
        super().__init__(args, work)
        with open(os.path.join(self.build, 'meson-info/intro-buildoptions.json')) as f:
            sanitizers = next(o['value'] for o in json.load(f) if o['name'] == 'b_sanitize')
        if sanitizers != 'none':
            self.cc, self.sanitizers = 'clang-22', ['-fsanitize=' + sanitizers, '-fuse-ld=lld']
        self.main = self.object('tests/mutants/locations.c')
        self.small, self.large = self.bitcode(SMALL), functools.cache(lambda: self.bitcode(LARGE))

    def bitcode(self, programs):
        files = []
        for name in programs:
            language = ['-std=c++20'] if name.endswith('.cpp') else []
            levels = [('O1', ['-gno-key-instructions']), ('inlined', ['-Xclang', '-disable-llvm-passes'])]
            if name in EXPRESSIONS: # bits in memory, arrays of variable length
                levels.append(('O0', ['-O0']))
            for level, flags in levels:
                files.append(os.path.join(self.work, '%s.%s.bc' % (os.path.basename(name), level)))
                subprocess.run(['clang-22', *language, '-w', '-O1', *flags, '-g', '-emit-llvm', '-c', os.path.join(ROOT, name),
                                '-o', files[-1]], check=True)
        return files

    def without(self, rows):
        all_files = self.small + (self.large() if len(rows) == len(MUTANTS) else [])
        text, status = self.run([self.link('locations', [self.main]), *all_files], 300, stderr=subprocess.STDOUT)
        yield 'no location is wrong', status != 0 and text
        if status == 0:
            counts = {word.split()[0]: int(word.split()[1]) for word in text.splitlines()}
            unproved = 1 - counts['proved'] / sum(counts.values())
            print('# not proved: %.3f %% of %d bytes: %s' % (100 * unproved, sum(counts.values()), counts))
            yield 'few bytes are not proved', unproved > MOST_UNPROVED and 'too few bytes are proved'

    def find(self, row, folder):
        program, status = self.link('locations', [self.main, self.object(row.file, folder=folder)], folder=folder), 0
        for files in (lambda: self.small), self.large:
            if status == 0:
                text, status = self.run([program, *files()], 300, stderr=subprocess.STDOUT)
        if status != FOUND:
            raise NotFound('status %s: %s' % (status, text.split('\n')[0][:160]))
        return text.split('\n')[0][:160]
