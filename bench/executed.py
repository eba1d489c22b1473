"""Executed instructions of programs with one thread, which QEMU's user emulation counts: other work on the machine does not
change them."""
import os
import shlex
import subprocess

from run_programs import Failure

HERE = os.path.dirname(os.path.abspath(__file__))


def call_for_output(command, limit=300):
    """Standard output; `limit` in seconds is for a loaded machine, and QEMU."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=limit)
    if done.returncode != 0:
        raise Failure(f'exit status {done.returncode}: {shlex.join(command)}: '
                      f'{done.stderr.decode(errors="replace")[-300:]}')
    return done.stdout


def plugin(folder):
    """Makes QEMU's plugin in the folder."""
    made = os.path.join(folder, 'instructions.so')
    call_for_output(['cc', '-std=gnu11', '-O2', '-fPIC', '-shared', '-fvisibility=hidden', '-o', made,
                     os.path.join(HERE, 'instructions.c')])
    return made


def counting(emulator, made, out):
    """The words in front of a command whose executed instructions are written to `out`; `emulator` is QEMU with its options."""
    return [*emulator, '-plugin', f'{made},out={out}']


def read(out):
    with open(out, encoding='utf-8') as text:
        return int(text.read())


def count(emulator, made, command):
    """Millions of executed instructions, and what was printed."""
    out = os.path.join(os.path.dirname(made), 'instructions')
    output = call_for_output([*counting(emulator, made, out), *command])
    return read(out) / 1e6, output
