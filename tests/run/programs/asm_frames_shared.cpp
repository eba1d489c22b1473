/* The same with a function in the section that the assembly is in: the rows of both are in one table, and those of the
 * assembly say which code has none. */
#define SHARED
#include "asm_frames.cpp"
extern "C" __attribute__((section(".text"), used)) int in_text() { return 1; }
