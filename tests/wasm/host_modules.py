"""The modules of host.py, in the text format, by name."""

IMPORTS = '''(import "host" "call" (func $call (param i32)))
 (import "host" "direct" (func $direct (param i32) (result i32)))'''


def deep(name, at_end):
    """A function that calls itself as often as its parameter says, then does something."""
    return f'''(func ${name} (export "{name}") (param i32) (result i32)
   (if (i32.eqz (local.get 0)) (then {at_end} (return (i32.const 0))))
   (i32.add (call ${name} (i32.sub (local.get 0) (i32.const 1))) (i32.const 1)))'''


MODULES = {
    'traps': f'''(module {IMPORTS}
 (memory (export "memory") 1)
 (export "direct_of_host" (func $direct))
 (func (export "call") (param i32) (call $call (local.get 0)))
 (func (export "direct") (param i32) (result i32) (call $direct (local.get 0)))
 (func (export "call_and_trap") (param i32) (call $call (local.get 0)) unreachable)
 (func (export "spin") (param i32) (loop $l (br $l)))
 (func (export "trap") (param i32) unreachable)
 (func (export "beyond") (param i32) (drop (i32.load (i32.const 0x7fffffff))))
 {deep('deep', 'unreachable')})''',

    'depths': f'''(module {IMPORTS}
 (memory (export "memory") 1) (memory $shared 1 1 shared) (tag $t (param i32))
 (func (export "trap") (param i32) unreachable)
 {deep('deep', 'unreachable')}
 {deep('deep_beyond', '(drop (i32.load (i32.const 0x7fffffff)))')}
 {deep('deep_call', '(call $call (i32.const 0))')}
 {deep('deep_grow', '(drop (memory.grow (i32.const 0)))')}
 {deep('deep_fill', '(memory.fill (i32.const 0) (i32.const 1) (i32.const 60000))')}
 {deep('deep_throw', '(block $h (try_table (catch_all $h) (throw $t (i32.const 1))))')}
 {deep('deep_wait', '(drop (memory.atomic.wait32 $shared (i32.const 0) (i32.const 0) (i64.const 1)))')})''',
}
