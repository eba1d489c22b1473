"""Bugs in bodies that are inlined. The name of a row begins with its kind:

- copies: bodies of other units that a unit of rustc's builds (integrations/rustc/src/copies.rs);
- dependencies: what rustc records while a copy is built. Both are found by tests/run/rustc/copies.py;
- scopes: what debuggers learn of inlined bodies, their blocks and calls. Found by tests/unit/debug_rows.c, inline.c, inline_made.c or
  tests/run/debug/inlined.py;
- lifetimes: the slots of bodies, which share memory. Found by tests/inlined.

The library for rustc is built of a copy of its sources, in one target folder, BUILD/cache/planted."""
import argparse
import os
import shutil
import subprocess
import sys

import beside
from campaign import ROOT, Campaign, NotFound, Row, text_of

sys.path[:0] = [os.path.join(ROOT, 'tests/harness'), os.path.join(ROOT, 'tests/run/rustc')]
import copies  # noqa: E402
import harness  # noqa: E402
import rustc  # noqa: E402

COPIES, UNIT, UNITS, DECLARE = ('integrations/rustc/src/%s.rs' % name for name in ('copies', 'unit', 'units', 'declare'))
CALL, DEBUG, PLAN = 'ir/inline/inline_call.c', 'ir/inline/inline_debug.c', 'lib/codegen/frame_plan.c'
SCOPE, ATTR = 'lib/dwarf/dwarf_scope.c', 'lib/dwarf/dwarf_attr.c'
FILES = ['tests/run/debug/programs/%s.cpp' % name for name in ('lambdas', 'throwing')]
LIMIT = 300

ROWS = [
    # ---- bodies of other units ----
    ('copies: what its own unit alone refers to is internal', UNITS, 'let shared = !data.inlined && data.linkage == Linkage::Internal;',
     'let shared = false && data.linkage == Linkage::Internal;'),
    ('copies: what is visible is so outside of the program', UNITS, '(Linkage::External, Visibility::Hidden)',
     '(Linkage::Internal, Visibility::Hidden)'),
    ('copies: what is marked never is copied', COPIES, '!matches!(attrs.inline, InlineAttr::Never)\n        && !matches!(attrs.opt',
     '!matches!(attrs.opt'),
    ('copies: a function with what Kiln lacks is copied', COPIES,
     '        && !has_assembly(tcx.instance_mir(instance.def))\n        && needs::function(tcx, instance).is_none()\n', ''),
    ('copies: a copy is emitted', COPIES, 'false => self.keep_copy(symbol),', 'false => self.keep_deferred(Some(symbol)),'),
    ('copies: what a unit has of its own is visible to others', DECLARE,
     'true => self.describe(What::Function, Linkage::Internal, Visibility::Default, true)',
     'true => self.describe(What::Function, Linkage::External, Visibility::Default, true)'),
    ('copies: what a copy calls is not copied', COPIES, '        queue.append(called);\n', '        if queue.is_empty() && called.len() > 8 { queue.append(called); }\n'),
    ('copies: what a unit has of its own is not built', COPIES, 'true => copies.own.push((symbol, instance)),',
     'true => drop(copies.declared.insert(symbol, instance)),'),
    ('copies: units of LLVM lack what units have of their own', UNITS, 'if are_changed(tcx) { Symbol', 'if false { Symbol'),
    ('copies: what memory refers to is not found for LLVM', UNITS, 'GlobalAlloc::Function { instance, .. } => self.items.push(MonoItem::Fn(instance)),',
     'GlobalAlloc::Function { .. } => {}'),
    ('copies: what assembly refers to is not found for LLVM', UNITS, '                        self.items.push(MonoItem::Fn(instance));\n                    }',
     '                        let _ = instance;\n                    }'),
    # ---- what is read for a copy ----
    ('dependencies: no copy is read', UNIT, '    cx.build_copies(name.as_str());', '    tcx.dep_graph.with_ignore(|| cx.build_copies(name.as_str()));'),
    ('dependencies: the bodies of copies are not read', COPIES, 'MonoItem::Fn(instance).define::<Builder<\'_, \'_>>(self, unit, data);',
     'let tcx = self.tcx;\n            match own { true => MonoItem::Fn(instance).define::<Builder<\'_, \'_>>(self, unit, data), '
     'false => tcx.dep_graph.with_ignore(|| MonoItem::Fn(instance).define::<Builder<\'_, \'_>>(self, unit, data)) };'),
    ('dependencies: what a unit has of its own is not read', COPIES, 'MonoItem::Fn(instance).define::<Builder<\'_, \'_>>(self, unit, data);',
     'let tcx = self.tcx;\n            match own { false => MonoItem::Fn(instance).define::<Builder<\'_, \'_>>(self, unit, data), '
     'true => tcx.dep_graph.with_ignore(|| MonoItem::Fn(instance).define::<Builder<\'_, \'_>>(self, unit, data)) };'),
    ('dependencies: a unit reads the exact sizes of large functions', COPIES, 'true => size.max(most() + 1).next_power_of_two(),',
     'true => size.max(most() + 1),'),
    ('dependencies: a unit reads the bodies of large functions', COPIES, '        && tcx.size_estimate(instance) <= most()\n',
     '        && !has_assembly(tcx.instance_mir(instance.def))\n        && tcx.size_estimate(instance) <= most()\n'),
    ('dependencies: a unit reads the bodies of what it never copies', COPIES, '        && tcx.size_estimate(instance) <= most()\n',
     '        && (!matches!(tcx.codegen_instance_attrs(instance.def).inline, InlineAttr::Never)\n'
     '            || !has_assembly(tcx.instance_mir(instance.def)))\n        && tcx.size_estimate(instance) <= most()\n'),
    # ---- what debuggers learn ----
    ('scopes: a body within another one is in the function itself', DEBUG, '.inlined = k->inlined};\n  return kn_loc_new_marked(g->session, &at, k->flags',
     '};\n  return kn_loc_new_marked(g->session, &at, k->flags'),
    ('scopes: two calls in a line are one', DEBUG, '    l->call = both ? new_call(r->g) : 0;',
     '    l->call = both ? kn_loc_new(r->g->session, &(kiln_location){.file = 1, .line = 1}) : 0;'),
    ('scopes: the line of a call is that of its function', ATTR, 'add_number(f, KILN_DW_AT_call_line, call->line);',
     'add_number(f, KILN_DW_AT_call_line, call->line + 1);'),
    ('scopes: variables of a body are the function\'s', DEBUG,
     '                              .inlined =\n                                v->inlined != 0 ? kn_replay_loc(r, l, v->inlined) : l->call};\n    const struct kn_slot',
     '                              .inlined = 0};\n    const struct kn_slot'),
    ('scopes: what follows a body is in it', CALL, '  if (KN_UNLIKELY(inner->noted)) kn_replay_called(r, loc);\n', ''),
    ('scopes: a body has its last stretch of code alone', SCOPE, '    if (s->last) d->ranges.at[s->last - 1].next = d->ranges.n;\n    else s->first',
     '    s->first'),
    ('scopes: the body around is left late', SCOPE, '  if (s->since >= to) return;\n', '  if (s->since >= to || s->up != 0) return;\n'),
    ('scopes: no scope is in another one', SCOPE, '                             .up = up,\n', ''),
    # ---- slots that share memory ----
    ('lifetimes: a body within another one is not known to be', CALL, '.parent = built_scope(r, l->up), .first', '.first'),
    ('lifetimes: the slots of a body are those of the body around', PLAN, 'up->offset + up->size_bytes + 15)', 'up->offset + 15)'),
    ('lifetimes: the slots of one body share memory', PLAN, 'scope->size_bytes = (uint32_t)at + size;',
     'if (scope->size_bytes == 0) scope->size_bytes = (uint32_t)at + size;'),
    ('lifetimes: where a body is in the memory is not counted', PLAN,
     'if (slots[i].shared) slots[i].offset += scopes[f->slots.at[i].scope - 1].offset;', ''),
    ('lifetimes: the memory is that of the largest body alone', PLAN,
     'if (at + scopes[i].size_bytes > total) total = at + scopes[i].size_bytes;', 'if (scopes[i].size_bytes > total) total = scopes[i].size_bytes;'),
    ('lifetimes: bodies have their numbers of the scan', CALL, '    if (*scope != 0) *scope = r->room->scopes.at[*scope - 1];\n', ''),
    ('lifetimes: a body is within the first one', CALL, '  return l->scope != 0 ? r->room->scopes.at[l->scope - 1] : 0;',
     '  return l->scope != 0 ? r->room->scopes.at[0] : 0;'),
]


class Toolchain(rustc.Toolchain):
    """The library for rustc, of a copy of its sources."""

    def __init__(self, h, name, build):
        super().__init__(h, name, build)
        self.folder = os.path.join(build, 'cache/planted')
        self.sources = os.path.join(self.folder, 'integrations/rustc')
        shutil.rmtree(os.path.join(self.folder, 'integrations'), ignore_errors=True)
        # With times of their own: cargo would take a library with a bug of before for one of older sources.
        shutil.copytree(os.path.join(ROOT, 'integrations/rustc'), self.sources, copy_function=shutil.copyfile,
                        ignore=shutil.ignore_patterns('target'))

    def plant(self, name, text):
        with open(os.path.join(self.folder, name), 'w', encoding='utf-8') as f:
            f.write(text)

    def build(self):
        target = os.path.join(self.folder, 'target')
        env = dict(self.env, KILN_LIBRARY=self.library, CARGO_TARGET_DIR=target, CARGO_PROFILE_RELEASE_OPT_LEVEL='0',
                   KILN_INCLUDE=os.path.join(ROOT, 'include'))
        self.h.run(['cargo', '+' + self.name, 'rustc', '--release', '--locked', '--bin=kiln-driver', '--', '-Copt-level=2', '-Awarnings'],
                   env=env, timeout=900, cwd=self.sources)
        self.backend = os.path.join(target, 'release/librustc_codegen_kiln.so')
        self.driver = os.path.join(target, 'release/kiln-driver')


class Planted(Campaign):
    rows = [Row(*columns) for columns in ROWS]
    toolchain = beside = units = None

    def in_rust(self, row, folder):
        """Which test of the library for rustc fails."""
        if self.toolchain is None:
            h = harness.Harness(argparse.Namespace(keep=os.path.join(self.work, 'rustc'), target='x86_64', clang='clang-22', kiln='clang'))
            toolchains = [Toolchain(h, n, self.build) for n in reversed(harness.rust_toolchains())]
            self.toolchain = next((t for t in toolchains if not t.lacks()), None)
        t = self.toolchain
        if t is None:
            return 'SKIP there is no toolchain of Rust'
        if row is not None:
            t.plant(row.file, text_of(row.file).replace(row.old, row.new))
        try:
            t.build()
        finally:
            if row is not None:
                t.plant(row.file, text_of(row.file))
        for what, work in copies.checks(t):
            try:
                work()
            except (harness.Failure, OSError) as e:
                return '%s: %s' % (what, str(e).replace('\n', ' ')[:100])
        return None

    def in_scopes(self, row, folder):
        """Which unit test fails, or does tests/run/debug/inlined.py?"""
        damaged = [] if row is None else [self.object(row.file, folder=folder)]
        self.units = self.units or self.unit_objects('debug_rows', 'inline', 'inline_made')
        for unit in self.units:
            if self.fails([self.link('unit', [unit, *damaged], '-lcmocka', folder=folder)], LIMIT):
                return os.path.basename(unit)
        words = [sys.executable, os.path.join(ROOT, 'tests/run/debug/inlined.py'), '--tap', '--kiln=' + self.relink('kiln', damaged, folder)]
        out, status = self.run(words + [os.path.join(ROOT, name) for name in FILES], LIMIT, stderr=subprocess.STDOUT,
                               env={k: v for k, v in os.environ.items() if k != 'KILN_ALSO'})
        failed = [line for line in out.splitlines() if line.startswith('not ok')]
        return failed[0] if failed else 'status %s' % status if status != 0 else None

    def in_lifetimes(self, row, folder):
        self.beside = self.beside or beside.Beside(self)
        damaged = [] if row is None else [self.object(row.file, folder=folder)]
        return 'functions differ' if self.beside.finds(damaged, folder) else None

    # By kind: what says which test finds a bug, or None. Its `row` None: there is no bug.
    finders = {'copies': in_rust, 'dependencies': in_rust, 'scopes': in_scopes, 'lifetimes': in_lifetimes}

    def finder(self, row):
        return self.finders[row.what.partition(':')[0]]

    def without(self, rows):
        for finder in dict.fromkeys(map(self.finder, rows)):
            yield finder.__name__, finder(self, None, self.work)

    def find(self, row, folder):
        try:
            found = self.finder(row)(self, row, folder)
        except harness.Failure as e:
            raise NotFound('it does not build: ' + str(e)[-700:]) from e
        if found is None:
            raise NotFound('the tests pass')
        return found
