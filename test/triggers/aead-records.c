/* build: -pthread */
/*
 * TLS records over functions called as AWS-LC's EVP_AEAD_CTX_seal and _open are, with a cipher of no worth. A record is
 * sealed in place, sent over loopback, received and opened in place, where `elsewhere` says so on a thread of its own.
 *
 * Prints {"pid","seed","bytes","records","sent_cookie","received_cookie","silent","inner","padded"}: application bytes
 * in order as generated from the seed, records that carry them, calls that carry none, and of the records those with
 * padding and the bytes in them.
 */
#include "trigger.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>

enum { TAG = 16, ROOM = 17000, SEED = 4711, DATA = 23, HANDSHAKE = 22 };

struct context {
  uint64_t key;
};

/* Reads and writes through every argument, so that none is optimised away. */
__attribute__((noinline, noclone, used)) int aead_seal(const struct context* context, uint8_t* out,
                                                       size_t* out_len, size_t max_out_len,
                                                       const uint8_t* nonce, size_t nonce_len,
                                                       const uint8_t* in, size_t in_len,
                                                       const uint8_t* ad, size_t ad_len) {
  uint8_t tag = 0;
  if (max_out_len < in_len + TAG) return 0;
  for (size_t i = 0; i < ad_len; i++) tag ^= ad[i];
  for (size_t i = 0; i < in_len; i++) out[i] = in[i] ^ (uint8_t)context->key ^ nonce[i % nonce_len];
  memset(out + in_len, tag, TAG);
  *out_len = in_len + TAG;
  return 1;
}

__attribute__((noinline, noclone, used)) int aead_open(const struct context* context, uint8_t* out,
                                                       size_t* out_len, size_t max_out_len,
                                                       const uint8_t* nonce, size_t nonce_len,
                                                       const uint8_t* in, size_t in_len,
                                                       const uint8_t* ad, size_t ad_len) {
  uint8_t tag = 0;
  *out_len = 0;
  for (size_t i = 0; i < ad_len; i++) tag ^= ad[i];
  if (in_len < TAG || max_out_len < in_len - TAG || in[in_len - 1] != tag) return 0;
  for (size_t i = 0; i + TAG < in_len; i++)
    out[i] = in[i] ^ (uint8_t)context->key ^ nonce[i % nonce_len];
  *out_len = in_len - TAG;
  return 1;
}

__attribute__((noinline, noclone, used)) int aead_seal_scatter(
    const struct context* context, uint8_t* out, uint8_t* out_tag, size_t* out_tag_len,
    size_t max_out_tag_len, const uint8_t* nonce, size_t nonce_len, const uint8_t* in,
    size_t in_len, const uint8_t* extra_in, size_t extra_in_len, const uint8_t* ad, size_t ad_len) {
  uint8_t tag = 0;
  if (max_out_tag_len < TAG || extra_in != NULL || extra_in_len != 0) return 0;
  for (size_t i = 0; i < ad_len; i++) tag ^= ad[i];
  for (size_t i = 0; i < in_len; i++) out[i] = in[i] ^ (uint8_t)context->key ^ nonce[i % nonce_len];
  memset(out_tag, tag, TAG);
  *out_tag_len = TAG;
  return 1;
}

struct record {
  struct context* context;
  uint32_t salt;
  int version; /* 12, 13, or 0: not TLS */
  int type;
  size_t length, padding;
  int spoil; /* the tag is wrong when it arrives */
  int elsewhere;
};

static int ends[2];
static uint32_t state = SEED;
static uint64_t number, bytes, records, silent, padded, padded_bytes;

static size_t make_ad(const struct record* r, size_t plain, uint8_t* ad) {
  const uint8_t header[] = {DATA, 3, 3, (uint8_t)((plain + TAG) >> 8), (uint8_t)(plain + TAG)};
  if (r->version == 13) return memcpy(ad, header, 5), 5;
  if (r->version == 12) {
    for (int i = 0; i < 8; i++) ad[i] = (uint8_t)(number >> (56 - 8 * i));
    const uint8_t rest[] = {(uint8_t)r->type, 3, 3, (uint8_t)(plain >> 8), (uint8_t)plain};
    return memcpy(ad + 8, rest, 5), 13;
  }
  /* A short header of QUIC, RFC 9000, 17.3.1. */
  memset(ad, 0x41, 5);
  return 5;
}

static void move(const uint8_t* from, size_t length) {
  for (size_t at = 0; at < length;) {
    ssize_t sent = send(ends[0], from + at, length - at, 0);
    if (sent <= 0) die("send");
    at += (size_t)sent;
  }
}

struct arrival {
  const struct record* record;
  const uint8_t *nonce, *ad;
  size_t length, ad_length;
};

static void* receive(void* given) {
  static uint8_t there[ROOM];
  struct arrival* a = given;
  const struct record* r = a->record;
  size_t length = 5 + a->length;
  if (recv(ends[1], there, length, MSG_WAITALL) != (ssize_t)length) die("recv");
  if (r->spoil) there[length - 1] ^= 1;
  int opened = aead_open(r->context + 1, there + 5, &length, ROOM - 5, a->nonce, 12, there + 5,
                         a->length, a->ad, a->ad_length);
  if (opened == r->spoil) die("aead_open");
  return NULL;
}

static void one(const struct record* r) {
  static uint8_t wire[ROOM];
  uint8_t nonce[12] = {0}, ad[13];
  uint8_t* text = wire + 5;
  size_t plain = r->length, length = 0;
  const int carries = r->type == DATA && r->version != 0;
  memcpy(nonce, &r->salt, 4);
  memcpy(nonce + 4, &number, 8);
  if (carries)
    state = fill(state, text, r->length);
  else
    memset(text, 'h', r->length);
  if (r->version == 13) {
    text[plain++] = (uint8_t)r->type;
    memset(text + plain, 0, r->padding);
    plain += r->padding;
  }
  size_t ad_length = make_ad(r, plain, ad);
  if (r->version == 12) {
    if (!aead_seal_scatter(r->context, text, text + plain, &length, TAG, nonce, 12, text, plain,
                           NULL, 0, ad, ad_length))
      die("aead_seal_scatter");
    length += plain;
  } else if (!aead_seal(r->context, text, &length, ROOM - 5, nonce, 12, text, plain, ad,
                        ad_length)) {
    die("aead_seal");
  }
  memcpy(wire, ad, 5);
  move(wire, 5 + length);
  struct arrival arrival = {r, nonce, ad, length, ad_length};
  pthread_t other;
  if (!r->elsewhere)
    receive(&arrival);
  else if (pthread_create(&other, NULL, receive, &arrival) || pthread_join(other, NULL))
    die("pthread");
  number++;
  if (!carries) {
    silent++;
    return;
  }
  records++;
  bytes += r->length;
  if (r->padding > 0) padded++, padded_bytes += r->length;
}

static void connect_ends(void) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof to;
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  if (bind(listener, (void*)&to, size) || listen(listener, 1)) die("listen");
  getsockname(listener, (void*)&to, &size);
  ends[0] = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(ends[0], (void*)&to, size)) die("connect");
  ends[1] = accept(listener, NULL, NULL);
}

static uint64_t cookie_of(int fd) {
  uint64_t cookie = 0;
  socklen_t size = sizeof cookie;
  if (getsockopt(fd, SOL_SOCKET, 57 /* SO_COOKIE */, &cookie, &size)) die("SO_COOKIE");
  return cookie;
}

int main(void) {
  /* A context of each direction has an address of its own; the key is the same. */
  static struct context contexts[] = {{42}, {42}, {43}, {43}};
  struct context *first = &contexts[0], *second = &contexts[2];
  connect_ends();
  const struct record all[] = {
      {first, 1, 13, HANDSHAKE, 600, 0, 0, 0}, {first, 1, 13, DATA, 4, 0, 0, 0},
      {first, 1, 13, DATA, 1000, 0, 0, 0},     {first, 1, 0, DATA, 64, 0, 0, 0},
      {first, 1, 13, DATA, 16384, 0, 0, 0},    {first, 1, 13, DATA, 500, 100, 0, 0},
      {first, 1, 13, DATA, 16000, 384, 0, 0},  {first, 1, 13, 21, 2, 0, 0, 0},
      {second, 2, 12, HANDSHAKE, 40, 0, 0, 0}, {second, 2, 12, DATA, 3000, 0, 0, 0},
      {first, 3, 13, DATA, 2000, 0, 0, 1},     {first, 3, 13, HANDSHAKE, 8, 0, 1, 0},
  };
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) one(&all[i]);
  printf(
      "{\"pid\":%d,\"seed\":%d,\"bytes\":%llu,\"records\":%llu,\"sent_cookie\":\"%llu\","
      "\"received_cookie\":\"%llu\",\"silent\":%llu,\"padded\":%llu,\"padded_bytes\":%llu}\n",
      getpid(), SEED, (unsigned long long)bytes, (unsigned long long)records,
      (unsigned long long)cookie_of(ends[0]), (unsigned long long)cookie_of(ends[1]),
      (unsigned long long)silent, (unsigned long long)padded, (unsigned long long)padded_bytes);
  return 0;
}
