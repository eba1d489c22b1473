"""tests/inlined with a damaged file of the library: functions of a few programs are compared with the same before
inlining."""
import glob
import os
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PROGRAMS = ('bench/debug/huffman.cpp', 'tests/run/programs/exceptions.cpp', 'tests/run/programs/struct_value.c',
            'tests/run/programs/switches.c', 'tests/run/programs/bit_operations.c', 'tests/run/programs/int128.c')
# Written for inlining: bodies with slots, within each other; exceptions.
BY_HAND = ('tests/prove/inlined.ll', 'tests/inlined/slots.ll')
TEXTS = [os.path.join(ROOT, 'tests/kir/%s.kir' % name) for name in ('calls', 'chain', 'forward', 'inlined', 'try', 'vectors')]
INCLUDE = ['-I' + os.path.join(ROOT, folder) for folder in ('', 'include', 'tests/inlined')]
LIMIT = 120 # seconds: a bug may make endless code


class Beside:
    def __init__(self, build, work):
        self.work = work
        self.libraries = [os.path.join(build, name) for name in (
            'libkiln-text.a', 'frontends/llvm/libkiln-llvm.a', 'assembler/libkiln-as.a', 'interp/libkiln-interp.a', 'libkiln.a')]
        self.objects = glob.glob(os.path.join(build, 'tests/inlined/inlined.p/*.o'))
        if not self.objects:
            raise SystemExit('%s/tests/inlined/inlined is not built' % build)
        self.by_hand = [os.path.join(work, os.path.basename(name) + '.bc') for name in BY_HAND]
        for name, out in zip(BY_HAND, self.by_hand):
            subprocess.run(['llvm-as-22', '-o', out, os.path.join(ROOT, name)], check=True)
        self.bitcode = [self.read(name) for name in PROGRAMS]

    def read(self, program):
        out = os.path.join(self.work, os.path.basename(program) + '.bc')
        language = ['-std=c++20'] if program.endswith('.cpp') else []
        subprocess.run(['clang-22', *language, '-w', '-O1', '-Xclang', '-disable-llvm-passes', '-emit-llvm', '-c',
                        os.path.join(ROOT, program), '-o', out], check=True)
        return out

    def finds(self, damaged, every=3):
        """Does anything differ, or break?"""
        program = os.path.join(self.work, 'beside')
        objects = [*self.objects, *damaged, *self.libraries]
        subprocess.run(['gcc', *objects, '-o', program, '-lm', '-lpthread', '-ldl'], check=True)
        return self.differs([program, '--inputs=40', *self.by_hand, *TEXTS]) or \
            self.differs([program, '--every=%d' % every, '--inputs=12', *self.bitcode])

    @staticmethod
    def differs(words):
        try:
            done = subprocess.run(words, stdout=subprocess.PIPE, text=True, errors='replace', timeout=LIMIT)
        except subprocess.TimeoutExpired:
            return True
        lines = done.stdout.splitlines()
        broken = any(line.startswith('function ') and not line.endswith(' 0') for line in lines)
        return done.returncode != 0 or broken or any(line.startswith(('different: ', 'not ')) for line in lines)
