"""Bugs in loading objects, in late code and in the question whether a thread is in a unit, which unit tests find. A row
ends with the test."""
import os

from campaign import Campaign, NotFound, Row

READ, LOAD, SYMBOLS, FRAMES = ('lib/jit/load/' + n for n in ('elf_read.c', 'load.c', 'load_symbols.c', 'load_frames.c'))
WRITE, LATE, FIND, DEBUG = ('lib/jit/' + n for n in ('link/write.c', 'link/late.c', 'serve/find.c', 'serve/loaded_debug.c'))
LIMIT = 120  # seconds

MUTANTS = [
    # ---- what is checked ----
    ('a section is in the file', READ, 'if (!empty && !is_in(o, h->sh_offset, h->sh_size))', 'if (0)', 'jit_object'),
    ('an alignment is a power of two', READ, '(align & (align - 1)) != 0 || ', '', 'jit_object'),
    ('a symbol is in its section', READ, 'if (to->value > size || to->size > size - to->value)', 'if (to->value > size)', 'jit_object'),
    ("a symbol's section exists", READ, 'if (section >= o->n_sections)', 'if (section >= o->n_sections + 65536)', 'jit_object'),
    ('a field is in its section', READ, 'bytes > of->size - to[i].offset)', 'to[i].offset == of->size)', 'jit_object'),
    ("a relocation's symbol exists", READ, ' || to[i].symbol >= o->n_symbols)', ')', 'jit_object'),
    ('objects of other processors are refused', READ, 'if (head->e_machine != kn_elf_machine(processor)->number)', 'if (0)', 'jit_object'),
    ('functions do not overlap', SYMBOLS, 'f->at - last->at < last->size)', 'last->size == UINT32_MAX)', 'jit_object'),
    ('rows begin as Kiln writes them', FRAMES, 'if (memcmp(expected, found, size) != 0 ||', 'if (', 'jit_object'),
    ('tables of exceptions begin as they do', FRAMES, 'if (size < 2 || p[0] != KN_EH_OMIT) return false;', 'if (size < 2) return false;', 'jit_object'),
    ('tables of roots are whole', FRAMES, ' || size != KN_ROOTS_HEAD + 4 * (calls * (1u + ids) + roots)) return 0;', ') return 0;', 'jit_object'),
    # ---- what is loaded ----
    ('a distance is one from the start of its data', LOAD, 'to->addend = (int64_t)((uint64_t)r->addend - r->offset);', '', 'jit_object'),
    ('data keeps its alignment', LOAD, '.align_log2 = s->align_log2,', '.align_log2 = 0,', 'jit_object'),
    ('thread-local data is that', LOAD, 'const bool tls = (s->flags & SHF_TLS) != 0;\n  const kiln_symbol_desc',
     'const bool tls = 0;\n  const kiln_symbol_desc', 'jit_object'),
    ('constructors are in a section of that name', LOAD, '.section = !tls && is_named(s) ? s->name : NULL}', '.section = NULL}', 'jit_object'),
    ('an exception has its type', FRAMES, 'out->table_types.at[to->type_first + number - 1] = id;',
     'out->table_types.at[to->type_first + to->n_types - number] = id;', 'jit_object'),
    ('a function has its table of exceptions', FRAMES, 'out->funcs.at[t->func].table = out->tables.n;', '', 'jit_object'),
    ('a function has its table of roots', FRAMES, 'out->funcs.at[func - 1].roots = out->root_tables.n;', '', 'jit_object'),
    ('a symbol is where it is in its section', SYMBOLS, '(kiln_symbol){base}, (int64_t)offset).id;', '(kiln_symbol){base}, 0).id;', 'jit_object'),
    ('a weak definition is one of many', SYMBOLS, '[STB_WEAK] = KILN_LINKAGE_WEAK', '[STB_WEAK] = KILN_LINKAGE_EXTERNAL', 'jit_object'),
    ('data has a name', WRITE, 'k < l->loaded->n_data; k++) {', 'k < 0; k++) {', 'jit_object'),
    ('a constructor belongs to its definition', WRITE, '    if (is_other(in, d->with)) continue;\n', '', 'jit_object'),
    ('debug sections have addresses', DEBUG, 'return at != 0 ? at + (uint64_t)r->addend : 0;', 'return 0;', 'jit_object'),
    # ---- late code, units on a stack ----
    ('a lazy function takes the place of a definition', LATE, '      kn_jit_entry_aim(e);\n', '', 'jit_lazy'),
    ('a declaration alone redefines nothing', LATE, 'if (desc->redefine && e->unit != NULL)', 'if (e->unit != NULL)', 'jit_lazy'),
    ('a frame is in its unit alone', FIND, 'u != NULL && u->id == unit.id;', 'u != NULL;', 'jit_object'),
    ('a thread is found in a unit', FIND, 'u != NULL && u->id == unit.id;', 'u != NULL && u->id != unit.id;', 'jit_object'),
]


class Planted(Campaign):
    rows = [Row(*mutant) for mutant in MUTANTS]
    flags = ['-std=gnu11', '-O1', '-w', '-fPIC', '-D_FILE_OFFSET_BITS=64']
    jobs = 2

    def without(self, rows):
        for test in sorted({row.how for row in rows}):
            out, status = self.run([os.path.join(self.build, 'tests/unit', test)], LIMIT)
            yield 'unit/' + test, None if status == 0 else out

    def find(self, row, folder):
        program = self.relink('tests/unit/' + row.how, [self.object(row.file, folder=folder)], folder)
        if not self.fails([program], LIMIT, cwd=folder):
            raise NotFound('the test passes')
        return 'by unit/' + row.how
