"""A server process under valgrind: ./dev postgres memory.

It runs the statements of sql/ and shapes of 60 terms by a kilnjit whose arrays move at each item, in memory that valgrind
knows. Only addresses are checked: that PostgreSQL writes padding that is not initialized is its own business.
"""
import glob
import os
import re
import subprocess

import cluster
import shapes
import suites


def statements():
    """One a line, as a server without a client reads them."""
    text = shapes.SETUP + ''.join(query(60) + ';\n' for query in shapes.SHAPES.values())
    for path in sorted(glob.glob(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'sql/*.sql'))):
        with open(path) as f:
            text += 'drop table if exists t;\n' + f.read()
    text = re.sub(r'^--.*|^\\.*', '', text, flags=re.M)
    return re.sub(r'\n+', ' ', re.sub(r';[ \t]*\n', ';\0', text)).replace('\0', '\n')


def check(library):
    with cluster.Cluster(library) as c:
        c.stop()
        settings = {'jit_provider': c.settings['jit_provider'], 'log_min_messages': 'debug2', **suites.JIT}
        command = ['valgrind', '-q', '--undef-value-errors=no', '--trace-children=no', '--error-exitcode=9',
                   os.path.join(c.bin, 'postgres'), '--single', '-D', c.data]
        for x in settings.items():
            command += ['-c', '%s=%s' % x]
        p = subprocess.run(cluster.as_user(command + ['postgres']), input=statements(), text=True, cwd=c.folder,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        compiled = sum(int(n) for n in re.findall(r'kilnjit: (\d+) of \d+ expressions', p.stdout))
        bad = re.findall(r'^==\d+==.*', p.stdout, re.M)
        print('%d expressions compiled under valgrind, exit status %d, %d lines of valgrind' % (compiled, p.returncode, len(bad)))
        print('\n'.join(bad[:40]))
        c.start()
        return p.returncode == 0 and compiled > 100 and not bad
