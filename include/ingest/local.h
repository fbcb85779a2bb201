/*
 * The private PostgreSQL of --local: made with initdb on first use, started on demand, shared by all who use it at the
 * same time, stopped by the last one. No TCP; a 0700 directory keeps others out, so trust inside.
 *
 *   DIR/              $XDG_DATA_HOME/ingest (absolute; it wins for root too), else for root /var/lib/ingest, else
 *                     ~/.local/share/ingest, the home being $HOME or, without it, getpwuid's
 *   DIR/postgres/     the data and the socket; 0700. As root it belongs to the user postgres, who runs the server, and DIR is
 *                     root:postgres 0710, so that the server can pass through DIR but change nothing in it
 *   DIR/server.log    what initdb and the server say; cut at a start when it is over 10 MiB
 *   DIR/enter.lock    held while the server is made, started or stopped
 *   DIR/users.lock    shared by all users
 *
 * A path too long for a socket has it in /run (root) or /tmp, in a 0700 directory named for the data directory.
 */
#ifndef INGEST_LOCAL_H
#define INGEST_LOCAL_H

#include "ingest/base.h"
#include "ingest/err.h"

struct local {
    char conninfo[512]; /* for pg_connect */
    char dir[400];      /* DIR */
    char data[440];     /* DIR/postgres */
    char bin[400];      /* where the programs of the server's version are */
    char psql[512];     /* full path of psql, of the same version as the server; "" when it is not installed */
    int  users_fd;      /* holds the shared lock, close-on-exec; -1 */
};

/*
 * Makes, starts or joins the server. The database "ingest" exists and is empty on first use; we are the superuser "postgres" in it (a role
 * "ingest" would find the ledger's schema of that name before all others).
 *
 * ST_OK       conninfo works until local_leave
 * ST_DB       PostgreSQL's programs are missing (hint: the packages), the data directory is of another major version (hint: how to
 *             upgrade), it cannot be made, or the server does not start (cause: the last line of its log)
 * ST_STOPPED  a signal came while another process was starting or stopping the server
 *
 * Call it before there are threads: it forks.
 */
enum st local_enter(struct local *l, struct err *err);

/* Leaves; the last user stops the server (fast mode), so close connections first. Safe after a failed enter, and twice. */
void local_leave(struct local *l);

/* The directory of the newest pg_dump and pg_restore, where the server's programs are looked for, too. ST_DB with the package to install. Forks. */
enum st local_client_programs(char *bin, size_t cap, struct err *err);

#endif
