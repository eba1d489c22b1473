/* The module: built for WebAssembly by clang, not with this tree. */
__attribute__((import_module("host"), import_name("print"))) void print(int n);

__attribute__((export_name("divide"))) int divide(int a, int b) {
  print(a / b);
  return a % b;
}
