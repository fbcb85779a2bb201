/*
 * What the command line left open: the environment, then the INI file. [ingest] takes any long
 * option; the other sections define what the options may name.
 */
#include "ingest/base.h"

#include <pwd.h>

#include "ingest/dataset.h"

#include "cli_priv.h"
#include "config.h"

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

static struct config all; /* lives until the program ends, as argv does */

struct reading {
    struct options *options;
    const struct section_kind *section; /* that is read; NULL: none, or [ingest] */
    struct config_said **end;           /* of the list of what was said */
    config_problem *problem;            /* NULL: the first ends it */
    void *ctx;
    bool lost;                          /* something was wrong in this section: its end would only repeat it */
};

/* ---- [ingest] ---- */

/* Keys of other sections are written with underscores, and so may these be: fdsn_networks. */
int
config_find_key(const char *key)
{
    char name[64];
    size_t n = strlen(key);

    if (n >= sizeof name)
        return -1;
    for (size_t i = 0; i <= n; i++)
        name[i] = key[i] == '_' ? '-' : key[i];
    return option_find(name, n);
}

static enum st
take_option(struct options *o, const struct ini_entry *entry, struct err *err)
{
    int id;

    if (entry->key == NULL && entry->name[0] != '\0')
        return err_fail(err, ST_USAGE, CONFIG_WHAT, "[ingest] has no name");
    if (entry->key == NULL)
        return ST_OK;
    id = config_find_key(entry->key);
    if (id < 0 || id == OPT_CONFIG || id == OPT_HELP || id == OPT_VERSION) {
        const char *nearest = option_nearest(entry->key);

        err_fail(err, ST_USAGE, CONFIG_WHAT, "no such key in [ingest]: \"%.80s\"", entry->key);
        if (nearest != NULL)
            err_hint(err, "did you mean %s?", nearest);
        else
            err_hint(err, "[ingest] takes the long options, which `ingest --help` lists");
        return ST_USAGE;
    }
    return options_set(o, (enum option_id)id, entry->value, FROM_CONFIG, err);
}

/* ---- sections ---- */

/* ST_OK: it is told, and reading may go on. */
static enum st
settle(struct reading *r, enum st rc, struct err *err)
{
    if (rc != ST_USAGE || r->problem == NULL)
        return rc;
    if (err->path[0] == '\0')
        snprintf(err->path, sizeof err->path, "%.255s", all.path);
    r->problem(r->ctx, err);
    return ST_OK;
}

static enum st
end_section(struct reading *r, struct err *err)
{
    const struct section_kind *section = r->lost ? NULL : r->section;

    r->section = NULL;
    r->lost = false;
    return section != NULL ? settle(r, section->end(&all, err), err) : ST_OK;
}

static enum st
find_section(struct reading *r, const struct ini_entry *entry, struct err *err)
{
    static const struct section_kind *const kinds[] = { &section_rules, &section_format,
                                                        &section_source };
    static const char *const names[] = { "ingest", "rules", "format", "source" };

    if (strcmp(entry->kind, "ingest") == 0)
        return ST_OK;
    for (size_t i = 0; i < ARRAY_LEN(kinds) && r->section == NULL; i++)
        if (strcmp(entry->kind, kinds[i]->kind) == 0)
            r->section = kinds[i];
    return r->section != NULL
               ? ST_OK
               : config_no_such("section", entry->kind, names, ARRAY_LEN(names), err);
}

static enum st
remember(struct reading *r, const struct ini_entry *entry, struct err *err)
{
    struct config_said *said = arena_alloc(&all.arena, sizeof *said);

    if (said == NULL)
        return err_memory(err, "cannot hold the configuration");
    *said = (struct config_said){ .entry = *entry };
    *r->end = said;
    r->end = &said->next;
    return ST_OK;
}

static enum st
take_known(struct reading *r, const struct ini_entry *entry, struct err *err)
{
    enum st rc = ST_OK;

    if (entry->key == NULL &&
        ((rc = end_section(r, err)) != ST_OK || (rc = find_section(r, entry, err)) != ST_OK))
        return rc;
    rc = r->section != NULL ? r->section->take(&all, entry, err)
                            : take_option(r->options, entry, err);
    return rc == ST_OK ? remember(r, entry, err) : rc;
}

static enum st
take_entry(void *ctx, const struct ini_entry *entry, struct err *err)
{
    struct reading *r = ctx;
    enum st rc = take_known(r, entry, err);

    r->lost = r->lost || rc != ST_OK;
    return rc;
}

/* Of a line, which knows where it stands. */
static void
on_problem(void *ctx, const struct err *err)
{
    const struct reading *r = ctx;

    r->problem(r->ctx, err);
}

/* ---- what sections say of one another ---- */

static enum st
check_format(const struct config_source *s, struct err *err)
{
    if (s->format == NULL || strcmp(s->format, "auto") == 0 || format_by_name(s->format) != NULL ||
        config_find_format(&all, s->format) != NULL)
        return ST_OK;
    err_fail(err, ST_USAGE, CONFIG_WHAT, "[source %s]: no such format: \"%.80s\"", s->name,
             s->format);
    hint_format(&all, s->format, err);
    return ST_USAGE;
}

static enum st
check_dataset(const struct config_source *s, struct err *err)
{
    if (s->dataset == NULL || dataset_by_name(s->dataset) != NULL)
        return ST_OK;
    err_fail(err, ST_USAGE, CONFIG_WHAT, "[source %s]: no such dataset: \"%.80s\"", s->name,
             s->dataset);
    hint_dataset(s->dataset, err);
    return ST_USAGE;
}

static enum st
check_rules(const struct config_source *s, struct err *err)
{
    const struct rule_pack *pack;
    enum st rc;

    if (s->rules == NULL || (rc = config_find_pack(&all, s->rules, &pack, err)) == ST_OK)
        return ST_OK;
    snprintf(err->what, sizeof err->what, CONFIG_WHAT);
    err_cause(err, "[source %s]: no rule pack \"%.80s\"", s->name, s->rules);
    return rc;
}

static enum st
check_source(struct reading *r, const struct config_source *s, struct err *err)
{
    static enum st (*const checks[])(const struct config_source *, struct err *) = {
        check_format, check_dataset, check_rules
    };
    enum st rc = ST_OK;

    for (size_t i = 0; i < ARRAY_LEN(checks) && rc == ST_OK; i++)
        if ((rc = checks[i](s, err)) != ST_OK) {
            err->line_no = s->line_no;
            rc = settle(r, rc, err);
        }
    return rc;
}

static enum st
read_file(struct reading *r, const char *path, bool must, struct err *err)
{
    enum st rc;

    snprintf(all.path, sizeof all.path, "%s", path);
    rc = ini_read_all(path, must, &all.arena, take_entry, r->problem == NULL ? NULL : on_problem, r,
                      err);
    if (rc == ST_EOF) {
        all.path[0] = '\0';
        return rc;
    }
    if (rc == ST_OK)
        rc = end_section(r, err);
    for (const struct config_source *s = all.sources; s != NULL && rc == ST_OK; s = s->next)
        rc = check_source(r, s, err);
    if (rc != ST_OK && err->path[0] == '\0')
        snprintf(err->path, sizeof err->path, "%s", path);
    return rc;
}

enum st
config_apply(struct options *o, struct err *err)
{
    return config_apply_all(o, NULL, NULL, err);
}

enum st
config_apply_all(struct options *o, config_problem *problem, void *ctx, struct err *err)
{
    struct reading r = { .options = o, .end = &all.said, .problem = problem, .ctx = ctx };
    const char *database = getenv("INGEST_DATABASE");
    char path[512];
    enum st rc;

    all = (struct config){ .path = "" };
    arena_init(&all.arena, SIZE_MAX);
    o->config = &all;
    if (database != NULL && database[0] != '\0' && o->value[OPT_LOCAL].text == NULL &&
        (rc = options_set(o, OPT_DATABASE, database, FROM_ENVIRONMENT, err)) != ST_OK)
        return rc;
    if (o->value[OPT_CONFIG].text != NULL)
        return read_file(&r, o->value[OPT_CONFIG].text, true, err);
    rc =
        config_home_path(path, sizeof path, "ingest.ini") ? read_file(&r, path, false, err) : ST_EOF;
    if (rc == ST_EOF)
        rc = read_file(&r, "/etc/ingest/ingest.ini", false, err);
    return rc == ST_EOF ? ST_OK : rc;
}
