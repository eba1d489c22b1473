"""Programs for Windows (x86_64-windows-gnu), linked by Debian's MinGW-w64 and run under wine.

Each folder of wine's own (prefix) is made once, below the build's cache. A server stays for a minute after the last
program, so that a start costs 20 ms, not three seconds; it ends by itself. Also a program:

    wine.py PROGRAM ARGS...      runs a program
"""
import fcntl
import os
import shutil
import subprocess
import sys

TARGET = 'x86_64-windows-gnu'         # as Kiln names it
CLANG_TARGET = 'x86_64-w64-windows-gnu'
RUST_TARGET = 'x86_64-pc-windows-gnu'
GCC = 'x86_64-w64-mingw32-gcc'
GXX = 'x86_64-w64-mingw32-g++-posix'
WINE, SERVER = '/usr/lib/wine/wine64', '/usr/lib/wine/wineserver64'
HERE = os.path.dirname(os.path.abspath(__file__))
CACHE = os.path.join(HERE, '../../build/cache')
# Wine's debugger would print pages, for seconds, about each program that ends by a fault.
NO_DEBUGGER = ['reg', 'add', r'HKLM\Software\Microsoft\Windows NT\CurrentVersion\AeDebug', '/v', 'Debugger', '/d', 'none', '/f']


def quietly(words, **more):
    """Nothing that wine starts may keep a pipe of ours: what reads it would wait for the last service to end."""
    quiet = subprocess.DEVNULL
    return subprocess.run(words, stdin=quiet, stdout=quiet, stderr=quiet, **more)


def make_prefix(prefix):
    quietly([WINE, 'wineboot', '-i'], check=True)
    quietly([WINE, *NO_DEBUGGER], check=True)
    library = os.path.join(prefix, 'drive_c/windows/system32/bcryptprimitives.dll')
    subprocess.run([GCC, '-O1', '-shared', os.path.join(HERE, 'bcryptprimitives.c'), '-o', library, '-ladvapi32'], check=True)
    open(os.path.join(prefix, 'made'), 'w').close()


def start():
    """Sets the environment of this process for programs under wine, and starts wine's server."""
    prefix = os.path.abspath(os.path.join(CACHE, 'wine'))
    os.makedirs(prefix, exist_ok=True)
    os.environ.update(WINEPREFIX=prefix, WINEDEBUG='-all', WINEDLLOVERRIDES='mscoree,mshtml=')
    with open(prefix + '.lock', 'w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        quietly([SERVER, '-p60']) # fails if it runs
        if not os.path.exists(os.path.join(prefix, 'made')): make_prefix(prefix)
        quietly([WINE, 'cmd', '/c', 'exit'], check=True) # starts the services


if __name__ == '__main__':
    os.execv(WINE, [WINE, *sys.argv[1:]])
