/**
 * Bytes of a name as text: lower case, what cannot stand in a host name written `\ddd` (RFC 1035 5.1), so hostile bytes
 * stay visible and nothing else ever reads them as letters.
 */
export function visibleName(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) {
    const char = String.fromCharCode(byte);
    text += /[A-Za-z0-9_-]/.test(char)
      ? char.toLowerCase()
      : `\\${byte.toString().padStart(3, '0')}`;
  }
  return text;
}
