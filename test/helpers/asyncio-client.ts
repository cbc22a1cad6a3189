import type { Command } from './children.js';

/**
 * asyncio speaks TLS over a memory BIO: the library touches no socket, the event loop does. Sends one line to a TLS server
 * and reads until the end; prints its pid, its local port, and what it moved.
 */
const CLIENT = `
import asyncio, json, os, ssl, sys

async def main(port, bytes):
    context = ssl._create_unverified_context()
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    local = writer.get_extra_info("sockname")[1]
    writer.write(b"a" * bytes)
    await writer.drain()
    answer = await reader.readexactly(bytes)
    writer.close()
    print(json.dumps({"pid": os.getpid(), "local_port": local, "sent": bytes, "received": len(answer)}))

asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
`;

export interface Asyncio {
  readonly pid: number;
  readonly local_port: number;
  readonly sent: number;
  readonly received: number;
}

/** `python`: the interpreter's path. */
export const asyncioClient = (python: string, port: number, bytes: number): Command => [
  python,
  '-c',
  CLIENT,
  String(port),
  String(bytes),
];
