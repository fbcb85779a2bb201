/*
 * [rules NAME]: a rule pack of the user's own. It starts as a copy of its base, and each key
 * replaces one thing in it (config_rule_keys.c).
 */
#include "ingest/base.h"

#include "ingest/rules.h"

#include "config.h"

static struct config_pack *now; /* the section that is read */
static uint64_t seen;

/* ---- the section ---- */

static enum st
read_base(struct config *config, const struct ini_entry *entry, struct err *err)
{
    const char *name = now->pack.name;
    const struct rule_pack *base;
    enum st rc;

    if (seen > 1) /* this key's own bit is the first */
        return config_bad_value(entry, "base comes before the other keys, which change it", err);
    if (strcmp(entry->value, name) == 0)
        return config_bad_value(entry, "a pack cannot be its own base", err);
    if ((rc = config_find_pack(config, entry->value, &base, err)) != ST_OK)
        return rc;
    now->pack = *base;
    now->pack.name = name;
    now->pack.about = "of the configuration";
    now->pack.version = 1;
    return ST_OK;
}

static enum st
begin(struct config *config, const struct ini_entry *entry, struct err *err)
{
    struct config_pack **end = &config->packs;
    enum st rc = config_check_name(entry, err);

    if (rc != ST_OK)
        return rc;
    if (rule_pack_by_name(entry->name) != NULL) {
        err_fail(err, ST_USAGE, CONFIG_WHAT, "there is a built-in pack \"%s\"", entry->name);
        err_hint(err, "give yours a name of its own, and write base = %s in it", entry->name);
        return ST_USAGE;
    }
    for (; *end != NULL; end = &(*end)->next)
        if (strcmp((*end)->pack.name, entry->name) == 0)
            return err_fail(err, ST_USAGE, CONFIG_WHAT,
                            "[rules %s] stands in line %" PRIu64 " already", entry->name,
                            (*end)->line_no);
    if ((now = arena_alloc(&config->arena, sizeof *now)) == NULL)
        return err_memory(err, "cannot hold the configuration");
    *now = (struct config_pack){ .pack = *rule_pack_by_name(NULL), .line_no = entry->line_no };
    now->pack.name = entry->name;
    now->pack.about = "of the configuration";
    *end = now;
    seen = 0;
    return ST_OK;
}

static enum st
take(struct config *config, const struct ini_entry *entry, struct err *err)
{
    const char *names[RULE_KEYS_MAX];
    enum st rc;

    if (entry->key == NULL)
        return begin(config, entry, err);
    for (size_t i = 0; i < n_rule_keys; i++) {
        const struct rule_key *key = &rule_keys[i];

        names[i] = key->name;
        if (strcmp(key->name, entry->key) != 0)
            continue;
        if (!key->often && (rc = config_once(entry, i, &seen, err)) != ST_OK)
            return rc;
        seen |= UINT64_C(1) << i;
        return key->read == NULL ? read_base(config, entry, err)
                                 : key->read(&now->pack, &config->arena, entry, err);
    }
    return config_no_such("key in [rules NAME]", entry->key, names, n_rule_keys, err);
}

/* What no key can see alone. */
static enum st
end(struct config *config, struct err *err)
{
    struct rules rules;
    enum st rc = rules_init(&rules, &now->pack, NULL, 0, DAY_NONE, DAY_NONE, err);

    (void)config;
    if (rc == ST_OK && rules.n_routes == 0) {
        rc = err_fail(err, ST_USAGE, CONFIG_WHAT,
                      "[rules %s] has no route, and there are none for ecosystem %s",
                      now->pack.name, now->pack.ecosystem);
        err_hint(err,
                 "write route = /files/{name}-{version}.zip; docs/RULES.md lists the ecosystems");
    }
    rules_release(&rules);
    if (rc != ST_OK && err->line_no == 0 && err->path[0] == '\0') /* else another file's line */
        err->line_no = now->line_no;
    return rc;
}

const struct section_kind section_rules = { .kind = "rules", .take = take, .end = end };

enum st
config_pack_set(struct config *config, struct config_pack *pack, const char *key, const char *value,
                struct err *err)
{
    struct ini_entry entry = {
        .kind = "rules", .name = pack->pack.name, .key = key, .value = value
    };

    now = pack;
    seen = 0;
    return take(config, &entry, err);
}

/* ---- asking ---- */

enum st
config_find_pack(const struct config *config, const char *name, const struct rule_pack **out,
                 struct err *err)
{
    const char *names[64];
    size_t n = 0;

    if ((*out = rule_pack_by_name(name)) != NULL)
        return ST_OK;
    for (size_t i = 0; i < n_rule_packs; i++)
        names[n++] = rule_packs[i].name;
    for (const struct config_pack *p = config != NULL ? config->packs : NULL; p != NULL;
         p = p->next) {
        if (strcmp(p->pack.name, name) == 0) {
            *out = &p->pack;
            return ST_OK;
        }
        if (n < ARRAY_LEN(names))
            names[n++] = p->pack.name;
    }
    config_no_such("rule pack", name, names, n, err);
    snprintf(err->what, sizeof err->what, "no rule pack \"%.60s\"", name);
    err->cause[0] = '\0';
    return ST_USAGE;
}
