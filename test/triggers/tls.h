/* TLS for the triggers: a throw-away certificate, client and server contexts, memory pairs and loopback sockets. */
#ifndef TRIGGER_TLS_H
#define TRIGGER_TLS_H

#include "trigger.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/socket.h>

struct tls_pair {
  SSL* client;
  SSL* server;
};

static inline X509* self_signed(EVP_PKEY* key) {
  X509* cert = X509_new();
  if (cert == NULL) die("X509_new");
  ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
  X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
  X509_gmtime_adj(X509_getm_notAfter(cert), 86400);
  X509_set_pubkey(cert, key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
                             (const unsigned char*)"localhost", -1, -1, 0);
  X509_set_issuer_name(cert, X509_get_subject_name(cert));
  if (X509_sign(cert, key, EVP_sha256()) == 0) die("X509_sign");
  return cert;
}

static inline SSL_CTX* server_context(void) {
  SSL_CTX* ctx = SSL_CTX_new(TLS_server_method());
  EVP_PKEY* key = EVP_EC_gen("P-256");
  if (ctx == NULL || key == NULL) die("SSL_CTX_new");
  X509* cert = self_signed(key);
  if (SSL_CTX_use_certificate(ctx, cert) != 1 || SSL_CTX_use_PrivateKey(ctx, key) != 1)
    die("SSL_CTX_use");
  SSL_CTX_set_num_tickets(ctx, 0);
  X509_free(cert);
  EVP_PKEY_free(key);
  return ctx;
}

/* The certificate is the program's own: nothing to verify. */
static inline SSL_CTX* client_context(void) {
  SSL_CTX* ctx = SSL_CTX_new(TLS_client_method());
  if (ctx == NULL) die("SSL_CTX_new");
  SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
  return ctx;
}

/* Both ends in this thread, through a BIO pair that holds `room` bytes each way. */
static inline struct tls_pair memory_pair(SSL_CTX* client, SSL_CTX* server, size_t room) {
  struct tls_pair pair = {SSL_new(client), SSL_new(server)};
  BIO *a = NULL, *b = NULL;
  if (pair.client == NULL || pair.server == NULL) die("SSL_new");
  if (BIO_new_bio_pair(&a, room, &b, room) != 1) die("BIO_new_bio_pair");
  SSL_set_bio(pair.client, a, a);
  SSL_set_bio(pair.server, b, b);
  SSL_set_connect_state(pair.client);
  SSL_set_accept_state(pair.server);
  for (int i = 0; i < 64; i++) {
    int done = SSL_do_handshake(pair.client);
    if (SSL_do_handshake(pair.server) == 1 && done == 1) return pair;
  }
  die("handshake");
  return pair;
}

static inline int listen_loopback(uint16_t* port) {
  int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
  struct sockaddr_in at = {.sin_family = AF_INET};
  socklen_t length = sizeof at;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (fd < 0 || bind(fd, (struct sockaddr*)&at, length) != 0 || listen(fd, 128) != 0) die("listen");
  getsockname(fd, (struct sockaddr*)&at, &length);
  *port = ntohs(at.sin_port);
  return fd;
}

static inline SSL* on_socket(SSL_CTX* ctx, int fd) {
  SSL* ssl = SSL_new(ctx);
  int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (ssl == NULL || SSL_set_fd(ssl, fd) != 1) die("SSL_set_fd");
  return ssl;
}

static inline SSL* connect_loopback(SSL_CTX* ctx, uint16_t port) {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd < 0 || connect(fd, (struct sockaddr*)&to, sizeof to) != 0) die("connect");
  SSL* ssl = on_socket(ctx, fd);
  if (SSL_connect(ssl) != 1) die("SSL_connect");
  return ssl;
}

static inline SSL* accept_loopback(SSL_CTX* ctx, int listener) {
  int fd = accept(listener, NULL, NULL);
  if (fd < 0) die("accept");
  SSL* ssl = on_socket(ctx, fd);
  if (SSL_accept(ssl) != 1) die("SSL_accept");
  return ssl;
}

/* One whole write by either variant. Returns 1 when all of it was taken. */
static inline int write_whole(SSL* ssl, const void* bytes, size_t count, int extended) {
  size_t written = 0;
  if (extended) return SSL_write_ex(ssl, bytes, count, &written) == 1 && written == count;
  return SSL_write(ssl, bytes, (int)count) == (int)count;
}

/* One read by either variant. Returns the bytes read, 0 at the end. */
static inline size_t read_some(SSL* ssl, void* bytes, size_t room, int extended) {
  size_t count = 0;
  if (extended) return SSL_read_ex(ssl, bytes, room, &count) == 1 ? count : 0;
  int got = SSL_read(ssl, bytes, (int)room);
  return got > 0 ? (size_t)got : 0;
}

static inline void close_tls(SSL* ssl) {
  int fd = SSL_get_fd(ssl);
  SSL_shutdown(ssl);
  SSL_free(ssl);
  if (fd >= 0) close(fd);
}

#endif
