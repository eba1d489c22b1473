"""LLVM by its C API, in this process: to start one of its programs takes ten times as long as what it does with a small
module."""
import ctypes
import glob
import os
from ctypes import byref, c_char_p, c_size_t, c_void_p

NOT_READ = b'.'
NO_OPTIMIZATION, PIC, DEFAULT_MODEL, RETURN_STATUS, ASSEMBLY_FILE = 0, 2, 0, 2, 0 # enumerators of LLVM's
so = ctypes.CDLL(glob.glob('/usr/lib/llvm-22/lib/libLLVM.so*')[0])
for function in (so.LLVMContextCreate, so.LLVMCreateMemoryBufferWithMemoryRangeCopy, so.LLVMCreateTargetMachine, so.LLVMGetBufferStart,
                 so.LLVMWriteBitcodeToMemoryBuffer):
    function.restype = c_void_p
so.LLVMGetBufferSize.restype = c_size_t
silent = ctypes.CFUNCTYPE(None, c_void_p, c_void_p)(lambda diagnostic, context: None)


def parsed(text):
    """A module; ValueError with what LLVM says."""
    context, module, message, text = c_void_p(so.LLVMContextCreate()), c_void_p(), c_char_p(), text.encode()
    so.LLVMContextSetDiagnosticHandler(context, silent, None)
    source = c_void_p(so.LLVMCreateMemoryBufferWithMemoryRangeCopy(text, c_size_t(len(text)), b''))
    if so.LLVMParseIRInContext(context, source, byref(module), byref(message)): raise ValueError(message.value.decode())
    return module


def content(buffer):
    return ctypes.string_at(so.LLVMGetBufferStart(buffer), so.LLVMGetBufferSize(buffer))


def bitcode(text):
    """Of a module, which is not verified."""
    return content(c_void_p(so.LLVMWriteBitcodeToMemoryBuffer(parsed(text))))


def assembly(triple, text):
    """Of a module; NOT_READ if LLVM does not read it."""
    processor, target, made, message = b'x86-64' if triple.startswith('x86') else b'generic', c_void_p(), c_void_p(), c_char_p()
    for part in ('TargetInfo', 'Target', 'TargetMC', 'AsmPrinter'):
        so['LLVMInitialize%s%s' % ('X86' if triple.startswith('x86') else 'AArch64', part)]()
    assert not so.LLVMGetTargetFromTriple(triple.encode(), byref(target), byref(message)), message.value
    machine = c_void_p(so.LLVMCreateTargetMachine(target, triple.encode(), processor, b'', NO_OPTIMIZATION, PIC, DEFAULT_MODEL))
    try: module = parsed(text)
    except ValueError: return NOT_READ
    if so.LLVMVerifyModule(module, RETURN_STATUS, None): return NOT_READ
    failed = so.LLVMTargetMachineEmitToMemoryBuffer(machine, module, ASSEMBLY_FILE, byref(message), byref(made))
    return NOT_READ if failed else content(made)


def first_assembly(triple, texts):
    """Of the first of the modules that LLVM reads, and its number; (None, None): it reads none. A child process tries them,
    and the next one those that follow: LLVM's verifier crashes with some nodes of metadata."""
    at = 0
    while at < len(texts):
        out, made = os.pipe()
        if os.fork() == 0:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            for text in texts[at:]:
                done = assembly(triple, text)
                os.write(made, done)
                if done != NOT_READ: break
            os._exit(0)
        os.close(made)
        with os.fdopen(out, 'rb') as f: said = f.read()
        os.wait()
        done = said.lstrip(NOT_READ)
        at += len(said) - len(done)
        if done: return at, done
        at += 1
    return None, None
