"""LAPACK and BLAS: their own tests, compiled by flang alone and by `kiln flang`. The programs and their input files are
those of LAPACK's makefiles. They print no times, as LAPACK's clock is the one that always says 0."""
import os
import re
import shutil

from languages import Case

# The names that LAPACK's makefiles have for precisions.
PRECISIONS = {'single': 's', 'double': 'd', 'complex': 'c', 'complex16': 'z'}
# An array of two tests is too short for what they have it filled with, and so what they print would depend on the order
# of variables in memory.
TOO_SHORT = {'TESTING/EIG/%ssyl01.f' % p: ('D( MIN( MAXM, MAXN ) )', 'D( MAX( MAXM, MAXN ) )') for p in 'cz'}
LIBRARIES = ['BLAS/SRC', 'SRC', 'TESTING/MATGEN']
MATRICES = re.compile(r'^\t\./(LIN|EIG)/(x\w+) < (\w+\.in)', re.M)
LARGE_STACK = 'ulimit -s unlimited; set -o pipefail; '


def shell(folder, command):
    return ['bash', '-c', 'cd %s; %s%s' % (folder, LARGE_STACK, command)]


def blas(precisions):
    """The tests of BLAS; those of levels 2 and 3 write a file whose name their input has."""
    runs = []
    for p in (PRECISIONS[name] for name in precisions):
        runs.append(shell('BLAS/TESTING', './xblat1' + p))
        runs += [shell('BLAS/TESTING', './xblat%d%s < %sblat%d.in && cat %sblat%d.out' % (n, p, p, n, p, n)) for n in (2, 3)]
    return runs


def matrices(makefile, chosen):
    """The tests of LAPACK, as its makefile runs them: each of these programs with each of its input files."""
    with open(makefile) as f:
        found = MATRICES.findall(f.read())
    return [shell('TESTING', './%s/%s < %s' % run) for run in found if chosen is None or run[1] in chosen]


def case(root, name, flags, precisions, chosen):
    def prepare(folder):
        shutil.copytree(root, folder, symlinks=True, dirs_exist_ok=True)
        shutil.copy(root + '/make.inc.example', folder + '/make.inc')
        for name, (short, right) in TOO_SHORT.items():
            with open(os.path.join(folder, name)) as f:
                text = f.read()
            with open(os.path.join(folder, name), 'w') as f:
                f.write(text.replace(short, right))

    def builds(compiler):
        settings = ['FC=' + compiler, 'CC=cc', 'FFLAGS=' + flags, 'FFLAGS_DRV=' + flags, 'FFLAGS_NOOPT=' + flags, 'TIMER=NONE']
        whole = len(precisions) == len(PRECISIONS)
        made = [['make', '-C', folder] + ([] if whole else precisions) + settings for folder in LIBRARIES + ['BLAS/TESTING']]
        for folder in ('LIN', 'EIG'):
            programs = [p for p in chosen or () if p.startswith('x%stst' % folder.lower())]
            made.append(['make', '-C', 'TESTING/' + folder] + programs + settings)
        return made

    runs = blas(precisions) + matrices(root + '/TESTING/Makefile', chosen)
    return Case(name, prepare, builds('flang-22'), runs, by_kiln=builds('kiln flang'))


def cases(_, source):
    root = source('lapack')
    double = {'xlintstd', 'xlintstrfd', 'xeigtstd'}
    return [case(root, 'all precisions, -O0', '-O0', list(PRECISIONS), None),
            case(root, 'double precision, -O0 -g', '-O0 -g', ['double'], double),
            case(root, 'double precision, -O2', '-O2', ['double'], double)]
