#!/usr/bin/env python3
"""api_cpp.py: checks what docs/api.md says of C++, in include/kiln/*.hpp. Prints what breaks a rule:

- they include headers of libkiln and the standard library alone, and are installed;
- all that they define is in namespace kiln; macros begin with KILN_ and are undefined at the end;
- `throw` stands only where the compiler has exceptions; there is no run-time type information, no state;
- names of types are in lower case;
- each operation of <kiln/ops.def> that the C API builds has a case in <kiln/func.hpp>, by its shape.
"""
import glob
import os
import re
import sys

COMMENT = re.compile(r'/\*.*?\*/|//[^\n]*', re.S)


def directives(code):
    """Each line that is not a directive, with the conditions that it stands under; and the directives."""
    conditions = []
    for line in re.sub(r'\\\n', ' ', code).split('\n'):
        m = re.match(r' *# *(\w+) *(.*)', line)
        if not m:
            yield line, ' '.join(conditions), None
            continue
        if m[1] in ('if', 'ifdef', 'ifndef'):
            conditions.append(m[2])
        elif m[1] == 'endif':
            conditions.pop()
        elif m[1] in ('else', 'elif'):
            conditions[-1] = m[2]
        yield m[2], ' '.join(conditions), m[1]


def header(path):
    own = os.path.basename(path)
    with open(path, encoding='utf-8') as file:
        code = COMMENT.sub('', file.read())
    defined, inside, depth = set(), False, 0
    for line, conditions, directive in directives(code):
        if directive == 'include':
            name = line.strip('<>')
            if not (re.fullmatch(r'<[a-z_]+>', line) or os.path.exists('include/' + name)):
                yield f'{own}: includes {line}'
        elif directive == 'define':
            name = re.match(r'\w+', line)[0]
            defined.add(name)
            if not name.startswith('KILN_'):
                yield f'{own}: macro {name}'
        elif directive == 'undef':
            defined.discard(line.strip())
        elif directive is None:
            if re.search(r'\bthrow\b', line) and '__cpp_exceptions' not in conditions:
                yield f'{own}: throws where there may be no exceptions: {line.strip()}'
            if re.search(r'\b(catch|typeid|dynamic_cast|thread_local|goto)\b', line):
                yield f'{own}: {line.strip()}'
            if re.search(r'^(?!.*\bconstexpr\b)\s*(inline|static) [^(]*[=;]', line):
                yield f'{own}: state: {line.strip()}'
            if depth == 0 and line.strip() and not line.startswith('namespace kiln {'):
                yield f'{own}: outside of namespace kiln: {line}'
            depth += line.count('{') - line.count('}')
    guard = 'KILN_' + own.upper().replace('.', '_')
    for name in sorted(defined - {guard, 'KILN_OP'}):
        yield f'{own}: macro {name} stays defined'
    for name in re.findall(r'^ *(?:class|struct|enum(?: class)?|using|namespace) (\w*[A-Z]\w*)', code, re.M):
        yield f'{own}: {name} is not in lower case'


def operations():
    with open('include/kiln/func.hpp', encoding='utf-8') as file:
        code = file.read()
    with open('include/kiln/ops.def', encoding='utf-8') as file:
        rows = re.findall(r'^KILN_OP\(\w+, (\w+), (\w+),', file.read(), re.M)
    for name, shape in rows:
        case = re.search(rf'^#define KILN_CXX_{shape}\(op, name, only\)(.*)', code, re.M)
        if not case:
            yield f'func.hpp: no case for shape {shape}, of {name}'
        elif not case[1].strip() and shape not in ('INTERNAL', 'MACHINE', 'MACHINEV') and \
                not re.search(rf'^  (?:value|void) {name}_?\(', code, re.M):
            yield f'func.hpp: no member {name}'
    if len(rows) < 100:
        yield f'few operations are found: {len(rows)}'


def main():
    paths = sorted(glob.glob('include/kiln/*.hpp'))
    with open('include/kiln/meson.build', encoding='utf-8') as file:
        installed = file.read()
    bad = [f'{path} is not installed' for path in paths if f"'{os.path.basename(path)}'" not in installed]
    for path in paths:
        bad += header(path)
    bad += operations()
    if 'include/kiln/kiln.hpp' not in paths:
        bad.append('no header is found')
    print('\n'.join(bad), end='\n' if bad else '')
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
