/*
 * `ingest enqueue`: files into the job queue. What is done with them is said to `ingest work`.
 */
#include "ingest/base.h"

#include "ingest/arena.h"
#include "ingest/input.h"
#include "ingest/queue.h"

#include "cli_priv.h"

static const char what[] = "cannot put files into the queue";

/* ---- what the command line says ---- */

/* Who says how to count here would find that nobody counts so. */
static enum st
check_options(const struct options *o, struct err *err)
{
    static const enum option_id ours[] = { OPT_DATABASE, OPT_LOCAL,   OPT_CONFIG,  OPT_FILES_FROM,
                                           OPT_NULL,     OPT_MIN_AGE, OPT_QUEUE,   OPT_JSON,
                                           OPT_QUIET,    OPT_VERBOSE, OPT_PROGRESS };

    for (int id = 0; id < OPTIONS_N; id++) {
        bool known = false;

        for (size_t i = 0; i < ARRAY_LEN(ours); i++)
            known = known || ours[i] == (enum option_id)id;
        if (known || o->value[id].origin != FROM_COMMAND_LINE)
            continue;
        err_fail(err, ST_USAGE, what, "--%s is no option of `ingest enqueue`",
                 option_defs[id].name);
        err_hint(err, "how files are counted is said to the worker: ingest work --%s ...",
                 option_defs[id].name);
        return ST_USAGE;
    }
    return ST_OK;
}

static enum st
check_names(const struct options *o, struct err *err)
{
    if (o->n_arguments < 2 && o->value[OPT_FILES_FROM].text == NULL) {
        err_set(err, ST_USAGE, "no FILE is named");
        err_hint(err, "ingest enqueue FILE...");
        return ST_USAGE;
    }
    for (size_t i = 1; i < o->n_arguments; i++)
        if (strcmp(o->arguments[i], "-") == 0)
            return err_fail(err, ST_USAGE, what,
                            "standard input is no file that a worker could open");
    return ST_OK;
}

/* ---- names that mean the same to every worker ---- */

/*
 * Of two spellings of a name one is enough: "./" and "//" go. ".." stays, which a link may lead
 * anywhere, and so do links: what they lead to may differ from host to host.
 */
static void
tidy(char *path)
{
    char *to = path;

    for (const char *at = path; *at != '\0';) {
        if (at[0] == '/' && at[1] == '/')
            at++;
        else if (at[0] == '/' && at[1] == '.' && at[2] == '/')
            at += 2;
        else
            *to++ = *at++;
    }
    *to = '\0';
}

static enum st
absolute(const char *path, const char *here, struct arena *arena, const char **out, struct err *err)
{
    size_t n_here = path[0] == '/' ? 0 : strlen(here), n = strlen(path);
    char *whole;

    if (n_here + 1 + n >= PATH_MAX)
        return err_fail(err, ST_IO, what, "its absolute path has more than %d bytes", PATH_MAX - 1);
    whole = arena_alloc(arena, n_here + 1 + n + 1);
    if (whole == NULL)
        return err_memory(err, what);
    memcpy(whole, here, n_here);
    whole[n_here] = '/'; /* before a path that is absolute already it is one that tidy() drops */
    memcpy(whole + n_here + 1, path, n + 1);
    tidy(whole);
    *out = whole;
    return ST_OK;
}

struct collected {
    struct queue_file *files;
    size_t n;
    uint64_t n_refused, n_young, n_new;
};

static void
refuse(struct collected *c, const struct source *source, struct err *err)
{
    snprintf(err->path, sizeof err->path, "%s", source->path);
    say_error(err);
    c->n_refused++;
}

static enum st
collect(const struct source_list *inputs, struct arena *arena, struct collected *c, struct err *err)
{
    char here[PATH_MAX];

    c->files = calloc(inputs->n + 1, sizeof *c->files);
    if (c->files == NULL)
        return err_memory(err, what);
    if (getcwd(here, sizeof here) == NULL)
        return err_fail(err, ST_USAGE, what, "this directory has no name: %s", strerror(errno));
    for (size_t i = 0; i < inputs->n; i++) {
        const struct source *s = &inputs->at[i];
        struct queue_file *file = &c->files[c->n];
        enum st rc = ST_OK;

        *file = (struct queue_file){ .walked = s->walked };
        if (s->too_young) {
            c->n_young++;
            continue;
        }
        if (s->trouble != ST_OK)
            rc = err_fail(err, s->trouble, "cannot put this file into the queue", "%s", s->cause);
        else
            rc = absolute(s->path, here, arena, &file->path, err);
        if (rc == ST_MEMORY)
            return rc;
        if (rc == ST_OK)
            c->n++;
        else
            refuse(c, s, err);
    }
    return ST_OK;
}

/* ---- into the queue ---- */

static enum st
push(const struct options *o, const char *conninfo, struct collected *c, struct err *err)
{
    const char *name = o->value[OPT_QUEUE].text;
    struct queue *q =
        queue_open(conninfo, name == NULL ? QUEUE_NAME : name, QUEUE_TO_PUT, NULL, err);
    enum st rc;

    if (q == NULL)
        return err->code;
    rc = queue_push(q, c->files, c->n, &c->n_new, err);
    queue_close(q);
    return rc;
}

static void
tell(const struct options *o, const struct collected *c)
{
    uint64_t there = c->n - c->n_new;

    if (option_is_on(o, OPT_JSON))
        printf("{\"queued\":%" PRIu64 ",\"there\":%" PRIu64 ",\"skipped\":%" PRIu64
               ",\"refused\":%" PRIu64 "}\n",
               c->n_new, there, c->n_young, c->n_refused);
    if (option_is_on(o, OPT_QUIET) || (isatty(STDERR_FILENO) != 1 && !option_is_on(o, OPT_VERBOSE)))
        return;
    say_note("%" PRIu64 " queued, %" PRIu64 " were there, %" PRIu64 " too young, %" PRIu64
             " refused",
             c->n_new, there, c->n_young, c->n_refused);
}

int
cli_enqueue(const struct options *o)
{
    struct place place = { .local.users_fd = -1 };
    struct collected c = { .n = 0 };
    struct arena arena;
    struct source_list inputs;
    struct err err = { 0 };
    enum st rc;

    source_list_init(&inputs);
    arena_init(&arena, SIZE_MAX);
    if ((rc = check_options(o, &err)) == ST_OK && (rc = check_names(o, &err)) == ST_OK &&
        (rc = inputs_list(o, 1, NULL, &inputs, &err)) == ST_OK &&
        (rc = place_open(&place, o, true, &err)) == ST_OK &&
        (rc = place.use ? ST_OK : place_missing(&err)) == ST_OK &&
        (rc = collect(&inputs, &arena, &c, &err)) == ST_OK &&
        (rc = push(o, place.conninfo, &c, &err)) == ST_OK)
        tell(o, &c);
    place_close(&place);
    if (rc != ST_OK)
        say_error(&err);
    free(c.files);
    arena_release(&arena);
    source_list_release(&inputs);
    return rc != ST_OK ? exit_status_of(rc, 0) : c.n_refused > 0 ? EXIT_REFUSED : 0;
}
