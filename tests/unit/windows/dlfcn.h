/* What the tests of the JIT use of dlfcn.h: the program's own functions. It exports all of them. */
#ifndef TESTS_UNIT_WINDOWS_DLFCN_H
#define TESTS_UNIT_WINDOWS_DLFCN_H
#include <windows.h>
#define RTLD_DEFAULT NULL
#define dlsym(handle, name) ((void *)GetProcAddress(GetModuleHandleA(handle), name))
#endif
