"""C++: sessions of clang-repl, whose JIT is an LLJIT of LLVM's C++ classes. What they print is compared."""
import glob
import os

from languages import Case

HERE = os.path.dirname(os.path.abspath(__file__))


def cases(*_):
    return [Case(os.path.basename(path), None, [['sh', '-c', f'exec clang-repl-22 < {path}']])
            for path in sorted(glob.glob(HERE + '/sessions/*.txt'))]
