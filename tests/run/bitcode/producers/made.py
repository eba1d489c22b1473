"""made.py OUT.bc: a module built by llvmlite: a loop with phis, and floats. made_main.c calls it."""
import sys

import llvmlite.binding
from llvmlite import ir

I32, F64 = ir.IntType(32), ir.DoubleType()
module = ir.Module(name='made')
module.triple = 'x86_64-unknown-linux-gnu'

factorial = ir.Function(module, ir.FunctionType(I32, [I32]), 'factorial')
entry, loop, end = (factorial.append_basic_block() for _ in range(3))
b = ir.IRBuilder(entry)
b.branch(loop)
b.position_at_end(loop)
n, product = b.phi(I32), b.phi(I32)
more = b.mul(product, n)
less = b.sub(n, ir.Constant(I32, 1))
n.add_incoming(factorial.args[0], entry)
n.add_incoming(less, loop)
product.add_incoming(ir.Constant(I32, 1), entry)
product.add_incoming(more, loop)
b.cbranch(b.icmp_signed('>', less, ir.Constant(I32, 0)), loop, end)
b.position_at_end(end)
b.ret(more)

scale = ir.Function(module, ir.FunctionType(F64, [F64, I32]), 'scale')
b = ir.IRBuilder(scale.append_basic_block())
b.ret(b.fmul(scale.args[0], b.sitofp(scale.args[1], F64)))

parsed = llvmlite.binding.parse_assembly(str(module))
parsed.verify()
with open(sys.argv[1], 'wb') as f:
    f.write(parsed.as_bitcode())
