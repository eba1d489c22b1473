#!/usr/bin/env python3
"""Plants bugs in bodies that are inlined, one at a time, and checks that a test finds each. A row of ROWS has a kind:

- copies: bodies of other units that a unit of rustc's builds (integrations/rustc/src/copies.rs);
- dependencies: what rustc records while a copy is built. Both are found by tests/run/rustc/copies.py;
- scopes: what debuggers learn of inlined bodies, their blocks and calls. Found by tests/unit/debug_rows.c, inline.c, inline_made.c or
  tests/run/debug/inlined.py;
- lifetimes: the slots of bodies, which share memory. Found by tests/inlined.

    bodies.py [--tap] [--only=TEXT] [--every=N] BUILD     TEXT: of `KIND: WHAT`
    bodies.py --places      compiles nothing: prints the rows whose text does not occur exactly once

A file in C is compiled alone and linked before the libraries of BUILD. The library for rustc is built of a copy of its
sources, in one target folder, BUILD/cache/planted."""
import argparse
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.dont_write_bytecode = True
sys.path[:0] = [os.path.join(ROOT, 'tests/harness'), os.path.join(ROOT, 'tests/run/rustc')]
import beside  # noqa: E402
import copies  # noqa: E402
import harness  # noqa: E402
import options  # noqa: E402
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
    ('copies: what memory refers to is not found for LLVM', UNITS, 'GlobalAlloc::Function { instance, .. } => self.note(instance),',
     'GlobalAlloc::Function { .. } => {}'),
    ('copies: what assembly refers to is not found for LLVM', UNITS, '                        self.note(instance);\n                    }\n                }\n            }\n        }',
     '                        drop(instance);\n                    }\n                }\n            }\n        }'),
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


def text_of(name):
    with open(os.path.join(ROOT, name), encoding='utf-8') as f:
        return f.read()


def misplaced():
    return [what for what, name, old, _ in ROWS if text_of(name).count(old) != 1]


class Planted(rustc.Toolchain):
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


class Campaign:
    def __init__(self, build, work):
        self.build, self.work = os.path.abspath(build), work
        self.toolchain = self.beside = self.units = None

    def compile(self, name, text):
        source = os.path.join(self.work, os.path.basename(name))
        with open(source, 'w', encoding='utf-8') as f:
            f.write(text)
        out = source + '.o'
        subprocess.run(['gcc', '-std=gnu11', '-O0', '-w', *beside.INCLUDE, '-c', source, '-o', out], check=True)
        return out

    def in_rust(self, name, text):
        """Which test of the library for rustc fails."""
        if self.toolchain is None:
            h = harness.Harness(argparse.Namespace(keep=os.path.join(self.work, 'rustc'), target='x86_64', clang='clang-22', kiln='clang'))
            toolchains = [Planted(h, n, self.build) for n in reversed(harness.rust_toolchains())]
            self.toolchain = next((t for t in toolchains if not t.lacks()), None)
        t = self.toolchain
        if t is None:
            return 'SKIP there is no toolchain of Rust'
        if name is not None:
            t.plant(name, text)
        try:
            t.build()
        finally:
            if name is not None:
                t.plant(name, text_of(name))
        for what, work in copies.checks(t):
            try:
                work()
            except (harness.Failure, OSError) as e:
                return '%s: %s' % (what, str(e).replace('\n', ' ')[:100])
        return None

    def in_units(self, damaged):
        """Which unit test fails that is linked with damaged objects?"""
        includes = ['-I' + os.path.join(ROOT, folder) for folder in ('tests/unit', 'tests/harness')]
        if self.units is None:
            self.units = {name: os.path.join(self.work, name + '.o') for name in ('debug_rows', 'inline', 'inline_made')}
            for name, out in self.units.items():
                source = os.path.join(ROOT, 'tests/unit', name + '.c')
                subprocess.run(['gcc', '-std=gnu11', '-w', *beside.INCLUDE, *includes, '-c', source, '-o', out], check=True)
        for name, unit in self.units.items():
            program = os.path.join(self.work, name)
            libraries = [os.path.join(self.build, library) for library in ('libkiln-text.a', 'libkiln.a')]
            subprocess.run(['gcc', unit, *damaged, *libraries, '-lcmocka', '-lm', '-lpthread', '-o', program], check=True)
            if subprocess.run([program], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=LIMIT).returncode:
                return 'unit/' + name
        return None

    def in_debuggers(self, damaged):
        """Does tests/run/debug/inlined.py fail with a `kiln` that is linked with damaged objects?"""
        kiln = os.path.join(self.work, 'kiln')
        done = subprocess.run(['ninja', '-C', self.build, '-t', 'commands', 'kiln'], check=True, stdout=subprocess.PIPE, text=True)
        link = done.stdout.splitlines()[-1].replace('-o kiln ', '-o %s %s ' % (kiln, ' '.join(damaged)), 1)
        subprocess.run(link, shell=True, check=True, cwd=self.build)
        words = [sys.executable, os.path.join(ROOT, 'tests/run/debug/inlined.py'), '--kiln=' + kiln, '--tap']
        words += [os.path.join(ROOT, name) for name in FILES]
        try:
            done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors='replace', timeout=LIMIT,
                                  env={k: v for k, v in os.environ.items() if k != 'KILN_ALSO'})
        except subprocess.TimeoutExpired:
            return 'no end'
        failed = [line for line in done.stdout.splitlines() if line.startswith('not ok')]
        return failed[0] if failed else 'status %d' % done.returncode if done.returncode else None

    def in_scopes(self, name, text):
        damaged = [self.compile(name, text)] if name is not None else []
        return self.in_units(damaged) or self.in_debuggers(damaged)

    def in_lifetimes(self, name, text):
        if self.beside is None:
            self.beside = beside.Beside(self.build, self.work)
        damaged = [self.compile(name, text)] if name is not None else []
        return 'functions differ' if self.beside.finds(damaged) else None

    def check(self, row):
        what, name, old, new = row
        text = text_of(name)
        if text.count(old) != 1:
            return False, 'the text of %s does not occur once' % name
        try:
            found = FINDERS[what.partition(':')[0]](self, name, text.replace(old, new))
        except (subprocess.CalledProcessError, harness.Failure) as e:
            return False, 'it does not build: %s' % str(e)[-700:]
        return found is not None, found or 'NOT FOUND'


# By kind: what says which test finds a bug, or None. Its `name` None: there is no bug.
FINDERS = {'copies': Campaign.in_rust, 'dependencies': Campaign.in_rust, 'scopes': Campaign.in_scopes,
           'lifetimes': Campaign.in_lifetimes}


def main():
    args, rows = options.rows(__doc__, ROWS, misplaced)
    finders = {FINDERS[row[0].partition(':')[0]] for row in rows}
    print('1..%d' % (len(finders) + len(rows)))
    number = missed = 0

    def say(good, what, why):
        nonlocal number, missed
        number += 1
        missed += not good
        print('%s %d - %s%s' % ('ok' if good else 'not ok', number, what, ': ' + why if why else ''), flush=True)

    with tempfile.TemporaryDirectory(prefix='kiln-bodies-') as work:
        campaign = Campaign(args.build, work)
        for finder in finders:
            why = finder(campaign, None, None)
            say(why is None or why.startswith('SKIP'), 'without a bug', why)
        for row in rows:
            good, why = campaign.check(row)
            say(good, row[0], why)
    print('# %d of %d not found' % (missed, len(rows)))
    return missed != 0


if __name__ == '__main__':
    sys.exit(main())
