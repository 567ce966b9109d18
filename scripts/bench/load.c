/*
 * load: a closed-loop load generator for NameServers on loopback. One thread, epoll.
 *
 *   load --port N --conns N --depth N --seconds S --warmup S --frames FILE --pid N [--after S]
 *
 * It opens `conns` connections, keeps `depth` requests in flight on each, and sends the next request only when a response
 * has come back. FILE (written by request-frames.ts) is a list of records, all integers big-endian:
 *
 *   u32 frameBytes | u32 opaqueAt | u8 opaqueForm (0 ten decimal digits, 1 int32) | i16 expectedCode | u32 minBodyBytes
 *   frame
 *
 * Every response is checked: its opaque must be that of a request still waiting on the same connection, its code the
 * expected one, its body at least minBodyBytes long. Anything else, a lost connection, or a request without a response
 * is an error; then the exit status is 1 and the first error is told on stderr.
 *
 * The window starts after the warm-up, and not before every connection has had a response: a server that is slow to accept
 * would otherwise be measured with fewer connections than the row says. Throughput and CPU are those between its two ends.
 * When it has been closed for `after` seconds (0 unless told) nothing more is sent, and the responses still owed are waited for and go into the latency figures, so that a stall at the end shows.
 * The latency of a request runs from just before it was written to just after its response was read.
 *
 * One line of JSON on stdout. Exit status: 0 all responses right, 1 errors, 2 could not run.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
  RECORD_HEAD_BYTES = 15,
  DEPTH_LIMIT = 1024,
  TURN_LIMIT = 1000000,
  READ_ROOM_BYTES = 64 * 1024,
  EVENTS_PER_WAIT = 256,
  WAIT_MS = 10,
  OPAQUE_DIGITS = 10,
  OPAQUE_BASE = 1000000000,
};
static const uint32_t ANSWER_LIMIT_BYTES = 64u << 20;
static const uint64_t DRAIN_NS = 5000000000ull, SERVE_ALL_NS = 60000000000ull;

typedef struct {
  const uint8_t *bytes;
  uint32_t length, opaque_at, min_body_bytes;
  int expected_code;
  bool binary_opaque;
} request_t;

/* One place in a connection's pipeline. The opaque names slot and turn, so a late or doubled response fits nothing. */
typedef struct {
  const request_t *request;
  uint64_t sent_ns;
  uint32_t opaque, turn;
  bool waiting;
} slot_t;

typedef struct {
  uint8_t *data;
  size_t start, end, room;
} buffer_t;

typedef struct {
  int fd, number;
  bool watching_write, served;
  buffer_t in, out;
  slot_t *slots;
} conn_t;

static struct {
  int port, conns, depth, pid;
  double seconds, warmup, after;
  const char *frames;
} opt;

static request_t *requests;
static size_t request_count, next_request;
static int epoll_fd;
static bool sending = true, recording = false;
static uint64_t answers, in_flight, in_bytes;
static int open_conns, unserved;
static uint64_t all_served_ns;
static struct {
  uint64_t wrong_code, wrong_opaque, short_body, malformed, closed, unanswered;
} errors;

/* ---- helpers ---- */

static void fail(const char *format, ...) {
  va_list args;
  va_start(args, format);
  fprintf(stderr, "load: ");
  vfprintf(stderr, format, args);
  fprintf(stderr, "\n");
  va_end(args);
  exit(2);
}

/* Only the first error is told: the rest are mostly its echoes, and all are counted. */
static void report_error(uint64_t *counter, const conn_t *conn, const char *format, ...) {
  static bool told = false;
  ++*counter;
  if (told) return;
  told = true;
  va_list args;
  va_start(args, format);
  fprintf(stderr, "load: connection %d: ", conn->number);
  vfprintf(stderr, format, args);
  fprintf(stderr, "\n");
  va_end(args);
}

static uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

static uint32_t get_u32(const uint8_t *p) {
  uint32_t v;
  memcpy(&v, p, sizeof v);
  return ntohl(v);
}

static void reserve(buffer_t *b, size_t extra) {
  if (b->start > 0 && (b->start == b->end || b->end + extra > b->room)) {
    memmove(b->data, b->data + b->start, b->end - b->start);
    b->end -= b->start;
    b->start = 0;
  }
  if (b->end + extra <= b->room) return;
  b->room = (b->end + extra) * 2;
  b->data = realloc(b->data, b->room);
  if (!b->data) fail("out of memory");
}

/* User and system time of all the process's threads, from /proc/PID/stat; negative when the process has ended. */
static double server_cpu_seconds(void) {
  char path[64], text[1024];
  snprintf(path, sizeof path, "/proc/%d/stat", opt.pid);
  int fd = open(path, O_RDONLY);
  if (fd < 0) return -1;
  ssize_t n = read(fd, text, sizeof text - 1);
  close(fd);
  if (n <= 0) return -1;
  text[n] = 0;
  char *after_name = strrchr(text, ')'); /* the name may hold blanks */
  unsigned long long user, system;
  if (!after_name || sscanf(after_name + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &user, &system) != 2) return -1;
  return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

/* Time that all the machine's processors were not idle, from the first line of /proc/stat; guest time is in user time. */
static double machine_cpu_seconds(void) {
  unsigned long long user = 0, nice = 0, system = 0, irq = 0, softirq = 0, steal = 0;
  FILE *file = fopen("/proc/stat", "r");
  if (!file || fscanf(file, "cpu %llu %llu %llu %*u %*u %llu %llu %llu", &user, &nice, &system, &irq, &softirq, &steal) != 6)
    fail("/proc/stat cannot be read");
  fclose(file);
  return (double)(user + nice + system + irq + softirq + steal) / (double)sysconf(_SC_CLK_TCK);
}

static double own_cpu_seconds(void) {
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

/* ---- latency histogram: 128 steps to each doubling of nanoseconds, so a figure is right within 0.8 % ---- */

enum { STEP_BITS = 7, STEPS = 1 << STEP_BITS, BUCKETS = (64 - STEP_BITS + 1) * STEPS };
static uint64_t histogram[BUCKETS], histogram_total, longest_ns;

static void record_latency(uint64_t ns) {
  size_t bucket = ns;
  if (ns >= STEPS) {
    int shift = 63 - __builtin_clzll(ns) - STEP_BITS;
    bucket = (size_t)(shift + 1) * STEPS + ((ns >> shift) & (STEPS - 1));
  }
  histogram[bucket]++;
  histogram_total++;
  if (ns > longest_ns) longest_ns = ns;
}

/* The upper edge of the bucket in which the share's rank falls, in microseconds. */
static double percentile_us(double share) {
  uint64_t rank = (uint64_t)(share * (double)histogram_total + 0.999999), seen = 0;
  for (size_t b = 0; b < BUCKETS; b++) {
    seen += histogram[b];
    if (seen == 0 || seen < rank) continue;
    uint64_t edge = b < STEPS ? b : ((STEPS + (b % STEPS) + 1) << (b / STEPS - 1)) - 1;
    return (double)(edge < longest_ns ? edge : longest_ns) / 1e3;
  }
  return 0;
}

/* ---- frames ---- */

static void load_frames(void) {
  int fd = open(opt.frames, O_RDONLY);
  struct stat st;
  if (fd < 0 || fstat(fd, &st)) fail("%s: %s", opt.frames, strerror(errno));
  size_t size = (size_t)st.st_size, got = 0;
  uint8_t *file = malloc(size + 1);
  while (got < size) {
    ssize_t n = read(fd, file + got, size - got);
    if (n <= 0) fail("%s: cannot be read", opt.frames);
    got += (size_t)n;
  }
  close(fd);
  size_t room = 0;
  for (size_t at = 0; at < size;) {
    if (size - at < RECORD_HEAD_BYTES) fail("%s: cut short", opt.frames);
    if (request_count == room) requests = realloc(requests, (room = room ? room * 2 : 1024) * sizeof *requests);
    request_t *r = &requests[request_count++];
    r->length = get_u32(file + at);
    r->opaque_at = get_u32(file + at + 4);
    r->binary_opaque = file[at + 8] == 1;
    r->expected_code = (int16_t)(file[at + 9] << 8 | file[at + 10]);
    r->min_body_bytes = get_u32(file + at + 11);
    r->bytes = file + at + RECORD_HEAD_BYTES;
    if (r->length > size - at - RECORD_HEAD_BYTES) fail("%s: cut short", opt.frames);
    if (r->opaque_at + (r->binary_opaque ? 4 : OPAQUE_DIGITS) > r->length) fail("%s: opaque outside its frame", opt.frames);
    at += RECORD_HEAD_BYTES + r->length;
  }
  if (request_count == 0) fail("%s: no frames", opt.frames);
}

static void put_request(conn_t *conn, uint32_t slot_index, uint64_t at_ns) {
  const request_t *request = &requests[next_request];
  if (++next_request == request_count) next_request = 0;
  slot_t *slot = &conn->slots[slot_index];
  slot->turn = (slot->turn + 1) % TURN_LIMIT;
  slot->opaque = OPAQUE_BASE + slot->turn * DEPTH_LIMIT + slot_index;
  slot->request = request;
  slot->sent_ns = at_ns;
  slot->waiting = true;
  in_flight++;

  reserve(&conn->out, request->length);
  uint8_t *frame = conn->out.data + conn->out.end, *opaque = frame + request->opaque_at;
  memcpy(frame, request->bytes, request->length);
  if (request->binary_opaque) {
    uint32_t word = htonl(slot->opaque);
    memcpy(opaque, &word, sizeof word);
  } else {
    uint32_t rest = slot->opaque;
    for (int i = OPAQUE_DIGITS - 1; i >= 0; i--, rest /= 10) opaque[i] = (uint8_t)('0' + rest % 10);
  }
  conn->out.end += request->length;
}

/* The integer after a key of a JSON header. A key inside a string cannot match: its quotes would be escaped. */
static bool json_int(const uint8_t *header, size_t length, const char *key, size_t key_length, int64_t *value) {
  const uint8_t *p = memmem(header, length, key, key_length), *end = header + length;
  if (!p) return false;
  p += key_length;
  bool negative = p < end && *p == '-';
  if (negative) p++;
  const uint8_t *digits = p;
  int64_t v = 0;
  for (; p < end && *p >= '0' && *p <= '9' && p - digits < 11; p++) v = v * 10 + (*p - '0');
  *value = negative ? -v : v;
  return p > digits;
}

static bool read_header(const uint8_t *header, size_t length, int type, int64_t *code, int64_t *opaque) {
  if (type == 0) return json_int(header, length, "\"code\":", 7, code) && json_int(header, length, "\"opaque\":", 9, opaque);
  if (type != 1 || length < 21) return false;
  *code = (int16_t)(header[0] << 8 | header[1]);
  *opaque = (int32_t)get_u32(header + 5);
  return true;
}

/* Checks one response and, while sending, puts the slot's next request behind it. False when the frame makes no sense. */
static bool take_answer(conn_t *conn, const uint8_t *frame, uint32_t length, uint64_t at_ns) {
  uint32_t header_length = get_u32(frame + 4) & 0xffffff;
  int64_t code = 0, opaque = 0;
  if (header_length > length - 8 || !read_header(frame + 8, header_length, frame[4], &code, &opaque)) {
    report_error(&errors.malformed, conn, "a response's header cannot be read");
    return false;
  }
  uint32_t index = (uint32_t)(opaque - OPAQUE_BASE) % DEPTH_LIMIT;
  slot_t *slot = &conn->slots[index < (uint32_t)opt.depth ? index : 0];
  if (!slot->waiting || (int64_t)slot->opaque != opaque) {
    report_error(&errors.wrong_opaque, conn, "answer to opaque %lld, which is not waited for", (long long)opaque);
    return true;
  }
  int shown = header_length > 400 ? 400 : (int)header_length;
  if (code != slot->request->expected_code)
    report_error(&errors.wrong_code, conn, "code %lld, expected %d: %.*s", (long long)code, slot->request->expected_code, shown, frame + 8);
  else if (length - 8 - header_length < slot->request->min_body_bytes)
    report_error(&errors.short_body, conn, "body of %u bytes, expected %u or more: %.*s", length - 8 - header_length, slot->request->min_body_bytes, shown, frame + 8);
  slot->waiting = false;
  in_flight--;
  answers++;
  if (!conn->served) {
    conn->served = true;
    if (--unserved == 0) all_served_ns = at_ns;
  }
  if (recording) record_latency(at_ns - slot->sent_ns);
  if (sending) put_request(conn, index, at_ns);
  return true;
}

/* ---- connections ---- */

static void watch(conn_t *conn, bool write_too, int operation) {
  struct epoll_event e = {.events = EPOLLIN | (write_too ? EPOLLOUT : 0), .data.ptr = conn};
  epoll_ctl(epoll_fd, operation, conn->fd, &e);
  conn->watching_write = write_too;
}

static void drop(conn_t *conn) {
  close(conn->fd);
  open_conns--;
  if (!conn->served) unserved--;
  for (int i = 0; i < opt.depth; i++) {
    if (!conn->slots[i].waiting) continue;
    in_flight--;
    errors.unanswered++;
  }
}

static bool send_pending(conn_t *conn) {
  buffer_t *out = &conn->out;
  while (out->start < out->end) {
    ssize_t n = send(conn->fd, out->data + out->start, out->end - out->start, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno != EAGAIN) {
      report_error(&errors.closed, conn, "write: %s", strerror(errno));
      return false;
    }
    if (n < 0) break;
    out->start += (size_t)n;
  }
  bool left = out->start < out->end;
  if (left != conn->watching_write) watch(conn, left, EPOLL_CTL_MOD);
  return true;
}

/* One read a wake-up: epoll is level-triggered, so what did not fit is reported again. */
static bool receive(conn_t *conn) {
  buffer_t *in = &conn->in;
  reserve(in, READ_ROOM_BYTES);
  ssize_t n = recv(conn->fd, in->data + in->end, in->room - in->end, 0);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return true;
  if (n <= 0) {
    report_error(&errors.closed, conn, n == 0 ? "closed by the server" : "read: %s", strerror(errno));
    return false;
  }
  uint64_t at_ns = now_ns();
  in->end += (size_t)n;
  in_bytes += (uint64_t)n;
  while (in->end - in->start >= 8) {
    const uint8_t *frame = in->data + in->start;
    uint32_t rest = get_u32(frame);
    if (rest < 4 || rest > ANSWER_LIMIT_BYTES) {
      report_error(&errors.malformed, conn, "a response says it has %u bytes", rest);
      return false;
    }
    if (in->end - in->start < (size_t)rest + 4) break;
    if (!take_answer(conn, frame, rest + 4, at_ns)) return false;
    in->start += (size_t)rest + 4;
  }
  return true;
}

static conn_t *open_connections(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)opt.port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  conn_t *conns = calloc((size_t)opt.conns, sizeof *conns);
  for (int i = 0; i < opt.conns; i++) {
    conn_t *conn = &conns[i];
    int one = 1;
    conn->number = i;
    conn->slots = calloc((size_t)opt.depth, sizeof(slot_t));
    conn->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (conn->fd < 0 || connect(conn->fd, (struct sockaddr *)&address, sizeof address))
      fail("connection %d of %d: %s", i + 1, opt.conns, strerror(errno));
    setsockopt(conn->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    fcntl(conn->fd, F_SETFL, O_NONBLOCK);
    watch(conn, false, EPOLL_CTL_ADD);
    open_conns++;
    unserved++;
  }
  return conns;
}

/* One round of epoll over all the connections. */
static void turn(void) {
  struct epoll_event events[EVENTS_PER_WAIT];
  int n = epoll_wait(epoll_fd, events, EVENTS_PER_WAIT, WAIT_MS);
  for (int i = 0; i < n; i++) {
    conn_t *conn = events[i].data.ptr;
    bool alive = !(events[i].events & (EPOLLIN | EPOLLERR | EPOLLHUP)) || receive(conn);
    if (!alive || !send_pending(conn)) drop(conn);
  }
}

static void parse_options(int argc, char **argv) {
  static const struct option names[] = {{"port", 1, 0, 'p'},   {"conns", 1, 0, 'c'},  {"depth", 1, 0, 'd'}, {"seconds", 1, 0, 's'},
                                        {"warmup", 1, 0, 'w'}, {"frames", 1, 0, 'f'}, {"pid", 1, 0, 'i'},
                                        {"after", 1, 0, 'a'},  {0, 0, 0, 0}};
  for (int o; (o = getopt_long(argc, argv, "", names, NULL)) != -1;) {
    if (o == 'p') opt.port = atoi(optarg);
    else if (o == 'c') opt.conns = atoi(optarg);
    else if (o == 'd') opt.depth = atoi(optarg);
    else if (o == 's') opt.seconds = atof(optarg);
    else if (o == 'w') opt.warmup = atof(optarg);
    else if (o == 'a') opt.after = atof(optarg);
    else if (o == 'f') opt.frames = optarg;
    else if (o == 'i') opt.pid = atoi(optarg);
    else exit(2);
  }
  if (opt.port < 1 || opt.conns < 1 || opt.depth < 1 || opt.depth > DEPTH_LIMIT || opt.seconds <= 0 || opt.warmup < 0 || !opt.frames || opt.pid < 1)
    fail("--port --conns --depth (1..%d) --seconds --warmup --frames --pid are all needed", DEPTH_LIMIT);
}

int main(int argc, char **argv) {
  parse_options(argc, argv);
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  load_frames();
  epoll_fd = epoll_create1(0);

  conn_t *conns = open_connections();
  uint64_t began_ns = now_ns();
  for (int i = 0; i < opt.conns; i++) {
    uint64_t at_ns = now_ns();
    for (int d = 0; d < opt.depth; d++) put_request(&conns[i], (uint32_t)d, at_ns);
    if (!send_pending(&conns[i])) drop(&conns[i]);
  }

  uint64_t opens_ns = began_ns + (uint64_t)(opt.warmup * 1e9);
  while (open_conns > 0 && (now_ns() < opens_ns || (unserved > 0 && now_ns() < began_ns + SERVE_ALL_NS))) turn();
  int never_served = unserved;

  double server_cpu = server_cpu_seconds(), own_cpu = own_cpu_seconds(), machine_cpu = machine_cpu_seconds();
  answers = in_bytes = 0;
  recording = true;
  opens_ns = now_ns();
  uint64_t closes_ns = opens_ns + (uint64_t)(opt.seconds * 1e9);
  while (open_conns > 0 && now_ns() < closes_ns) turn();

  double server_cpu_end = server_cpu_seconds(), window = (double)(now_ns() - opens_ns) / 1e9;
  own_cpu = own_cpu_seconds() - own_cpu;
  machine_cpu = machine_cpu_seconds() - machine_cpu;
  bool server_gone = server_cpu < 0 || server_cpu_end < 0;
  server_cpu = server_cpu_end - server_cpu;
  uint64_t counted = answers, counted_bytes = in_bytes;

  uint64_t ends_ns = now_ns() + (uint64_t)(opt.after * 1e9);
  while (open_conns > 0 && now_ns() < ends_ns) turn();
  sending = false;
  uint64_t gives_up_ns = now_ns() + DRAIN_NS;
  while (open_conns > 0 && in_flight > 0 && now_ns() < gives_up_ns) turn();
  errors.unanswered += in_flight;

  uint64_t wrong = errors.wrong_code + errors.wrong_opaque + errors.short_body + errors.malformed + errors.closed + errors.unanswered + (uint64_t)never_served;
  printf("{\"allServedMs\":%.1f,\"windowSeconds\":%.4f,\"answers\":%llu,\"perSecond\":%.1f,\"megabytesPerSecond\":%.2f,",
         all_served_ns ? (double)(all_served_ns - began_ns) / 1e6 : 0.0, window, (unsigned long long)counted,
         (double)counted / window, (double)counted_bytes / window / 1e6);
  printf("\"latencyUs\":{\"p50\":%.1f,\"p90\":%.1f,\"p99\":%.1f,\"p999\":%.1f,\"max\":%.1f},", percentile_us(0.5), percentile_us(0.9),
         percentile_us(0.99), percentile_us(0.999), (double)longest_ns / 1e3);
  printf("\"serverCpuSeconds\":%.2f,\"serverCpuUsPerRequest\":%.3f,\"generatorCpuShare\":%.3f,\"otherCpuShare\":%.3f,", server_cpu,
         counted ? server_cpu * 1e6 / (double)counted : 0, own_cpu / window, (machine_cpu - server_cpu - own_cpu) / window);
  printf("\"errors\":{\"wrongCode\":%llu,\"wrongOpaque\":%llu,\"shortBody\":%llu,\"malformed\":%llu,\"closed\":%llu,\"unanswered\":%llu,\"neverServed\":%d,"
         "\"serverGone\":%d}}\n",
         (unsigned long long)errors.wrong_code, (unsigned long long)errors.wrong_opaque, (unsigned long long)errors.short_body,
         (unsigned long long)errors.malformed, (unsigned long long)errors.closed, (unsigned long long)errors.unanswered, never_served, server_gone);
  return wrong || server_gone || counted == 0 ? 1 : 0;
}
