/* build: */
/*
 * connect-ways IP PORT [--way connect|io_uring|fastopen|int80]: opens one TCP connection in each way, writes "x",
 * closes, and prints one JSON line a way with what the socket itself says of its two ends.
 */
#include "address.h"

#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/syscall.h>

typedef int connect_way(int fd, const struct address* to);

static int by_connect(int fd, const struct address* to) {
  return connect(fd, &to->any, to->length) == 0 ? 0 : errno;
}

/* One submission, one completion, by bare system calls. */
static int by_io_uring(int fd, const struct address* to) {
  struct io_uring_params p = {0};
  int ring = (int)syscall(SYS_io_uring_setup, 1, &p);
  if (ring < 0) return errno;
  size_t sq_bytes = p.sq_off.array + p.sq_entries * sizeof(uint32_t);
  size_t cq_bytes = p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe);
  const int prot = PROT_READ | PROT_WRITE;
  unsigned char* sq = mmap(NULL, sq_bytes, prot, MAP_SHARED, ring, IORING_OFF_SQ_RING);
  unsigned char* cq = mmap(NULL, cq_bytes, prot, MAP_SHARED, ring, IORING_OFF_CQ_RING);
  struct io_uring_sqe* sqe =
      mmap(NULL, p.sq_entries * sizeof *sqe, prot, MAP_SHARED, ring, IORING_OFF_SQES);
  if (sq == MAP_FAILED || cq == MAP_FAILED || sqe == MAP_FAILED) die("mmap");
  memset(sqe, 0, sizeof *sqe);
  sqe->opcode = IORING_OP_CONNECT;
  sqe->fd = fd;
  sqe->addr = (uint64_t)(uintptr_t)&to->any;
  sqe->off = to->length;
  *(uint32_t*)(sq + p.sq_off.array) = 0;
  __atomic_store_n((uint32_t*)(sq + p.sq_off.tail), 1, __ATOMIC_RELEASE);
  if (syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0) die("enter");
  struct io_uring_cqe* cqe = (struct io_uring_cqe*)(cq + p.cq_off.cqes);
  int result = -cqe->res;
  close(ring);
  return result;
}

static int by_fastopen(int fd, const struct address* to) {
  ssize_t sent = sendto(fd, "x", 1, MSG_FASTOPEN, &to->any, to->length);
  return sent == 1 ? 0 : errno;
}

/* The 32-bit system call table from a 64-bit process; its pointers must lie below 4 GiB. */
static int by_int80(int fd, const struct address* to) {
#ifdef __x86_64__
  struct address* low =
      mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  if (low == MAP_FAILED) die("mmap");
  *low = *to;
  long result;
  const long connect_ia32 = 362;
  __asm__ volatile("int $0x80"
                   : "=a"(result)
                   : "a"(connect_ia32), "b"((long)fd), "c"(&low->any), "d"((long)low->length)
                   : "memory", "r8", "r9", "r10", "r11");
  return (int)-result;
#else
  (void)fd;
  (void)to;
  return ENOSYS;
#endif
}

static const struct {
  const char* name;
  connect_way* way;
} WAYS[] = {
    {"connect", by_connect},
    {"io_uring", by_io_uring},
    {"fastopen", by_fastopen},
    {"int80", by_int80},
};

static void report(const char* name, connect_way* way, const struct address* to) {
  int fd = socket(to->any.sa_family, SOCK_STREAM, 0);
  if (fd < 0) die("socket");
  int error = way(fd, to);
  char local[INET6_ADDRSTRLEN], remote[INET6_ADDRSTRLEN], answer;
  /* One byte there and the end of file back: the connection stood, also the one opened by its first data. */
  if (error == 0 && way != by_fastopen && write(fd, "x", 1) != 1) error = errno;
  if (error == 0 && shutdown(fd, SHUT_WR) != 0) error = errno;
  if (error == 0 && read(fd, &answer, 1) < 0) error = errno;
  struct address from = local_of(fd);
  close(fd);
  printf(
      "{\"way\":\"%s\",\"pid\":%d,\"local_ip\":\"%s\",\"local_port\":%u,\"remote_ip\":\"%s\","
      "\"remote_port\":%u,\"errno\":%d}\n",
      name, getpid(), text_of(&from, local), port_of(&from), text_of(to, remote), port_of(to),
      error);
}

int main(int argc, char** argv) {
  if (argc < 3) return 64;
  struct address to = parse_address(argv[1], argv[2]);
  const char* only = option_text(argc, argv, "--way", NULL);
  for (size_t i = 0; i < sizeof WAYS / sizeof *WAYS; i++)
    if (only == NULL || strcmp(only, WAYS[i].name) == 0) report(WAYS[i].name, WAYS[i].way, &to);
  return 0;
}
