"""What the ABI and SLEIGH say of the two processors. The ABI's tables are written down here a second time, from the
documents: System V psABI 3.2; AAPCS64 6.1, 6.8, 6.9. Nothing is read from Kiln's."""
import pypcode


class Processor:
    """gp, fp: registers by Kiln's number. spilled: bits that a spill of a narrow integer has at least. args, results: in the
    order of the ABI, by bank. save_bytes: of a variadic function's save area. control: control
    words of floats and their bits; rounding: where in each the rounding mode is. saved: what calls preserve; of `saved_low` the low 64 bits. fused: fmuladd rounds once."""

    def __init__(self, name, language, **fields):
        self.name, self.context = name, pypcode.Context(language)
        self.registers = {n: (r.offset, r.size) for n, r in self.context.registers.items()}
        self.granule = {}  # by offset: bytes of the widest register there
        for offset, size in self.registers.values():
            for at in range(offset, offset + size):
                self.granule[at] = max(self.granule.get(at, 0), size)
        self.__dict__.update(fields)
        if 'MXCSR' in self.registers:  # where no other register is (lacking.control_word)
            self.registers['MXCSR'] = (1 << 20, 4)

    def named_register(self, name):
        """SLEIGH's name of a register by the text form's."""
        return name.upper() if self.name == 'x86_64' else 'q' + name[1:] if name[0] == 'v' else name

    def register(self, number):
        """SLEIGH's name of a register by Kiln's number."""
        return self.gp[number] if number < 32 else self.fp[number - 32]


def x86_64():
    gp = ['RAX', 'RCX', 'RDX', 'RBX', 'RSP', 'RBP', 'RSI', 'RDI'] + ['R%d' % i for i in range(8, 16)]
    xmm = ['XMM%d' % i for i in range(16)]
    return Processor('x86_64', 'x86:LE:64:default', gp=gp, fp=xmm, sp='RSP', thread='FS_OFFSET', frame='RBP', wide='xmm',
                     args=(['RDI', 'RSI', 'RDX', 'RCX', 'R8', 'R9'], xmm[:8]),
                     control=[('FPUControlWord', 16), ('MXCSR', 32)], rounding=(10, 13), save_bytes=176, results=(['RAX', 'RDX', 'RCX'], xmm[:4]), fused=False, sret=None, chain='R10', pairs_even=False, spilled=32,
                     saved=['RBX', 'RBP', 'R12', 'R13', 'R14', 'R15'], saved_low=[], link=None)


def aarch64():
    x, q = ['x%d' % i for i in range(31)], ['q%d' % i for i in range(32)]
    return Processor('aarch64', 'AARCH64:LE:64:v8A', gp=x + ['sp'], fp=q, sp='sp', thread='tpidr_el0', frame='x29', wide='q',
                     args=(x[:8], q[:8]), control=[('fpcr', 64)], rounding=(22,), save_bytes=192, results=(x[:8], q[:8]), fused=True, sret='x8', chain='x15', pairs_even=True, spilled=64,
                     saved=x[19:30], saved_low=['d%d' % i for i in range(8, 16)], link='x30')


PROCESSORS = {'x86_64': x86_64, 'aarch64': aarch64}
