"""tests/inlined with a damaged file of the library: functions of a few programs are compared with the same before
inlining."""
import os
import subprocess

from campaign import ROOT

PROGRAMS = ('bench/programs/debug/huffman.cpp', 'tests/run/programs/exceptions.cpp', 'tests/run/programs/struct_value.c',
            'tests/run/programs/switches.c', 'tests/run/programs/bit_operations.c', 'tests/run/programs/int128.c')
# Written for inlining: bodies with slots, within each other; exceptions.
BY_HAND = ('proof/inlined.ll', 'tests/inlined/slots.ll')
TEXTS = [os.path.join(ROOT, 'tests/kir/%s.kir' % name) for name in ('calls', 'chain', 'forward', 'inlined', 'try', 'vectors')]
LIMIT = 120 # seconds: a bug may make endless code


class Beside:
    def __init__(self, campaign):
        self.campaign = campaign
        self.by_hand = [os.path.join(campaign.work, os.path.basename(name) + '.bc') for name in BY_HAND]
        for name, out in zip(BY_HAND, self.by_hand):
            subprocess.run(['llvm-as-22', '-o', out, os.path.join(ROOT, name)], check=True)
        self.bitcode = [self.read(name) for name in PROGRAMS]

    def read(self, program):
        out = os.path.join(self.campaign.work, os.path.basename(program) + '.bc')
        language = ['-std=c++20'] if program.endswith('.cpp') else []
        subprocess.run(['clang-22', *language, '-w', '-O1', '-Xclang', '-disable-llvm-passes', '-emit-llvm', '-c',
                        os.path.join(ROOT, program), '-o', out], check=True)
        return out

    def finds(self, damaged, folder, every=3):
        """Does anything differ, or break?"""
        program = self.campaign.relink('tests/inlined/inlined', damaged, folder)
        return self.differs([program, '--inputs=40', *self.by_hand, *TEXTS]) or \
            self.differs([program, '--every=%d' % every, '--inputs=12', *self.bitcode])

    def differs(self, words):
        out, status = self.campaign.run(words, LIMIT, stderr=None)
        lines = out.splitlines()
        broken = any(line.startswith('function ') and not line.endswith(' 0') for line in lines)
        return status != 0 or broken or any(line.startswith(('different: ', 'not ')) for line in lines)
