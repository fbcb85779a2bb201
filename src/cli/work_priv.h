/*
 * Inside `ingest work`.
 *
 *   work.c        the command: options, the database, job after job until there is none or a signal comes
 *   work_jobs.c   what is done with the jobs that were taken
 */
#ifndef WORK_PRIV_H
#define WORK_PRIV_H

#include "ingest/queue.h"

#include "counting.h"

#define WORK_JOBS_MAX 512

enum task { TASK_OPEN, TASK_DONE, TASK_REFUSED, TASK_ENDED /* and the queue knows */ };

struct work {
    struct counting *counting;
    struct queue    *queue;
    bool             wait;
    int              n_outages;  /* in a row, without a job done between them */
    int64_t          looked_us;  /* when the jobs of dead workers were looked for; 0: not yet */
    int              n_missing;  /* files in a row that are not here */

    size_t           n_wanted;   /* how many jobs to take at once */
    struct queue_job *jobs;      /* WORK_JOBS_MAX of them: those that were taken */
    size_t           n_jobs;
    enum task        task[WORK_JOBS_MAX];   /* what became of each */
    const struct source *inputs; /* those of the run */
    size_t           job_of[WORK_JOBS_MAX]; /* of each input */
};

/*
 * Counts the files of the jobs that were taken and tells the queue, one by one, what became of them. ST_OK though jobs
 * failed: summary.files.refused counts those. Else the failure that ends the work, or of the run: jobs that it left open are
 * given back.
 */
enum st work_jobs(struct work *w, struct err *err);

/* What is told with -v. */
void work_tell(const struct work *w, const char *format, ...) PRINTF(2, 3);

#endif
