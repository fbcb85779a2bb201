/*
 * [format NAME]: a format of the user's own, made of one that is built in and of what it must be
 * told: the string that the server writes its log by, or where the fields of a JSON object stand.
 */
#include "ingest/buf.h"
#include "ingest/json_keys.h"
#include "ingest/log_format.h"

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
    now->pairs[now->n_pairs++] = (struct config_pair){ entry->key, entry->value, entry->line_no };
    return ST_OK;
}

/* ---- log_format = ..., over several lines joined as nginx joins its strings ---- */

static enum st
join(const struct config_format *f, struct buf *out, struct err *err)
{
    for (size_t i = 0; i < f->n_pairs; i++) {
        if (strcmp(f->pairs[i].key, "log_format") != 0) {
            err_fail(err, ST_USAGE, CONFIG_WHAT, "%s beside log_format in [format %s]",
                     f->pairs[i].key, f->name);
            err_hint(err, "a format has a log_format or keys for JSON, not both");
            err->line_no = f->pairs[i].line_no;
            return ST_USAGE;
        }
        buf_text(out, f->pairs[i].value);
    }
    return buf_str(out) != NULL ? ST_OK : err_memory(err, "cannot hold a log format");
}

static enum st
end_log_format(struct config *config, struct err *err)
{
    struct log_format *compiled = arena_alloc(&config->arena, sizeof *compiled);
    struct buf text = { 0 };
    enum st rc =
        compiled != NULL ? join(now, &text, err) : err_memory(err, "cannot hold a log format");

    if (rc == ST_OK)
        rc = log_format_compile(compiled, (struct slice){ text.p, text.n }, &config->arena, err);
    buf_release(&text);
    now->format = format_by_name("custom");
    now->options.log_format = compiled;
    return rc;
}

/* ---- where the fields of an object or a row stand ---- */

static enum st
end_keys(struct config *config, struct err *err)
{
    struct json_key_text pairs[CONFIG_PAIRS_MAX];
    enum st rc;

    for (size_t i = 0; i < now->n_pairs; i++)
        pairs[i] = (struct json_key_text){ slice_of(now->pairs[i].key),
                                           slice_of(now->pairs[i].value), now->pairs[i].line_no };
    rc = json_keys_compile(&now->options.json_keys, pairs, now->n_pairs, &config->arena, err);
    if (rc == ST_OK)
        now->format = format_by_name(json_keys_format(now->options.json_keys));
    return rc;
}

static bool
has_log_format(const struct config_format *f)
{
    for (size_t i = 0; i < f->n_pairs; i++)
        if (strcmp(f->pairs[i].key, "log_format") == 0)
            return true;
    return false;
}

static enum st
end(struct config *config, struct err *err)
{
    enum st rc;

    if (now->n_pairs == 0) {
        err_fail(err, ST_USAGE, CONFIG_WHAT, "[format %s] says nothing", now->name);
        err_hint(err, "write log_format = ..., or where a JSON object has its fields: path = .url");
        err->line_no = now->line_no;
        return ST_USAGE;
    }
    rc = has_log_format(now) ? end_log_format(config, err) : end_keys(config, err);
    if (rc != ST_OK && err->line_no == 0)
        err->line_no = now->pairs[0].line_no;
    return rc;
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
