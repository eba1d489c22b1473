#!/usr/bin/env python3
"""A Python program that uses libkiln.so and libkiln-text.so with ctypes: a function as text is compiled into this process and called.

square.py [LIBRARY]
"""
import ctypes as c
import sys

TEXT = b"""
declare @labs(i64) -> i64
func @square(i64) -> i64 {
b0(%x: i64):
  %a = call @labs(%x)
  %b = mul.i64 %a, %x
  %c = add.i64 %b, 1
  ret %c
}
"""


class JitInput(c.Structure):  # kiln_jit_input
    _fields_ = [('module', c.c_void_p), ('sessions', c.POINTER(c.c_void_p)), ('n_sessions', c.c_uint32)]


def library(path):
    kiln = c.CDLL(path)  # also finds the functions of libkiln.so, which it needs
    for name, result, arguments in (
            ('kiln_module_new', c.c_void_p, [c.c_void_p]),
            ('kiln_module_free', None, [c.c_void_p]),
            ('kiln_session_new', c.c_void_p, [c.c_void_p]),
            ('kiln_session_free', None, [c.c_void_p]),
            ('kiln_text_read', c.c_int, [c.c_void_p, c.c_char_p, c.c_size_t, c.c_void_p, c.c_void_p]),
            ('kiln_jit_new', c.c_void_p, [c.c_void_p, c.c_void_p]),
            ('kiln_jit_free', None, [c.c_void_p]),
            ('kiln_jit_add', c.c_int,
             [c.c_void_p, c.c_uint32, c.POINTER(JitInput), c.c_uint32, c.c_void_p, c.c_void_p]),
            ('kiln_jit_lookup', c.c_void_p, [c.c_void_p, c.c_char_p])):
        function = getattr(kiln, name)
        function.restype, function.argtypes = result, arguments
    return kiln


def main():
    kiln = library(sys.argv[1] if len(sys.argv) > 1 else 'libkiln-text.so.3')
    module = kiln.kiln_module_new(None)  # for this machine
    session = kiln.kiln_session_new(module)
    if session is None:
        sys.exit('this machine is no target, or has no memory')
    if kiln.kiln_text_read(session, TEXT, len(TEXT), None, None) != 0:
        sys.exit('the text is wrong')
    jit = kiln.kiln_jit_new(None, None)
    sessions = (c.c_void_p * 1)(session)
    if kiln.kiln_jit_add(jit, 0, JitInput(module, sessions, 1), 1, None, None) != 0:
        sys.exit('not linked')
    kiln.kiln_session_free(session)
    kiln.kiln_module_free(module)
    square = c.CFUNCTYPE(c.c_int64, c.c_int64)(kiln.kiln_jit_lookup(jit, b'square'))
    print(square(5), square(-30))
    kiln.kiln_jit_free(jit)


main()
