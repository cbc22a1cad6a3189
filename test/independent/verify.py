#!/usr/bin/env python3
"""An independent verifier of a watchfloor journal: written from docs/journal.md alone, Python's standard library only.

usage: verify.py STATE_DIR [NODE_VKEY [COSIGNER_VKEY]]        exit: 0 intact, 1 tampered, 2 incomplete, 3 unreadable
"""
import base64, functools, glob, hashlib, os, re, struct, sys

P, ORDER = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
TILE_BYTES, TAGGED = 8192, re.compile(rb'([\x80-\xff]{0,4}[\x00-\x7f])([\x80-\xff]{0,9}[\x00-\x7f])')
CRC = [functools.reduce(lambda crc, _: crc >> 1 ^ 0x82F63B78 * (crc & 1), range(8), byte) for byte in range(256)]

def point_add(a, b):  # RFC 8032, 5.1.4
    e, f = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    c, d = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    return (f - e) * (d - c) % P, (d + c) * (f + e) % P, (d - c) * (d + c) % P, (f - e) * (f + e) % P
def point_mul(scalar, point):
    rest = point_mul(scalar >> 1, point_add(point, point)) if scalar else (0, 1, 1, 0)
    return point_add(rest, point) if scalar & 1 else rest
def point_read(data):  # RFC 8032, 5.1.3
    sign, y = data[31] >> 7, int.from_bytes(data, 'little') & (1 << 255) - 1
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x if (x * x - square) % P == 0 else x * pow(2, (P - 1) // 4, P) % P
    if y >= P or (x * x - square) % P or (x == 0 and sign): raise ValueError('no point of the curve')
    return (P - x if x & 1 != sign else x), y, 1, (P - x if x & 1 != sign else x) * y % P
@functools.lru_cache(4096)
def ed25519(key, message, signature):  # RFC 8032, 5.1.7
    r, s = signature[:32], int.from_bytes(signature[32:], 'little')
    h = int.from_bytes(hashlib.sha512(r + key + message).digest(), 'little') % ORDER
    left, right = point_mul(s, BASE), point_add(point_read(r), point_mul(h, point_read(key)))
    return len(signature) == 64 and s < ORDER and not any((left[i] * right[2] - right[i] * left[2]) % P for i in (0, 1))
BASE = point_read((4 * pow(5, P - 2, P) % P).to_bytes(32, 'little'))

def decode(text):  # base64, written the one way there is for each value; else b''
    try: data = base64.b64decode(text)
    except ValueError: return b''
    return data if base64.b64encode(data).decode() == text else b''

def parse_key(text):
    name, key_id, data = text.strip().split('+', 2)
    data = decode(data)
    if hashlib.sha256(name.encode() + b'\n' + data).hexdigest()[:8] != key_id: raise ValueError('no verifier key')
    return name, bytes.fromhex(key_id), data[0], data[1:]
def parse_note(note, keys):  # (size, root) of a checkpoint that each of the keys signed, or None
    try:
        text, _, signatures = note.decode().rpartition('\n\n')
        lines = [re.fullmatch('\u2014 ([^ +]+) ([A-Za-z0-9+/=]+)', line) for line in signatures.split('\n')]
        found = {line[1]: decode(line[2]) for line in lines[:-1]}
        origin, size, root = text.split('\n')[:3]
        for name, key_id, kind, public in keys:
            skip = 12 if kind == 4 else 4  # cosignature/v1: a time before the signature
            time = f"cosignature/v1\ntime {int.from_bytes(found[name][4:12], 'big')}\n" if kind == 4 else ''
            if found[name][:4] != key_id or not ed25519(public, f'{time}{text}\n'.encode(), found[name][skip:]):
                return None
        good = origin == keys[0][0] and note[-1:] == b'\n' and re.fullmatch('0|[1-9][0-9]*', size)
        return (int(size), decode(root)) if good else None
    except (ValueError, TypeError, IndexError, KeyError, AttributeError): return None

@functools.lru_cache(65536)
def crc32c(data):
    return functools.reduce(lambda crc, byte: crc >> 8 ^ CRC[(crc ^ byte) & 255], data, 0xFFFFFFFF) ^ 0xFFFFFFFF
@functools.lru_cache(65536)
def fields(data):
    found, at, data = {}, 0, data if isinstance(data, bytes) else b''  # a protobuf message of numbers and bytes
    while at < len(data):
        match = TAGGED.match(data, at)
        if not match: return {}
        tag, value = (sum((byte & 127) << 7 * i for i, byte in enumerate(part)) for part in match.groups())
        at = match.end() + (value if tag & 7 == 2 else 0)
        found.setdefault(tag >> 3, []).append(data[match.end():at] if tag & 7 == 2 else value)
    return found if at == len(data) else {}

def inner(message, number): return fields(message.get(number, [b''])[-1])
def frame(data, at):
    length, crc = struct.unpack_from('<II', data, at) if at + 8 <= len(data) else (1 << 32, 0)
    record = data[at + 8:at + 8 + length]
    whole = len(record) == length and crc32c(record) == crc
    return record if whole and isinstance(fields(record).get(6, [b''])[-1], int) else None

def load(*path): return open(os.path.join(*path), 'rb').read() if os.path.exists(os.path.join(*path)) else b''
class Journal:
    def __init__(self, state, keys, cosigners):
        self.state, self.keys, self.cosigners, self.damage, self.code, self.next = state, keys, cosigners, [], 0, 1
        self.nodes, self.tiles, self.missing, self.told, self.signed, self.last = {}, {}, [], [], 0, []
    def bad(self, code, text, file='', offset=0, end=0, first=0, last=0):
        self.code = 1 if 1 in (code, self.code) else code  # tampered is worse than incomplete
        self.damage.append((file, offset, end, first, last, text))
    def node(self, level, index):
        if (level, index) not in self.nodes and level and index << level < self.next:
            left, right = self.node(level - 1, index * 2), self.node(level - 1, index * 2 + 1)
            if left and right: self.nodes[level, index] = hashlib.sha256(b'\1' + left + right).digest()
        return self.nodes.get((level, index))
    def tree(self, head, given, *place):  # against a root, subtree by subtree where its range is given
        (size, root), nodes = head, self.nodes
        spots = [(level, (size >> level) - 1) for level in range(63, -1, -1) if size >> level & 1]
        hashes = given or [self.node(*spot) for spot in spots]
        if size == 0 or None in hashes: return
        fold = functools.reduce(lambda right, left: hashlib.sha256(b'\1' + left + right).digest(), hashes[::-1])
        if len(hashes) != len(spots) or fold != root:
            return self.bad(1, 'another tree than the signed one', *place, 1, size)
        for (level, index), own in zip(spots, hashes):
            if (self.node(level, index) or own) != own:
                self.bad(1, 'records are not what was signed', *place, (index << level) + 1, index + 1 << level)
            nodes[level, index] = own
    def head(self, note, keys, given, *place):
        head = parse_note(note, keys) if keys else None
        if head: self.signed = max(self.signed, head[0])
        else: self.bad(1 if keys else 2, 'not signed by the key' if keys else 'no key to check it with', *place)
        return head and (head, given, *place)
    def read_tiles(self):
        for file in glob.glob(os.path.join(glob.escape(self.state), 'journal/tile/**/[0-9][0-9][0-9]'), recursive=True):
            path = os.path.relpath(file, os.path.join(self.state, 'journal'))
            level, index = int(path.split('/')[1]), int(''.join(path.split('/')[2:]).replace('x', ''))
            data, end = load(file), index + 1 << 8 * level + 8
            if len(data) == TILE_BYTES: self.tiles[level, index] = path, data
            elif end <= self.signed: self.bad(1, 'a tile of another length', path, 0, TILE_BYTES, 1, end)
    def leaf(self, index, own, *place):
        (path, tile), at = self.tiles.get((0, index >> 8), ('', b'')), (index & 255) * 32
        if own and tile and own != tile[at:at + 32]:
            for spot in (place, (path, at, at + 32)):
                self.bad(1, 'record and tile do not agree', *spot, index + 1, index + 1)
        self.nodes[0, index] = own or tile[at:at + 32] or None
    def skip(self, seq):  # records before seq are not here: what the tiles say stands in for them
        if seq > self.next: self.missing.append((self.next, seq - 1))
        for tile in sorted(index for level, index in self.tiles if level == 0):
            for index in range(max(tile << 8, self.next - 1), min(tile + 1 << 8, seq - 1)): self.leaf(index, None)
        self.next = max(seq, self.next)
    def record(self, data, epoch, *place):
        record, seq = fields(data), self.next
        kind, stub = record.get(8, [b''])[-1], inner(record, 40).get(2, [b''])[-1]
        self.leaf(seq - 1, stub or hashlib.sha256(b'\0' + data).digest(), *place)
        self.next, self.last = seq + 1, self.last[-1:] + [(kind, inner(record, 34).get(1))]
        if stub or record.get(5, [0])[-1] != epoch:
            self.bad(2 if stub else 1, 'a stub only' if stub else 'another epoch than its segment', *place, seq, seq)
        if kind == b'retention': self.told.append((1, inner(record, 37).get(2, [0])[-1]))
        if kind == b'gap' and inner(record, 31).get(1) == [b'journal'] and 6 in inner(record, 31):
            self.told.append((inner(record, 31).get(5, [0])[-1], inner(record, 31)[6][-1], 'gap'))
        head = inner(record, 36)
        head = kind == b'checkpoint' and self.head(head.get(3, [b''])[-1], self.keys, head.get(7), *place)
        return head and self.tree(*head)
    def segment(self, name, limit):  # what is behind its last record comes back
        data, first = load(self.state, 'journal', name), int(name[:20])
        good = data[:12] == b'WFJRNL\r\n\1\0\0\0' and crc32c(data[:28]).to_bytes(4, 'little') == data[28:32]
        epoch, named = struct.unpack_from('<IQ', data, 12) if good else (None, first)
        at = bad = 32 if good else 0
        if not good or named != first: self.bad(1, 'no header of this segment', name, 0, 32)
        while at < len(data):
            record = frame(data, at)
            if record is None:  # every record begins with its id, a string of 36 bytes
                at = (data.find(b'\n$', at + 9) + 1 or len(data) + 9) - 9
                continue
            end, seq = at + 8 + len(record), fields(record)[6][-1]
            if at > bad: self.bad(1, 'no frames', name, bad, at)
            if not max(self.next, first) <= seq < limit: self.bad(1, 'a record of another place', name, at, end)
            else:
                self.skip(seq)
                self.record(record, epoch if good else fields(record).get(5, [0])[-1], name, at, end)
            at = bad = end
        return (name, bad, len(data)) if bad < len(data) else None

def verify(state, key=None, cosigner=None):  # (exit code, [(file, offset, end, first record, last record, text)])
    key = key or load(state, 'signer', 'vkey').decode()
    journal = Journal(state, [parse_key(key)] if key else [], [parse_key(cosigner)] if cosigner else [])
    names = sorted(filter(re.compile(r'\d{20}\.wfj').fullmatch, os.listdir(os.path.join(state, 'journal'))))
    heads, rest = [], None
    for name in ('journal/checkpoint', 'journal/cosigned', 'signer/state'):
        note, given, keys = load(state, name), None, journal.keys
        if name == 'signer/state' and note:
            note, _, given = note[:-1].rpartition(b'\n\n')
            note, given = note + b'\n', [decode(line) for line in given.decode('latin1').split('\n')]
        if name == 'journal/cosigned': keys = keys + journal.cosigners
        if os.path.exists(os.path.join(state, name)):
            heads.append(journal.head(note, keys, given, name.replace('journal/', ''), 0, len(note)))
    if not names + heads: raise ValueError('there is no journal')
    journal.read_tiles()
    for name, limit in zip(names, [int(name[:20]) for name in names[1:]] + [1 << 63]):
        if rest: journal.bad(1, 'no frames', *rest)
        rest = journal.segment(name, limit)
    for head in filter(None, heads): journal.tree(*head)
    end, stopped = journal.next - 1, journal.last == [(b'sensor', [b'stop']), (b'checkpoint', None)]
    if rest and (stopped or end < journal.signed): journal.bad(1, 'no frames', *rest)
    known = max(journal.signed, (end >> 8) + 1 << 8 if (0, end >> 8) in journal.tiles else 0)
    journal.missing += [(end + 1, known)] if known > end else []
    for (level, index), (path, data) in journal.tiles.items():
        for at in range(0, TILE_BYTES if level else 0, 32):
            if journal.node(level * 8, index * 256 + at // 32) not in (None, data[at:at + 32]):
                journal.bad(1, 'a tile that does not fit those below', path, at, at + 32)
    for start, last in journal.missing:
        first = start
        for told in sorted(journal.told): first = max(first, told[1] + 1) if told[0] <= first else first
        if first <= last or any(told[2:] and told[0] <= last and told[1] >= start for told in journal.told):
            journal.bad(2, 'records are missing', '', 0, 0, start, last)
    return journal.code, journal.damage

if __name__ == '__main__':
    try: code, damage = verify(*sys.argv[1:])
    except (OSError, ValueError) as error: sys.exit(print(f'unreadable: {error}') or 3)
    print(['intact', 'tampered', 'incomplete'][code], *damage, sep='\n')
    sys.exit(code)
