/** A program of npm's registry, and what is known of it from elsewhere. */
export interface Shipped {
  readonly name: string;
  /** NAME@VERSION. */
  readonly package: string;
  /** In the unpacked package. */
  readonly path: string;
  /** By call: offsets in the file that were found by hand, and read plaintext, before there was a resolver. */
  readonly known: Readonly<Record<string, number>>;
  /** Libraries that must be found, refused ones too. */
  readonly holds: readonly string[];
}

const CLAUDE = '@anthropic-ai/claude-code-linux-x64';

export const SHIPPED: readonly Shipped[] = [
  {
    name: 'Claude Code 2.1.237',
    package: `${CLAUDE}@2.1.237`,
    path: 'claude',
    known: { write: 0x21539b0, read: 0x21535c0 },
    holds: ['boringssl'],
  },
  {
    name: 'Claude Code 2.1.329',
    package: `${CLAUDE}@2.1.329`,
    path: 'claude',
    known: { write: 0x311d660, read: 0x311d810 },
    holds: ['boringssl'],
  },
  {
    name: 'Bun 1.4.5',
    package: '@oven/bun-linux-x64@1.4.5',
    path: 'bin/bun',
    known: { write: 0x23ffc30, read: 0x237e500 },
    holds: ['boringssl'],
  },
  {
    name: 'opencode 1.18.33',
    package: 'opencode-linux-x64@1.18.33',
    path: 'bin/opencode',
    known: { write: 0x367f780, read: 0x367f3f0 },
    holds: ['boringssl'],
  },
  {
    name: 'Codex 0.169.0',
    package: '@openai/codex@0.169.0-linux-x64',
    path: 'vendor/x86_64-unknown-linux-musl/bin/codex',
    known: {},
    holds: ['openssl', 'aws-lc'],
  },
  {
    name: 'Deno 2.9.6',
    package: '@deno/linux-x64-glibc@2.9.6',
    path: 'deno',
    known: {},
    holds: ['aws-lc'],
  },
];

/** Libraries of a system, where they are installed. */
export const SYSTEM: readonly { readonly path: string; readonly holds: readonly string[] }[] = [
  { path: '/usr/lib/x86_64-linux-gnu/libssl.so.3', holds: ['openssl'] },
  { path: '/usr/lib/x86_64-linux-gnu/libgnutls.so.30', holds: ['gnutls'] },
  { path: '/usr/lib/x86_64-linux-gnu/libssl3.so', holds: ['nss'] },
  { path: '/usr/lib/x86_64-linux-gnu/android/libssl.so.0', holds: ['boringssl'] },
];

/** Large programs without TLS, by name. */
export const WITHOUT_TLS =
  /^(libLLVM|libclang|llvm-|clang|cc1|lto|x86_64-linux-gnu-lto|libicudata|libgallium|.*_dri\.so$|libjvm|gdb|qemu-|perl|libx26|libQt5Core|git$|libav|libcrypto|libc\.so|libstdc|ld\.|as$|x86_64-linux-gnu-(ld|as|gdb))/;
export const WITHOUT_TLS_COUNT = 20;

/** The program that is built here, to be stripped of its symbols. */
export const STATIC_CLIENT = `#include <openssl/ssl.h>
int main(int argc, char **argv)
{
	SSL *ssl = SSL_new(SSL_CTX_new(TLS_client_method()));
	char byte[1];
	return argc > 1 ? SSL_write(ssl, argv[1], 1) : SSL_read(ssl, byte, 1);
}
`;
