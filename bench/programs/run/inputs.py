#!/usr/bin/env python3
"""inputs.py KIND [N]: writes an input of the bench's programs to standard output; the same each time.

cnf: N variables in random clauses of three; wav: N samples of sound; ppm: a picture N pixels wide; json: a
document of N records; markdown: N sections."""
import random
import struct
import sys
import math


def cnf(n, rng):
    clauses = int(n * 4.2)
    lines = ['p cnf %d %d' % (n, clauses)]
    for _ in range(clauses):
        names = rng.sample(range(1, n + 1), 3)
        lines.append(' '.join(str(v * rng.choice((1, -1))) for v in names) + ' 0')
    return '\n'.join(lines).encode() + b'\n'


def wav(n, rng):
    samples = []
    for i in range(n):
        t = i / 44100
        left = 9000 * math.sin(2 * math.pi * 440 * t) + 5000 * math.sin(2 * math.pi * (600 + 300 * t) * t)
        right = 8000 * math.sin(2 * math.pi * 330 * t) + rng.uniform(-3000, 3000)
        samples.append(struct.pack('<hh', int(left), int(right)))
    data = b''.join(samples)
    head = struct.pack('<4sI4s4sIHHIIHH4sI', b'RIFF', 36 + len(data), b'WAVE', b'fmt ', 16, 1, 2, 44100,
                       44100 * 4, 4, 16, b'data', len(data))
    return head + data


def ppm(n, rng):
    rows = [b'P6\n%d %d\n255\n' % (n, n)]
    for y in range(n):
        row = bytearray()
        for x in range(n):
            noise = rng.randrange(16)
            row += bytes((x * 255 // n * 15 // 16 + noise, (x * y // 64 + noise) % 256,
                          240 if (x // 40 + y // 40) % 2 else 20 + noise))
        rows.append(bytes(row))
    return b''.join(rows)


def json(n, rng):
    records = []
    for i in range(n):
        records.append('{"id": %d, "name": "record \\u00e9\\n %d", "price": %.4f, "tags": ["a%d", "b", null, true], '
                       '"at": {"x": %d, "y": %.6e}}' % (i, rng.randrange(10 ** 6), rng.uniform(0, 100),
                                                        rng.randrange(50), rng.randrange(-999, 999), rng.random()))
    return ('[' + ',\n '.join(records) + ']\n').encode()


def markdown(n, rng):
    words = ('block parser *emphasis* **strong** `code` text [link](http://example.org/a?b=c) line &amp; list '
             '<b>html</b> of_words and \\* more "quotes" than before').split()
    parts = []
    for i in range(n):
        def sentence():
            return ' '.join(rng.choice(words) for _ in range(rng.randrange(5, 14)))
        parts.append('%s Section %d\n' % ('#' * (1 + i % 3), i))
        parts.append('\n'.join(sentence() for _ in range(4)) + '\n')
        parts.append('\n'.join('%s %s\n   - %s' % (rng.choice(('*', '1.')), sentence(), sentence())
                               for _ in range(3)) + '\n')
        parts.append('> %s\n\n    int x = %d;\n\n```c\nreturn %d;\n```\n' % (sentence(), i, i))
    return '\n'.join(parts).encode()


def main():
    kinds = {'cnf': cnf, 'wav': wav, 'ppm': ppm, 'json': json, 'markdown': markdown}
    if len(sys.argv) != 3 or sys.argv[1] not in kinds or not sys.argv[2].isdigit():
        sys.exit(__doc__)
    sys.stdout.buffer.write(kinds[sys.argv[1]](int(sys.argv[2]), random.Random(7)))


if __name__ == '__main__':
    main()
