// What replaces two of the names in first.cpp.
extern "C" int again() { return 100; }
extern "C" int other_value;
int other_value = 200;
