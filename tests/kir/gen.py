#!/usr/bin/env python3
"""Writes .kir files of run lines into a directory: every operation over types and boundary values,
conditions, conversions, memory forms, switches, moves, register pressure, random functions.

Expected values are computed here, from docs/ir.md, in Python's unbounded integers and fractions.
usage: gen.py OUTDIR [SEED]
"""
import os
import random
import sys

from gen_base import FLOATS, INT64, INTS
from gen_f128 import gen_f128
from gen_f80 import gen_f80, gen_f80_convert, gen_f80_memory, gen_f80_moves, gen_f80_random
from gen_flow import gen_chains, gen_moves, gen_pressure, gen_random
from gen_folds import gen_folds
from gen_neighbours import gen_neighbours
from gen_ranges import gen_far, gen_ranges
from gen_renewed import gen_renewed, gen_walking
from gen_repeated import gen_atomics, gen_atomics_wide, gen_blocks, gen_conditions, gen_held
from gen_rounding import gen_rounding
from gen_slots import gen_slots
from gen_tail import gen_tail
from gen_vector import gen_vector
from gen_ops import gen_convert, gen_float, gen_icmp, gen_imm, gen_int, gen_memory, gen_switch


# Types of values in random functions, by file.
RANDOM = {
    'g_random': INT64,
    'g_random128': INTS,
    'g_random_float': INT64 + FLOATS,
    'g_random_all': INTS + FLOATS,
}


def main():
    outdir = sys.argv[1]
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    os.makedirs(outdir, exist_ok=True)
    for make in [gen_int, gen_imm, gen_icmp, gen_float, gen_convert, gen_memory, gen_switch,
                 gen_chains, gen_renewed, gen_walking, gen_moves, gen_pressure, gen_ranges, gen_far, gen_folds,
                 gen_neighbours, gen_f128, gen_vector, gen_atomics, gen_atomics_wide, gen_blocks,
                 gen_conditions, gen_held, gen_rounding, gen_slots, gen_tail]:
        make(random.Random(seed)).write(outdir)
    for make in [gen_f80, gen_f80_memory, gen_f80_moves, gen_f80_random]:
        make(random.Random(seed)).write(outdir)
    for f in gen_f80_convert(random.Random(seed)):
        f.write(outdir)
    for name, types in RANDOM.items():
        gen_random(random.Random(seed), seed, name, types).write(outdir)


if __name__ == '__main__':
    main()
