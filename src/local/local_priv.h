/*
 * Inside src/local: whose server it is, where its things are, and how its programs are run.
 */
#ifndef LOCAL_PRIV_H
#define LOCAL_PRIV_H

#include "ingest/local.h"

#include <sys/types.h>

/* ---- who.c: as whom the programs run. PostgreSQL refuses root, so root's server is run by the user postgres. ---- */

struct who {
    bool  drop;         /* we are root and children become uid:gid */
    uid_t uid;
    gid_t gid;
    gid_t groups[64];
    int   n_groups;
};

enum st who_find(struct who *who, struct err *err);

/* ---- paths.c ---- */

#define SOCKET_PORT     5432
#define SOCKET_NAME     "/.s.PGSQL.5432"
#define SOCKET_PATH_MAX 100 /* sun_path has 108 bytes; some clients and systems have a little less */

/* Fills l->dir and l->data; looks only at the environment. */
enum st paths_find(struct local *l, struct err *err);

/* Makes DIR, or checks that it is ours, with the rights that local.h draws. */
enum st paths_make(const struct local *l, const struct who *who, struct err *err);

/* Where the socket is: l->data, or a directory with a short name; under SOCKET_PATH_MAX bytes. The name alone. */
void paths_socket_dir(const struct local *l, const struct who *who, char *out, size_t cap);

/* Makes that short directory, or refuses one that is not ours alone. Nothing to do when it is l->data. */
enum st paths_make_socket_dir(const struct local *l, const struct who *who, struct err *err);

/* An open file that never is 0, 1 or 2: a child's dup2, or a stray printf, would hit it. -1 and errno on failure. */
int paths_open(const char *path, int flags, mode_t mode);

/* ---- programs.c ---- */

/* Where Debian keeps every version beside the others: <place>/<major>/bin. */
#define PROGRAMS_PLACE "/usr/lib/postgresql"

/*
 * The newest PostgreSQL under `place` or along `path` (as $PATH; may be NULL), or the one of `major` if that is not 0. Fills
 * l->bin and l->psql. ST_DB with the packages to install.
 */
enum st programs_find(struct local *l, const char *place, const char *path, int major, struct err *err);

/* ---- child.c ---- */

struct child {
    const struct who *who;
    const char       *data;    /* becomes PGDATA: no shell sees the path. The child must be able to enter it */
    const char       *input;   /* its stdin, a few lines; NULL: /dev/null */
    int               out_fd;  /* its stdout and stderr */
    int               keep_fd; /* stays open in it; -1: none does */
};

/*
 * Runs a program to its end in a session of its own, with a clean environment. Returns its exit status; 127 when it could not be
 * run (the reason is written to out_fd), 128 + n for a signal.
 */
int child_run(const struct child *c, const char *const argv[]);

/* ---- server.c ---- */

enum server_state {
    SERVER_DOWN,   /* not running; a postmaster.pid left by a crash is no hindrance */
    SERVER_STALE,  /* not running, but the number in postmaster.pid now belongs to another process */
    SERVER_BUSY,   /* starting or stopping */
    SERVER_READY,
};

struct server {
    const struct local *local;
    const struct who   *who;
    int                 log_fd;
};

/* The major version of the data directory; 0: there is none yet; -1: something else stands there. */
int server_data_major(const struct local *l);

enum server_state server_look(const struct local *l);

/* initdb and the database "ingest", whole or not at all. `lock_fd` is kept by the children, so that an orphaned initdb still holds it. */
enum st server_make(const struct server *s, int lock_fd, struct err *err);
/* Starts it, or waits until it is ready. */
enum st server_start(const struct server *s, struct err *err);
/* `lock_fd` is kept by pg_ctl: were we killed, nobody could enter a server that is about to stop. */
void    server_stop(const struct server *s, int lock_fd);

/* ---- log.c: DIR/server.log ---- */

int   log_open(const struct local *l, struct err *err);  /* -1: failed */
off_t log_end(int fd);
void  log_trim(int fd);
/* The line that tells best why something failed, of what was written behind `from`. "" if there is none. */
void  log_last_words(int fd, off_t from, char *out, size_t cap);

#endif
