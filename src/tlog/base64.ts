/** Standard base64 with padding, one way only to write each value; null for anything else. */
export function decodeBase64(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : null;
}

/** A decimal number of 64 bits as C2SP writes it: ASCII digits, no sign, no leading zero. */
export function decodeDecimal(text: string): bigint | null {
  if (!/^(0|[1-9][0-9]{0,19})$/.test(text)) return null;
  const value = BigInt(text);
  return value <= 0xffff_ffff_ffff_ffffn ? value : null;
}
