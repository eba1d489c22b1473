"""SQLancer's oracles NoREC and TLP with kilnjit: SQLANCER=JAR ./dev postgres sqlancer [N].

N queries of each oracle, in databases that SQLancer makes at random with a fixed seed. What fails is run again with jit
off, from the same seed: a failure that is not there then is kilnjit's. JAR is SQLancer 2.0.0, with its libraries beside
it in lib, as its build by Maven leaves them.
"""
import os
import re
import shutil
import subprocess

import cluster
import suites

ORACLES = {'NoREC': 'NOREC', 'TLP': 'QUERY_PARTITIONING'}
PER_DATABASE = 2000


def run(c, jar, oracle, seed, n):
    """(queries that ran, failures, compiled expressions) of one run of SQLancer with a seed."""
    folder = os.path.join(c.folder, 'sqlancer')
    shutil.rmtree(folder, ignore_errors=True)
    os.mkdir(folder)
    c.psql('-c', 'drop database if exists test')
    c.psql('-c', 'create database test')
    # Of a system that it does not know, SQLancer makes no tablespaces: their folders would have to be the server's, and
    # without them it tries for minutes, before the first query.
    p = subprocess.run(['java', '-Dos.name=none', '-jar', jar, '--num-threads', '1', '--num-tries', '1', '--random-seed', str(seed),
                        '--num-queries', str(n), '--timeout-seconds', '600', '--host', '127.0.0.1', '--port', str(c.settings['port']), '--username', 'test',
                        '--password', 'test', '--print-progress-summary', 'true', '--max-generated-databases', '1',
                        '--log-each-select', 'true', 'postgres', '--oracle', oracle], cwd=folder, text=True,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    queries = [int(x) for x in re.findall(r'(\d+) queries', p.stdout)]
    failed = re.findall(r'^(?:Caused by: |--)?((?:java|sqlancer)\S*(?:Error|Exception)\b.*)', p.stdout, re.M)
    return max(queries, default=0), failed, p.stdout


def campaign(kilnjit, n, jar, first=1):
    if not jar:
        print('skipped: SQLANCER names no jar')
        return True
    ok = True
    settings = {'listen_addresses': '127.0.0.1', 'port': os.environ.get('PGPORT', '5499'), 'log_min_messages': 'debug2',
                'log_min_error_statement': 'fatal', 'autovacuum': 'off'}
    with cluster.Cluster(kilnjit, **settings, **suites.JIT) as c:
        for name, oracle in ORACLES.items():
            done, seed, failures, own = 0, first, 0, 0
            while done < n and not c.crashes():
                count, failed, out = run(c, os.path.abspath(jar), oracle, seed, PER_DATABASE)
                done += max(count, 1)
                if failed:
                    failures += 1
                    c.restart(jit='off')
                    _, without, _ = run(c, os.path.abspath(jar), oracle, seed, PER_DATABASE)
                    c.restart(jit='on')
                    if not without:
                        own += 1
                        with open(os.path.join(cluster.ROOT, 'build/postgresql-sqlancer-%s-%d' % (name, seed)), 'w') as f:
                            f.write(out)
                seed += 1
            compiled = total = 0
            with open(os.path.join(c.folder, 'log'), errors='replace') as f:
                for a, b in re.findall(r'kilnjit: (\d+) of (\d+) expressions', f.read()):
                    compiled, total = compiled + int(a), total + int(b)
            print('%s: %d queries in %d databases; %d of these fail, %d only with kilnjit; %d of %d expressions compiled so far' % (
                name, done, seed - first, failures, own, compiled, total), flush=True)
            ok &= own == 0 and compiled > 0 and compiled >= 0.9 * total
        print('\n'.join(c.crashes()))
        return ok and not c.crashes()
