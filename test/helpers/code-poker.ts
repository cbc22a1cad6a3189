import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Owner } from './children.js';

/**
 * A process that changes its own code. map PATH [shared|writable]: maps the file's first pages as code. After it, `lib
 * NAME` takes the mapping of a library that it has loaded instead. write OFFSET HEX and protect OFFSET HEX: puts bytes
 * there, through its own memory file or with mprotect(2). drop OFFSET: has the kernel forget its copy of that page.
 * tls COUNT: so many writes on a session that leads nowhere. Answers each line with one.
 */
const SCRIPT = `
import ctypes, mmap, os, ssl, sys
libc = ctypes.CDLL(None, use_errno=True)
maps, keep = [], []
PAGE = 4096
def refresh(name):
    maps.clear()
    for line in open('/proc/self/maps'):
        part = line.split()
        if len(part) > 5 and part[5].endswith(name) and 'x' in part[1]:
            begin, end = (int(x, 16) for x in part[0].split('-'))
            maps.append((begin, end, int(part[2], 16)))
def address(offset):
    return next(b + offset - o for b, e, o in maps if o <= offset < o + e - b)
def page(offset):
    at = address(offset)
    return ctypes.c_void_p(at - at % PAGE), ctypes.c_size_t(2 * PAGE if at % PAGE > PAGE - 16 else PAGE)
for line in sys.stdin:
    word, *rest = line.split()
    if word == 'map':
        fd = os.open(rest[0], os.O_RDONLY if 'shared' not in rest and 'writable' not in rest else os.O_RDWR)
        flags = mmap.MAP_SHARED if 'shared' in rest else mmap.MAP_PRIVATE
        prot = mmap.PROT_READ | mmap.PROT_EXEC | (mmap.PROT_WRITE if 'writable' in rest else 0)
        keep.append(mmap.mmap(fd, 2 * PAGE, flags=flags, prot=prot))
        refresh(rest[0])
    elif word == 'lib':
        refresh(rest[0])
    elif word == 'write':
        with open('/proc/self/mem', 'r+b', 0) as memory:
            memory.seek(address(int(rest[0])))
            memory.write(bytes.fromhex(rest[1]))
    elif word == 'protect':
        libc.mprotect(*page(int(rest[0])), 7)
        ctypes.memmove(address(int(rest[0])), bytes.fromhex(rest[1]), len(rest[1]) // 2)
        libc.mprotect(*page(int(rest[0])), 5)
    elif word == 'drop':
        if libc.madvise(*page(int(rest[0])), 4): sys.exit('madvise')
    elif word == 'tls':
        session = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname='x')
        for _ in range(int(rest[0])):
            try: session.write(b'x')
            except ssl.SSLError: pass
    print('done', flush=True)
`;

export interface CodePoker {
  readonly pid: number;
  readonly tell: (line: string) => Promise<void>;
}

export async function startCodePoker(t: Owner): Promise<CodePoker> {
  const child = spawn('python3', ['-c', SCRIPT], { stdio: ['pipe', 'pipe', 'inherit'] });
  t.teardown(() => child.kill('SIGKILL'));
  const answers = createInterface(child.stdout)[Symbol.asyncIterator]();
  const tell = async (line: string): Promise<void> => {
    child.stdin.write(`${line}\n`);
    const { value } = (await answers.next()) as { value: unknown };
    if (value !== 'done') throw new Error(`${line}: ${String(value)}`);
  };
  await tell('lib libssl.so.3');
  return { pid: child.pid ?? 0, tell };
}
