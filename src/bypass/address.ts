/** An IP address in bytes: 4 or 16 of them. null: the text is none. */
export function parseAddress(text: string): readonly number[] | null {
  return text.includes(':') ? parseV6(text) : parseV4(text);
}

/** Is the address inside `address/bits`? IPv4 is never inside an IPv6 block, nor the other way round. */
export function inCidr(address: string, cidr: string): boolean {
  const [network = '', bitsText = '', rest] = cidr.split('/');
  const block = parseAddress(network);
  const bytes = parseAddress(address);
  if (block === null || bytes?.length !== block.length || rest !== undefined) return false;
  if (!/^\d{1,3}$/.test(bitsText) || Number(bitsText) > block.length * 8) return false;
  const bits = Number(bitsText);
  return block.every((byte, i) => {
    const mask = 0xff & ~(0xff >> Math.min(Math.max(bits - i * 8, 0), 8));
    return (byte & mask) === ((bytes[i] ?? 0) & mask);
  });
}

/** This host itself: 127.0.0.0/8 and ::1, and the unspecified address, which connects to them (ip(7)). */
export const isLoopback = (address: string): boolean =>
  inCidr(address, '127.0.0.0/8') || ['::1', '0.0.0.0', '::'].includes(address);

export function sameAddress(a: string, b: string): boolean {
  const left = parseAddress(a);
  const right = parseAddress(b);
  if (left === null || left.length !== right?.length) return false;
  return left.every((byte, i) => byte === right[i]);
}

/** `address:port`, IPv6 in brackets. */
export function parseListen(listen: string): { address: string; port: number } | null {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(listen);
  if (match === null) return null;
  const [, v6, v4, port] = match;
  return { address: v6 ?? v4 ?? '', port: Number(port) };
}

function parseV4(text: string): number[] | null {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part))) return null;
  const bytes = parts.map(Number);
  return bytes.every((byte) => byte < 256) ? bytes : null;
}

function parseV6(text: string): number[] | null {
  const [head = '', tail, more] = text.split('::');
  if (more !== undefined) return null;
  const left = groups(head);
  const right = groups(tail ?? '');
  if (left === null || right === null) return null;
  const missing = 8 - left.length - right.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return null;
  const all = [...left, ...Array<number>(missing).fill(0), ...right];
  return all.flatMap((group) => [group >> 8, group & 0xff]);
}

function groups(text: string): number[] | null {
  if (text === '') return [];
  const parts = text.split(':');
  return parts.every((part) => /^[0-9a-f]{1,4}$/i.test(part))
    ? parts.map((part) => Number.parseInt(part, 16))
    : null;
}
