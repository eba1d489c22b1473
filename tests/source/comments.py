#!/usr/bin/env python3
"""comments.py: comments of the public headers are short enough to read before a call. A comment has at most four
sentences, and what more there is to say follows as a list ("- ") of what the call returns, what it fails with, who owns
what, and which threads may call it. The head of a header has at most eight lines before its list. Prints what is longer.
"""
import os
import re
import sys

FOLDER = 'include/kiln'
SENTENCES, HEAD_LINES = 4, 8


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
    names = sorted(n for n in os.listdir(FOLDER) if n.endswith(('.h', '.hpp')))
    bad = [place for name in names for place in found(os.path.join(FOLDER, name))]
    print('\n'.join(bad), end='\n' if bad else '')
    return 1 if bad or not names else 0


if __name__ == '__main__':
    sys.exit(main())
