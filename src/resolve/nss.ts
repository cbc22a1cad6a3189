import type { Image } from '../elf/index.js';
import type { ProbeSite } from '../event/index.js';
import type { Found } from './family.js';
import { isPair, socketOps, type SocketOps } from './nss-ops.js';
import { sitesAt } from './sites.js';
import { addsNoFlags } from './without-flags.js';

/** Exported by the TLS library of NSS and by nothing else: nss/lib/ssl/ssl.def. */
const NAMES = ['SSL_ImportFD', 'SSL_AuthCertificateHook'];

const refuse = (refused: string): Found => ({ library: 'nss', refused: `NSS: ${refused}` });

/**
 * NSS. Its functions for plaintext have no names: programs reach them through the descriptor that SSL_ImportFD makes, by PR_Write
 * and PR_Read of NSPR, which write and read plain files in the same way. The descriptor's own methods (ssl_methods of
 * nss/lib/ssl/sslsock.c) are a table in the source only: compilers put its functions one by one into the code that copies
 * them. Behind these each socket has a pointer to one of two tables, ssl_secure_ops and ssl_default_ops (SocketOps), so both
 * stand in the data of every build; and only what goes through the first is ever encrypted.
 *
 * Told by their shape, each by the other, and the first by its code: ssl_SecureRead and ssl_SecureWrite are ssl_SecureRecv
 * and ssl_SecureSend without flags, where the other table's functions ask the socket below. As that is all they are, the latter
 * two see every call once; a build in which they are more is refused. (sslSocket *, buffer, length, flags), giving bytes moved, 0
 * at the end or below it; the socket dies in ssl_SecureClose.
 *
 * The flags are not looked at. There is one, PR_MSG_PEEK: what a client only looks at is told, and again when it is taken. So
 * some ask whether an idle connection still lives (libcurl: one byte, nss_check_cxn of lib/vtls/nss.c), and then nothing is
 * there, which is not told. To leave ssl_SecureRecv alone for it would be to read nothing at all.
 */
export function nss(image: Image): Found | null {
  if (image.symbols(NAMES).size !== NAMES.length) return null;
  const pointers = image.pointers();
  if (pointers === null) return refuse('more pointers in its data than it has');
  const ops = socketOps(image, pointers);
  if (ops === null) return refuse('more tables look like those of its sockets than it has');
  const secure = ops.filter(
    (one) => isSecure(image, one) && ops.some((other) => isPair(one, other)),
  );
  const [only, ...others] = secure;
  if (only === undefined) return refuse('no table looks like that of its secure sockets');
  if (others.length > 0) {
    return refuse(`${secure.length} tables look like that of its secure sockets`);
  }
  const sites = sitesOf(image, only);
  return sites === null
    ? refuse('where its functions begin cannot be told')
    : { library: 'nss', by: 'anchors', sites };
}

const isSecure = (image: Image, { recv, send, read, write }: SocketOps): boolean =>
  addsNoFlags(image, read, recv) && addsNoFlags(image, write, send);

/** null: one of them is not where a function begins. */
function sitesOf(image: Image, { recv, send, close }: SocketOps): ProbeSite[] | null {
  const calls = [['read', recv] as const, ['write', send] as const, ['free', close] as const];
  return calls.every(([, start]) => image.functionAt(start)?.start === start)
    ? sitesAt(image, calls)
    : null;
}
