/*
 * [format NAME]: a format of the user's own, made of one that is built in and of what it must be
 * told: the string that the server writes its log by, or where the fields of a JSON object stand.
 */
#include "ingest/base.h"

#include "config.h"

static struct config_format *now; /* the section that is read */

static enum st
begin(struct config *config, const struct ini_entry *entry, struct err *err)
{
    struct config_format **end = &config->formats;
    enum st rc = config_check_name(entry, err);

    if (rc != ST_OK)
        return rc;
    if (format_by_name(entry->name) != NULL || strcmp(entry->name, "auto") == 0)
        return err_fail(err, ST_USAGE, CONFIG_WHAT,
                        "there is a built-in format \"%s\"; give yours another name", entry->name);
    for (; *end != NULL; end = &(*end)->next)
        if (strcmp((*end)->name, entry->name) == 0)
            return err_fail(err, ST_USAGE, CONFIG_WHAT,
                            "[format %s] stands in line %" PRIu64 " already", entry->name,
                            (*end)->line_no);
    if ((now = arena_alloc(&config->arena, sizeof *now)) == NULL)
        return err_memory(err, "cannot hold the configuration");
    *now = (struct config_format){ .name = entry->name, .line_no = entry->line_no };
    *end = now;
    return ST_OK;
}

static enum st
take(struct config *config, const struct ini_entry *entry, struct err *err)
{
    if (entry->key == NULL)
        return begin(config, entry, err);
    if (now->n_pairs == CONFIG_PAIRS_MAX)
        return err_fail(err, ST_USAGE, CONFIG_WHAT, "more than %d keys in [format %s]",
                        CONFIG_PAIRS_MAX, now->name);
    if (entry->value[0] == '\0')
        return config_bad_value(entry, "write a value, or leave the key out", err);
    now->pairs[now->n_pairs++] =
        (struct config_pair){ entry->key, entry->value, entry->line_no };
    return ST_OK;
}

static enum st
end(struct config *config, struct err *err)
{
    (void)config;
    if (now->n_pairs > 0)
        return ST_OK;
    err_fail(err, ST_USAGE, CONFIG_WHAT, "[format %s] says nothing", now->name);
    err_hint(err, "write log_format = ..., or where a JSON object has its fields: path = .url");
    err->line_no = now->line_no;
    return ST_USAGE;
}

const struct section_kind section_format = { .kind = "format", .take = take, .end = end };

const struct config_format *
config_find_format(const struct config *config, const char *name)
{
    for (const struct config_format *f = config != NULL ? config->formats : NULL; f != NULL;
         f = f->next)
        if (strcmp(f->name, name) == 0)
            return f;
    return NULL;
}
