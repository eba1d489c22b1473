/* A DLL: what it exports by directives of the object. */
int __declspec(dllexport) shared_number = 10;
static int calls;
__declspec(dllexport) int shared_call(int (*back)(int), int x) {
  calls++;
  return back(x) + shared_number * calls;
}
int not_exported(void) { return 1; }
