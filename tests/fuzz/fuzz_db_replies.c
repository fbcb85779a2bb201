/*
 * A server that says anything: whatever a connection answers with, each act ends, with success or with an error that is
 * safe to show. The first bytes say how long it behaves: through the handshake, and for so many statements; the rest are
 * its messages, of any kind and any content, each with a length that is right, or nearly.
 *
 *   byte 0    1: no handshake; else 2: read-only; bits 4-7: statements that it answers well
 *   then      TYPE:8  LENGTH:8  CONTENT      each message; a type that is no letter: a frequent one, its length too large
 *
 * A commit may be believed only if the server's tag said COMMIT.
 */
#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "pg_priv.h"

#include "fuzz_bytes.h"

/* libpq forgets the result that it has when a COPY is opened in its midst, which no server does. */
const char *__lsan_default_suppressions(void);

const char *
__lsan_default_suppressions(void)
{
    return "leak:libpq.so";
}

static struct {
    int        listener;
    char       conninfo[128];
    struct buf says;
    int        n_serving; /* connections that are answered */
} server;

static void
message(char type, const void *p, size_t n, uint32_t wrong)
{
    buf_add(&server.says, &type, 1);
    buf_be32(&server.says, (uint32_t)n + 4 + wrong);
    buf_add(&server.says, p, n);
}

#define SAY(type, literal) message((type), (literal), sizeof(literal) - 1, 0)

static void
say_handshake(void)
{
    SAY('R', "\0\0\0\0");
    SAY('S', "server_encoding\0UTF8\0");
    SAY('S', "client_encoding\0UTF8\0");
    SAY('S', "server_version\0" "15.18\0");
    SAY('S', "standard_conforming_strings\0on\0");
    SAY('S', "default_transaction_read_only\0off\0");
    SAY('S', "in_hot_standby\0off\0");
    SAY('K', "\0\0\0\1\0\0\0\2");
    SAY('Z', "I");
}

/* How many bytes from `at` on are said at once: up to where a server waits for its client. */
static size_t
turn(size_t at)
{
    const uint8_t *p = (const uint8_t *)server.says.p;
    size_t from = at;

    while (at + 5 <= server.says.n) {
        uint8_t type = p[at];

        at += 1 + ((uint32_t)p[at + 3] << 8 | p[at + 4]);
        if (type == 'Z' || type == 'G' || type == 'W')
            break;
    }
    return (at > from && at < server.says.n ? at : server.says.n) - from;
}

/*
 * Whenever something has come, the next turn; after the last one the end. A client that waits though it is its turn (for the
 * rest of a COPY, say) is not kept waiting.
 */
static void *
serve(void *arg)
{
    int fd = (int)(intptr_t)arg;
    const struct timeval patience = { .tv_usec = 20000 };
    char heard[8192];
    size_t at = 0;
    ssize_t got;

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    while ((got = recv(fd, heard, sizeof heard, 0)) != 0) {
        size_t n = turn(at);

        if (got < 0 && errno != EAGAIN)
            break;
        if (send(fd, server.says.p + at, n, MSG_NOSIGNAL) != (ssize_t)n)
            break;
        at += n;
        if (at == server.says.n)
            shutdown(fd, SHUT_WR);
    }
    close(fd);
    __atomic_sub_fetch(&server.n_serving, 1, __ATOMIC_RELEASE);
    return NULL;
}

/* A cancellation and a ping come while another connection is open. */
static void *
accept_all(void *ignored)
{
    for (;;) {
        int fd = accept4(server.listener, NULL, NULL, SOCK_CLOEXEC);
        pthread_t thread;

        MUST(fd >= 0);
        __atomic_add_fetch(&server.n_serving, 1, __ATOMIC_RELAXED);
        MUST(pthread_create(&thread, NULL, serve, (void *)(intptr_t)fd) == 0);
        pthread_detach(thread);
    }
    return ignored;
}

/* What is to be said may be changed once nobody says it any more. */
static void
wait_for_silence(void)
{
    while (__atomic_load_n(&server.n_serving, __ATOMIC_ACQUIRE) > 0)
        sched_yield();
}

static void
start(void)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    pthread_t thread;
    int n;

    /* libpq takes what begins with @ as a name that is no file ("Connection Strings", host). */
    snprintf(server.conninfo, sizeof server.conninfo, "host=@ingest-fuzz-%ld port=5432 user=u dbname=d passfile=/nonexistent",
        (long)getpid());
    n = snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "ingest-fuzz-%ld/.s.PGSQL.5432", (long)getpid());
    server.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    MUST(server.listener >= 0);
    MUST(bind(server.listener, (struct sockaddr *)&address,
              (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n)) == 0);
    MUST(listen(server.listener, 16) == 0 && pthread_create(&thread, NULL, accept_all, NULL) == 0);
    pthread_detach(thread);
}

static void
prepare(struct bytes *b, uint8_t how)
{
    buf_reset(&server.says);
    if ((how & 1) == 0)
        say_handshake();
    for (unsigned i = 0; (how & 1) == 0 && i < how >> 4; i++) {
        SAY('C', "SET\0");
        message('Z', i == 0 ? "I" : "T", 1, 0);
    }
    while (b->n > 0) {
        uint8_t type = take_byte(b);
        bool plain = (type >= 'A' && type <= 'Z') || (type >= 'a' && type <= 'z') || (type >= '1' && type <= '3');
        struct slice content = take_slice(b, take_byte(b));

        message((char)(plain ? type : "DTECZd"[type % 6]), content.p, content.n, plain ? 0 : type >> 4);
    }
    MUST(!server.says.failed);
}

/* No byte of the server's acts on whoever reads the error. */
static void
harmless(const char *text, size_t cap)
{
    size_t n = strnlen(text, cap);

    MUST(n < cap && slice_is_text((struct slice){ text, n }));
    for (size_t i = 0; i < n; i++) {
        uint8_t a = (uint8_t)text[i], c = (uint8_t)text[i + 1];

        MUST(a >= 0x20 && a != 0x7f && !(a == 0xc2 && c < 0xa0));
        MUST(!(a == 0xe2 && c == 0x80 && (uint8_t)text[i + 2] >= 0xaa && (uint8_t)text[i + 2] <= 0xae));
    }
}

static enum st
hold_error(enum st rc, struct err *err)
{
    if (rc != ST_OK) {
        MUST(rc == ST_DB || rc == ST_DB_RETRY || rc == ST_MEMORY || rc == ST_BUG);
        MUST(rc == err->code && err->what[0] != '\0');
        harmless(err->what, sizeof err->what);
        harmless(err->cause, sizeof err->cause);
        harmless(err->hint, sizeof err->hint);
    }
    *err = (struct err){ 0 };
    return rc;
}

static void
look_at_rows(struct pg_result *r)
{
    for (size_t i = 0; i < pg_rows(r) && i < 8; i++)
        for (size_t k = 0; k < 4; k++) {
            struct slice s = pg_text(r, i, k);
            uint8_t bytes[16];
            size_t n = pg_bytea(r, i, k, bytes, sizeof bytes);

            MUST((s.p == NULL) == pg_is_null(r, i, k) && (s.p == NULL || s.p[s.n] == '\0'));
            MUST(n == SIZE_MAX || (n <= sizeof bytes && s.n == 2 * n + 2));
            (void)pg_int(r, i, k);
        }
    MUST(pg_affected(r) >= 0 || pg_affected(r) < 0);
    pg_free(r);
}

static enum st
take(void *ctx, const struct slice *fields, size_t n, struct err *err)
{
    uint64_t *sum = ctx;

    MUST(n <= PG_FIELDS_MAX);
    for (size_t i = 0; i < n; i++) {
        *sum += (uint64_t)pg_field_int(fields[i]);
        for (size_t k = 0; k < fields[i].n; k++)
            *sum += (uint8_t)fields[i].p[k];
    }
    return *sum % 7 == 5 ? err_fail(err, ST_DB, "cannot take a row", "enough") : ST_OK;
}

static void
use(struct pg *pg)
{
    static const char *const values[] = { "1", NULL };
    struct pg_result *r = NULL;
    struct err err = { 0 };
    bool heard = false, unknown = false;
    uint64_t sum = 0;
    int64_t rows = 0;
    enum st rc;

    hold_error(pg_begin(pg, &err), &err);
    if (hold_error(pg_run(pg, "cannot ask", "SELECT $1, $2", 2, values, &r, &err), &err) == ST_OK)
        look_at_rows(r);
    hold_error(pg_copy_out(pg, "cannot read rows", "COPY t TO STDOUT (FORMAT binary)", take, &sum, &err), &err);
    if (hold_error(pg_copy_start(pg, "cannot send rows", "COPY t FROM STDIN (FORMAT binary)", &err), &err) == ST_OK &&
        hold_error(pg_copy_put(pg, "abc", 3, &err), &err) == ST_OK)
        hold_error(pg_copy_end(pg, &rows, &err), &err);
    pg_copy_abort(pg, "enough");
    if (hold_error(pg_listen(pg, "channel", &err), &err) == ST_OK)
        hold_error(pg_wait(pg, 0, &heard, &err), &err);
    rc = hold_error(pg_commit(pg, &unknown, &err), &err);
    MUST(rc != ST_OK || (!unknown && memmem(server.says.p, server.says.n, "COMMIT", 7) != NULL));
    pg_rollback(pg);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes b = { data, size };
    uint8_t how = take_byte(&b);
    struct err err = { 0 };
    struct pg *pg;

    if (server.listener == 0) {
        for (char **e = environ; *e != NULL;) /* what the environment says of servers is not meant for this one */
            if (strncmp(*e, "PG", 2) == 0) {
                char name[64];

                snprintf(name, sizeof name, "%.*s", (int)strcspn(*e, "="), *e);
                unsetenv(name);
                e = environ;
            } else {
                e++;
            }
        start();
    }
    prepare(&b, how);
    pg = pg_connect(server.conninfo, how & 2 ? PG_READ_ONLY : PG_READ_WRITE, &err);
    if (pg == NULL) {
        MUST(err.code != ST_OK);
        hold_error(err.code, &err);
        wait_for_silence();
        return 0;
    }
    harmless(pg_where(pg), 256);
    use(pg);
    pg_close(pg);
    wait_for_silence();
    return 0;
}
