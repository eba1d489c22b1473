"""Random queries by sqlsmith on the regression database: ./dev postgres smith and rows."""
import os
import re
import subprocess
import time

import cluster
import suites


def database(kilnjit, **settings):
    """A cluster whose database `regression` is what PostgreSQL's regression tests leave."""
    c = cluster.Cluster(kilnjit, jit='off', **settings)
    count, failed, _ = suites.run_suite(c, 'regress')
    print('the regression database: %d tests, %d fail' % (count, len(failed)), flush=True)
    return c


def target(c):
    return '--target=host=%s user=test dbname=regression' % c.folder


def crash(kilnjit, queries, seed=1):
    """Runs `queries` random queries; true if no server process ended by a signal."""
    with database(kilnjit) as c:
        c.restart(statement_timeout='2s', log_min_messages='fatal', **suites.JIT)
        done, begin = 0, time.time()
        while done < queries:
            p = subprocess.run(['sqlsmith', target(c), '--exclude-catalog', '--seed=%d' % seed,
                                '--max-queries=%d' % min(5000, queries - done), '--verbose'], text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            done += min(5000, queries - done)
            seed += 1
            print('%d queries, %d s%s' % (done, time.time() - begin, '' if p.returncode == 0 else
                                          ', sqlsmith ended with %d' % p.returncode), flush=True)
            if c.crashes():
                break
        for line in c.crashes():
            print(line)
        return not c.crashes()


def results(c, queries, jit):
    """What each query gives, rows and errors, each in a transaction that is rolled back. How deep a recursion went
    before the stack was full is left out."""
    mark = '-- next query --'
    text = '\n'.join("\\echo '%s'\nbegin;\n%s\nrollback;" % (mark, q) for q in queries)
    settings = '\n'.join("set %s = '%s';" % x for x in (suites.JIT if jit else {'jit': 'off'}).items())
    out = c.psql('-d', 'regression', '-At', text=settings + '\n' + text)
    parts = [re.sub(r'^psql:.*?: ', '', part, flags=re.M) for part in out.split(mark)[1:]]
    return [re.sub(r'^(.*\n)\1+', r'\1', part, flags=re.M) for part in parts]


def same_rows(kilnjit, n, seed=100):
    """Runs n queries with jit off twice and with kilnjit once, and compares. The server stays, so that what it counts
    of itself differs as little as it may; whether there is a JIT differs by its nature."""
    with database(kilnjit, statement_timeout='5s') as c:
        p = subprocess.run(['sqlsmith', target(c), '--exclude-catalog', '--dry-run', '--seed=%d' % seed,
                            '--max-queries=%d' % n], text=True, stdout=subprocess.PIPE)
        queries = [re.sub(r'(tablesample\s+\w+\s*\([^)]*\))', r'\1 repeatable (1)', q.strip() + ';')
                   for q in p.stdout.split(';') if q.strip() and 'pg_jit_available' not in q]
        runs = [results(c, queries, jit) for jit in (False, False, True)]
        unstable = differ = 0
        for query, first, second, jit in zip(queries, *runs):
            if first != second:
                unstable += 1
            elif first != jit:
                differ += 1
                path = os.path.join(cluster.ROOT, 'build/postgresql-rows-%d.sql' % differ)
                with open(path, 'w') as f:
                    f.write('%s\n-- off:\n%s\n-- kilnjit:\n%s' % (query, first, jit))
        errors = sum('ERROR' in r for r in runs[0])
        print('%d queries (%d give an error): %d differ between two runs without JIT, %d others with kilnjit' % (
            len(queries), errors, unstable, differ))
        return differ == 0 and len(set(map(len, runs))) == 1 and not c.crashes()
