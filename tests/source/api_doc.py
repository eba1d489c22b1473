#!/usr/bin/env python3
"""api_doc.py XML HEADERS: every name in the public headers has a comment, by doxygen's XML output: files,
functions, types, fields, enumerators, macros. Prints those that have none. The headers' functions are
also counted by KILN_API, so that none is missing in the XML."""

import glob
import os
import re
import sys
import xml.etree.ElementTree as tree

# Include guards, macros that depend on the compiler or read the opcode table; and the last enumerators, which count
# the others.
IGNORED = re.compile(r'KILN_\w+_H$|KILN_API$|KILN_OPS?(_\w+)?$|KILN_\w+_COUNT$')


def documented(node):
    return any(''.join(node.find(part).itertext()).strip()
               for part in ('briefdescription', 'detaileddescription') if node.find(part) is not None)


def main(xml, headers):
    missing, functions = [], set()
    for path in sorted(glob.glob(os.path.join(xml, '*.xml'))):
        compound = tree.parse(path).getroot().find('compounddef')
        if compound is None or compound.get('kind') not in ('file', 'namespace', 'class', 'struct', 'union'):
            continue
        name = compound.findtext('compoundname')
        if compound.get('kind') == 'file' and not name.endswith(('.h', '.hpp')):
            continue
        if not documented(compound):
            missing.append(name)
        for member in compound.iter('memberdef'):
            own = member.findtext('name')
            if member.get('kind') == 'function':
                functions.add(own)
            if IGNORED.match(own) or member.get('prot') == 'private' or member.get('kind') == 'friend':
                continue
            if own and not documented(member):
                missing.append(f'{name}: {own}')
            for value in member.findall('enumvalue'):
                if not documented(value) and not IGNORED.match(value.findtext('name')):
                    missing.append(f'{name}: {value.findtext("name")}')
    declared = set()
    for path in glob.glob(os.path.join(headers, '*.h')):
        with open(path, encoding='utf-8') as file:
            text = re.sub(r'/\*.*?\*/', '', file.read(), flags=re.S)
        declared.update(re.findall(r'^KILN_API[^;(]*?\b(kiln_\w+)\(', text, flags=re.M))
    missing += [f'{name}: not in the documentation' for name in sorted(declared - functions)]
    for line in missing:
        print(line)
    if len(declared) < 100:
        print('few functions found:', len(declared))
        return 1
    return 1 if missing else 0


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
