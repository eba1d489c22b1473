#!/usr/bin/env python3
"""postgres.py [COMMAND [ARGUMENT]] [--kilnjit=FILE]: the whole of kilnjit's tests and measurements.

  regress         PostgreSQL's regression tests (217 in version 15), with jit off, kilnjit, and kilnjit in parallel workers
  isolation       its isolation tests, with jit off and kilnjit
  plpgsql         PL/pgSQL's tests, with jit off and kilnjit
  contrib         those of the modules of contrib that are installed, likewise
  smith [N]       N random queries by sqlsmith, default 100,000: no crash
  rows [N]        N random queries, default 2,000: the same rows and errors as with jit off
  queries [N]     N random queries of our own, default 100,000: the same rows and errors as with jit off
  searches [N]    likewise, default 20,000, of lists, CASE, LIKE, equality of texts and comparisons of numerics
  sqlancer [N]    N queries of SQLancer's oracles NoREC and TLP each, default 10,000, by the jar that $SQLANCER names
  memory          steps and shapes in a server under valgrind, with arrays that move at each item: no bad access
  shapes [N]      expressions of N terms of each kind, default 3,000: compiled, in at most llvmjit's time
  compile         time of compiling, beside llvmjit, by the counters of EXPLAIN
  kinds [N]       processor time of three queries of each of these kinds, N alternating runs, default 5
  small [N]       time of 60 small queries, N alternating runs, default 5
  tpch [SCALE]    time of TPC-H's 22 queries at a scale, default 1: off, llvmjit and kilnjit alternating
  pgbench [S]     pgbench's three kinds for S seconds each, default 20
  draw            the pictures and figures.json of integrations/postgresql, from what compile and tpch measured last

Without COMMAND: regress, isolation, plpgsql, contrib, smith, rows, queries,
searches, shapes and compile. The server is a temporary one on a unix socket, of the
version that pg_config is of: the first in $PATH, or $PG_CONFIG, and kilnjit
is for the same. PostgreSQL's tests come from Debian's source package, or from
the folder $POSTGRESQL_SOURCE.
"""
import argparse
import os
import sys

import cluster
import draw
import generate
import measure
import memory
import shapes
import smith
import sqlancer
import suites

COMMANDS = {
    'regress': lambda lib, n: suites.compare(lib, 'regress'),
    'isolation': lambda lib, n: suites.compare(lib, 'isolation'),
    'plpgsql': lambda lib, n: suites.compare(lib, 'plpgsql'),
    'contrib': lambda lib, n: suites.compare(lib, 'contrib'),
    'smith': lambda lib, n: smith.crash(lib, int(n or 100000)),
    'rows': lambda lib, n: smith.same_rows(lib, int(n or 2000)),
    'queries': lambda lib, n: generate.queries(lib, int(n or 100000)),
    'searches': lambda lib, n: generate.queries(lib, int(n or 20000), 1001, 0.7),
    'sqlancer': lambda lib, n: sqlancer.campaign(lib, int(n or 10000), os.environ.get('SQLANCER')),
    'memory': lambda lib, n: memory.check(lib.replace('.so', '_moving.so')),
    'shapes': lambda lib, n: shapes.shapes(lib, int(n or 3000)),
    'compile': lambda lib, n: measure.compile_time(lib),
    'kinds': lambda lib, n: measure.kinds(lib, int(n or 5)),
    'small': lambda lib, n: measure.small(lib, int(n or 5)),
    'tpch': lambda lib, n: measure.tpch(lib, float(n or 1)),
    'pgbench': lambda lib, n: measure.pgbench(lib, int(n or 20)),
    'draw': lambda lib, n: draw.draw(),
}

ALL = ('regress', 'isolation', 'plpgsql', 'contrib', 'smith', 'rows', 'queries', 'searches', 'shapes', 'compile')


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--kilnjit', default=os.path.join(cluster.ROOT, 'build/integrations/postgresql/kilnjit.so'))
    p.add_argument('command', nargs='?', choices=list(COMMANDS))
    p.add_argument('number', nargs='?')
    args = p.parse_args()
    why = cluster.missing()
    if why:
        sys.exit(why)
    chosen = [args.command] if args.command else list(ALL)
    failed = [name for name in chosen if not COMMANDS[name](os.path.abspath(args.kilnjit), args.number)]
    if failed:
        print('failed: ' + ' '.join(failed))
    return bool(failed)


if __name__ == '__main__':
    sys.exit(main())
