/*
 * What the command line left open: the environment, then the INI file. [ingest] takes any long
 * option.
 */
#include "ingest/base.h"

#include <ini.h>
#include <pwd.h>

#include "ingest/arena.h"

#include "cli_priv.h"

bool
config_home_path(char *out, size_t cap, const char *name)
{
    const char *home = getenv("HOME");
    struct passwd entry, *found = NULL;
    char buf[4096];
    int n;

    if (home == NULL || home[0] == '\0') {
        if (getpwuid_r(getuid(), &entry, buf, sizeof buf, &found) != 0 || found == NULL)
            return false;
        home = entry.pw_dir;
    }
    n = snprintf(out, cap, "%s/.config/ingest/%s", home, name);
    return n > 0 && (size_t)n < cap;
}

static struct arena values; /* of the file; they live until the program ends, as argv does */

struct reading {
    struct options *o;
    struct err     *err;
    FILE           *file;
    uint64_t        line_no;
    bool            failed;
};

static int
refuse(struct reading *r, const char *cause, const char *name, const char *hint)
{
    if (!r->failed) {
        err_fail(r->err, ST_USAGE, "cannot read the configuration", "%s: \"%s\"", cause, name);
        if (hint != NULL)
            err_hint(r->err, "did you mean %s?", hint);
        r->failed = true;
    }
    return 0;
}

/* inih calls this for each line; 0 makes it remember the line's number. */
static int
on_line(void *ctx, const char *section, const char *name, const char *value)
{
    struct reading *r = ctx;
    struct slice copy;
    struct err err;
    int id;

    if (strcmp(section, "ingest") != 0)
        return refuse(r, "no such section", section, "[ingest]");
    id = option_find(name, strlen(name));
    if (id < 0 || id == OPT_CONFIG || id == OPT_HELP || id == OPT_VERSION)
        return refuse(r, "no such key in [ingest]", name, option_nearest(name));
    copy = arena_copy(&values, slice_of(value));
    if (copy.p == NULL)
        return refuse(r, "no memory", name, NULL);
    if (options_set(r->o, (enum option_id)id, copy.p, FROM_CONFIG, &err) != ST_OK) {
        if (!r->failed)
            *r->err = err;
        r->failed = true;
        return 0;
    }
    return 1;
}

/*
 * As fgets(3), for inih, which takes the rest of a line that is too long for a line of its own, and
 * an indented line for more of the value above: a `database` could lose its end, an indented key
 * its effect.
 */
static char *
read_line(char *line, int cap, void *ctx)
{
    struct reading *r = ctx;
    int n = 0, c;

    while ((c = getc(r->file)) == ' ' || c == '\t')
        ;
    r->line_no++;
    for (; c != EOF && n < cap - 1; c = getc(r->file)) {
        line[n++] = (char)c;
        if (c == '\n')
            break;
    }
    line[n] = '\0';
    if ((c == EOF && n > 0) || (n > 0 && line[n - 1] == '\n'))
        return line;
    if (ferror(r->file)) {
        err_fail(r->err, ST_USAGE, "cannot read the configuration", "%s", strerror(errno));
        r->failed = true;
    } else if (c != EOF && !r->failed) {
        err_fail(r->err, ST_USAGE, "cannot read the configuration",
                 "the line is longer than %d bytes", cap - 2);
        r->err->line_no = r->line_no;
        r->failed = true;
    }
    return NULL;
}

static enum st
read_file(struct options *o, const char *path, bool must, struct err *err)
{
    struct reading r = { .o = o, .err = err };
    FILE *file = fopen(path, "re");
    int line;

    if (file == NULL && !must && (errno == ENOENT || errno == ENOTDIR || errno == EACCES))
        return ST_EOF;
    if (file == NULL) {
        err_fail(err, ST_USAGE, "cannot open the configuration", "%s", strerror(errno));
        snprintf(err->path, sizeof err->path, "%s", path);
        return ST_USAGE;
    }
    r.file = file;
    line = ini_parse_stream(read_line, &r, on_line, &r);
    fclose(file);
    if (line == 0 && !r.failed)
        return ST_OK;
    if (!r.failed)
        err_fail(err, ST_USAGE, "cannot read the configuration",
                 "this is neither a [section], nor KEY = VALUE, nor a comment");
    snprintf(err->path, sizeof err->path, "%s", path);
    if (err->line_no == 0 && line > 0)
        err->line_no = (uint64_t)line;
    return ST_USAGE;
}

enum st
config_apply(struct options *o, struct err *err)
{
    const char *database = getenv("INGEST_DATABASE");
    char path[512];
    enum st rc;

    arena_init(&values, SIZE_MAX);
    if (database != NULL && database[0] != '\0' && o->value[OPT_LOCAL].text == NULL &&
        (rc = options_set(o, OPT_DATABASE, database, FROM_ENVIRONMENT, err)) != ST_OK)
        return rc;
    if (o->value[OPT_CONFIG].text != NULL)
        return read_file(o, o->value[OPT_CONFIG].text, true, err);
    rc =
        config_home_path(path, sizeof path, "ingest.ini") ? read_file(o, path, false, err) : ST_EOF;
    if (rc == ST_EOF)
        rc = read_file(o, "/etc/ingest/ingest.ini", false, err);
    return rc == ST_EOF ? ST_OK : rc;
}
