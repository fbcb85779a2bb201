/*
 * Counting, as the main job (count.c), `ingest run` (run.c) and `ingest work` (work.c) share it.
 *
 *   verify.c     `ingest verify`, which writes nothing
 *   recount.c    `ingest recount`
 *   retract.c    `ingest retract`
 *   adopt.c      `ingest adopt`
 *   counting.c   options to a run's configuration, the database, the client key; the summary and the exit status
 *   output.c     rows to a file
 *   keep.c       --done and --rejects
 *   metrics.c    --metrics; metrics.h is the map
 *   misplaced.c  options of other commands
 *   sandbox.c    --sandbox
 *   to_eida.c    --to eida
 *   shadow.c     --shadow
 */
#ifndef COUNTING_H
#define COUNTING_H

#include "ingest/run.h"

#include "cli_priv.h"
#include "metrics.h"

/* Rows to a file, or `-`; with a temporary name until they are all there. */
struct output {
    FILE *file; /* NULL: none was asked for */
    char  temporary[4100];
    const char *path;
};
/* `path` NULL: nothing to do. ST_OK, ST_USAGE. */
enum st output_open(struct output *out, const char *path, struct err *err);
/* Puts the file in its place if `rc` is ST_OK, which is the run's and wins. ST_DISK. */
enum st output_close(struct output *out, enum st rc, struct err *err);

/* --to eida: the directory of -o; the dataset; inputs that are payloads of that directory. ST_OK, ST_USAGE. */
struct source_list;
enum st to_eida_read(const struct options *o, struct run_config *c, struct err *err);
enum st to_eida_dataset(struct run_config *c, struct err *err);
enum st to_eida_inputs(const struct run_config *c, const struct source_list *inputs, struct err *err);

/* --shadow, once the run's own rules are read; without it they do nothing. ST_USAGE, ST_MEMORY, ST_OK. */
struct counting;
enum st shadow_read(struct counting *c, struct err *err);
void    shadow_release(struct counting *c);

struct teller {
    bool terminal; /* stderr is one */
    bool verbose, quiet;
    bool progress;  /* is shown */
    bool rewrites;  /* as one line in place; else a line now and then */
    bool stopping;  /* it has been said that a signal came */
};

struct shadowing; /* shadow.c */

struct counting {
    const struct options *o;
    struct run_config     config;
    struct rules          rules;
    struct teller         teller;
    struct place          place;
    struct keep           keep;
    struct output         output;
    struct metrics        metrics; /* opened before all else, so that every failure is in it */
    struct summary        summary; /* of all runs */
    struct shadowing     *shadowing; /* NULL: there is no --shadow */
    char                  key_path[512];
    bool                  entered;
    struct sandbox       *sandbox; /* what is granted so far; NULL: none is wanted, or it is entered */
};

/* A correction that finds that another one came first is done again, so often. */
#define CORRECT_TRIES 10

/* misplaced.c. ST_USAGE: the command line has an option that is not one of this command. */
enum counting_by { BY_COUNT = 1, BY_WORK = 2, BY_RUN = 4, BY_VERIFY = 8, BY_RECOUNT = 16, BY_RETRACT = 32, BY_ADOPT = 64 };
enum st misplaced_check(const struct options *o, enum counting_by by, struct err *err);

/*
 * What the options say, before anything is touched but the files of --done and --rejects. To be finished in either case.
 * It is all of counting_prepare, counting_read and keep_open().
 */
enum st counting_configure(struct counting *c, const struct options *o, struct err *err);
/* Where rows go and what is told. */
enum st counting_prepare(struct counting *c, const struct options *o, struct err *err);
/* For commands that take files and no source: says it where the configuration has other rules for a source than are used now. */
void    counting_note_sources(const struct options *o);
/* Parts of that, for who looks at the options alone. */
int     usable_cores(void);
enum st numbers_read(const struct options *o, struct run_config *c, struct err *err); /* --memory, --jobs, --max-reject */
/* Where the client key is, into c->client_key and `path`; one that is named is read. ST_USAGE. */
enum st client_key_find(const struct options *o, const struct place *place, struct run_config *c, char path[512], struct err *err);
/* How logs are read and what counts. May be called again, with options that differ in that. */
enum st counting_read(struct counting *c, const struct options *o, struct err *err);
/* The database, the client key, the output: config is whole after it. */
enum st counting_enter(struct counting *c, struct err *err);

/*
 * sandbox.c: --sandbox; without it, these do nothing. First is asked whether it can be; then the files of the options are granted, once
 * counting_enter knows them, and the inputs. The run enters it once it is connected (run_config.connected); whoever connects
 * before a run, and learns the inputs by it, grants all files for reading and enters it himself. ST_OK, ST_USAGE, ST_MEMORY.
 */
struct pg;
enum st fence_check(const struct options *o, struct err *err);
enum st fence_options(struct counting *c, struct err *err);
enum st fence_inputs(struct counting *c, const struct source_list *inputs, struct err *err);
enum st fence_all_files(struct counting *c, struct err *err);
enum st fence_enter(struct counting *c, const struct pg *pg, struct err *err);

/* Called a few times a second: says that a signal stops the run, answers SIGUSR1, shows progress. `p` NULL: nothing is being read. */
struct run_progress;
void counting_tick(struct counting *c, const struct run_progress *p);
/* The exit status of a run that ends with `rc`. */
int counting_status(const struct options *o, enum st rc, const struct summary *s);
/* Says the failure if rc is one, and the summary; gives the exit status. */
int counting_tell(struct counting *c, enum st rc, const struct err *err);
/* Puts in its place what was written beside the database. `rc` is the run's, which wins. */
enum st counting_close(struct counting *c, enum st rc, struct err *err);
/* The metrics, once the exit status is known; which they may make worse. */
int counting_measure(struct counting *c, int status);
void    counting_release(struct counting *c); /* leaves the database, too */
/* All three. */
int counting_finish(struct counting *c, enum st rc, struct err *err);

#endif
