"""What a Python program may expect of the module shelf, which is Rust: run by the Python that it was built for."""
import copy
import gc
import sys
import threading
import traceback
import unittest

import shelf


class Classes(unittest.TestCase):
    def test_attributes(self):
        s = shelf.Shelf('books', limit=3, a=1, b=-2)
        self.assertEqual((s.name, s.total, len(s), s['a'], 'b' in s, 'c' in s), ('books', -1, 2, 1, True, False))
        s.name = 'tools'
        self.assertEqual(repr(s), 'Shelf("tools", {"a": 1, "b": -2})')
        self.assertEqual((shelf.Shelf.SIDES, shelf.Shelf.kind()), (6, 'wood'))
        with self.assertRaises(AttributeError):
            s.total = 3
        with self.assertRaises(AttributeError):
            del s.name
        with self.assertRaises(TypeError):
            s.name = 3

    def test_inheritance(self):
        box = shelf.Locked('safe')
        with self.assertRaisesRegex(shelf.ShelfError, 'locked'):
            box.put('gold', 1)
        self.assertEqual(box.unlock(), 2)
        box.put('gold', 1)
        self.assertEqual(list(box), [('gold', 1)])
        self.assertEqual([c.__name__ for c in shelf.Locked.__mro__], ['Locked', 'Shelf', 'object'])

    def test_derived_in_python(self):
        class Sorted(shelf.Shelf):
            def __len__(self):
                return super().__len__() + 100
        self.assertEqual((len(Sorted('x', a=1)), isinstance(Sorted('y'), shelf.Shelf)), (101, True))

    def test_operators(self):
        a, b = shelf.Size(2, 3), shelf.Size(5, -7)
        self.assertEqual(a + b, shelf.Size(7, -4))
        self.assertEqual([a == b, a != b, a < b, a >= b], [False, True, True, False])
        self.assertEqual(hash(a), hash(shelf.Size(2, 3)))
        self.assertEqual(((b // 2).width, (b // 2).height), (2, -3))
        with self.assertRaises(ZeroDivisionError):
            a // 0
        with self.assertRaises(ZeroDivisionError): # overflow
            shelf.Size(-2**31, 0) // -1
        with self.assertRaises(OverflowError):
            shelf.Size(2**31, 0)
        with self.assertRaises(TypeError):
            a + 1
        with self.assertRaises(AttributeError):
            a.width = 3

    def test_enum(self):
        self.assertEqual((shelf.Wood.Oak == 3, int(shelf.Wood.Pine)), (True, 7))
        self.assertNotEqual(shelf.Wood.Oak, shelf.Wood.Pine)


class Iterators(unittest.TestCase):
    def test_order(self):
        s = shelf.Shelf('s', limit=9, **{c: ord(c) for c in 'zebra'})
        self.assertEqual(list(s), sorted((c, ord(c)) for c in 'zebra'))
        one, two = iter(s), iter(s)
        next(one)
        self.assertEqual((next(one)[0], next(two)[0], iter(one) is one), ('b', 'a', True))

    def test_end(self):
        i = iter(shelf.Shelf('empty'))
        for _ in range(3):
            self.assertRaises(StopIteration, next, i)

    def test_changed_while_iterated(self):
        s = shelf.Shelf('s', a=1)
        for name, value in s:
            s.put(name + 'x', value)
        self.assertEqual(len(s), 2)


class Exceptions(unittest.TestCase):
    def test_own(self):
        s = shelf.Shelf('s', limit=1, a=1)
        s.put('a', 2)
        with self.assertRaises(shelf.ShelfError) as context:
            s.put('b', 1)
        self.assertEqual((str(context.exception), context.exception.args), ('full: 1', ('full: 1',)))
        self.assertTrue(issubclass(shelf.ShelfError, Exception))

    def test_key(self):
        self.assertRaises(KeyError, lambda: shelf.Shelf('s')['nothing'])

    def test_construction_fails(self):
        self.assertRaises(shelf.ShelfError, shelf.Shelf, 's', 1, a=1, b=2)
        self.assertRaises(TypeError, shelf.Shelf)
        self.assertRaises(TypeError, shelf.Shelf, 's', a='x')

    def test_through_rust(self):
        def fail(name, value):
            raise LookupError(name, value)
        s = shelf.Shelf('s', a=4)
        try:
            s.each(fail)
        except LookupError as e:
            self.assertEqual(e.args, ('a', 8))
            self.assertEqual(traceback.extract_tb(e.__traceback__)[-1].name, 'fail')
        else:
            self.fail('no exception')

    def test_caught(self):
        self.assertEqual(shelf.caught(lambda: {}['x']), "key 'x'")
        self.assertEqual(shelf.caught(lambda: 1 // 0), 'ZeroDivisionError integer division or modulo by zero')
        self.assertEqual(shelf.caught(list), 'none')


class Panics(unittest.TestCase):
    def setUp(self):
        hidden = open('/dev/null', 'w') # PyO3 prints what it catches
        self.addCleanup(hidden.close)
        self.addCleanup(setattr, sys, 'stderr', sys.stderr)
        sys.stderr = hidden

    def test_becomes_exception(self):
        before = shelf.dropped()
        with self.assertRaises(BaseException) as context:
            shelf.fall(10)
        self.assertEqual((type(context.exception).__name__, str(context.exception)), ('PanicException', 'fell to 0'))
        self.assertNotIsInstance(context.exception, Exception)
        self.assertEqual(shelf.dropped() - before, 11) # each frame, by unwinding

    def test_check_of_rust(self):
        with self.assertRaises(BaseException) as context:
            shelf.unchecked([1, 2, 3], 3)
        self.assertIn('the len is 3 but the index is 3', str(context.exception))
        self.assertEqual(shelf.unchecked([1, 2, 3], 2), 3)

    def test_through_python(self):
        """Rust calls Python calls Rust, which panics; each border turns it into an exception and back."""
        s = shelf.Shelf('s', a=1)
        with self.assertRaises(BaseException) as context:
            s.each(lambda name, value: shelf.fall(value))
        self.assertEqual(type(context.exception).__name__, 'PanicException')
        s.put('b', 2) # not borrowed any more

    def test_in_thread(self):
        seen = []

        def work():
            try:
                shelf.fall(3)
            except BaseException as e:
                seen.append(str(e))
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        self.assertEqual(seen, ['fell to 0'])

    def test_often(self):
        for depth in range(200):
            try:
                shelf.fall(depth)
            except BaseException as e:
                self.assertEqual(str(e), 'fell to 0')
            else:
                self.fail('no exception')


class Borders(unittest.TestCase):
    def test_kinds(self):
        got = shelf.kinds(127, 2**64 - 1, -2**100, 1.0, 1.0, 'ß', b'abc', True)
        self.assertEqual(got[:3], (-128, (2**64 - 1) // 3, -2**100 * 3))
        self.assertEqual((got[3], got[4]), (0.3333333432674408, 1 / 3))
        self.assertEqual(got[5:], ('ß', b'cba', False))
        self.assertIsNone(shelf.kinds(0, 0, 0, 0, 0, 'a', b'', None)[7])
        for bad in ((128,), (0, -1), (0, 2**64), (0, 0, 2**127), (0, 0, 0, 0, 0, 'ab')):
            arguments = list(bad) + [0, 0, 0, 0, 0, 'a', b'', None][len(bad):]
            self.assertRaises((OverflowError, TypeError, ValueError), shelf.kinds, *arguments)

    def test_arguments(self):
        self.assertEqual(shelf.join(1, 'b', None, sep='+', x=2), '1+b+None+x=2')
        self.assertEqual(shelf.join(), '')

    def test_list(self):
        objects = [object(), object()]
        self.assertIs(shelf.nth(objects, 1), objects[1])
        self.assertRaisesRegex(IndexError, '2 of 2', shelf.nth, objects, 2)

    def test_threads(self):
        self.assertEqual(shelf.squares(10000, 4), sum(i * i for i in range(10000)))
        self.assertEqual(shelf.from_thread(lambda n: n + 1), 21)
        with self.assertRaises(RuntimeError):
            shelf.from_thread(self.fails)

    def fails(self, _):
        raise RuntimeError

    def test_borrowed(self):
        s = shelf.Shelf('s', a=1)
        self.assertRaises(RuntimeError, s.each, lambda name, value: s.put(name, value))

    def test_cycle_is_collected(self):
        before = shelf.dropped()
        for _ in range(10):
            a, b = shelf.Holder(), shelf.Holder()
            a.hold(b)
            b.hold([a])
        del a, b
        gc.collect()
        self.assertEqual(shelf.dropped() - before, 20)

    def test_copy_is_refused(self):
        self.assertRaises(TypeError, copy.copy, shelf.Shelf('s'))


class References(unittest.TestCase):
    """Only a debug build counts all references."""

    def rounds(self):
        s = shelf.Shelf('s', 9, a=1, b=2)
        list(s)
        s.each(lambda name, value: (name, value))
        for bad in (lambda: s['x'], lambda: shelf.Shelf('s', 0, a=1), lambda: shelf.nth([], 1)):
            try:
                bad()
            except (KeyError, shelf.ShelfError, IndexError):
                pass
        shelf.join(1, 2, x=3)
        shelf.kinds(1, 2, 3, 4, 5, 'x', b'y', None)

    def test_none_is_lost(self):
        counts = []
        for _ in range(6):
            for _ in range(20):
                self.rounds()
            gc.collect()
            counts.append(sys.gettotalrefcount())
        self.assertLess(counts[-1] - counts[2], 20, counts)


if __name__ == '__main__':
    unittest.main()
