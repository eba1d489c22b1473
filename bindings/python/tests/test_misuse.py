"""What is wrong raises an exception, and the process goes on."""
import gc
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable

import pytest

from kiln_codegen import (Array, ClosedError, Error, ForeignValueError, Jit, MissingSymbolError, Module, Signature, Status, Struct,
                          bool_, f32, f64, i8, i32, i64, i128, pointer, ptr, u8, u64, v128)


@pytest.fixture
def two(module: Module) -> Any:
    """Two open functions of one module, and one of another."""
    f, g = module.function('f', [i64, f64, i32], i64), module.function('g', [i64], i64)
    with Module('other') as other:
        yield f, g, other.function('h', [i64], i64)


def test_foreign_values(two: Any) -> None:
    f, g, h = two
    for other in (g, h):
        a, b = f.params[0], other.params[0]
        for use in (lambda: a + b, lambda: a < b, lambda: f.ret(b), lambda: f.select(b == 0, a, a), lambda: f.br(other.block()),
                    lambda: f.switch_to(other.block()), lambda: f.load(i64, other.slot(i64)), lambda: f.brif(b == 0, f.block(), f.block()),
                    lambda: f.store(b, f.slot(i64)), lambda: f._to(b, i32), lambda: f.umulh(a, b), lambda: f.memcpy(other.slot(i64), 0, 1)):
            with pytest.raises(ForeignValueError):
                use()
    symbol = h.module.string('text')
    with pytest.raises(ForeignValueError):
        f.address(symbol)
    with pytest.raises(ForeignValueError):
        f.call(h, 1)
    with pytest.raises(ForeignValueError):
        f.module.data('d', 8, addresses={0: symbol})
    f.ret(f.params[0])  # it can still be built
    f.finish()


def test_wrong_types(two: Any) -> None:
    f = two[0]
    a, x, n = f.params
    uses: 'list[Callable[[], Any]]' = [
        lambda: a + x, lambda: a + n, lambda: a + 1.5, lambda: a + 'text', lambda: a + None, lambda: a / 2, lambda: x // 2.0, lambda: x & x,
        lambda: -(a == 0), lambda: a[0], lambda: f.ret(x), lambda: f.ret(), lambda: f.brif(a, f.block(), f.block()), lambda: f.br(f.block(i64)),
        lambda: f.br(f.block(i64), x), lambda: f.br('text'), lambda: f.call('puts'), lambda: f.call(a), lambda: f.load(8, f.slot(i64)),
        lambda: f.load(i64, x), lambda: f.store(1, f.slot(i64)), lambda: f.const(7, 7), lambda: f.slot('text'), lambda: f.block(1),
        lambda: f.fadd(a, a), lambda: f.add(x, x), lambda: f.add(1, 2), lambda: f.popcnt(x), lambda: a.to('i8'), lambda: a.to(v128),
        lambda: f.vadd(i32, a, a), lambda: f.switch(x, f.block(), {}), lambda: f.select(a, 1, 2), lambda: f.select(a == 0, 1, 2), lambda: f.compare('<', a, x),
        lambda: pointer(3), lambda: Array(3, 3), lambda: Struct('s', x=3), lambda: Signature([3]), lambda: f.range('x').__enter__(),
        lambda: bool(a), lambda: a if a else x, lambda: list(a), lambda: 3 in a, lambda: f.slot(i64).store(x),
        lambda: f.params[0].module, lambda: f.module.function('k', [3]), lambda: f.module.function(3), lambda: f.module.data('d', 'text'),
        lambda: f.module.array('a', i64, [1.5]), lambda: f.module.struct('s', Struct('s', x=i8), y=1)]
    for i, use in enumerate(uses):
        with pytest.raises((TypeError, AttributeError)):
            use()
            pytest.fail(f'number {i}')
    for use in (lambda: a + (1 << 64), lambda: f.const(u8, 256), lambda: f.const(i8, -129), lambda: f.const(bool_, 2), lambda: f.const(v128, 1 << 128),
                lambda: f.const(i128, 1 << 127), lambda: f.load(i64, f.slot(i64), 1 << 40), lambda: f.slot(Array(i64, 1 << 62)), lambda: f.address(f.symbol, 1 << 64),
                lambda: f.slot(Array(i64, 2))[1 << 40]):
        with pytest.raises(OverflowError):
            use()
    for use in (lambda: f.load(i64, f.slot(i64), align=3), lambda: list(f.range(3, step=0).__enter__()), lambda: Module(target='z80'),
                lambda: Module('a\0b'), lambda: f.module.data('d', 4, addresses={0: f.symbol}), lambda: f.module.data('d', 8, align=3),
                lambda: f.frame_addr(-1)):
        with pytest.raises(ValueError):
            use()
    f.ret(a)
    f.finish()


def test_const_pointers(build: Any) -> None:
    def body(f: Any, p: Any) -> Any:
        with pytest.raises(TypeError):
            p[0] = 1.0
        return p[0]
    assert build([pointer(f64, const=True)], f64, body)(bytes(8)) == 0.0


def test_finished_functions(module: Module) -> None:
    with module.function('f', [i64], i64) as f:
        a, block = f.params[0], f.block()
        f.ret(a)
        with pytest.raises(Error):
            a + 1  # the block has ended
    for use in (lambda: a + 1, lambda: f.ret(1), lambda: f.finish(), lambda: f.block(), block.begin, lambda: f.const(i64, 1), lambda: f.slot(i64)):
        with pytest.raises(ClosedError):
            use()
    f.discard()
    with pytest.raises(Error):
        module.function('f', [i64], i64)  # twice
    g = module.function('twice', [])
    with pytest.raises(Error):
        module.function('twice', [])  # while it is built
    g.finish()
    with pytest.raises(Error):
        module.declare('f', [f64])
    with pytest.raises(Error):
        module.data('f', 8)


def test_closed_modules() -> None:
    m = Module('gone')
    with m.function('done', [], i64) as done:
        done.ret(1)
    f = m.function('f', [i64], i64)
    a = f.params[0]
    m.close()
    m.close()
    for use in (lambda: a + 1, lambda: f.finish(), lambda: f.block(), lambda: m.function('g'), lambda: m.string('x'), lambda: str(m), lambda: m.object(),
                lambda: m.jit(), lambda: m.data('d', 8), lambda: Jit().add(m)):
        with pytest.raises(ClosedError):
            use()
    f.discard()
    repr(f), repr(a), repr(m), m._repr_mimebundle_()


def test_values_outlive_what_they_are_of() -> None:
    def orphan() -> Any:
        return Module().function('f', [i64], i64).params[0]
    a = orphan()
    gc.collect()
    assert (a + 1).type is i64  # a value keeps its module


def test_incomplete_functions(module: Module) -> None:
    f = module.function('f', [i64], i64)
    with pytest.raises(Error) as e:
        f.finish()
    assert e.value.status == Status.ERR_STRUCTURE and e.value.function == 'f'
    with pytest.raises(Error) as e:
        with module.function('g', [i64], i64) as f:
            one, two = f.block(), f.block()
            f.brif(f.params[0] == 0, one, two)
            one.begin()
            a = f.params[0] * 3
            f.ret(a)
            two.begin()
            f.ret(a)  # not dominated by its definition
    assert e.value.status == Status.ERR_DOMINANCE and e.value.function == 'g' and e.value.block == 2
    with module.function('f', [i64], i64) as f:  # after an error it may be built again
        f.ret(1)
    assert module.jit()['f'](0) == 1


def test_errors_of_text() -> None:
    for line, column, status in (('  frobnicate 3', 3, Status.ERR_SYNTAX), ('  ret f64 1.0', 3, Status.ERR_TYPE)):
        with pytest.raises(Error) as e:
            Module.parse(f'func @f() -> i64 {{\nb0:\n{line}\n}}\n', 'file.kir')
        assert (e.value.status, e.value.line, e.value.column, e.value.module) == (status, 3, column, 'file.kir')
    for text in ('x', 'func', 'func @f(', '\0', 'func @f() {\nb0:\n  ret 1, 2, 3\n}', 'target z80'):
        with pytest.raises(Error):
            Module.parse(text)


def test_unsupported(module: Module) -> None:
    """An error of libkiln ends the function, as an exception."""
    f = module.function('f', [i64], i64)
    with pytest.raises(Error):
        f.trunc(f.params[0], i128)
    with pytest.raises(ClosedError):
        f.ret(1)


def test_missing_symbols(module: Module) -> None:
    with module.function('f', []) as f:
        f.call(module.declare('kiln_no_such_function'))
        f.call(module.declare('kiln_nor_this'))
    with pytest.raises(MissingSymbolError) as e:
        module.jit()
    assert e.value.missing == ['kiln_no_such_function', 'kiln_nor_this']
    assert e.value.status == Status.ERR_SYMBOL
    unit = Jit().add(module, forward=True)  # nothing was changed by the error
    assert unit['f'].address


def test_removed_units(module: Module) -> None:
    with module.function('f', [i64], i64) as f:
        f.ret(f.params[0])
    jit = Jit()
    unit = jit.add(module)
    kernel = unit['f']
    assert kernel(3) == 3
    with pytest.raises(Error):
        jit.add(module)
    with pytest.raises(Error):
        module.function('late')
    module.close()
    assert kernel(4) == 4  # code does not need its module
    unit.remove()
    for use in (lambda: kernel(3), lambda: kernel.address, lambda: unit['f'], unit.remove, lambda: unit.address('f')):
        with pytest.raises(ClosedError):
            use()
    assert 'ret' in str(kernel.listing())
    jit.close()
    with pytest.raises(ClosedError):
        jit.find('f')


def test_closed_jit(module: Module) -> None:
    with module.function('f', [], i64) as f:
        f.ret(1)
    with Jit() as jit:
        kernel = jit.add(module)['f']
        assert jit.stats().units == 1
    for use in (kernel, lambda: jit.add(module), jit.stats, lambda: kernel.unit['f'], lambda: kernel.unit.remove()):
        with pytest.raises(ClosedError):
            use()


def test_kernel_keeps_its_code() -> None:
    def make() -> Any:
        m = Module()
        with m.function('f', [], i64) as f:
            f.ret(17)
        return m.jit()['f']
    kernels = [make() for _ in range(20)]
    gc.collect()
    assert [k() for k in kernels] == [17] * 20


def test_removing_while_it_runs(module: Module) -> None:
    import ctypes
    errors: list = []

    def remove() -> None:
        for act in (unit.remove, jit.close):
            try:
                act()
            except Error as e:
                errors.append(e)
    callback = ctypes.CFUNCTYPE(None)(remove)
    with module.function('f', [], i64) as f:
        f.call(module.declare('remove_me'))
        f.ret(5)
    jit = Jit(symbols={'remove_me': callback})
    unit = jit.add(module)
    assert unit['f']() == 5
    assert len(errors) == 2
    unit.remove()


def refusals(jit_of: Any) -> Any:
    """A callback that tries to remove and close all that `jit_of()` gives, and what it was refused."""
    import ctypes
    errors: list = []

    def act() -> None:
        for free in jit_of():
            try:
                free()
                errors.append(None)
            except Error as e:
                errors.append(e.message)
    return ctypes.CFUNCTYPE(None)(act), errors


def two_units(callback: Any) -> Any:
    """A unit whose function calls the callback, and one that reaches it through a stub."""
    jit = Jit(symbols={'act': callback})
    m = Module('b')
    with m.function('inner', [i64], i64) as f:
        f.call(m.declare('act'))
        f.ret(f.params[0] + 1)
    b = jit.add(m, redefinable=True)
    m = Module('a')
    inner = m.declare('inner', [i64], i64)
    with m.function('outer', [i64], i64) as f:
        f.ret(f.value_of(inner, f.params[0]) + 1)
    return jit, jit.add(m, redefinable=True), b


RUNS = 'code of the JIT is running'


def test_removing_what_a_stub_reached() -> None:
    callback, errors = refusals(lambda: (b.remove, a.remove, jit.close))
    jit, a, b = two_units(callback)
    assert a['outer'](40) == 42
    assert errors == [RUNS] * 3
    b.remove()
    jit.close()


def test_removing_in_another_thread() -> None:
    import threading
    inside, go_on = threading.Event(), threading.Event()
    callback, errors = refusals(lambda: [lambda: inside.set() or go_on.wait(60)])
    jit, a, b = two_units(callback)
    thread = threading.Thread(target=lambda: a['outer'](1))
    thread.start()
    assert inside.wait(60)
    for free in (b.remove, a.remove, jit.close):
        with pytest.raises(Error, match=RUNS):
            free()
    go_on.set()
    thread.join()
    b.remove()


def test_removing_in_constructors_and_destructors() -> None:
    callback, errors = refusals(lambda: [jit.close] + [u.remove for u in list(jit._units)])
    jit = Jit(symbols={'act': callback})
    text = 'declare @act()\nfunc @f() {\nb0:\n  call @act()\n  ret\n}\n'
    unit = jit.add(Module.parse(text + 'ctor @f 65535\ndtor @f 65535\n'))
    assert errors == [RUNS] * 2
    unit.remove()
    assert errors == [RUNS] * 4
    errors.clear()
    unit = jit.add(Module.parse(text.replace('@f', '@g') + 'ctor @g 65535\ndtor @g 65535\n'))
    assert len(errors) >= 2
    jit.close()
    assert len(errors) >= 4 and set(errors) == {RUNS}


def test_closing_a_jit_that_another_one_calls() -> None:
    callback, errors = refusals(lambda: (b.remove, jit.close))
    jit, a, b = two_units(callback)
    m = Module()
    with m.function('f', [i64], i64) as f:
        f.ret(f.value_of(m.declare('outer', [i64], i64), f.params[0]))
    with Jit(symbols={'outer': a['outer']}) as other:
        assert other.add(m)['f'](5) == 7
    assert errors == [RUNS] * 2


def test_closing_a_jit_that_many_others_can_call() -> None:
    """As a chain that is longer than Python's recursion limit, and by more paths than can be walked one by one."""
    def kernel_of(**symbols: Any) -> Any:
        return Jit(symbols=symbols).add(Module.parse('func @f() -> i64 {\nb0:\n  ret 1\n}\n'))['f']
    for width, n in ((1, 1100), (2, 40)):
        first = kernel_of()
        layers = [[first]]
        for _ in range(n):
            layers.append([kernel_of(**{f's{i}': k for i, k in enumerate(layers[-1])}) for _ in range(width)])
        first.unit.jit.close()
        with pytest.raises(ClosedError):
            first()


def test_closing_while_arguments_are_converted() -> None:
    class Index:
        def __index__(self) -> int:
            callback()
            return 3
    callback, errors = refusals(lambda: (b.remove, jit.close))
    jit, a, b = two_units(callback)
    assert a['outer'](Index()) == 5
    assert errors == [RUNS] * 4  # the conversion's, and the code's


def test_closing_in_a_thread_while_constructors_run() -> None:
    import threading
    inside, go_on = threading.Event(), threading.Event()
    callback, errors = refusals(lambda: [lambda: inside.set() or go_on.wait(60)])
    jit = Jit(symbols={'act': callback})
    module = Module.parse('declare @act()\nfunc @f() {\nb0:\n  call @act()\n  ret\n}\nctor @f 65535\n')
    thread = threading.Thread(target=lambda: jit.add(module))
    thread.start()
    assert inside.wait(60)
    with pytest.raises(Error, match=RUNS):
        jit.close()
    go_on.set()
    thread.join()
    jit.close()


def test_closing_a_jit_whose_kernel_is_an_argument() -> None:
    callback, errors = refusals(lambda: (b.remove, jit.close))
    jit, a, b = two_units(callback)
    m = Module.parse('func @f(i64) -> i64 {\nb0(v0: i64):\n  v1 = call v0(5) as (i64) -> i64\n  ret v1\n}\n')
    from kiln_codegen import pointer
    assert m.jit().kernel('f', [pointer(i64)], i64)(a['outer']) == 7
    assert errors == [RUNS] * 2
    jit.close()


def test_no_copies(module: Module) -> None:
    import copy
    import pickle
    with module.function('f', [i64], i64) as f:
        with pytest.raises(TypeError, match='Function objects cannot be copied'):
            copy.copy(f)
        f.ret(f.params[0])
    jit = Jit()
    unit = jit.add(module)
    for x in (module, jit, unit, unit['f']):
        for act in (copy.copy, copy.deepcopy, pickle.dumps):
            with pytest.raises(TypeError, match=f'{type(x).__name__} objects cannot be'):
                act(x)
    with pytest.raises(TypeError):
        copy.deepcopy([{'kernel': unit['f']}])
    assert unit['f'](3) == 3


def test_errors_name_the_argument_once(module: Module) -> None:
    from kiln_codegen import pointer, u8
    with module.function('f', [u8, pointer(u8)], u8) as f:
        f.ret(f.params[0])
    kernel = module.jit()['f']
    for args, kind, text in (((300, None), OverflowError, 'argument 1: 300 is no u8'),
                             (('x', None), TypeError, "argument 1: 'x' is no u8"),
                             ((1, b'read-only'), TypeError,
                              'argument 2: a read-only buffer for a pointer that is not const')):
        with pytest.raises(kind) as e:
            kernel(*args)
        assert str(e.value) == text


def test_threads(module: Module) -> None:
    """Several threads call and build, each a module of its own."""
    import threading
    with module.function('f', [i64], i64) as f:
        total = f.var(i64, 0)
        with f.range(f.params[0]) as i:
            total.value += i
        f.ret(total.value)
    kernel, results = module.jit()['f'], []

    def work(n: int) -> None:
        for _ in range(20):
            m = Module()
            with m.function('g', [i64], i64) as g:
                g.ret(g.params[0] * n)
            results.append(m.jit()['g'](10) == 10 * n and kernel(10000) == 49995000)
    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert results == [True] * 80


def test_signatures_that_python_cannot_call(module: Module) -> None:
    with module.function('wide', [i128], i64) as f:
        f.ret(f.params[0].to(i64))
    with module.function('vector', [ptr], v128) as f:
        f.ret(f.load(v128, f.params[0]))
    with module.function('half', [f32, u64], f32) as f:
        f.ret(f.params[0])
    unit = module.jit()
    for name in ('wide', 'vector'):
        with pytest.raises(TypeError):
            unit[name]
    with pytest.raises(KeyError):
        unit['nothing']
    with pytest.raises(TypeError):
        unit.kernel('half', [f64, u64], f32)
    assert unit.kernel('half', [f32, pointer(f64)], f32)(0.5, None) == 0.5


def test_random_misuse() -> None:
    """In a process of its own, whose end by a signal is a failure."""
    program = Path(__file__).resolve().parent / 'random_misuse.py'
    done = subprocess.run([sys.executable, '-X', 'faulthandler', program, '1', '100'], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 500
