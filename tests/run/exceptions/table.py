#!/usr/bin/env python3
"""The table of exceptions: what is thrown x where x how it is caught x the frame of who catches x what lives at the
landing pad, in generated C++ programs. Kiln's code must print what clang's does.

    table.py --kiln=build/kiln [--sample] [--levels=-O0,-O1] [--stress=N] [--target=aarch64] [--frames=plain,stack,...]

Each function catches in one way, in one frame, with one kind of values live; it is called for each place and each thing
thrown (table.hpp). There is a program for each frame. With --sample there is one program, whose functions have each pair of
way, frame and values once.
"""
import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../harness'))
import harness  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))

# What lives: declarations, what changes it, its sum.
LIVE = {
    'ints': (' '.join('long a%d = source(%d);' % (i, i) for i in range(7)),
             'a0 += r; a1 ^= a0; a2 -= a6; a3 += a5;',
             ' + '.join('a%d * %d' % (i, i + 1) for i in range(7))),
    'floats': (' '.join('double d%d = source(%d) * .5;' % (i, i) for i in range(9)) + ' float g = source(3) * .25f;',
               'd0 += r; d1 *= d0; d2 -= d6; d8 += g; g += 1;',
               'static_cast<long>((%s + g) * 4)' % ' + '.join('d%d * %d' % (i, i + 1) for i in range(9))),
    'wide': (' '.join('long double w%d = source(%d) + .25L;' % (i, i) for i in range(4)),
             'w0 += r; w1 *= w0; w2 -= w3;',
             'static_cast<long>((w0 + w1 * 2 + w2 * 3 + w3 * 5) * 4)'),
    'int128': (' '.join('__int128 q%d = static_cast<__int128>(source(%d)) << 70 | source(%d);' % (i, i, i + 1)
                        for i in range(4)),
               'q0 += r; q1 ^= q0; q2 -= q3 << 3;',
               ' + '.join('static_cast<long>(q%d >> 69) * %d + static_cast<long>(q%d)' % (i, i + 1, i) for i in range(4))),
    'memory': ('Large m = {{source(0), source(1), source(2), source(3), source(4), source(5)}}; char s[40]; '
               'for (int i = 0; i < 40; i++) s[i] = static_cast<char>(source(i)); Large *p = &m;',
               'm.v[r & 3] += r; p->v[5]++; s[7]++;',
               'm.v[0] + m.v[1] * 2 + p->v[2] * 3 + m.v[3] * 4 + m.v[4] * 5 + p->v[5] * 6 + s[7] * 7 + s[39]'),
}

# The frame: parameters after where and kind, arguments for them, declarations, the call, its sum.
MANY = 100
CALL = 'at(where, kind)'
FRAMES = {
    'plain': ('', '', '', CALL, '0'),
    'stack': (', long b0, long b1, long b2, long b3, long b4, long b5, Large l, double x, long b6',
              ', 1, 2, 3, 4, 5, 6, Large{{1, 2, 3, 4, 5, source(6)}}, 2.5, source(7)', '',
              'at_stack(where, kind, b0, 2, b1, 4, b5, b6, 7, x, l, b2)',
              'b0 + b1 + b2 + b3 + b4 + b5 + l.v[5] + l.v[3] * 3 + static_cast<long>(x * 2) + b6'),
    'alloca': ('', '', 'long n = source(2) & 15; long *v = static_cast<long *>(__builtin_alloca((n + 3) * 8)); '
               'for (long i = 0; i < n + 3; i++) v[i] = source(static_cast<int>(i));', CALL, 'v[0] + v[n] * 3 + v[n + 2] * 5'),
    'aligned': ('', '', 'alignas(64) long v[9]; for (int i = 0; i < 9; i++) v[i] = source(i);', CALL,
                'v[8] + v[1] * 3 + static_cast<long>(reinterpret_cast<std::uintptr_t>(v) % 64)'),
    'many': ('', '', ' '.join('long z%d = source(%d);' % (i, i) for i in range(MANY)), CALL,
             ' + '.join('z%d * %d' % (i, i + 1) for i in range(MANY))),
}

# How it is caught: what is after the parameters, and the body, in which CALL, CHANGE and SUM are replaced.
HOW = {
    'type': ('', '''
  try {
    r = CALL;
  } catch (int e) {
    r = e + SUM;
    CHANGE
  } catch (const Counted &e) {
    CHANGE
    r = e.id * 3 + SUM;
  } catch (const Left &e) {
    r = e.what() * 5 + SUM;
  } catch (Base *e) {
    CHANGE
    r = e->what() * 7 + SUM;
  }'''),
    'base': ('', '''
  try {
    r = CALL;
    CHANGE
  } catch (const Base &e) {
    r = e.what() + SUM;
    CHANGE
  }'''),
    'all': ('', '''
  try {
    r = CALL;
  } catch (...) {
    r = 1000 + SUM;
    CHANGE
  }'''),
    'filter': (' throw(int, Counted)', '''
  long sum = SUM;
  Noted noted{sum};
  r = CALL;
  CHANGE'''),
    'cleanup': ('', '''
  long sum = SUM;
  Noted first{sum};
  {
    Noted second{r};
    r = 5;
    CHANGE
    sum += SUM;
    r += CALL;
  }
  sum -= r;'''),
    'rethrow': ('', '''
  try {
    try {
      r = CALL;
      CHANGE
    } catch (int &e) {
      CHANGE
      e++;
      throw;
    } catch (const Both &) {
      r = SUM;
      throw 77;
    } catch (...) {
      r = 3 + SUM;
      CHANGE
      throw;
    }
  } catch (int e) {
    r += e;
  } catch (const Counted &e) {
    r += e.id + SUM;
  }'''),
    'nested': ('', '''
  for (int k = 0; k < 2; k++) {
    try {
      try {
        r += CALL;
        if (k == 0) continue;
        break;
      } catch (double) {
        r = -1;
      }
      CHANGE
    } catch (const Counted &) {
      try {
        throw_one(Virtual);
      } catch (const Base &e) {
        r += e.what() + SUM;
        CHANGE
      }
    } catch (...) {
      CHANGE
      try {
        throw_one(Int);
      } catch (int e) {
        r += e + SUM;
      }
    }
  }'''),
    'none': ('', '''
  CHANGE
  r = CALL;
  CHANGE'''),
}


def program(rows):
    """A program of functions (how, frame, live)."""
    text = '#include "%s/table.hpp"\n' % HERE
    calls = ''
    for how, frame, live in rows:
        params, args, setup, call, frame_sum = FRAMES[frame]
        declare, change, live_sum = LIVE[live]
        after, body = HOW[how]
        name = '%s_%s_%s' % (how, frame, live)
        body = body.replace('CALL', call).replace('CHANGE', change).replace('SUM', '(%s)' % live_sum)
        text += ('NOINLINE static long %s(int where, int kind%s)%s {\n  long r = source(where);\n  %s\n  %s%s\n'
                 '  return r * 31 + (%s) * 17 + (%s);\n}\n' % (name, params, after, setup, declare, body, live_sum, frame_sum))
        function = name
        if args:
            function = name + '_line'
            text += 'static long %s(int where, int kind) { return %s(where, kind%s); }\n' % (function, name, args)
        calls += '  print_lines(%s, "%s", %s, %s);\n' % (function, name, str(how != 'none').lower(), str(how == 'filter').lower())
    return text + 'int main() {\n  std::set_terminate(ended);\n  std::set_unexpected(unexpected);\n%s}\n' % calls


def programs(sample, frames):
    """Name and functions of each program."""
    if not sample:
        for frame in frames:
            yield frame, [(how, frame, live) for how in HOW for live in LIVE]
        return
    lives = list(LIVE)
    yield 'sample', [(how, frame, lives[(i + k) % len(lives)])
                     for i, how in enumerate(HOW) for k, frame in enumerate(FRAMES)]


def difference(want, got):
    for a, b in zip(want[1].split('\n'), got[1].split('\n')):
        if a != b:
            return 'clang: %s\nKiln:  %s' % (a, b)
    return 'status %d, clang %d' % (got[0], want[0])


def main():
    p = harness.options(__doc__.splitlines()[0])
    p.add_argument('--sample', action='store_true', help='one program that has each pair of properties')
    p.add_argument('--stress', type=int, default=1, metavar='N', help='stress seeds 1 to N')
    p.add_argument('--levels', default='-O0,-O1')
    p.add_argument('--frames', default=','.join(FRAMES), help='only the programs of these frames')
    args = harness.sampled(p.parse_args())
    h = harness.Harness(args)
    gxx = args.gcc.removesuffix('gcc') + 'g++'
    lines = []

    def check(item):
        name, rows, level = item
        base = name + level
        if not shutil.which(gxx):
            h.skip('%s: %s' % (name, level), 'no ' + gxx)
            return
        source = h.write(base + '.cpp', program(rows))
        bc = h.bitcode(source, h.path(base + '.bc'), (level, '-std=c++14', '-fPIC'))
        own = h.clang_object(bc, h.path(base + '.clang.o'), (level, '-fPIC'))
        want = h.run([h.link([own], h.path(base + '.clang'), by=gxx)], timeout=600)
        for seed in range(args.stress + 1):
            flags = ['--stress=%d' % seed, '--verify'] if seed else []
            what = '%s: %s%s' % (name, level, ' ' + flags[0] if seed else '')
            try:
                obj = h.kiln_object(bc, h.path('%s.%d.o' % (base, seed)), flags)
                got = h.run([h.link([obj], h.path('%s.%d' % (base, seed)), by=gxx)], timeout=600, check=False)
            except harness.Failure as e:
                h.fail(what, str(e))
                continue
            lines.append(got[1].count('\n'))
            if got[:2] == want[:2]:
                h.ok(what)
            else:
                h.fail(what, difference(want, got))
    h.each(check, [(name, rows, level) for level in args.levels.split(',') for name, rows in programs(args.sample, args.frames.split(','))])
    print('# %d lines compared' % sum(lines))
    h.finish()


if __name__ == '__main__':
    main()
