"""Reads the tables of operations and shapes, <kiln/ops.def> and <kiln/shapes.def>, and of each target which types it has
values of."""
import os
import re

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
WIDTH = {'i8': 8, 'i16': 16, 'i32': 32, 'i64': 64, 'i128': 128, 'f16': 16, 'f32': 32, 'f64': 64, 'f80': 80, 'f128': 128,
         'v64': 64, 'v128': 128}
INT64, INT = ['i8', 'i16', 'i32', 'i64'], ['i8', 'i16', 'i32', 'i64', 'i128']
FLT, VEC = ['f16', 'f32', 'f64', 'f80', 'f128'], ['v64', 'v128']
TYPES = {'INT': INT, 'INT64': INT64, 'FLT': FLT, 'SCALAR': INT + FLT, 'VEC': VEC, 'ANY': INT + FLT + VEC,
         'PTR': ['i64'], 'I32': ['i32'], 'VOID': [''], 'MACHINE': ['i32', 'i64', 'f32', 'f64', 'v64', 'v128'],
         'VINT': VEC, 'VFLT': VEC, 'VF32': VEC, 'VI32': ['i32'], 'VANY': VEC}
ICOND = 'eq ne slt sge sle sgt ult uge ule ugt'.split()
FCOND = 'oeq olt ole ogt oge one ueq ult ule ugt uge une ord uno'.split()
RMW = 'xchg add sub and nand or xor smin smax umin umax'.split()


class Op:
    def __init__(self, name, shape, types, effects):
        self.name, self.shape, self.effects = name, shape, effects.split('|')
        self.kind, self.types = types, TYPES[types]


class Shape:
    def __init__(self, name, state, a, b, c, x, result, edges, copy, syntax):
        self.name, self.built, self.operands, self.x = name, state == 'BUILT', (a, b, c), x
        self.result, self.edges, self.syntax = result, edges, syntax


def text(*path):
    with open(os.path.join(ROOT, *path), encoding='utf-8') as f:
        return f.read()


def read():
    """Operations and shapes by name."""
    shapes = {}
    for row in re.findall(r'^KILN_SHAPE\((.*?), "([^"]*)"\)$', text('include/kiln/shapes.def'), re.M):
        fields = row[0].split(', ')
        shapes[fields[0]] = Shape(*fields, row[1])
    ops = {}
    for name, shape, types, effects in re.findall(r'^KILN_OP\(\w+, (\w+), (\w+), (\w+), ([\w|]+),',
                                                  text('include/kiln/ops.def'), re.M):
        ops[name] = Op(name, shapes[shape], types, effects)
    return ops, shapes


def lowered(target):
    """The types that a target has values of."""
    table = text('targets', target, 'target.c')
    table = table[table.index('[KILN_TYPE_VOID]'):]
    found = re.findall(r'\[KILN_TYPE_(\w+)\] =\s*(?:INT_TYPE|FLT_TYPE|\{[^}]*lowered = true)', table)
    return {name.lower() for name in found} - {'void'}


OPS, SHAPES = read()
