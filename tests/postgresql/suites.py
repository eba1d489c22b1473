"""PostgreSQL's own tests, run with jit off and with kilnjit: what ./dev postgres regress, isolation and plpgsql do."""
import difflib
import glob
import os
import re
import shutil
import subprocess

import cluster


def source():
    """The folder of PostgreSQL 15's source: Debian's package, the newest that can be downloaded."""
    return cluster.ask(os.path.join(cluster.ROOT, 'tests/harness/fetch_source.sh'), 'postgresql-15',
                       os.path.join(cluster.ROOT, 'build/cache/postgresql'))


SUITES = {
    'regress': ('src/test/regress', 'regress/pg_regress', ['--schedule=./parallel_schedule']),
    'isolation': ('src/test/isolation', 'isolation/pg_isolation_regress', ['--schedule=./isolation_schedule']),
    'plpgsql': ('src/pl/plpgsql/src', 'regress/pg_regress', []),
}


def tests_of_makefile(folder):
    with open(os.path.join(folder, 'Makefile')) as f:
        text = f.read().replace('\\\n', ' ')
    return re.search(r'^REGRESS = (.*)', text, re.M)[1].split()


def prepare(c, name):
    """A copy of the suite that the server's user can write to, with regress.so."""
    folder = os.path.join(c.folder, name)
    if not os.path.exists(folder):
        shutil.copytree(os.path.join(source(), SUITES[name][0]), folder)
        subprocess.run([os.environ.get('TEST_CC', 'gcc'), '-O1', '-w', '-shared', '-fPIC',
                        '-I' + cluster.ask('pg_config', '--includedir-server'),
                        os.path.join(source(), 'src/test/regress/regress.c'), '-o', os.path.join(folder, 'regress.so')],
                       check=True)
        for library in 'autoinc', 'refint': # of contrib, which the tests of triggers load from here
            shutil.copy(os.path.join(cluster.ask('pg_config', '--pkglibdir'), library + '.so'), folder)
        if os.getuid() == 0:
            subprocess.run(['chown', '-R', 'postgres', folder], check=True)
    return folder


def run_suite(c, name):
    """Runs it on the cluster as it is; (number of tests, names that failed, differences)."""
    folder, program, options = SUITES[name]
    folder = prepare(c, name)
    out = os.path.join(folder, 'results-of-run')
    shutil.rmtree(out, ignore_errors=True)
    os.mkdir(out)
    os.chmod(out, 0o777)
    tests = tests_of_makefile(folder) if name == 'plpgsql' else []
    pgxs = os.path.join(cluster.ask('pg_config', '--pkglibdir'), 'pgxs/src/test')
    p = subprocess.run(cluster.as_user([
        os.path.join(pgxs, program), '--inputdir=.', '--outputdir=' + out, '--bindir=' + c.bin, '--dlpath=' + folder,
        '--host=' + c.folder, '--user=test', '--max-concurrent-tests=20', *options, *tests]),
        cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    failed = sorted(set(re.findall(r'^(?:test|    ) +(\S+) +\.\.\. FAILED', p.stdout, re.M)))
    count = len(re.findall(r'^(?:test|    ) +\S+ +\.\.\. ', p.stdout, re.M))
    differences = ''
    for path in glob.glob(os.path.join(out, 'regression.diffs')):
        with open(path, errors='replace') as f:
            differences = re.sub(r'^(diff|---|\+\+\+) .*', '', f.read().replace(out, '').replace(c.folder, ''),
                                 flags=re.M)
    return count, failed, differences


JIT = {'jit': 'on', 'jit_above_cost': '0', 'jit_inline_above_cost': '-1', 'jit_optimize_above_cost': '-1'}


def compare(kilnjit, name):
    """Prints a line for each way; true if kilnjit's results are those of jit off."""
    results = {}
    ways = {'off': {'jit': 'off'}, 'kilnjit': JIT, 'kilnjit, parallel': {**JIT, 'force_parallel_mode': 'regress'}}
    if name != 'regress':
        del ways['kilnjit, parallel']
    ok = True
    for way, settings in ways.items():
        # Tests of the server's settings know what others are; so each way has a cluster of its own.
        with cluster.Cluster(kilnjit, **settings) as c:
            count, failed, differences = results[way] = run_suite(c, name)
            crashes = c.crashes()
        same = differences == results['off'][2] and count > 0 and not crashes
        ok &= same
        print('%-10s %-18s %3d tests, %d fail%s%s' % (
            name, way, count, len(failed), ': ' + ' '.join(failed) if failed else '',
            '' if same else '; NOT as with jit off' + ''.join('\n  ' + line for line in crashes)), flush=True)
        if not same:
            path = os.path.join(cluster.ROOT, 'build', 'postgresql-%s.diffs' % name)
            with open(path, 'w') as f:
                f.writelines(difflib.unified_diff(results['off'][2].splitlines(True), differences.splitlines(True),
                                                  'with jit off', 'with ' + way))
            print('  how the differences from the expected results differ: ' + path)
    return ok
