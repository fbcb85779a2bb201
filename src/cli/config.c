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
};

/* ---- [ingest] ---- */

/* Keys of other sections are written with underscores, and so may these be: fdsn_networks. */
static int
find_key(const char *key)
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
    id = find_key(entry->key);
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

static enum st
end_section(struct reading *r, struct err *err)
{
    const struct section_kind *section = r->section;

    r->section = NULL;
    return section != NULL ? section->end(&all, err) : ST_OK;
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
take_entry(void *ctx, const struct ini_entry *entry, struct err *err)
{
    struct reading *r = ctx;
    enum st rc = ST_OK;

    if (entry->key == NULL &&
        ((rc = end_section(r, err)) != ST_OK || (rc = find_section(r, entry, err)) != ST_OK))
        return rc;
    return r->section != NULL ? r->section->take(&all, entry, err)
                              : take_option(r->options, entry, err);
}

/* ---- what sections say of one another ---- */

static enum st
check_source(const struct config_source *s, struct err *err)
{
    const struct rule_pack *pack;
    enum st rc = ST_OK;

    if (s->format != NULL && strcmp(s->format, "auto") != 0 && format_by_name(s->format) == NULL &&
        config_find_format(&all, s->format) == NULL) {
        rc = err_fail(err, ST_USAGE, CONFIG_WHAT, "[source %s]: no such format: \"%.80s\"", s->name,
                      s->format);
        hint_format(&all, s->format, err);
    } else if (s->dataset != NULL && dataset_by_name(s->dataset) == NULL) {
        rc = err_fail(err, ST_USAGE, CONFIG_WHAT, "[source %s]: no such dataset: \"%.80s\"",
                      s->name, s->dataset);
        hint_dataset(s->dataset, err);
    } else if (s->rules != NULL && (rc = config_find_pack(&all, s->rules, &pack, err)) != ST_OK) {
        snprintf(err->what, sizeof err->what, CONFIG_WHAT);
        err_cause(err, "[source %s]: no rule pack \"%.80s\"", s->name, s->rules);
    }
    if (rc != ST_OK)
        err->line_no = s->line_no;
    return rc;
}

static enum st
read_file(struct options *o, const char *path, bool must, struct err *err)
{
    struct reading r = { .options = o };
    enum st rc = ini_read(path, must, &all.arena, take_entry, &r, err);

    if (rc == ST_EOF)
        return rc;
    snprintf(all.path, sizeof all.path, "%s", path);
    if (rc == ST_OK)
        rc = end_section(&r, err);
    for (const struct config_source *s = all.sources; s != NULL && rc == ST_OK; s = s->next)
        rc = check_source(s, err);
    if (rc != ST_OK && err->path[0] == '\0')
        snprintf(err->path, sizeof err->path, "%s", path);
    return rc;
}

enum st
config_apply(struct options *o, struct err *err)
{
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
        return read_file(o, o->value[OPT_CONFIG].text, true, err);
    rc =
        config_home_path(path, sizeof path, "ingest.ini") ? read_file(o, path, false, err) : ST_EOF;
    if (rc == ST_EOF)
        rc = read_file(o, "/etc/ingest/ingest.ini", false, err);
    return rc == ST_EOF ? ST_OK : rc;
}
