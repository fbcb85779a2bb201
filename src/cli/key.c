/*
 * `ingest key`: keys of clients begin, are shown, and end. The file is that of this host; the
 * database is asked and told where one is named. No key is ever shown.
 */
#include "ingest/base.h"

#include "ingest/clock.h"
#include "ingest/key.h"
#include "ingest/pg.h"
#include "ingest/run.h"

#include "counting.h"
#include "subcommand.h"

/* A command of `ingest key`, once it is known where it works. */
struct key_job {
    const struct options *o;
    struct place place;
    struct pg   *pg;         /* NULL: no database is named */
    char         path[512];  /* of the key file */
    bool         begun;      /* the heading of a list is written */
};

static enum st
read_day(const struct options *o, enum option_id id, const char *what, int32_t *day,
         struct err *err)
{
    if (o->value[id].text == NULL) {
        err_fail(err, ST_USAGE, what, "it is not said of which day: --%s DAY",
                 option_defs[id].name);
        return ST_USAGE;
    }
    if (clock_parse_day(slice_of(o->value[id].text), day))
        return ST_OK;
    return options_bad_value(o, id, "a day is written YYYY-MM-DD", err);
}

static void
say_copies(const struct key_job *j)
{
    say_note("copy %s to every other host that counts into the same tables, before it next does",
             j->path);
}

/* ---- add ---- */

static enum st
add(struct key_job *j, struct err *err)
{
    int32_t day;
    size_t n_tables;
    enum st rc = read_day(j->o, OPT_FROM, "cannot begin a client key", &day, err);

    if (rc != ST_OK || (rc = key_add(j->pg, j->path, day, &n_tables, err)) != ST_OK)
        return rc;
    if (option_is_on(j->o, OPT_QUIET))
        return ST_OK;
    fputs("a new key begins on ", stdout);
    say_text(stdout, j->o->value[OPT_FROM].text, strlen(j->o->value[OPT_FROM].text));
    if (j->pg == NULL)
        fputs("; no database is named: the first run that knows it notes it there\n", stdout);
    else if (n_tables == 0)
        fputs("; no table counts clients yet: the first run that does notes it\n", stdout);
    else
        printf(", in %zu table%s\n", n_tables, n_tables == 1 ? "" : "s");
    say_copies(j);
    return ST_OK;
}

/* ---- drop ---- */

static bool
asks_a_person(void)
{
    return isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1;
}

static enum st
confirm(const struct key_job *j, struct err *err)
{
    static const char what[] = "cannot destroy client keys";
    char answer[8] = "";

    if (j->o->value[OPT_YES].origin == FROM_COMMAND_LINE) /* and not once for all in a configuration */
        return ST_OK;
    if (!asks_a_person()) {
        err_fail(err, ST_USAGE, what, "it cannot be taken back, and nobody is here to ask");
        err_hint(err, "say --yes");
        return ST_USAGE;
    }
    fprintf(stderr, "The keys of all days before %s are destroyed. No client of those days can be\n"
                    "tested against a sketch any more, and no log of them counted, counted again or\n"
                    "verified with its clients. Type yes: ",
            j->o->value[OPT_BEFORE].text);
    fflush(stderr);
    if (fgets(answer, sizeof answer, stdin) != NULL && strcmp(answer, "yes\n") == 0)
        return ST_OK;
    return err_fail(err, ST_USAGE, what, "\"yes\" was not typed; nothing was changed");
}

static enum st
drop(struct key_job *j, struct err *err)
{
    int32_t day;
    size_t n;
    enum st rc = read_day(j->o, OPT_BEFORE, "cannot destroy client keys", &day, err);

    if (rc != ST_OK || (rc = confirm(j, err)) != ST_OK ||
        (rc = key_drop(j->pg, j->path, day, &n, err)) != ST_OK)
        return rc;
    if (option_is_on(j->o, OPT_QUIET))
        return ST_OK;
    printf("%zu key%s destroyed; of days before %s can no longer be said whether a client is in a\n"
           "sketch, and their logs can no longer be counted, recounted or verified with clients\n",
           n, n == 1 ? " is" : "s are", j->o->value[OPT_BEFORE].text);
    say_note("copies of %s, in backups and on other hosts, hold the keys until they are replaced",
             j->path);
    return ST_OK;
}

/* ---- list ---- */

static const char *
state_of(const struct key_line *line, bool has_database)
{
    if (line->dropped && line->held)
        return "destroyed, still in this file";
    if (line->dropped)
        return "destroyed";
    if (!line->in_file)
        return "not in this file";
    return has_database && !line->in_database ? "not noted by the database" : "used";
}

static const char *
id_text(const struct key_line *line, char out[17])
{
    static const uint8_t none[8] = { 'n', 'o', 'k', 'e', 'y' };
    static const char digits[] = "0123456789abcdef";

    if (memcmp(line->id, none, sizeof none) == 0)
        return "none";
    for (size_t i = 0; i < 8; i++) {
        out[2 * i] = digits[line->id[i] >> 4];
        out[2 * i + 1] = digits[line->id[i] & 15];
    }
    out[16] = '\0';
    return out;
}

static void
show(void *ctx, const struct key_line *line)
{
    struct key_job *j = ctx;
    char day[11] = "", id[17];

    if (line->from_day != DAY_NONE)
        clock_format_day(line->from_day, day);
    if (!option_is_on(j->o, OPT_JSON)) {
        if (!j->begun)
            printf("%-10s  %-16s  %-29s  %s\n", "from", "key_id", "state", "tables");
        j->begun = true;
        printf("%-10s  %-16s  %-29s  ", day[0] == '\0' ? "all before" : day, id_text(line, id),
               state_of(line, j->pg != NULL));
        say_line(stdout, line->tables[0] == '\0' ? "-" : line->tables);
        return;
    }
    printf("{\"from\":%s%s%s,\"key_id\":\"%s\",\"state\":\"%s\",\"tables\":", day[0] ? "\"" : "",
           day[0] ? day : "null", day[0] ? "\"" : "", id_text(line, id),
           state_of(line, j->pg != NULL));
    say_json(stdout, line->tables, strlen(line->tables));
    fputs("}\n", stdout);
}

static enum st
list(struct key_job *j, struct err *err)
{
    return key_list(j->pg, j->path, show, j, err);
}

/* ---- which ---- */

static const struct {
    const char *name;
    enum st (*run)(struct key_job *j, struct err *err);
} all[] = { { "add", add }, { "list", list }, { "drop", drop } };

static enum st
choose(const struct options *o, size_t *at, struct err *err)
{
    const char *names[ARRAY_LEN(all)];

    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        names[i] = all[i].name;
        *at = i;
        if (o->n_arguments == 2 && strcmp(o->arguments[1], all[i].name) == 0)
            return ST_OK;
    }
    err_set(err, ST_USAGE, "cannot run `ingest key`");
    if (o->n_arguments > 2)
        err_cause(err, "there are words too many");
    else
        word_refused(o->n_arguments > 1 ? o->arguments[1] : NULL, names, ARRAY_LEN(names), err);
    return ST_USAGE;
}

static enum st
enter(struct key_job *j, bool reads, struct err *err)
{
    struct run_config c = { 0 };
    enum st rc;

    if ((rc = place_open(&j->place, j->o, true, err)) != ST_OK ||
        (rc = client_key_find(j->o, &j->place, &c, j->path, err)) != ST_OK)
        return rc;
    if (c.client_key_none)
        return err_fail(err, ST_USAGE, "cannot run `ingest key`",
                        "--client-key none: clients are hashed without a key");
    if (!j->place.use)
        return ST_OK;
    j->pg = pg_connect(j->place.conninfo, reads ? PG_READ_ONLY : PG_READ_WRITE, err);
    return j->pg == NULL ? err->code : ST_OK;
}

int
cli_key(const struct options *o)
{
    struct key_job j = { .o = o, .place.local.users_fd = -1 };
    struct err err = { 0 };
    size_t at;
    enum st rc;

    if ((rc = choose(o, &at, &err)) == ST_OK &&
        (rc = enter(&j, all[at].run == list, &err)) == ST_OK)
        rc = all[at].run(&j, &err);
    pg_close(j.pg);
    place_close(&j.place);
    if (rc == ST_OK)
        return 0;
    say_error(&err);
    return exit_status_of(rc, 0);
}
