/*
 * A queue of files that are to be counted, in the database: any number of workers on any number of hosts take from it,
 * and whoever dies loses nothing.
 *
 * It is the table `queue` of our set `pictrs`, or a table of that shape: the first that has the columns of
 *   pictrs.queue, queue on the search path, pictrs.job_queue, job_queue on the search path
 * the last two being what pict-rs itself makes (its column `worker` is our `worker_id`). Rows whose column `queue` is not
 * the name of this queue are somebody else's and never touched.
 *
 *   new ──pop──▶ running, worker_id, heartbeat ──done──▶ row deleted
 *    ▲                  │ fail: retry - 1, later again; deleted at 0
 *    └──────────────────┴ give back · a heartbeat of two minutes ago: somebody requeues it
 *
 * A job is taken at least once; that its file is counted once is the ledger's doing. Times are the server's clock, in UTC.
 * One thread at a time, but for the beat, which is a thread with a connection of its own.
 *
 * Each call tries again, for some ten seconds, when the server goes away. ST_OK; ST_DB; ST_DB_RETRY: it did not come back;
 * ST_STOPPED: a second signal came meanwhile; ST_MEMORY; others where they are named.
 */
#ifndef INGEST_QUEUE_H
#define INGEST_QUEUE_H

#include <limits.h>
#include <signal.h>

#include "ingest/base.h"
#include "ingest/err.h"
#include "ingest/pg.h"

#define QUEUE_NAME       "ingest" /* unless another is said */
#define QUEUE_NAME_MAX   30 /* bytes */
#define QUEUE_BEAT_MS    30000
#define QUEUE_JOB_ID_MAX 40

struct queue;

/*
 * `conninfo` as pg_connect takes it; `name`: 1..QUEUE_NAME_MAX bytes of letters, digits, '.', '-', '_', else ST_USAGE;
 * `signals`, how many have come, may be NULL. ST_DB: there is no such table (hint: the migration that makes one), or a right
 * on it is missing: INSERT to put files in; SELECT, UPDATE and DELETE to take them. NULL: in err.
 */
enum queue_use { QUEUE_TO_PUT, QUEUE_TO_TAKE };
struct queue *queue_open(const char *conninfo, const char *name, enum queue_use use, const volatile sig_atomic_t *signals,
                         struct err *err);
void          queue_close(struct queue *q); /* NULL is fine */
/* How often the server was lost and found again. */
uint64_t      queue_losses(const struct queue *q);
/* Its connection, to be looked at only. */
const struct pg *queue_pg(const struct queue *q);
/* "schema.table", as SQL takes it. */
const char   *queue_table(const struct queue *q);

/* ---- putting in ---- */

/* A file that is to be counted. */
struct queue_file {
    const char *path;   /* absolute; any bytes */
    bool        walked; /* found below a directory: what is no log there is passed over */
};
/*
 * Puts files in, to be taken in this order. One that waits or is being counted already is left as it is. *n_new: how many
 * were not there. A failure may leave some of them in.
 */
enum st queue_push(struct queue *q, const struct queue_file *files, size_t n, uint64_t *n_new, struct err *err);

/* ---- taking out ---- */

struct queue_job {
    char id[QUEUE_JOB_ID_MAX];
    char path[PATH_MAX]; /* "": the job names no file, which is `trouble` */
    char trouble[160];
    bool walked;
    int  retry;          /* how often it may still be tried, this time included */
};
/* The oldest jobs that are due, `cap` at most, become ours, the oldest first. ST_EOF: there is none; *n is 0. */
enum st queue_pop(struct queue *q, struct queue_job *jobs, size_t cap, size_t *n, struct err *err);
/* Each of these does nothing to a job that another worker has by now: it was counted by both, once. */
enum st queue_done(struct queue *q, const struct queue_job *const *jobs, size_t n, struct err *err);
/* *left: how often it will still be tried; 0: it is out of the queue; -1: another worker has it. */
enum st queue_fail(struct queue *q, const struct queue_job *job, int *left, struct err *err);
/* It costs the job no try; due again after so many seconds. */
enum st queue_give_back(struct queue *q, const struct queue_job *job, int seconds, struct err *err);
/* Jobs of this queue whose workers are dead become new. *n: how many. */
enum st queue_requeue(struct queue *q, uint64_t *n, struct err *err);
/* Jobs of this queue: those that running workers have, and those that wait to be due. */
enum st queue_left(struct queue *q, uint64_t *running, uint64_t *waiting, struct err *err);

/*
 * Waits for timeout_ms at most, or until a signal. *heard: a job may have come; also at the first call and after a
 * loss, when nobody knows what was said before. ST_DB_RETRY, ST_DB: the connection is lost; the next call makes it again.
 */
enum st queue_wait(struct queue *q, int timeout_ms, bool *heard, struct err *err);

/* ---- looking on ---- */

/* Rows for pg_text and pg_int. NULL: there is no queue in this database, or the role may not read it. */
struct queue_standing {
    /* by queue: its name; files that wait, that rest until another try, that workers have, that dead workers had */
    struct pg_result *queues;
    /* the oldest, at most 20 a queue: queue, file URI (NULL: the job names none), "waiting", "resting", "running" or "dead", tries left */
    struct pg_result *jobs;
};
/* Every queue of files, and QUEUE_NAME whatever is in it. ST_OK, ST_DB, ST_DB_RETRY, ST_MEMORY; to be released in any case. */
enum st queue_look(struct queue_standing *s, struct pg *pg, struct err *err);
void    queue_standing_release(struct queue_standing *s);

/* ---- saying that the worker lives ---- */

struct queue_beat;
/*
 * Every every_ms a heartbeat for the jobs that this worker has, until queue_beat_stop. Connects only when the first is
 * due. A beat that fails is tried again at the next; nobody is told: the worst that can come of it is that another worker
 * counts the same file, once. NULL: no thread or no memory, with the same result.
 */
struct queue_beat *queue_beat_start(const struct queue *q, int every_ms);
/* How many beats the server took. NULL: 0. */
uint64_t           queue_beat_stop(struct queue_beat *beat);

#endif
