"""VHDL: the test suites of GHDL's source package, by GHDL with LLVM as it is installed. A suite is a script that
analyzes, elaborates and simulates designs; what it prints and its exit status are compared, whatever they are."""
import glob
import os
import shutil

from languages import Case

FOLDERS = ('gna', 'vhpi', 'vpi')


def suite_case(folder, root):
    name = os.path.relpath(folder, root)

    def prepare(work):
        shutil.copytree(folder, os.path.join(work, name), symlinks=True)
        shutil.copy(root + '/testenv.sh', work)

    run = 'cd %s && GHDL=ghdl-llvm exec sh -e ./testsuite.sh' % name
    return Case(name, prepare, [['sh', '-c', run]])


def cases(_, source):
    root = source('ghdl') + '/testsuite'
    folders = [os.path.dirname(p) for f in FOLDERS for p in sorted(glob.glob('%s/%s/*/testsuite.sh' % (root, f)))]
    return [suite_case(f, root) for f in folders]
