"""LLVM by its C API, in this process: to start one of its programs takes ten times as long as what it does with a small
module."""
import ctypes
import glob
import os

NOT_READ = b'.'
NO_OPTIMIZATION, PIC, DEFAULT_MODEL = 0, 2, 0 # enumerators of LLVM's
RETURN_STATUS, ASSEMBLY_FILE = 2, 0


class Llvm:
    def __init__(self):
        self.so = ctypes.CDLL(glob.glob('/usr/lib/llvm-22/lib/libLLVM.so*')[0])
        for name in ('LLVMContextCreate', 'LLVMCreateMemoryBufferWithMemoryRangeCopy', 'LLVMCreateTargetMachine', 'LLVMGetBufferStart',
                     'LLVMWriteBitcodeToMemoryBuffer'):
            getattr(self.so, name).restype = ctypes.c_void_p
        self.so.LLVMGetBufferSize.restype = ctypes.c_size_t
        self.silent = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)(lambda diagnostic, context: None)
        self.machines = {}

    def bitcode(self, text):
        """Of a module, which is not verified; ValueError with what LLVM says if it does not read it."""
        module, said = self.parse(text.encode())
        if not module: raise ValueError(said)
        return self.content(ctypes.c_void_p(self.so.LLVMWriteBitcodeToMemoryBuffer(module)))

    def assembly(self, triple, texts):
        """Of the first of the modules that LLVM reads, and its number; (None, None): it reads none. A child process tries
        them, and the next one those that follow: LLVM's verifier crashes with some nodes of metadata."""
        machine, at = self.machine(triple), 0
        while at < len(texts):
            out, made = os.pipe()
            if os.fork() == 0:
                os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
                for text in texts[at:]:
                    done = self.emit(machine, text.encode())
                    os.write(made, done)
                    if done != NOT_READ: break
                os._exit(0)
            os.close(made)
            with os.fdopen(out, 'rb') as f:
                said = f.read()
            os.wait()
            done = said.lstrip(NOT_READ)
            at += len(said) - len(done)
            if done: return at, done
            at += 1
        return None, None

    def machine(self, triple):
        if triple not in self.machines:
            x86 = triple.startswith('x86_64')
            for part in ('TargetInfo', 'Target', 'TargetMC', 'AsmPrinter'):
                getattr(self.so, 'LLVMInitialize%s%s' % ('X86' if x86 else 'AArch64', part))()
            target, message = ctypes.c_void_p(), ctypes.c_char_p()
            assert not self.so.LLVMGetTargetFromTriple(triple.encode(), ctypes.byref(target), ctypes.byref(message)), message.value
            self.machines[triple] = ctypes.c_void_p(self.so.LLVMCreateTargetMachine(
                target, triple.encode(), b'x86-64' if x86 else b'generic', b'', NO_OPTIMIZATION, PIC, DEFAULT_MODEL))
        return self.machines[triple]

    def parse(self, text):
        """A module, or None and what LLVM says."""
        context, module, message = ctypes.c_void_p(self.so.LLVMContextCreate()), ctypes.c_void_p(), ctypes.c_char_p()
        self.so.LLVMContextSetDiagnosticHandler(context, self.silent, None)
        source = ctypes.c_void_p(self.so.LLVMCreateMemoryBufferWithMemoryRangeCopy(text, ctypes.c_size_t(len(text)), b''))
        failed = self.so.LLVMParseIRInContext(context, source, ctypes.byref(module), ctypes.byref(message))
        return (None, (message.value or b'').decode()) if failed else (module, '')

    def emit(self, machine, text):
        module, made, message = self.parse(text)[0], ctypes.c_void_p(), ctypes.c_char_p()
        if not module or self.so.LLVMVerifyModule(module, RETURN_STATUS, None) or self.so.LLVMTargetMachineEmitToMemoryBuffer(
                machine, module, ASSEMBLY_FILE, ctypes.byref(message), ctypes.byref(made)):
            return NOT_READ
        return self.content(made)

    def content(self, buffer):
        return ctypes.string_at(self.so.LLVMGetBufferStart(buffer), self.so.LLVMGetBufferSize(buffer))
