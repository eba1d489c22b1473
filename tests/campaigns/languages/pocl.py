"""OpenCL by POCL on the processor: the files of kernels in pocl, beside this one, each compiled and run by a program that
prints what they compute. POCL optimizes what it emits, and so the shim takes that level."""
import glob
import os
import subprocess

from languages import Case

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'pocl')
WORK = os.path.realpath(os.path.join(HERE, '../../../../build/pocl'))


def cases(*_):
    os.makedirs(WORK, exist_ok=True)
    subprocess.run(['cc', '-O1', HERE + '/kernels.c', '-o', WORK + '/kernels', '-lOpenCL'], check=True)
    # POCL keeps what it has compiled, whoever did: nothing of another run is to be taken.
    run = ['env', 'POCL_CACHE_DIR=cache', 'POCL_KERNEL_CACHE=0', WORK + '/kernels']
    return [Case(os.path.basename(path), None, [run + [path]]) for path in sorted(glob.glob(HERE + '/*.cl'))]
