"""The modules of host.py, in the text format, by name."""

IMPORTS = '''(import "host" "call" (func $call (param i32)))
 (import "host" "direct" (func $direct (param i32) (result i32)))'''


def deep(name, at_end):
    """A function that calls itself as often as its parameter says, then does something."""
    return f'''(func ${name} (export "{name}") (param i32) (result i32)
   (if (i32.eqz (local.get 0)) (then {at_end} (return (i32.const 0))))
   (i32.add (call ${name} (i32.sub (local.get 0) (i32.const 1))) (i32.const 1)))'''


WASI_WRITE = '(import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))'


def forty(name, operation):
    return f'(func (export "{name}") (param i32) {operation * 40})'


def move(name, operation, is_64):
    arguments = ' '.join(f'(local.get {k})' if is_64 else f'(i32.wrap_i64 (local.get {k}))' for k in range(3))
    return f'(func (export "{name}") (param i64 i64 i64) ({operation} {arguments}))'


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
 (func (export "spin") (param i32) (loop $l (br $l)))
 {deep('deep', 'unreachable')}
 {deep('deep_spin', '(loop $l (br_if $l (i32.load8_u (i32.const 0)))) unreachable')}
 {deep('deep_beyond', '(drop (i32.load (i32.const 0x7fffffff)))')}
 {deep('deep_call', '(call $call (i32.const 0))')}
 {deep('deep_grow', '(drop (memory.grow (i32.const 0)))')}
 {deep('deep_fill', '(memory.fill (i32.const 0) (i32.const 1) (i32.const 60000))')}
 {deep('deep_throw', '(block $h (try_table (catch_all $h) (throw $t (i32.const 1))))')}
 {deep('deep_wait', '(drop (memory.atomic.wait32 $shared (i32.const 0) (i32.const 0) (i64.const 1)))')})''',

    'exceptions': f'''(module {IMPORTS}
 (tag $t (param i64)) (tag $pair (param i64 exnref))
 (global $kept (mut exnref) (ref.null exn)) (table $t1 4 exnref)
 (func $throw (param i64) (result exnref) (local $e exnref)
   (block $h (result i64 exnref) (try_table (catch_ref $t $h) (throw $t (local.get 0))) unreachable)
   (local.set $e) (drop) (local.get $e))
 (func $thrown (param exnref) (result i64)
   (block $h (result i64) (try_table (catch $t $h) (throw_ref (local.get 0))) unreachable))
 (func $many (param i32) (loop $l (drop (call $throw (i64.const 1)))
   (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
 (func (export "once") (param i32) (drop (call $throw (i64.const 1))))
 (func (export "many") (param i32) (call $many (local.get 0)))
 (func (export "held") (param i32) (local $e exnref)
   (local.set $e (call $throw (i64.const 7)))
   (global.set $kept (call $throw (i64.const 8)))
   (table.set $t1 (i32.const 3) (call $throw (i64.const 9)))
   (call $many (local.get 0))
   (if (i64.ne (call $thrown (local.get $e)) (i64.const 7)) (then unreachable))
   (if (i64.ne (call $thrown (global.get $kept)) (i64.const 8)) (then unreachable))
   (if (i64.ne (call $thrown (table.get $t1 (i32.const 3))) (i64.const 9)) (then unreachable)))
 (func (export "chain") (param i32) (local $e exnref) (local $n i32)
   (loop $l
     (block $h (result i64 exnref exnref)
       (try_table (catch_ref $pair $h) (throw $pair (i64.const 1) (local.get $e))) unreachable)
     (local.set $e) (drop) (drop)
     (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))''',

    'limits': '''(module (memory 1 100) (memory 2 100) (table 3 100 funcref) (table 3 100 externref) (table 0 1 funcref)
 (func (export "grow0") (param i32) (result i32) (memory.grow 0 (local.get 0)))
 (func (export "grow1") (param i32) (result i32) (memory.grow 1 (local.get 0)))
 (func (export "grow_table0") (param i32) (result i32) (table.grow 0 (ref.null func) (local.get 0)))
 (func (export "grow_table1") (param i32) (result i32) (table.grow 1 (ref.null extern) (local.get 0))))''',

    'bad_data': '''(module (memory 1) (memory 1) (table 10 funcref) (data (i32.const 65536) "x"))''',

    'work': f'''(module {IMPORTS} (memory 20) (memory $shared 1 1 shared) (table $tab 20000 funcref) (tag $e)
 (data $d "{'x' * 65000}") (start $s)
 (func $s (local i32) (loop $l (br_if $l (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 10)))))
 (func $r (export "recursion") (param i32) (call $r (local.get 0)))
 (func (export "little") (param i32))
 (func (export "loop") (param i32) (loop $l (br $l)))
 (func (export "calls") (param i32) (loop $l (call $call (i32.const 0)) (br $l)))
 (func (export "fill") (param i32) (memory.fill (i32.const 0) (i32.const 0) (i32.const 100000)))
 (func (export "bulk") (param i32) (loop $l (memory.fill (i32.const 0) (i32.const 0) (i32.const 100000)) (br $l)))
 (func (export "copy") (param i32) (memory.copy (i32.const 0) (i32.const 1) (i32.const 100000)))
 (func (export "init") (param i32) (memory.init $d (i32.const 0) (i32.const 0) (i32.const 65000)))
 (func (export "table") (param i32) (table.fill $tab (i32.const 0) (ref.null func) (i32.const 20000)))
 (func (export "bad_fill") (param i32) (memory.fill (i32.const 2000000) (i32.const 0) (i32.const 100000)))
 (func (export "bad_copy") (param i32) (memory.copy (i32.const 2000000) (i32.const 1) (i32.const 100000)))
 (func (export "bad_init") (param i32) (memory.init $d (i32.const 0) (i32.const 1) (i32.const 65000)))
 (func (export "bad_table") (param i32) (table.fill $tab (i32.const 1) (ref.null func) (i32.const 20000)))
 (func (export "bad_table_copy") (param i32) (table.copy $tab $tab (i32.const 1) (i32.const 0) (i32.const 20000)))
 (func (export "bad_table_init") (param i32) (table.init $tab $el (i32.const 0) (i32.const 0) (i32.const 20000)))
 (elem $el func $s)
 (func (export "throws") (param i32) (loop $l
   (block $h (result exnref) (try_table (catch_all_ref $h) (throw $e)) unreachable) drop
   (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
 (func (export "wait32") (param i32) (drop (memory.atomic.wait32 $shared (i32.const 0) (i32.const 0) (i64.const -1))))
 (func (export "wait64") (param i32) (drop (memory.atomic.wait64 $shared (i32.const 0) (i64.const 0) (i64.const 100000000000000)))))''',

    'pieces': f'''(module {WASI_WRITE}
 (memory $m (export "memory") 65536) (memory $l (export "memory64") i64 65536) (data $d "{'x' * 3000000}")
 (table $t (export "table") 4000000 funcref) (table $u (export "table64") i64 3000000 funcref)
 (table $g (export "grown") 1000000 funcref) (table $c (export "copied") 1000000 funcref)
 (func $f (export "little") (param i32)) (elem $e func{' $f' * 300000})
 (func (export "make_room") (param i32) (drop (table.grow $g (ref.null func) (i32.const 1))))
 (func (export "grow_all") (param i32) (if (i32.or
   (i32.ne (table.grow $g (ref.null func) (i32.const 800000)) (i32.const 1000001))
   (i32.ne (table.grow $c (ref.null func) (i32.const 100000)) (i32.const 1000000))) (then unreachable)))
 {forty('fill', '(memory.fill $m (i32.const 0) (i32.const 7) (i32.const -1))')}
 {forty('fill64', '(memory.fill $l (i64.const 0) (i32.const 7) (i64.const 0x100000000))')}
 {forty('copy', '(memory.copy $l $m (i64.const 0) (i32.const 0) (i32.const -1))')}
 {forty('copy_down', '(memory.copy $m $m (i32.const 0) (i32.const 1) (i32.const -1))')}
 {forty('copy_up', '(memory.copy $m $m (i32.const 1) (i32.const 0) (i32.const -1))')}
 {forty('copy_up64', '(memory.copy $l $l (i64.const 1) (i64.const 0) (i64.const 0xffffffff))')}
 {forty('init', '(memory.init $m $d (i32.const 0) (i32.const 0) (i32.const 3000000))')}
 {forty('init64', '(memory.init $l $d (i64.const 0) (i32.const 0) (i32.const 3000000))')}
 {forty('table_fill', '(table.fill $t (i32.const 0) (ref.func $f) (i32.const 4000000))')}
 {forty('table_copy', '(table.copy $u $t (i64.const 0) (i32.const 0) (i32.const 3000000))')}
 {forty('table_copy_down', '(table.copy $t $t (i32.const 0) (i32.const 1) (i32.const 3999999))')}
 {forty('table_copy_up', '(table.copy $t $t (i32.const 1) (i32.const 0) (i32.const 3999999))')}
 {forty('table_init', '(table.init $t $e (i32.const 0) (i32.const 0) (i32.const 300000))')}
 {forty('table_grow', '(drop (table.grow $g (ref.func $f) (i32.const 900000)))')}
 {forty('table_room', '(drop (table.grow $c (ref.func $f) (i32.const 1)))')}
 {forty('vectors', '(drop (call $write (i32.const 1) (i32.const 0x4000000) (i32.const 0x1000000) (i32.const 0)))')})''',

    'moves': f'''(module (memory $m (export "memory") 120) (memory $l (export "memory64") i64 120)
 (table $t (export "table") 1000000 funcref) (table $u (export "table64") i64 1000000 funcref)
 {move('move', 'memory.copy', False)} {move('move64', 'memory.copy $l $l', True)}
 {move('move_table', 'table.copy $t $t', False)} {move('move_table64', 'table.copy $u $u', True)})''',

    'giver': '''(module (func (export "func") (param i64) (result i64) (local.get 0)) (memory (export "memory") 1)
 (table (export "table") 2 funcref) (global (export "global") (mut i32) (i32.const 1)) (tag (export "tag") (param f64)))''',

    'taker': '''(module (import "giver" "func" (func (param i64) (result i64))) (import "giver" "memory" (memory 1))
 (import "giver" "table" (table 1 funcref)) (import "giver" "global" (global (mut i32))) (import "giver" "tag" (tag (param f64))))''',

    'shared': '''(module (memory (import "host" "memory") 1 3 shared)
 (func (export "load") (param i32) (drop (i32.load (local.get 0))))
 (func (export "grow") (param i32) (drop (memory.grow (local.get 0))))
 (func (export "wait") (param i32) (result i32) (memory.atomic.wait32 (i32.const 8) (i32.const 0) (i64.const -1)))
 (func (export "notify") (param i32) (result i32) (memory.atomic.notify (i32.const 8) (i32.const 1))))''',
}


def writer(letter, of):
    """Writes a letter of its memory, at its start and when it is called."""
    return f'''(module (import "{of}" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
 (export "fd_write" (func $write)) (memory (export "memory") 1) (data (i32.const 8) "\\64\\00\\00\\00\\01") (data (i32.const 100) "{letter}")
 (func $run (export "write") (drop (call $write (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 0)))) (start $run))'''


UNKNOWN = '(import "nobody" "nothing" (func $nothing (param i64) (result f32)))'
MODULES.update({
    'writer_a': writer('A', 'wasi_snapshot_preview1'),
    'writer_b': writer('B', 'wasi_snapshot_preview1'),
    'writer_c': writer('C', 'writer_a'),
    'typed': '''(module (import "host" "typed" (func $typed (param i32 i64) (result f64 funcref)))
 (func (export "typed") (param i32 i64) (result f64 funcref) (call $typed (local.get 0) (local.get 1)))
 (func (export "take") (param funcref)))''',
    'unknown': f'''(module {UNKNOWN} (import "nobody" "other" (func $other)) (table funcref (elem $other))
 (func (export "call") (param i32) (drop (call $nothing (i64.const 1))))
 (func (export "indirect") (param i32) (call_indirect (i32.const 0)))
 (func (export "good") (param i32)))''',
    'unknown_memory': f'(module {UNKNOWN} (import "nobody" "memory" (memory 1)))',
    'command': '(module (func (export "_start") unreachable))',
    'reactor': '(module (func (export "_initialize") (drop (i32.div_s (i32.const 1) (i32.const 0)))))',
    'neither': '(module (func (export "start") unreachable))',
    'both': '(module (func (export "_start") unreachable) (func (export "_initialize")))',
    'parameter': '(module (func (export "_start") (param i32)))',
})

CAUGHT = '(block $h (result i32 exnref) (try_table (catch_ref $x $h) (throw $x (i32.const 1))) unreachable)'

# Name, what the innermost function does, the trap's text. Functions 2k and 2k + 1 after the imports are of row k.
NULL_TABLE = 'uninitialized element'
BEYOND_MEMORY, BEYOND_TABLE = 'out of bounds memory access', 'out of bounds table access'
BACKTRACES = [
    ('unreachable', 'unreachable', 'unreachable'),
    ('load', '(drop (i32.load (i32.const 0x7fffffff)))', BEYOND_MEMORY),
    ('load64', '(drop (i32.load $l (i64.const 0x7fffffff)))', BEYOND_MEMORY),
    ('divide', '(drop (i32.div_s (i32.const 1) (i32.const 0)))', 'integer divide by zero'),
    ('overflow', '(drop (i32.div_s (i32.const 0x80000000) (i32.const -1)))', 'integer overflow'),
    ('convert', '(drop (i32.trunc_f32_s (f32.const nan)))', 'invalid conversion to integer'),
    ('null', '(call_indirect $t (i32.const 0))', NULL_TABLE),
    ('undefined', '(call_indirect $t (i32.const 5))', 'undefined element'),
    ('signature', '(call_indirect $t (param i32) (i32.const 0) (i32.const 1))', 'indirect call type mismatch'),
    ('get', '(drop (table.get $t (i32.const 5)))', BEYOND_TABLE),
    ('set', '(table.set $t (i32.const 5) (ref.null func))', BEYOND_TABLE),
    ('fill', '(memory.fill $m (i32.const 65530) (i32.const 255) (i32.const 100))', BEYOND_MEMORY),
    ('fill64', '(memory.fill $l (i64.const 65530) (i32.const 255) (i64.const 100))', BEYOND_MEMORY),
    ('copy', '(memory.copy $m $m (i32.const 65530) (i32.const 0) (i32.const 100))', BEYOND_MEMORY),
    ('copy64', '(memory.copy $l $m (i64.const -1) (i32.const 0) (i32.const 100))', BEYOND_MEMORY),
    ('init', '(memory.init $m $d (i32.const 0) (i32.const 0) (i32.const 100))', BEYOND_MEMORY),
    ('dropped', '(data.drop $d) (memory.init $m $d (i32.const 0) (i32.const 0) (i32.const 1))', BEYOND_MEMORY),
    ('table_fill', '(table.fill $t (i32.const 1) (ref.null func) (i32.const 2))', BEYOND_TABLE),
    ('table_copy', '(table.copy $t $t (i32.const 1) (i32.const 0) (i32.const 2))', BEYOND_TABLE),
    ('table_init', '(table.init $t $e (i32.const 1) (i32.const 0) (i32.const 2))', BEYOND_TABLE),
    ('elem_dropped', '(elem.drop $e) (table.init $t $e (i32.const 0) (i32.const 0) (i32.const 1))', BEYOND_TABLE),
    ('wait32', '(drop (memory.atomic.wait32 $s (i32.const 65536) (i32.const 0) (i64.const 0)))', BEYOND_MEMORY),
    ('wait64', '(drop (memory.atomic.wait64 $s (i32.const 65536) (i64.const 0) (i64.const 0)))', BEYOND_MEMORY),
    ('wait_unaligned', '(drop (memory.atomic.wait32 $s (i32.const 1) (i32.const 0) (i64.const 0)))', 'unaligned atomic'),
    ('wait_alone', '(drop (memory.atomic.wait32 $m (i32.const 0) (i32.const 0) (i64.const 0)))', 'expected shared memory'),
    ('notify', '(drop (memory.atomic.notify $m (i32.const 65536) (i32.const 0)))', BEYOND_MEMORY),
    ('notify_unaligned', '(drop (memory.atomic.notify $m (i32.const 2) (i32.const 0)))', 'unaligned atomic'),
    ('atomic', '(drop (i32.atomic.load $m (i32.const 1)))', 'unaligned atomic'),
    ('throw', '(throw $x (i32.const 1))', 'uncaught exception'),
    ('throw_ref', f'{CAUGHT} throw_ref', 'uncaught exception'),
    ('throw_null', '(throw_ref (ref.null exn))', 'null exception reference'),
    ('throw_other', '(block $h (try_table (catch $y $h) (call $host_throw)))', 'uncaught exception'),
    ('host_throws', '(call $host_throw)', 'uncaught exception'),
    ('host_traps', '(call $call (i32.const 0))', 'unreachable'),
    ('many', '(local $e exnref) (loop $l (block $h (result exnref exnref) (try_table (catch_ref $z $h) (throw $z (local.get $e)))'
             ' unreachable) (local.set $e) drop (br $l))', 'limit of the store exceeded'),
    ('interrupted_fill', '(memory.fill $m (i32.const 0) (i32.const 255) (i32.const 100))', 'interrupted'),
    ('interrupted_wait', '(drop (memory.atomic.wait32 $s (i32.const 0) (i32.const 0) (i64.const -1)))', 'interrupted'),
]
# With little fuel.
FUEL_BACKTRACES = [
    ('loop', '(loop $l (br $l))', 'out of fuel'),
    ('fill_fuel', '(memory.fill $m (i32.const 0) (i32.const 255) (i32.const 10000))', 'out of fuel'),
    ('init_fuel', '(memory.init $m $long (i32.const 0) (i32.const 0) (i32.const 10000))', 'out of fuel'),
    ('grow_fuel', '(drop (table.grow $t (ref.null func) (i32.const 10000)))', 'out of fuel'),
]


def active(k):
    """The functions that are active at the trap of a row, innermost first; there are three imports."""
    return f'{3 + 2 * k} {4 + 2 * k}'


def with_callers(rows):
    return ''.join(f'(func $inner{k} {body})\n (func (export "{name}") (param i32) (call $inner{k}))\n' for k, (name, body, _) in enumerate(rows))


MODULES['backtraces'] = f'''(module {IMPORTS} (import "host" "throw" (func $host_throw))
 (memory $m 1) (memory $l i64 1) (memory $s 1 1 shared) (table $t 2 funcref) (data $d "abc") (data $long "{'x' * 10000}")
 (elem (table $t) (i32.const 1) func $nothing) (elem $e func $nothing) (tag $x (param i32)) (tag $y) (tag $z (param exnref))
 {with_callers(BACKTRACES + FUEL_BACKTRACES)} (func $nothing))'''
