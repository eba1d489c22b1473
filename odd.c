#error odd
