#!/usr/bin/env python3
"""What frontends/llvm/support.def says has no effect on code: LLVM's own code generator, which gets the same
module with it and without it at -O0, makes the same assembly for both targets. Where it does not, DIFFERS says why Kiln's
code is what is wanted. A row that LLVM cannot read is named.

    idle.py --kiln=build/kiln [NAME...]
"""
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(HERE, '../../harness'))
import llvm  # noqa: E402
import support  # noqa: E402

TARGETS = ('x86_64-unknown-linux-gnu', 'aarch64-unknown-linux-gnu')

# LLVM's assembly differs: the row, and why what Kiln does is right.
DIFFERS = {
    'minsize': 'shorter instructions are taken and loops are not aligned: a matter of size alone',
    'optsize': 'shorter instructions are taken and loops are not aligned: a matter of size alone',
    '+outline-atomics': 'functions of the compiler are called, which do what the loops of Kiln do',
    'section_prefix': 'the section of a function has another name, so that linkers place it elsewhere: a matter of speed alone',
    'kcfi_type': 'a word before the function, which only checks of kcfi read, and they are refused',
    'denormal-fp-math': 'a subtraction from -0.0 stays one, as it always does in code of Kiln',
    'denormal-fp-math-f32': 'a subtraction from -0.0 stays one, as it always does in code of Kiln',
}

# Rows that have an effect: what shows that the comparison can fail.
EFFECTS = [('STRING', 'no-jump-tables'), ('STRING', 'disable-tail-calls'), ('ATTR', 'uwtable')]

# Values of attributes that have one, and of strings; the others are "true".
VALUES = {'align': 'align 8', 'dereferenceable': 'dereferenceable(8)', 'dereferenceable_or_null': 'dereferenceable_or_null(8)',
          'allocsize': 'allocsize(1)', 'jumptable': 'unnamed_addr jumptable', 'vscale_range': 'vscale_range(1,2)', 'memory': 'memory(read)', 'nofpclass': 'nofpclass(nan)',
          'range': 'range(i32 0, 5)', 'initializes': 'initializes((0, 4))', 'captures': 'captures(none)',
          'allockind': 'allockind("alloc")', 'byref': 'byref(i32)', 'dead_on_return': 'dead_on_return',
          'optnone': 'optnone noinline'}
STRINGS = {'alloc-family': 'malloc', 'denormal-fp-math': 'preserve-sign,preserve-sign', 'denormal-fp-math-f32': 'preserve-sign,preserve-sign',
           'min-legal-vector-width': '512', 'prefer-vector-width': '128', 'reciprocal-estimates': 'all', 'tune-cpu': 'generic',
           'warn-stack-size': '1000000', 'patchable-function-entry-section': 'somewhere', 'dontcall-warn': 'no',
           'alloc-variant-zeroed': 'calloc'}

NODES = ('!{}', '!{i64 1}', '!{i32 0, i32 5}', '!{!"branch_weights"%s}' % (', i32 1' * 7), '!{float 2.5}', 'distinct !{}', '!{i32 1}', '!{!"x"}',
         '!{!1, !1, i64 0}\n!1 = !{!"int", !2}\n!2 = !{!"root"}', 'distinct !{!0}', '!{!"function_entry_count", i64 3}',
         '!{!"section_prefix", !"hot"}', '!{i64 0, !"x"}', '!{!1}\n!1 = !{i64 1, i64 2, i1 true}')

MODULE = '''
target triple = "%(triple)s"
%(globals)s
declare void @callee(ptr)
declare i32 @other(i32)
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
declare float @llvm.fma.f32(float, float, float)
declare float @llvm.fmuladd.f32(float, float, float)
declare <4 x float> @llvm.sqrt.v4f32(<4 x float>)

define %(ret)s i32 @f(ptr %(pointer)s %%p, i32 %(number)s %%n, float %(float)s %%x) %(function)s {
entry:
  %(entry)s
  %%a = alloca [80 x i8], align 16
  %%v = alloca i32, align 4
  %%c = alloca i8, i32 %%n, align 16
  store i32 %%n, ptr %%v, align 4
  call void @llvm.memcpy.p0.p0.i64(ptr %%a, ptr %%p, i64 80, i1 false)
  call void @callee(ptr %(argument)s %%a) %(call)s
  call void @callee(ptr %%c)
  %%d = sdiv i32 %%n, 7
  %%m = call float @llvm.fmuladd.f32(float %%x, float %%x, float 2.0)
  %%k = fdiv float %%m, %%x
  %%z = fsub float -0.0, %%k
  %%i = fptosi float %%z to i32
  %%old = atomicrmw add ptr %%v, i32 1 seq_cst
  %%l = load i32, ptr %%p, align 4 %(load)s
  %%q = call i32 @other(i32 %%l)
  %%lp = load ptr, ptr %%p, align 8 %(pointers)s
  store ptr %%lp, ptr %%p, align 8
  %%vec = load <8 x float>, ptr %%p, align 4
  %%sum = fadd <8 x float> %%vec, %%vec
  store <8 x float> %%sum, ptr %%p, align 4
  switch i32 %%n, label %%out [i32 0, label %%b0
    i32 1, label %%b1
    i32 2, label %%out
    i32 3, label %%b0
    i32 4, label %%b1
    i32 5, label %%out] %(branch)s
b0:
  %%s = add i32 %%d, %%i
  br label %%out
b1:
  call void @llvm.trap()
  unreachable
out:
  %%r = phi i32 [%%d, %%entry], [%%d, %%entry], [%%d, %%entry], [%%s, %%b0]
  %%t = tail call i32 @other(i32 %%r)
  ret i32 %%t
}
declare void @llvm.trap()
declare void @llvm.assume(i1)
define i32 @table(i32 %%n) nounwind %(function)s {
  switch i32 %%n, label %%d [
    i32 0, label %%t0
    i32 1, label %%t1
    i32 2, label %%t2
    i32 3, label %%t3
    i32 4, label %%t4
    i32 5, label %%t5
    i32 6, label %%t6
    i32 7, label %%t7
    i32 8, label %%t8
    i32 9, label %%t9
    i32 10, label %%t10
    i32 11, label %%t11
    i32 12, label %%t12
    i32 13, label %%t13
    i32 14, label %%t14
    i32 15, label %%t15]
t0: ret i32 3
t1: ret i32 10
t2: ret i32 17
t3: ret i32 5
t4: ret i32 12
t5: ret i32 0
t6: ret i32 7
t7: ret i32 14
t8: ret i32 2
t9: ret i32 9
t10: ret i32 16
t11: ret i32 4
t12: ret i32 11
t13: ret i32 18
t14: ret i32 6
t15: ret i32 13
d: ret i32 -1
}
define ptr @g(ptr %(pointer)s %%p) %(function)s {
  %%t = tail call i32 @other(i32 5)
  ret ptr %%p
}
%(module)s
'''
PLACES = ('entry', 'pointers', 'globals', 'ret', 'pointer', 'number', 'float', 'function', 'argument', 'call', 'load', 'branch', 'module')


def module(triple, what):
    return MODULE % dict({p: '' for p in PLACES}, triple=triple, **what)


def features(name):
    """A list of features with one more, after one that every processor of either target has."""
    return '"target-features"="+fxsr,+neon%s"' % (',' + name if name else '')


def forms(kind, name, places=('load', 'pointers', 'call', 'branch', 'function')):
    """The ways to write a row in the module: each is tried until LLVM takes one."""
    if kind == 'ATTR':
        word = VALUES.get(name, name)
        for place in ('function', 'pointer', 'number', 'float', 'ret'):
            yield {place: word}
        yield {'call': word}
    elif kind == 'STRING':
        yield {'function': '"%s"="%s"' % (name, STRINGS.get(name, 'true'))}
    elif kind == 'FEATURE':
        yield {'function': features(name)}
    elif kind == 'FLAG':
        for value in ('i32 1', '!"true"', '!{}'):
            yield {'module': '!llvm.module.flags = !{!0}\n!0 = !{i32 %d, !"%s", %s}' % (5 if value == '!{}' else 1, name, value)}
    elif kind in ('METADATA', 'KIND'):
        for place in places:
            for node in NODES:
                mark = '!%s !0' % name
                yield {place: mark if place in ('function', 'call') else ', ' + mark, 'module': '!0 = ' + node}
    elif kind == 'BUNDLE':
        for operands in ('', 'ptr %p', 'ptr %p, i64 8', 'ptr %p, ptr %p', 'i1 true'):
            yield {'entry': 'call void @llvm.assume(i1 true) [ "%s"(%s) ]' % (name, operands)}
    elif kind == 'NAMED':
        yield {'module': '!%s = !{!0}\n!0 = !{!"x"}' % name}


def main():
    only = [a for a in sys.argv[1:] if not a.startswith('-')]
    lines = failed = 0
    skipped = []

    def first(triple, ways):
        """The first of the ways to write a row that LLVM reads, and its assembly."""
        at, done = llvm.first_assembly(triple, [module(triple, way) for way in ways])
        return done and ways[at], done

    plain = {t: first(t, [{}])[1] for t in TARGETS}
    listed = {t: first(t, [{'function': features('')}])[1] for t in TARGETS}
    for kind, name in EFFECTS if not only else []:
        lines += 1
        good = all(first(t, [next(forms(kind, name))])[1] not in (None, plain[t]) for t in TARGETS)
        failed += not good
        print('%s %d - the comparison finds %s' % ('ok' if good else 'not ok', lines, name), flush=True)
    for kind, name in [(kind, name) for kind, rows in support.table().items() for _, name, verdict, _ in rows
                       if verdict == 'IDLE' and (not only or name in only)]:
        places = [('load', 'pointers', 'call', 'branch'), ('function',)] if kind in ('METADATA', 'KIND') else [None]
        read = 0
        for triple, of in [(t, p) for t in TARGETS for p in places]:
            form, done = first(triple, list(forms(kind, name, *([of] if of else []))))
            if done is None:
                continue
            read += 1
            same = done == (listed if kind == 'FEATURE' else plain)[triple]
            lines += 1
            good = same or name in DIFFERS
            failed += not good
            print('%s %d - %s %s, %s%s%s' % ('ok' if good else 'not ok', lines, kind, name, triple.split('-')[0], ', of a function' if of == ('function',) else '',
                                             '' if same else ': ' + DIFFERS.get(name, 'LLVM makes other code of it: %s' % form)), flush=True)
        if not read:
            skipped.append(name)
    if skipped:
        print('# skipped, since LLVM does not read them: ' + ', '.join(sorted(set(skipped))))
    print('1..%d' % lines)
    sys.exit(failed != 0)


if __name__ == '__main__':
    main()
