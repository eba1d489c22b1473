"""PostgreSQL's own tests, run with jit off and with kilnjit: what ./dev postgres regress, isolation, plpgsql and
contrib do.

The tests are those of the server's version, from Debian's source package, or of the source whose folder
$POSTGRESQL_SOURCE names. With the tests of another version many fail; what counts is that they fail alike.
"""
import difflib
import glob
import os
import re
import shutil
import subprocess

import cluster


def source():
    """The folder of PostgreSQL's source; of Debian's packages, the newest that can be downloaded."""
    return os.environ.get('POSTGRESQL_SOURCE') or cluster.ask(
        os.path.join(cluster.ROOT, 'tests/harness/fetch_source.sh'), 'postgresql-%d' % cluster.major(),
        os.path.join(cluster.ROOT, 'build/cache/postgresql'))


REGRESS = 'regress/pg_regress'
SUITES = {
    'regress': [('src/test/regress', REGRESS, ['--schedule=./parallel_schedule'])],
    'isolation': [('src/test/isolation', 'isolation/pg_isolation_regress', ['--schedule=./isolation_schedule'])],
    'plpgsql': [('src/pl/plpgsql/src', REGRESS, [])],
    'contrib': None,  # contrib() finds them
}


def makefile(folder):
    """The variables that a Makefile sets."""
    with open(os.path.join(folder, 'Makefile')) as f:
        text = f.read().replace('\\\n', ' ')
    return {name: value.split() for name, value in re.findall(r'^(\w+) *\+?= *(.*)', text, re.M)}


def contrib():
    """The modules of contrib whose tests run on a server as it is, and that are installed."""
    extensions = os.path.join(cluster.pg_config('sharedir'), 'extension')
    found = []
    for path in sorted(glob.glob(os.path.join(source(), 'contrib/*/Makefile'))):
        folder = os.path.dirname(path)
        said = makefile(folder)
        if said.get('REGRESS') and not said.get('NO_INSTALLCHECK') and said.get('EXTENSION') and os.path.exists(
                os.path.join(extensions, said['EXTENSION'][0] + '.control')):
            found.append((os.path.relpath(folder, source()), REGRESS, ['--dbname=contrib_regression']))
    return found


def libraries(c):
    """A folder with what the tests load by its path: regress.so, and of contrib autoinc and refint."""
    folder = os.path.join(c.folder, 'libraries')
    if not os.path.exists(folder):
        os.mkdir(folder)
        subprocess.run([os.environ.get('TEST_CC', 'gcc'), '-O1', '-w', '-shared', '-fPIC',
                        '-I' + cluster.pg_config('includedir-server'),
                        os.path.join(source(), 'src/test/regress/regress.c'), '-o', os.path.join(folder, 'regress.so')],
                       check=True)
        for library in 'autoinc', 'refint':
            path = os.path.join(cluster.pg_config('pkglibdir'), library + '.so')
            if os.path.exists(path):
                shutil.copy(path, folder)
    return folder


def prepare(c, path):
    """A copy of a suite that the server's user can write to."""
    folder = os.path.join(c.folder, os.path.basename(path) + '-tests')
    if not os.path.exists(folder):
        shutil.copytree(os.path.join(source(), path), folder)
        if os.getuid() == 0:
            subprocess.run(['chown', '-R', 'postgres', folder], check=True)
    return folder


def results(said):
    """Names of the tests, and of those that failed, by what pg_regress says: until 15 "test NAME ... ok", then TAP."""
    line = r'^(?:%s)(\S+)%s'
    before = r'(?:test|    ) +'
    tests = re.findall(line % (before, r' +\.\.\. '), said, re.M) + re.findall(line % (r'(?:not )?ok \d+ +[-+] ', ''), said, re.M)
    failed = re.findall(line % (before, r' +\.\.\. FAILED'), said, re.M) + re.findall(line % (r'not ok \d+ +[-+] ', ''), said, re.M)
    return tests, sorted(set(failed))


def run_part(c, path, program, options):
    """Runs a suite on the cluster as it is; (number of tests, names that failed, differences)."""
    folder = prepare(c, path)
    out = os.path.join(folder, 'results-of-run')
    shutil.rmtree(out, ignore_errors=True)
    os.mkdir(out)
    os.chmod(out, 0o777)
    tests = [] if any(o.startswith('--schedule') for o in options) else makefile(folder)['REGRESS']
    programs = os.path.join(os.path.dirname(os.path.dirname(cluster.pg_config('pgxs'))), 'test')
    p = subprocess.run(cluster.as_user([
        os.path.join(programs, program), '--inputdir=.', '--outputdir=' + out, '--bindir=' + c.bin,
        '--dlpath=' + libraries(c), '--host=' + c.folder, '--user=test', '--max-concurrent-tests=20', *options, *tests]),
        cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    ran, failed = results(p.stdout)
    differences = ''
    for diffs in glob.glob(os.path.join(out, 'regression.diffs')):
        with open(diffs, errors='replace') as f:
            differences = re.sub(r'^(diff|---|\+\+\+) .*', '', f.read().replace(out, '').replace(c.folder, ''),
                                 flags=re.M)
    return len(ran), failed, differences


def run_suite(c, name):
    """Likewise, of all parts of a suite."""
    count, failed, differences = 0, [], ''
    for part in SUITES[name] or contrib():
        n, names, text = run_part(c, *part)
        count, failed, differences = count + n, failed + names, differences + text
    return count, failed, differences


JIT = {'jit': 'on', 'jit_above_cost': '0', 'jit_inline_above_cost': '-1', 'jit_optimize_above_cost': '-1'}


def ways(name):
    """How a suite is run: settings by name."""
    parallel = 'force_parallel_mode' if cluster.major() < 16 else 'debug_parallel_query'
    all_ways = {'off': {'jit': 'off'}, 'kilnjit': JIT, 'kilnjit, parallel': {**JIT, parallel: 'regress'}}
    return all_ways if name == 'regress' else {way: all_ways[way] for way in ('off', 'kilnjit')}


def compare(kilnjit, name):
    """Prints a line for each way; true if kilnjit's results are those of jit off."""
    runs, ok = {}, True
    for way, settings in ways(name).items():
        # Tests of the server's settings know what others are; so each way has a cluster of its own.
        with cluster.Cluster(kilnjit, **settings) as c:
            count, failed, differences = runs[way] = run_suite(c, name)
            crashes = c.crashes()
        same = differences == runs['off'][2] and count > 0 and not crashes
        ok &= same
        print('%-10s %-18s %3d tests, %d fail%s%s' % (
            name, way, count, len(failed), ': ' + ' '.join(failed) if failed else '',
            '' if same else '; NOT as with jit off' + ''.join('\n  ' + line for line in crashes)), flush=True)
        if not same:
            path = os.path.join(cluster.ROOT, 'build', 'postgresql-%s-%s.diffs' % (name, way.replace(', ', '-')))
            with open(path, 'w') as f:
                f.writelines(difflib.unified_diff(runs['off'][2].splitlines(True), differences.splitlines(True),
                                                  'with jit off', 'with ' + way))
            print('  how the differences from the expected results differ: ' + path)
    return ok
