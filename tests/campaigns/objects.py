#!/usr/bin/env python3
"""What attributes, metadata, flags and bundles do to objects, beside llc: a small module for each attribute and kind of
metadata of LLVM 22, each string attribute that the tables name or that libLLVM has as a text, each module flag and
named list. What llc's object has more or less than that of the module without it (symbols, sections, relocations, notes,
code) has to be so in Kiln's, or frontends/llvm/supported.md has a row that says why not.

    objects.py --kiln=build/kiln [--target=aarch64] [--kinds=ATTR,METADATA] [--texts=N]

--kinds=KIND,...: of the tables in support.def, and TEXT: texts in libLLVM; default: all.

--texts=N: of these texts the first N (0: all, which takes some minutes).
"""
import glob
import json
import os
import re
import subprocess
import sys

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), '../..'))
sys.path.insert(0, os.path.join(ROOT, 'tests/harness'))
sys.path.insert(0, os.path.join(ROOT, 'tests/run/bitcode'))
import harness  # noqa: E402
import support  # noqa: E402

BASE = '''@v = global i32 1%(data)s
declare void @callee(i32)
define%(result)s i32 @f(ptr%(pointer)s %%p, i32%(integer)s %%n)%(func)s {
  %%l = load i32, ptr %%p%(load)s
  call void @callee(i32%(argument)s %%l)%(site)s%(call)s
  %%s = add i32 %%l, %%n
  ret i32 %%s
}
%(lists)s
!7 = !{i32 1, !"wchar_size", i32 4}
!8 = !{}
!9 = !{i32 1, i32 2}
!11 = !{!"function_section_prefix", !"hot"}
'''
EMPTY = dict.fromkeys(('data', 'argument', 'result', 'pointer', 'integer', 'func', 'load', 'site', 'call'), '')
FLAGS = '!llvm.module.flags = !{!7%s}'


def module(lists=FLAGS % '', **parts):
    return BASE % dict(EMPTY, lists=lists, **parts)


def cases():
    """Kind and name as in the tables, what is tried, and the text of the module."""
    for name, (_, places) in sorted(support.attributes().items()):
        text = support.VALUES.get(name, name)
        for place, at in (('FnAttr', 'func'), ('ParamAttr', 'pointer'), ('ParamAttr', 'integer'), ('ParamAttr', 'argument'),
                          ('RetAttr', 'result'), ('FnAttr', 'site')):
            if place in places:
                yield 'ATTR', name, at, module(**{at: ' ' + text})
    for _, name, _, _ in support.table()['STRING']:
        for value in '', 'true', '1', 'all', 'non-leaf', 'inline-asm', 'x':
            yield 'STRING', name, 'func=' + value, module(func=' "%s"="%s"' % (name, value))
    for number, name in sorted(support.metadata_kinds()):
        if name in ('dbg', 'DIAssignID', 'associated'):  # these have forms of their own, and tests
            continue
        for at in 'func', 'data', 'load', 'call':
            for node in '!8', '!9', '!11':
                text = (' ' if at == 'func' else ', ') + '!%s %s' % (name, node)
                yield 'METADATA', name, at + ' ' + node, module(**{at: text})
    for _, name, _, _ in support.table()['NAMED']:
        if name not in ('llvm.module.flags', 'llvm.dbg.cu'):
            yield 'NAMED', name, '', module() + '!%s = !{!9}\n' % name
    for _, name, _, _ in support.table()['FLAG']:
        for value in 'i32 0', 'i32 1', 'i32 2', '!"x"':
            yield 'FLAG', name, value, module(FLAGS % ', !10') + '!10 = !{i32 1, !"%s", %s}\n' % (name, value)
    for number, name, _, _ in support.table()['CONVENTION']:
        yield 'CONVENTION', name, 'func', module().replace('define i32', 'define cc %d i32' % number)


def texts():
    """Texts of libLLVM that may be names of string attributes."""
    library = glob.glob('/usr/lib/llvm-22/lib/libLLVM.so.22*') + glob.glob('/usr/lib/x86_64-linux-gnu/libLLVM.so.22*')
    out = subprocess.run(['strings', '-n', '4', library[0]], stdout=subprocess.PIPE).stdout.decode(errors='replace')
    found = {t for t in out.split('\n') if re.fullmatch(r'[a-z][a-z0-9]*([-_][a-z0-9]+){1,7}', t) and len(t) < 48}
    return sorted(found - {name for _, name, _, _ in support.table()['STRING']})


class Campaign:
    def __init__(self, h, target):
        self.h, self.target = h, target
        self.rows = {kind: {name: (verdict, text) for _, name, verdict, text in rows} for kind, rows in support.table().items()}
        self.base = {}

    def objects(self, name, text):
        """The facts of llc's object and of Kiln's; None for one that there is none of."""
        ll = self.h.write(name + '.ll', text)
        bc = ll[:-3] + '.bc'
        if self.h.run(['llvm-as-22', ll, '-o', bc], check=False)[0]:
            return None
        out = []
        triple = '--target=' + self.target
        for what, cmd in (('llc', ['llc-22', '-O0', '-filetype=obj', '-relocation-model=pic', '-mtriple=%s-linux-gnu' % self.target]),
                          ('kiln', [self.h.args.kiln, 'compile', triple])):
            o = '%s.%s.o' % (ll[:-3], what)
            status, _, err = self.h.run([*cmd, bc, '-o', o], check=False)
            out.append(self.facts(o) if status == 0 else None)
            if status and what == 'kiln' and 'not implemented' not in err and 'error' not in err:
                self.h.fail(name, 'Kiln fails without a diagnostic: %s' % err)
        for f in glob.glob(ll[:-3] + '.*'):
            os.unlink(f)
        return out

    def facts(self, o):
        text = self.h.run(['llvm-readelf-22', '-W', '-S', '-s', '-r', '-n', o])[1]
        facts, section = set(), ''
        names = {}
        for line in text.splitlines():
            m = re.match(r'^ +\[ *(\d+)\] (\S+) +(\S+) +[0-9a-f]{16} [0-9a-f]{6} [0-9a-f]{6} ([0-9a-f]{2}) +([A-Za-z]*) +\d+ +\d+ +\d+$', line)
            if m:
                names[m[1]] = m[2]
                if not re.match(r'\.(rela|symtab|strtab|group|eh_frame|note.GNU-stack)', m[2]):
                    facts.add(('section', m[2], m[3], m[4], m[5]))
                elif m[2] == '.note.GNU-stack':
                    facts.add(('stack', 'X' in m[5]))
            m = re.match(r"Relocation section '(\S+)'", line)
            if m: section = m[1]
            m = re.match(r'^[0-9a-f]{16} +[0-9a-f]{16} +R_\w+ +[0-9a-f]{16} (\S+)', line)
            if m and not m[1].startswith('.'): facts.add(('reference', section, m[1]))
            m = re.match(r'^ +\d+: [0-9a-f]{16} +\d+ (\w+) +(\w+) +(\w+) +(?:\[.*\] )?(\S+) (\S+)$', line)
            if m and m[1] not in ('SECTION', 'FILE') and not m[5].startswith(('.', '$')):
                facts.add(('symbol', m[5], m[1], m[2], m[3], names.get(m[4], m[4])))
            if re.search(r'(x86|aarch64) feature', line): facts.add(('note', line.strip()))
        code = self.h.run(['llvm-objdump-22', '-d', '--no-show-raw-insn', '--no-addresses', o])[1]
        facts.add(('code', '\n'.join(code.splitlines()[3:])))
        return facts

    def compare(self, kind, name, at, text, known=None):
        """What became of a case: refused, same, or other with a row; a failure if there is no row."""
        made = self.objects(re.sub(r'\W', '_', '%s-%s-%s' % (kind, name, at)), text)
        if made is None: return 'not valid'
        if made[0] is None: return 'llc fails'
        if made[1] is None: return 'refused'
        changes = [sorted(map(str, (mine ^ base))) for mine, base in zip(made, self.base[''])]
        strip = [[c for c in change if not c.startswith("('code'")] for change in changes]
        code = [any(c.startswith("('code'") for c in change) for change in changes]
        if strip[0] == strip[1] and (code[1] or not code[0]): return 'same'
        verdict = known if known else self.rows[kind].get(name, (None,))[0]
        if verdict in ('IDLE', 'DONE', 'VALUE', 'UNLESS', 'CALLED') and strip[0] == strip[1]: return 'other code, with a row'
        if verdict in ('IDLE', 'VALUE'): return 'other object, with a row'
        self.h.fail('%s %s %s' % (kind, name, at), 'llc: %s, code %s\nKiln: %s, code %s' % (strip[0], code[0], strip[1], code[1]))
        return 'differs'

    def case(self, case):
        kind, name, at, text = case
        result = self.compare(kind, name, at, text)
        if result in ('not valid', 'llc fails'): self.h.skip('%s %s %s' % (kind, name, at), result)
        elif result != 'differs': self.h.ok('%s %s %s' % (kind, name, at))
        return result

    def batch(self, names):
        """String attributes that the tables do not have: llc's object must be that without them. Halves what differs."""
        text = module(func=' ' + ' '.join('"%s"="true"' % n for n in names))
        result = self.compare('TEXT', names[0], str(len(names)), text, known='NONE') if len(names) == 1 else None
        if result is None:
            made = self.objects('texts-%s-%d' % (names[0], len(names)), text)
            good = made and made[0] is not None and made[1] is not None and made == self.base['']
            if good:
                result = 'same'
            else:
                half = len(names) // 2
                return self.batch(names[:half]) + self.batch(names[half:])
        if result == 'same' or result == 'refused': self.h.ok('texts from %s on' % names[0])
        elif result != 'differs': self.h.skip('text ' + names[0], result)
        return [result] * len(names)


def main():
    p = harness.options(__doc__.splitlines()[0])
    p.add_argument('--texts', type=int, default=0, metavar='N')
    p.add_argument('--kinds', default='ATTR,STRING,METADATA,NAMED,FLAG,CONVENTION,TEXT')
    args = p.parse_args()
    kinds = args.kinds.split(',')
    h = harness.Harness(args)
    c = Campaign(h, args.target)
    c.base[''] = c.objects('base', module())
    if c.base[''] is None or None in c.base['']:
        raise SystemExit('the module without any of this does not compile')
    results = h.each(c.case, [case for case in cases() if case[0] in kinds])
    names = texts()[:args.texts or None] if 'TEXT' in kinds else []
    for part in h.each(c.batch, [names[i:i + 64] for i in range(0, len(names), 64)]):
        results += part or ['differs']
    print(json.dumps({r: results.count(r) for r in sorted(set(filter(None, results)))}))
    h.finish()


if __name__ == '__main__':
    main()
