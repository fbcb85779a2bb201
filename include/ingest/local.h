/*
 * The private PostgreSQL of --local: made with initdb on first use, started on demand, shared by all who use it at the
 * same time, stopped by the last one. No TCP; a 0700 directory keeps others out, so trust inside.
 */
#ifndef INGEST_LOCAL_H
#define INGEST_LOCAL_H

#include "ingest/base.h"
#include "ingest/err.h"

struct local {
    char conninfo[512]; /* for pg_connect */
    char dir[400];      /* $XDG_DATA_HOME/ingest, else ~/.local/share/ingest (home by getpwuid without HOME); root: /var/lib/ingest */
    char data[440];     /* dir + "/postgres" */
    char psql[512];     /* full path of psql, of the same version as the server; "" when it is not installed */
    int  users_fd;      /* holds the shared lock; -1 */
};

/*
 * Makes, starts or joins the server. The database "ingest" exists and is empty on first use. ST_DB: PostgreSQL's programs are
 * missing (hint: the packages), the data directory is of another major version (hint: how to upgrade), or it does not start (cause: the
 * last line of its log).
 */
enum st local_enter(struct local *l, struct err *err);

/* Leaves; the last user stops the server (fast mode). Safe to call after a failed enter. */
void local_leave(struct local *l);

#endif
