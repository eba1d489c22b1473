#!/usr/bin/env python3
"""nginx_requests.py NGINX: starts the server in a temporary folder, sends requests, and checks what the documentation
of its modules promises. Prints a line for each: `ok NAME` or `not ok NAME: WHY`."""
import base64
import gzip
import hashlib
import http.client
import os
import socket
import ssl
import subprocess
import sys
import tempfile
import time

TEXT = ''.join('line %d of a text to compress\n' % i for i in range(4000)).encode()
CONF = '''
worker_processes 2;
pid nginx.pid;
error_log error.log info;
events { worker_connections 64; }
http {
  types { text/html html; text/plain txt; image/png png; }
  default_type application/octet-stream;
  log_format short '$request_method $uri $status $body_bytes_sent';
  access_log access.log short;
  client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4; scgi_temp_path t5;
  proxy_cache_path cache keys_zone=kept:1m;
  limit_req_zone $uri zone=slow:1m rate=1r/m;
  map $arg_name $greeting { default 'who'; ~^a(?<rest>.*)$ 'A and $rest'; bee 'B'; }
  geo $arg_ip $net { default outside; 10.0.0.0/8 inside; 10.1.0.0/16 nearer; 2001:db8::/32 six; }
  split_clients $arg_id $half { 50% one; * two; }
  upstream both { server unix:@DIR@/a.sock; server unix:@DIR@/b.sock; }
  server {
    listen unix:@DIR@/a.sock;
    location / { return 200 'a $request_uri $http_host\n'; }
    location /file { root .; }
  }
  server { listen unix:@DIR@/b.sock; location / { return 200 'b $request_uri $http_host\n'; } }
  server {
    listen unix:@DIR@/http.sock;
    listen unix:@DIR@/tls.sock ssl;
    ssl_certificate cert.pem;
    ssl_certificate_key key.pem;
    root www;
    gzip on; gzip_types text/plain; gzip_min_length 100;
    error_page 404 /missing.html;
    location /list/ { autoindex on; autoindex_format json; }
    location = /map { return 200 '$greeting'; }
    location = /geo { return 200 '$net'; }
    location = /half { return 200 '$half'; }
    location /old/ { rewrite ^/old/(\\w+)/(\\d+)$ /new/$2/$1?n=$2 redirect; }
    location ~* \\.up$ { return 200 'regex $uri'; }
    location /sets { set $a "x"; if ($arg_q = yes) { set $a "${a}y"; } return 200 $a; }
    location /secret/ { auth_basic realm; auth_basic_user_file users; }
    location /denied { deny all; }
    location /sub { sub_filter 'text' 'TEXT'; sub_filter_once off; sub_filter_types *; alias www/plain.txt; gzip off; }
    location /ssi { ssi on; ssi_types text/plain; }
    location /proxied/ { proxy_pass http://both/; proxy_set_header Host other; }
    location /cached { proxy_pass http://unix:@DIR@/a.sock:/file; proxy_cache kept; proxy_cache_valid 200 1h;
      add_header X-Cache $upstream_cache_status; }
    location /limited { limit_req zone=slow; limit_req_status 429; alias www/plain.txt; }
    location /link { secure_link $arg_md5; secure_link_md5 'key $uri'; if ($secure_link = '') { return 403; }
      return 200 'fine'; }
    location /dav { client_max_body_size 10; proxy_pass http://both/; }
    location /headers { add_header X-One 1; expires 1h; return 200 "$http_x_in $cookie_c $arg_b $args"; }
    location /gif { empty_gif; }
    location /status { stub_status; }
    location /before { add_before_body /map; addition_types *; alias www/page.html; }
  }
}
'''


class Unix(http.client.HTTPConnection):
    def __init__(self, path, tls=None):
        super().__init__('localhost')
        self.path, self.tls = path, tls

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)
        if self.tls:
            self.sock = self.tls.wrap_socket(self.sock)


def get(where, path, headers={}, method='GET', body=None, tls=None):
    c = Unix(where, tls)
    c.request(method, path, body, headers)
    r = c.getresponse()
    text = r.read()
    c.close()
    return r.status, r.headers, text


def raw(where, text):
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(where)
        s.sendall(text)
        out = b''
        while part := s.recv(65536):
            out += part
    return out


def in_turn(where, path, n):
    """What one connection, and so one process of the server, gets; sorted by what comes every second time."""
    c, got = Unix(where), []
    for _ in range(n):
        c.request('GET', path)
        got.append(c.getresponse().read())
    c.close()
    return got if got[0] < got[1] else got[1:] + got[:1]


def digest(uri):
    return base64.urlsafe_b64encode(hashlib.md5(b'key ' + uri).digest()).rstrip(b'=').decode()


def requests(where, tls):
    """Name, what came, what is expected of it."""
    def status(*a, **k): return get(where, *a, **k)[0]
    def body(*a, **k): return get(where, *a, **k)[2]
    def header(name, *a, **k): return get(where, *a, **k)[1][name]
    plain = get(where, '/plain.txt')
    yield 'a file', (plain[0], plain[2]), (200, TEXT)
    yield 'its length', plain[1]['Content-Length'], str(len(TEXT))
    yield 'its type', plain[1]['Content-Type'], 'text/plain'
    yield 'an unknown type', header('Content-Type', '/other'), 'application/octet-stream'
    yield 'HEAD', (status('/plain.txt', method='HEAD'), body('/plain.txt', method='HEAD')), (200, b'')
    yield 'not modified', status('/plain.txt', {'If-Modified-Since': plain[1]['Last-Modified']}), 304
    yield 'the same tag', status('/plain.txt', {'If-None-Match': plain[1]['ETag']}), 304
    yield 'another tag', status('/plain.txt', {'If-Match': '"x"'}), 412
    part = get(where, '/plain.txt', {'Range': 'bytes=10-19'})
    yield 'a range', (part[0], part[1]['Content-Range'], part[2]), (206, 'bytes 10-19/%d' % len(TEXT), TEXT[10:20])
    yield 'the last bytes', body('/plain.txt', {'Range': 'bytes=-7'}), TEXT[-7:]
    yield 'two ranges', body('/plain.txt', {'Range': 'bytes=0-4,20-24'}).count(b'Content-Range: bytes '), 2
    yield 'a range beyond', status('/plain.txt', {'Range': 'bytes=9999999-'}), 416
    packed = get(where, '/plain.txt', {'Accept-Encoding': 'gzip'})
    yield 'gzip', (packed[1]['Content-Encoding'], gzip.decompress(packed[2])), ('gzip', TEXT)
    yield 'gzip makes it smaller', len(packed[2]) < len(TEXT) // 5, True
    yield 'no gzip of what is short', header('Content-Encoding', '/page.html', {'Accept-Encoding': 'gzip'}), None
    yield 'a page of an error', (status('/none'), body('/none')), (404, b'nothing here\n')
    yield 'an index', body('/'), b'<p>a page</p>\n'
    yield 'a folder without its slash', (status('/list'), header('Location', '/list').endswith('/list/')), (301, True)
    yield 'a list of files', b'"name":"one.txt", "type":"file"' in body('/list/'), True
    yield 'a path with escapes', body('/list/%6fne%2etxt'), b'1\n'
    yield 'dots in a path', body('/list/../list/./one.txt'), b'1\n'
    yield 'too many dots', raw(where, b'GET /../../etc/passwd HTTP/1.0\r\n\r\n')[:12], b'HTTP/1.1 400'
    for name, value in ('abc', b'A and bc'), ('bee', b'B'), ('', b'who'):
        yield 'a map of "%s"' % name, body('/map?name=' + name), value
    for ip, value in (('10.2.3.4', b'inside'), ('10.1.2.3', b'nearer'), ('11.0.0.1', b'outside'),
                      ('2001:db8:1::1', b'six')):
        yield 'the net of ' + ip, body('/geo?ip=' + ip), value
    halves = [body('/half?id=%d' % i) for i in range(40)]
    yield 'halves of clients', (set(halves), 8 < halves.count(b'one') < 32), ({b'one', b'two'}, True)
    yield 'a half again', body('/half?id=7'), halves[7]
    yield 'a redirection', status('/old/word/42'), 302
    yield 'a rewritten path', header('Location', '/old/word/42').endswith('/new/42/word?n=42'), True
    yield 'a location by a regular expression', body('/a/B.UP'), b'regex /a/B.UP'
    yield 'a variable', (body('/sets'), body('/sets?q=yes')), (b'x', b'xy')
    for who, value in ('me:open', 200), ('me:other', 401), ('you:open', 401):
        auth = {'Authorization': 'Basic ' + base64.b64encode(who.encode()).decode()}
        yield 'the password of ' + who, status('/secret/one.txt', auth), value
    yield 'no password', header('WWW-Authenticate', '/secret/one.txt'), 'Basic realm="realm"'
    yield 'denied', status('/denied'), 403
    yield 'a text replaced', body('/sub'), TEXT.replace(b'text', b'TEXT')
    yield 'includes', body('/ssi/page.txt?v=3'), b'<1\n> 3 yes 1\n'
    yield 'two servers in turn', in_turn(where, '/proxied/x?y=1', 4), [b'a /x?y=1 other\n', b'b /x?y=1 other\n'] * 2
    yield 'a cache', [header('X-Cache', '/cached') for _ in range(3)], ['MISS', 'HIT', 'HIT']
    yield 'from the cache', body('/cached'), TEXT
    yield 'a limit of requests', [status('/limited') for _ in range(3)], [200, 429, 429]
    yield 'a link with a digest', body('/link?md5=' + digest(b'/link')), b'fine'
    yield 'a link with another', status('/link?md5=' + digest(b'/lin')), 403
    yield 'a body', body('/dav', method='POST', body='123')[1:], b' / both\n'
    yield 'a body too long', status('/dav', method='POST', body='x' * 11), 413
    yield 'a body in chunks', raw(where, b'POST /dav HTTP/1.1\r\nHost: x\r\nConnection: close\r\n'
                                  b'Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n')[:12], b'HTTP/1.1 200'
    yield 'what a request says', body('/headers?b=2&c', {'X-In': 'in', 'Cookie': 'd=1; c=crumb'}), b'in crumb 2 b=2&c'
    yield 'headers', (header('X-One', '/headers'), header('Cache-Control', '/headers')), ('1', 'max-age=3600')
    yield 'an image', body('/gif')[:6], b'GIF89a'
    yield 'what it does', body('/status').startswith(b'Active connections: '), True
    yield 'a body before', body('/before'), b'who<p>a page</p>\n'
    yield 'two requests at once', raw(where, b'GET /map HTTP/1.1\r\nHost: x\r\n\r\n'
                                      b'GET /list/one.txt HTTP/1.1\r\nHost: x\r\n'
                                      b'Connection: close\r\n\r\n').count(b'HTTP/1.1 200 OK'), 2
    yield 'HTTP 1.0', raw(where, b'GET /list/one.txt HTTP/1.0\r\n\r\n').endswith(b'\r\n\r\n1\n'), True
    yield 'what is no request', raw(where, b'\x16\x03\x01\r\n\r\n')[9:12] or b'400', b'400'
    yield 'a header too long', raw(where, b'GET / HTTP/1.0\r\nX: ' + b'y' * 40000 + b'\r\n\r\n')[9:12], b'400'
    yield 'TLS', get(tls[0], '/plain.txt', tls=tls[1])[2], TEXT
    yield 'plain text for TLS', raw(tls[0], b'GET / HTTP/1.0\r\n\r\n')[9:12], b'400'
    many = [Unix(where) for _ in range(30)]
    for c in many:
        c.request('GET', '/plain.txt')
    yield 'thirty at once', {c.getresponse().read() for c in many}, {TEXT}


def write(path, text):
    with open(path, 'wb') as f:
        f.write(text)


def set_up(folder):
    os.chdir(folder)
    os.chmod(folder, 0o755)
    for name in ('www/list', 'www/secret', 'www/ssi'):
        os.makedirs(name)
    for name, text in (('www/plain.txt', TEXT), ('file', TEXT), ('www/other', b'x'),
                       ('www/page.html', b'<p>a page</p>\n'), ('www/index.html', b'<p>a page</p>\n'),
                       ('www/missing.html', b'nothing here\n'), ('www/list/one.txt', b'1\n'),
                       ('www/secret/one.txt', b'1\n'),
                       ('www/ssi/page.txt', b'<<!--#include virtual="/list/one.txt" -->> <!--#echo var="arg_v" -->'
                        b'<!--#if expr="$arg_v = 3" --> yes <!--#else --> no <!--#endif -->'
                        b'<!--#set var="n" value="1" --><!--#echo var="n" -->\n')):
        write(name, text)
    write('users', b'me:{SHA}' + base64.b64encode(hashlib.sha1(b'open').digest()) + b'\n')
    write('nginx.conf', CONF.replace('@DIR@', folder).encode())
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=localhost',
                    '-keyout', 'key.pem', '-out', 'cert.pem'], check=True, capture_output=True)


def main():
    nginx = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        set_up(folder)
        command = [nginx, '-p', folder, '-e', 'error.log', '-c', folder + '/nginx.conf']
        tested = subprocess.run(command + ['-t'], capture_output=True, text=True)
        print('ok the configuration' if tested.returncode == 0 else 'not ok the configuration: ' + tested.stderr)
        os.remove('nginx.pid')  # it has made one for the test, too
        server = subprocess.Popen(command + ['-g', 'daemon off;'], stderr=subprocess.DEVNULL)
        for _ in range(600):
            if os.path.exists('nginx.pid') or server.poll() is not None:
                break
            time.sleep(0.1)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
        for name, came, expected in requests(folder + '/http.sock', (folder + '/tls.sock', tls)):
            line = 'ok ' + name if came == expected else 'not ok %s: %.300r, not %.300r' % (name, came, expected)
            print(line, flush=True)
        server.send_signal(subprocess.signal.SIGQUIT)
        print('ok the end' if server.wait(60) == 0 else 'not ok the end: %d' % server.returncode)
        with open('error.log') as f:
            bad = [line for line in f if '[alert]' in line or '[emerg]' in line]
        print('ok no alerts' if not bad else 'not ok no alerts: ' + ''.join(bad))


if __name__ == '__main__':
    sys.exit(main())
