/*
 * The options that change one thing in a rule pack: each is a key of [rules NAME], read by the same
 * reader, and comes after what the configuration says.
 */
#include "ingest/base.h"

#include "cli_priv.h"
#include "config.h"

static const struct {
    enum option_id id;
    const char    *key;
} keys[] = {
    { OPT_WINDOW, "window" },
    { OPT_RANGE, "range" },
    { OPT_AGENTS, "agents" },
    { OPT_CLIENTS_FILE, "clients_file" },
    { OPT_BROWSERS_FILE, "browsers_file" },
    { OPT_ROBOTS_FILE, "robots_file" },
    { OPT_MIRRORS_FILE, "mirrors_file" },
    { OPT_COUNTRY_FILE, "country_file" },
};

enum st
rule_options_check(const struct rule_pack *pack, struct err *err)
{
    for (int i = 0; i < AGENT_CLASSES_N; i++)
        if (pack->agent.files[i] != NULL && pack->agent.classes == AGENT_CLASSES_ALL) {
            err_fail(err, ST_USAGE, "cannot count with these rules",
                     "patterns of user agents are named (%.150s), and all classes count",
                     pack->agent.files[i]);
            err_hint(err, "say which classes count, as --agents client,browser,mirror,unknown");
            return ST_USAGE;
        }
    return ST_OK;
}

enum st
rule_options_apply(const struct options *o, const struct rule_pack **pack, struct err *err)
{
    static struct config room; /* the words of the values; for the run, which is one */
    static struct config_pack own;

    arena_release(&room.arena);
    arena_init(&room.arena, SIZE_MAX);
    own = (struct config_pack){ .pack = **pack };
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        const char *value = o->value[keys[i].id].text;
        struct err why;
        enum st rc;

        if (value == NULL)
            continue;
        rc = config_pack_set(&room, &own, keys[i].key, value, &why);
        if (rc != ST_OK) {
            *err = why;
            if (slice_starts(slice_of(why.cause), SLICE("bad value for "))) /* which is said */
                err_cause(err, "\"%.120s\"", value);
            snprintf(err->what, sizeof err->what, "bad value for --%s",
                     option_defs[keys[i].id].name);
            return rc;
        }
        *pack = &own.pack;
    }
    return ST_OK;
}
