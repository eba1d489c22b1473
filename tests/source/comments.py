#!/usr/bin/env python3
"""comments.py [--list]: comments of the public headers are short enough to read before a call. A comment has at most four
sentences, and what more there is to say follows as a list ("- ") of what the call returns, what it fails with, who owns
what, and which threads may call it. The head of a header has at most eight lines before its list. Prints what is longer.

Headers in LONG have as many longer comments as it says; the check fails if there are more, and if there are fewer, so
that the number falls with each comment that is rewritten. --list prints these, too.
"""
import os
import re
import sys

FOLDER = 'include/kiln'
SENTENCES, HEAD_LINES = 4, 8
LONG = {'jit.h': 20}


def sentences(comment):
    """Those before the comment's list, or an example of code, which is set in by four spaces."""
    text = re.sub(r'(?m)^ *\* ?', '', comment)
    text = re.split(r'(?m)^(?:- |    )', text)[0]
    text = re.sub(r'\(.*?\)', '', text, flags=re.S)
    return len(re.findall(r'[.!?](?=\s+(?:[A-Z`]|kiln_)|\s*$)', ' '.join(text.split())))


def found(path):
    with open(path, encoding='utf-8') as f:
        text = f.read()
    head = re.match(r'/\*(.*?)\*/', text, re.S)
    lines = re.split(r'(?m)^ \* - ', head[0])[0].count('\n') if head else 0
    if lines > HEAD_LINES:
        yield f'{path}:1: a head of {lines} lines before its list'
    for m in re.finditer(r'/\*\*(?!<)(.*?)\*/', text, re.S):
        n = sentences(m[1])
        if n > SENTENCES:
            yield f'{path}:{text.count(chr(10), 0, m.start()) + 1}: {n} sentences before the list'


def main():
    bad = 0
    for name in sorted(n for n in os.listdir(FOLDER) if n.endswith(('.h', '.hpp'))):
        places = list(found(os.path.join(FOLDER, name)))
        if '--list' in sys.argv[1:] or len(places) > LONG.get(name, 0):
            print(*places, sep='\n', end='\n' if places else '')
        if len(places) != LONG.get(name, 0):
            print(f'{name}: {len(places)} long comments; tests/source/comments.py allows {LONG.get(name, 0)}')
            bad = 1
    return bad


if __name__ == '__main__':
    sys.exit(main())
