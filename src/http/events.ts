/** Which way bytes went, seen from the watched process. */
export type Direction = 'write' | 'read';

/** Why a direction of a connection can no longer be read with certainty. */
export type InvalidReason =
  | 'bad_start_line'
  | 'bad_header'
  | 'bad_length'
  | 'conflicting_length'
  | 'conflicting_host'
  | 'bad_encoding'
  | 'bad_chunk'
  | 'bare_cr'
  | 'line_too_long'
  | 'head_too_long'
  /** Of HTTP/2: a frame that cannot be one, or stands where it may not. */
  | 'bad_frame'
  /** Bytes of a head were lost. Reading resumes where a later call begins with a start line or a frame. */
  | 'hole'
  /** The connection ended inside a head. */
  | 'ended';

export interface RequestEvent {
  readonly event: 'request';
  /** Counts up from 1 on each connection; its response carries the same number. */
  readonly id: number;
  readonly method: string;
  /** As sent, query and userinfo included. Empty: named by a number that HTTP/2 gave it before we came. */
  readonly target: string;
  /** Lower case, without port; of an absolute target rather than of the Host header. Empty when absent or not a host. */
  readonly host: string;
  /** `1.0`, `1.1` or `2`. */
  readonly version: string;
}

export interface ResponseEvent {
  readonly event: 'response';
  readonly id: number;
  readonly status: number;
}

export type HttpEvent =
  | RequestEvent
  | ResponseEvent
  /** What came was no HTTP. It is read on where a later call begins with a start line or a frame. */
  | { readonly event: 'not_http' }
  | { readonly event: 'invalid'; readonly direction: Direction; readonly reason: InvalidReason };

export interface HttpStats {
  readonly requests: number;
  readonly responses: number;
  /** Responses that could not be tied to a request with certainty; no event was made of them. */
  readonly unpaired: number;
  readonly invalid: number;
  readonly skippedBytes: number;
  /** Memory, about: unfinished heads, tables of HTTP/2, what waits for its answer. At most 1.5 MiB a connection. */
  readonly heldBytes: number;
}
