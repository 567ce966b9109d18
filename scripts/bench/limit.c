/*
 * limit: the minimum work with which one thread can answer requests. It stands beside the NameServers in the table as the
 * physical limit of one core, and shows how fast the generator itself can go.
 *
 *   limit BODY_FILE CODE
 *
 * Listens on an ephemeral loopback port, prints "port N", and answers every JSON or ROCKETMQ request at once with CODE
 * and the bytes of BODY_FILE under a JSON header, the opaque copied from the request. It keeps no routes and checks
 * nothing. All requests that came in one read are answered in one write. Ends with a signal.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { READ_ROOM_BYTES = 64 * 1024, EVENTS_PER_WAIT = 256, OPAQUE_ROOM_BYTES = 11, BACKLOG = 1024 };

typedef struct {
  uint8_t *data;
  size_t start, end, room;
} buffer_t;

typedef struct {
  int fd;
  bool watching_write;
  buffer_t in, out;
} client_t;

static int epoll_fd;
static char head[128];
static const char tail[] = ",\"serializeTypeCurrentRPC\":\"JSON\",\"version\":513}";
static size_t head_bytes, body_bytes;
static uint8_t *body;

static void fail(const char *what) {
  perror(what);
  exit(2);
}

static void reserve(buffer_t *b, size_t extra) {
  if (b->start > 0) {
    memmove(b->data, b->data + b->start, b->end - b->start);
    b->end -= b->start;
    b->start = 0;
  }
  if (b->end + extra <= b->room) return;
  b->room = (b->end + extra) * 2;
  b->data = realloc(b->data, b->room);
  if (!b->data) fail("memory");
}

/* The digits of the request's opaque, as they will stand in the response; 0 when there are none. */
static int copy_opaque(const uint8_t *frame, size_t header_bytes, char *digits) {
  if (frame[4] == 1) {
    uint32_t word;
    memcpy(&word, frame + 8 + 5, sizeof word);
    return snprintf(digits, OPAQUE_ROOM_BYTES + 1, "%d", (int32_t)ntohl(word));
  }
  const char *p = memmem(frame + 8, header_bytes, "\"opaque\":", 9);
  int n = 0;
  if (!p) return 0;
  for (p += 9; n < OPAQUE_ROOM_BYTES && (*p == '-' || (*p >= '0' && *p <= '9')); p++) digits[n++] = *p;
  return n;
}

static bool answer(client_t *client, const uint8_t *frame) {
  uint32_t word;
  memcpy(&word, frame + 4, sizeof word);
  char digits[OPAQUE_ROOM_BYTES + 1];
  size_t opaque_bytes = (size_t)copy_opaque(frame, ntohl(word) & 0xffffff, digits);
  if (opaque_bytes == 0) return false;
  size_t header_bytes = head_bytes + opaque_bytes + sizeof tail - 1;
  uint32_t words[2] = {htonl((uint32_t)(4 + header_bytes + body_bytes)), htonl((uint32_t)header_bytes)};
  uint8_t *to = client->out.data + client->out.end;
  to = mempcpy(to, words, sizeof words);
  to = mempcpy(to, head, head_bytes);
  to = mempcpy(to, digits, opaque_bytes);
  to = mempcpy(to, tail, sizeof tail - 1);
  memcpy(to, body, body_bytes);
  client->out.end += 8 + header_bytes + body_bytes;
  return true;
}

static bool read_and_answer(client_t *client) {
  buffer_t *in = &client->in;
  reserve(in, READ_ROOM_BYTES);
  ssize_t n = recv(client->fd, in->data + in->end, in->room - in->end, 0);
  if (n < 0) return errno == EAGAIN;
  if (n == 0) return false;
  in->end += (size_t)n;
  while (in->end - in->start >= 8) {
    uint32_t rest;
    memcpy(&rest, in->data + in->start, sizeof rest);
    rest = ntohl(rest);
    if (in->end - in->start < (size_t)rest + 4) break;
    reserve(&client->out, 8 + head_bytes + OPAQUE_ROOM_BYTES + sizeof tail + body_bytes);
    if (!answer(client, in->data + in->start)) return false;
    in->start += (size_t)rest + 4;
  }
  return true;
}

static bool write_pending(client_t *client) {
  buffer_t *out = &client->out;
  while (out->start < out->end) {
    ssize_t n = send(client->fd, out->data + out->start, out->end - out->start, MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN) return false;
    if (n < 0) break;
    out->start += (size_t)n;
  }
  if (out->start == out->end) out->start = out->end = 0;
  bool left = out->end > 0;
  if (left != client->watching_write) {
    struct epoll_event e = {.events = EPOLLIN | (left ? EPOLLOUT : 0), .data.ptr = client};
    epoll_ctl(epoll_fd, EPOLL_CTL_MOD, client->fd, &e);
    client->watching_write = left;
  }
  return true;
}

static void accept_client(int listener) {
  int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK), one = 1;
  if (fd < 0) return;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  client_t *client = calloc(1, sizeof *client);
  client->fd = fd;
  struct epoll_event e = {.events = EPOLLIN, .data.ptr = client};
  epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &e);
}

static void drop(client_t *client) {
  close(client->fd);
  free(client->in.data);
  free(client->out.data);
  free(client);
}

static int listen_on_loopback(void) {
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  if (bind(listener, (struct sockaddr *)&address, size) || listen(listener, BACKLOG)) fail("listen");
  if (getsockname(listener, (struct sockaddr *)&address, &size)) fail("getsockname");
  printf("port %d\n", ntohs(address.sin_port));
  fflush(stdout);
  return listener;
}

int main(int argc, char **argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: limit BODY_FILE CODE\n");
    return 2;
  }
  FILE *file = fopen(argv[1], "rb");
  if (!file) fail(argv[1]);
  fseek(file, 0, SEEK_END);
  body_bytes = (size_t)ftell(file);
  rewind(file);
  body = malloc(body_bytes + 1);
  if (fread(body, 1, body_bytes, file) != body_bytes) fail(argv[1]);
  fclose(file);
  head_bytes = (size_t)snprintf(head, sizeof head, "{\"code\":%d,\"flag\":1,\"language\":\"JAVA\",\"opaque\":", atoi(argv[2]));

  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  epoll_fd = epoll_create1(0);
  int listener = listen_on_loopback();
  struct epoll_event watch_listener = {.events = EPOLLIN, .data.ptr = NULL}, events[EVENTS_PER_WAIT];
  epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listener, &watch_listener);
  for (;;) {
    int n = epoll_wait(epoll_fd, events, EVENTS_PER_WAIT, -1);
    for (int i = 0; i < n; i++) {
      client_t *client = events[i].data.ptr;
      if (!client) {
        accept_client(listener);
        continue;
      }
      bool alive = !(events[i].events & (EPOLLIN | EPOLLERR | EPOLLHUP)) || read_and_answer(client);
      if (!alive || !write_pending(client)) drop(client);
    }
  }
}
