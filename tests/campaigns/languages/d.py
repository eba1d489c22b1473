"""D: the runnable programs of the D test suite, and the unit tests of the runtime's and the library's modules. LDC's
source package has them; the compiler and the libraries are those that are installed."""
import glob
import os
import re
import shlex

from languages import Case

SUITE = 'tests/d2/dmd-testsuite'
# As LDC builds these libraries for their tests. The module's own code comes before that of the installed library.
UNITTEST = ('ldmd2 -g -d -unittest -main -version=CoreUnittest -version=StdUnittest -preview=dip1000 -preview=dtorfields '
            '-preview=fieldwise -link-defaultlib-shared=false -defaultlib=phobos2-ldc,druntime-ldc,z '
            '-L--allow-multiple-definition').split()


# What these print depends on the code itself: their exit status is compared.
BY_STATUS = {
    'runnable/pi': 'prints the time it took',
    'unittest/core/internal/elf/io.d': 'lists the sections of its own file; Kiln makes no .debug_pubnames',
    'unittest/core/thread/fiber.d': 'says that LLVM keeps the address of thread-local data over a change of threads',
}


def setting(text, name):
    """What stands after NAME: in the head of a program; None: nothing does."""
    m = re.search(r'^\W*%s(?:\((?:linux|linux64|64)[^)]*\))?:[ \t]*(.*?)\s*(?:\*/.*)?$' % name, text, re.M)
    return m[1] if m else None


def why_not(text):
    """Why a program is left out; '': it is not."""
    disabled = (setting(text, 'DISABLED') or '').split('//')[0].split()
    if any(word in ('LDC', 'linux', 'linux64') for word in disabled):
        return 'disabled for LDC on Linux'
    for name in ('EXTRA_OBJC_SOURCES', 'EXTRA_CPP_SOURCES', 'GDB_SCRIPT'):
        if setting(text, name):
            return 'it has ' + name
    return ''


def program(path, root):
    name = os.path.splitext(os.path.basename(path))[0]
    with open(path, errors='replace') as f:
        text = f.read(20000)
    left_out = why_not(text)
    expand = lambda s: shlex.split((s or '').replace('${RESULTS_DIR}', '.').replace('$(RESULTS_DIR)', '.'))
    sources = ['runnable/' + os.path.basename(path)]
    sources += ['runnable/' + s for s in expand(setting(text, 'EXTRA_SOURCES'))]
    options = ['-g', '-Irunnable'] + expand(setting(text, 'REQUIRED_ARGS')) + expand(setting(text, 'DFLAGS'))
    builds = [['ldmd2'] + options + sources + ['-odobjects', '-ofprogram']]
    if re.search(r'^\W*COMPILE_SEPARATELY:', text, re.M):
        objects = ['objects/%d.o' % i for i in range(len(sources))]
        builds = [['ldmd2', '-c'] + options + [s, '-of' + o] for s, o in zip(sources, objects)]
        builds.append(['ldmd2'] + options + objects + ['-ofprogram'])

    def prepare(folder):
        os.makedirs(folder + '/objects')
        os.symlink(root + '/runnable', folder + '/runnable')

    return Case('runnable/' + name, prepare, builds, [['./program'] + expand(setting(text, 'EXECUTE_ARGS'))], left_out,
                'runnable/' + name in BY_STATUS)


def module(path, root, includes):
    name = os.path.relpath(path, root)
    return Case('unittest/' + name, lambda folder: os.symlink(root, folder + '/source'),
                [UNITTEST + ['-I' + i for i in includes] + ['source/' + name, '-ofprogram', '-od.']], [['./program']], '',
                'unittest/' + name in BY_STATUS)


def modules(root, includes, folders):
    paths = [p for f in folders for p in glob.glob(os.path.join(root, f), recursive=True)]
    return [module(p, root, includes) for p in sorted(paths) if 'windows' not in p and 'unittest' in open(p, errors='replace').read()]


def cases(suite, source):
    ldc = source('ldc')
    runtime, library = ldc + '/runtime/druntime/src', ldc + '/runtime/phobos'
    if suite == 'druntime':
        return modules(runtime, [runtime], ['object.d', 'core/**/*.d', 'rt/**/*.d', 'gc/**/*.d', 'ldc/*.d', 'etc/**/*.d'])
    if suite == 'phobos':
        return modules(library, [library, runtime], ['std/**/*.d', 'etc/**/*.d'])
    root = os.path.join(ldc, SUITE)
    return [program(p, root) for p in sorted(glob.glob(root + '/runnable/*.d'))]
