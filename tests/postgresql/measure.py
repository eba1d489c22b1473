"""What kilnjit costs and gains: ./dev postgres compile, small, tpch and pgbench.

All times are of one machine and one run, jit off, llvmjit and kilnjit alternating; ratios are of minima.
"""
import math
import os
import re
import shutil
import subprocess
import sys


import cluster
import draw
import queries
import suites

LLVM_DEFAULT = {'jit': 'on', 'jit_above_cost': '100000', 'jit_inline_above_cost': '500000',
                'jit_optimize_above_cost': '500000'}
LLVM_PLAIN = {'jit': 'on', 'jit_above_cost': '0', 'jit_inline_above_cost': '-1', 'jit_optimize_above_cost': '-1'}


def provider(c, name):
    """Restarts with jit off, llvmjit or kilnjit: the provider is read when the server starts."""
    if name == 'kilnjit':
        c.settings['jit_provider'] = c.kilnjit
        c.restart(**suites.JIT)
    elif name.startswith('llvmjit'):
        c.settings['jit_provider'] = 'llvmjit'
        c.restart(**(LLVM_DEFAULT if name == 'llvmjit' else LLVM_PLAIN))
    else:
        c.restart(jit='off')


def server(lib, **settings):
    c = cluster.Cluster(lib, **settings)
    c.kilnjit = c.settings['jit_provider']
    return c


def jit_times(text):
    return [(int(m[1]), float(m[2])) for m in re.finditer(r'Functions: (\d+).*?Total ([\d.]+) ms', text, re.S)]


def compile_time(lib):
    """Medians of EXPLAIN's counters, of queries that run after a first one, and that one's cost."""
    setup = ('create table n as select i a, i %% 10 b, i * 1.5::float8 c, i::text d from generate_series(1, 1000) i;\n'
             'create table wide(%s);\ninsert into wide select %s from generate_series(1, 100) j;\nanalyze;\n' % (
                 ', '.join('c%d int' % i for i in range(1, 301)), ', '.join(['j'] * 300)))
    kinds = {
        'five functions': 'explain (analyze) select b, sum(a), avg(c) from n where a > 5 and d <> \'7\' group by b',
        '300 columns': 'explain (analyze) select * from wide where c300 > 0',
        '300 sums': 'explain (analyze) select %s from wide' % ', '.join('sum(c%d)' % i for i in range(1, 301)),
    }
    size = "select substring(line from '\\d+') from m where line like 'RssAnon%';"
    memory = ("truncate m; do $$ begin execute format('copy m from ''/proc/%s/status'' (delimiter ''|'')', "
              "pg_backend_pid()); end $$;" + size)
    first = ('create temp table m(line text); set jit = off;\n%s;\n%s\n%s\n%s\nset jit = on; \\timing on\n%s;\n%s;\n'
             '\\timing off\n%s' % (kinds['five functions'], memory, memory, memory, kinds['five functions'],
                                   kinds['five functions'], memory))
    table, ok = {}, True
    with server(lib) as c:
        c.psql(text=setup)
        for name in 'llvmjit, no optimization', 'kilnjit':
            provider(c, name)
            for kind, query in kinds.items():
                times = jit_times(c.psql('-At', text='%s;\n' % query * 21))[1:]
                table[kind, name] = (times[0][0], sorted(t for _, t in times)[10])
            spent, grown = [], []
            for _ in range(9): # a new backend each
                out = c.psql('-At', text=first)
                sizes = [int(x) for x in re.findall(r'^(\d+)$', out, re.M)]
                spent.append([float(x) for x in re.findall(r'^Time: ([\d.]+) ms', out, re.M)])
                grown.append(sizes[-1] - sizes[-2])
            table['first use, ms more than the second', name] = (0, min(a for a, _ in spent) - min(b for _, b in spent))
            table['first use, KiB', name] = (0, sorted(grown)[4])
    for kind in [*kinds, 'first use, ms more than the second', 'first use, KiB']:
        (n, llvm), (m, kiln) = (table[kind, name] for name in ('llvmjit, no optimization', 'kilnjit'))
        print('%-36s llvmjit %9.3f%s   kilnjit %8.3f%s   1/%.0f' % (
            kind, llvm, ' (%d functions)' % n if n else '', kiln, ' (%d functions)' % m if m else '',
            llvm / max(kiln, 1e-3)))
        ok &= kiln * 30 <= llvm if kind in kinds else kiln < (2 if ' ms ' in kind else 2048)
    draw.keep('compile', [{'name': kind, 'functions': table[kind, 'kilnjit'][0], 'llvmjit': table[kind, 'llvmjit, no optimization'][1],
                           'kilnjit': table[kind, 'kilnjit'][1]} for kind in kinds])
    return ok


def run(c, texts, setup=''):
    """Milliseconds of each query, in one session."""
    out = c.psql('-At', '-d', 'postgres', text=setup + '\n\\o /dev/null\n\\timing on\n' + '\n'.join(texts))
    if 'ERROR' in out:
        sys.exit(out)
    return [float(x) for x in re.findall(r'^Time: ([\d.]+) ms', out, re.M)]


def alternate(c, names, texts, setup, runs):
    """The least time of each query by name, from alternating runs; the first after each restart does not count."""
    best = {name: [math.inf] * len(texts) for name in names}
    worst = {name: [0.0] * len(texts) for name in names}
    for _ in range(runs):
        for name in names:
            provider(c, name)
            run(c, texts, setup)
            times = run(c, texts, setup)
            best[name] = [min(a, b) for a, b in zip(best[name], times)]
            worst[name] = [max(a, b) for a, b in zip(worst[name], times)]
        print('.', end='', flush=True)
    print()
    noise = sorted(w / b for w, b in zip(worst['off'], best['off']))[len(texts) // 2]
    print('noise: the median of the slowest to the fastest run with jit off is %.2f' % noise)
    return best


def mean(values):
    return math.exp(sum(map(math.log, values)) / len(values))


def report(best, labels, name):
    draw.keep(name, [{'name': label, 'off_ms': best['off'][i], **{n: best[n][i] / best['off'][i] for n in best if n != 'off'}}
                     for i, label in enumerate(labels)])
    names = [n for n in best if n != 'off']
    for i, label in enumerate(labels):
        off = best['off'][i]
        print('%-44s off %9.2f ms   %s' % (label[:44], off, '   '.join(
            '%s %.2f' % (n, best[n][i] / off) for n in names)))
    for n in names:
        ratios = [b / a for a, b in zip(best['off'], best[n])]
        print('%s: geometric mean %.3f of off, slowest %.2f, slower than off by more than 5 %%: %d of %d' % (
            n, mean(ratios), max(ratios), sum(r > 1.05 for r in ratios), len(ratios)))


def processor_times(c, texts):
    """Milliseconds of processor time of each query, in one session, compiling included."""
    out = c.psql('-At', '-d', 'postgres', text='\\o /dev/null\nset client_min_messages = log; set log_executor_stats = on;\n' +
                 '\n'.join(texts))
    times = re.findall(r'EXECUTOR STATISTICS\n.*\n!\s+([\d.]+) s user, ([\d.]+) s system', out)
    if len(times) != len(texts):
        sys.exit(out)
    return [(float(user) + float(system)) * 1000 for user, system in times]


def kinds(lib, runs):
    texts, best = [q + ';' for q in queries.KINDS.values()], {}
    with server(lib, max_parallel_workers_per_gather='0') as c:
        c.psql(text=queries.KINDS_SETUP)
        for _ in range(runs):
            for name in 'off', 'kilnjit':
                provider(c, name)
                processor_times(c, texts)
                times = processor_times(c, texts)
                best[name] = [min(a, b) for a, b in zip(best.get(name, times), times)]
    report(best, list(queries.KINDS), 'kinds')
    return True


def small(lib, runs):
    with server(lib, max_parallel_workers_per_gather='0') as c:
        c.psql(text=queries.SMALL_SETUP)
        best = alternate(c, ['off', 'llvmjit', 'kilnjit'], [q + ';' for q in queries.SMALL], '', runs)
        report(best, queries.SMALL, 'small')
    return True


def tpch(lib, scale, runs=5):
    folder = os.path.join(cluster.ROOT, 'build/cache/tpch-%g' % scale)
    if not os.path.exists(os.path.join(folder, 'lineitem.csv')):
        if not shutil.which('tpchgen-cli'):
            sys.exit('tpch: no tpchgen-cli: pip install tpchgen-cli')
        subprocess.run(['tpchgen-cli', 'csv', '-s', '%g' % scale, '--output-dir=' + folder], check=True)
    with server(lib, max_parallel_workers_per_gather='0', work_mem='256MB', shared_buffers='1GB') as c:
        out = c.psql(text=queries.TPCH_SCHEMA)
        for name in queries.TPCH_TABLES:
            out += c.psql('-c', "\\copy %s from '%s' csv header" % (name, os.path.join(folder, name + '.csv')))
        out += c.psql(text=queries.TPCH_INDEXES + 'vacuum analyze;')
        if 'ERROR' in out or 'error' in out:
            sys.exit(out)
        best = alternate(c, ['off', 'llvmjit', 'kilnjit'], queries.TPCH, '', runs)
        report(best, ['Q%d' % i for i in range(1, 23)], 'tpch')
    return True


def pgbench(lib, seconds):
    with server(lib) as c:
        env = c.environment()
        subprocess.run([c.bin + '/pgbench', '-i', '-q', '-s', '10'], env=env, check=True, stderr=subprocess.DEVNULL)
        for kind in 'tpcb-like', 'simple-update', 'select-only':
            rates = {'off': 0.0, 'kilnjit': 0.0}
            for _ in range(3):
                for name in rates:
                    provider(c, name)
                    c.restart(**({'jit_above_cost': '1000'} if name == 'kilnjit' else {}))
                    p = subprocess.run([c.bin + '/pgbench', '-b', kind, '-T', str(seconds), '-n'], env=env, text=True,
                                       capture_output=True)
                    rates[name] = max(rates[name], float(re.search(r'tps = ([\d.]+)', p.stdout)[1]))
            print('%-14s off %8.0f, kilnjit (jit_above_cost = 1000) %8.0f transactions a second: %.3f' % (
                kind, rates['off'], rates['kilnjit'], rates['kilnjit'] / rates['off']))
    return True
