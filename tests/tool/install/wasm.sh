# Sourced. wasm_module: writes answer.wasm, a module whose function "answer" gives 42.
wasm_module() {
  printf '\0asm\1\0\0\0\1\5\1\140\0\1\177\3\2\1\0\7\12\1\6answer\0\0\12\6\1\4\0\101\52\13' > answer.wasm
}
