#!/usr/bin/env python3
"""From an edit to the built program: CMake projects with Ninja, by kiln c++ and clang++, and with what else shortens
builds.

    edits_cxx.py BUILD [--rounds=N] [--jobs=N] [--only=NAME]... [--work=FOLDER] [--machine=TEXT] [--keep] [--write]

The projects are those of bench/builds.py, with -O0 -g. An edit adds a function at the end of a source file, or a
constant at the end of a header that many files include. Then Ninja builds what depends on it. Ways are clang++ and
kiln-c++, each alone, with the linker mold, with -gsplit-dwarf, with ccache, and with a precompiled header of the
standard library's headers (CMake's target_precompile_headers). After an edit with ccache, the edit is taken back and
built again (`back`), which finds the earlier objects.

Figures are medians of --rounds (default 3), in which ways take turns: seconds by the clock, and of CPU time of Ninja
and all that it starts (what ccache's compilers took, too). *Front end* is the CPU time of `clang++ -fsyntax-only` for
the files that the edit compiles: no code generator saves it. What is measured is kept in FOLDER (default:
BUILD/cache/edits-cxx), project by project. --write puts it into docs/figures.json and docs/debug-builds.md.
"""
import argparse
import collections
import json
import os
import re
import resource
import shlex
import shutil
import subprocess
import sys
import time

import builds
import edits_table
import figures
import stopping

FILES = { # the source and the header that are edited
    'libjsoncpp': ('src/lib_json/json_value.cpp', 'include/json/value.h'),
    'double-conversion': ('double-conversion/strtod.cc', 'double-conversion/utils.h'),
    'pugixml': ('src/pugixml.cpp', 'src/pugixml.hpp'),
    'box2d': ('src/dynamics/b2_world.cpp', 'include/box2d/b2_math.h'),
    'leveldb': ('db/db_impl.cc', 'include/leveldb/slice.h'),
}
# Included after each project(); at the end of the first, all targets are known.
PRECOMPILED = """if(NOT EDITS_ONCE)
  set(EDITS_ONCE ON)
  cmake_language(DEFER DIRECTORY ${CMAKE_SOURCE_DIR} CALL precompile ${CMAKE_SOURCE_DIR})
endif()
function(precompile folder)
  get_property(targets DIRECTORY ${folder} PROPERTY BUILDSYSTEM_TARGETS)
  foreach(target ${targets})
    get_target_property(type ${target} TYPE)
    if(type MATCHES "EXECUTABLE|STATIC_LIBRARY|SHARED_LIBRARY")
      foreach(header algorithm map memory string vector)
        target_precompile_headers(${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:<${header}$<ANGLE-R>>)
      endforeach()
    endif()
  endforeach()
  get_property(folders DIRECTORY ${folder} PROPERTY SUBDIRECTORIES)
  foreach(below ${folders})
    precompile(${below})
  endforeach()
endfunction()
"""
Way = collections.namedtuple('Way', 'name compiler flags options')
LINKER = ['-DCMAKE_%s_LINKER_FLAGS=-fuse-ld=mold -Wl,--no-fork' % kind for kind in ('EXE', 'SHARED')]
CCACHE = ['-DCMAKE_%s_COMPILER_LAUNCHER=ccache' % language for language in ('C', 'CXX')]


def ways_of(work):
    include = os.path.join(work, 'precompile.cmake')
    with open(include, 'w', encoding='utf-8') as f:
        f.write(PRECOMPILED)
    kinds = (('', '', []), ('mold', '', LINKER), ('split', ' -gsplit-dwarf', []), ('ccache', '', CCACHE),
             ('pch', '', ['-DCMAKE_PROJECT_INCLUDE=' + include]))
    return [Way(compiler + (', ' + name if name else ''), compiler, flags, options) for name, flags, options in kinds for compiler in builds.COMPILERS]


class Tree:
    """A copy of a project's source, configured for a way."""

    def __init__(self, way, name, source, args, env):
        self.way, self.name, self.jobs, self.count = way, name, args.jobs, 0
        self.folder = os.path.join(args.work, name, re.sub(r'\W+', '-', way.name))
        self.source = os.path.join(self.folder, 'source')
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(source, self.source, symlinks=True)
        self.env = dict(env, KILN_LOG=os.path.join(self.folder, 'log'), CCACHE_DIR=os.path.join(self.folder, 'ccache'))
        if way.options == CCACHE:
            self.env.pop('CCACHE_DISABLE')
        self.texts = {}
        for path in FILES[name]:
            with open(os.path.join(self.source, path), encoding='utf-8', errors='surrogateescape') as f:
                self.texts[path] = f.read()
        cc, cxx = builds.COMPILERS[way.compiler]
        self.run(['cmake', '-G', 'Ninja', '-S', '.', '-B', 'b', '-DCMAKE_C_COMPILER=' + cc, '-DCMAKE_CXX_COMPILER=' + cxx, '-DCMAKE_BUILD_TYPE=',
                  '-DCMAKE_C_FLAGS=-O0 -g' + way.flags, '-DCMAKE_CXX_FLAGS=-O0 -g -w' + way.flags, *way.options, *builds.PROJECTS[name]['options']])
        self.ninja()

    def run(self, words):
        done = subprocess.run(words, cwd=self.source, env=self.env, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors='replace')
        if done.returncode:
            sys.exit('%s, %s: %s fails:\n%s' % (self.name, self.way.name, ' '.join(words), (done.stdout + done.stderr)[-3000:]))
        return done.stdout

    def ninja(self):
        """Seconds of a build: by the clock, of CPU time. Its commands are kept."""
        before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        self.commands = self.run(['ninja', '-C', 'b', '-v', '-j%d' % self.jobs])
        clock, after = time.monotonic() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
        return [clock, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime]

    def edit(self, kind, back=False):
        """Changes the file; `back`: takes the last change back."""
        self.count += -1 if back else 1
        path = FILES[self.name][kind == 'header']
        more = ('#ifndef EDITS_CONSTANT\n#define EDITS_CONSTANT\nenum { edits_constant = %d };\n#endif\n' if kind == 'header'
                else '__attribute__((used)) static int edits_function() { return %d; }\n') % self.count
        with open(os.path.join(self.source, path), 'w', encoding='utf-8', errors='surrogateescape') as f:
            f.write(self.texts[path] + '\n' + more)

    def front_end(self):
        """CPU time of clang's front end for what the last build compiled."""
        total = 0.0
        for line in self.commands.splitlines():
            found = re.match(r'\[\d+/\d+\] (?:: && )?(?:\S*ccache )?(\S*clang\S* .* -c .*)', line)
            if found:
                words, kept = iter(shlex.split(found[1])), []
                for word in words:
                    if word in ('-o', '-MF', '-MT'):
                        next(words)
                    elif word not in ('-c', '-MD'):
                        kept.append(word)
                before = resource.getrusage(resource.RUSAGE_CHILDREN)
                subprocess.run([*kept, '-fsyntax-only'], cwd=os.path.join(self.source, 'b'), env=self.env, check=True)
                after = resource.getrusage(resource.RUSAGE_CHILDREN)
                total += after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        if not total:
            sys.exit('%s: no command of clang in what Ninja did' % self.name)
        return total


def measure(name, ways, args, env):
    source = subprocess.run([os.path.join(builds.ROOT, 'tests/harness/fetch_source.sh'), name, args.cache], check=True, stdout=subprocess.PIPE,
                            text=True).stdout.strip()
    trees = [Tree(way, name, source, args, env) for way in ways]
    result = {'version': os.path.basename(source), 'edits': {}}
    for kind in 'source', 'header':
        rows = collections.defaultdict(list)
        for i in range(args.rounds):
            for tree in trees if i % 2 == 0 else trees[::-1]:
                tree.edit(kind)
                rows[tree.way.name].append(tree.ninja())
                if tree.way.name == 'clang':
                    rows['front end'].append([tree.front_end()])
                if tree.way.options == CCACHE:
                    tree.edit(kind, back=True)
                    row = tree.ninja()
                    if i: # there is one
                        rows[tree.way.name + ', back'].append(row)
                    tree.edit(kind)
                    tree.ninja()
        result['edits'][kind] = {way: stopping.medians(found) for way, found in rows.items()}
        print('%s, %s: %s' % (name, kind, result['edits'][kind]), file=sys.stderr, flush=True)
    for tree in trees:
        if tree.way.compiler == 'kiln':
            with open(tree.env['KILN_LOG'], encoding='utf-8', errors='replace') as f:
                by_llvm = [line for line in f if 'compiled by LLVM' in line]
            if by_llvm:
                sys.exit('%s, %s: %s' % (name, tree.way.name, by_llvm[0]))
    if not args.keep:
        shutil.rmtree(os.path.join(args.work, name))
    return result


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument('build')
    p.add_argument('--rounds', type=int, default=3)
    p.add_argument('--jobs', type=int, default=os.cpu_count() or 1)
    p.add_argument('--only', action='append', choices=FILES)
    p.add_argument('--work')
    p.add_argument('--machine')
    p.add_argument('--keep', action='store_true')
    p.add_argument('--write', action='store_true')
    args = p.parse_args()
    build = os.path.abspath(args.build)
    args.work, args.cache = os.path.abspath(args.work or os.path.join(build, 'cache', 'edits-cxx')), os.path.join(build, 'cache', 'sources')
    os.makedirs(args.work, exist_ok=True)
    env, ways = builds.environment(build, os.path.join(args.work, 'bin')), ways_of(args.work)
    kept, path = {}, os.path.join(args.work, 'kept.json')
    if os.path.exists(path):
        with open(path, encoding='utf-8') as f:
            kept = json.load(f)
    for name in args.only or FILES:
        kept[name] = measure(name, ways, args, env)
        with open(path, 'w', encoding='utf-8') as f:
            json.dump(kept, f)
    found = {**figures.about(args.machine), 'projects': kept}
    print('\n'.join(edits_table.cxx({'edits_cxx': found})))
    if args.write:
        figures.keep('edits_cxx', found)


if __name__ == '__main__':
    main()
